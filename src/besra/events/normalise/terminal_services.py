"""Events of the two operational channels of TerminalServices to ECS: sessions and remote connections."""

from besra.events.normalise.channel_table import account, address, table, text

SESSIONS = table(
    """
    21; authentication session; start; session-logged-on
    22; session; start; session-shell-started
    23; authentication session; end; session-logged-off
    24; session; end; session-disconnected
    25; session; start; session-reconnected
    39; session; end; session-disconnected-by-session
    40; session; end; session-disconnected
    41; session; start; session-arbitration-started
    42; session; end; session-arbitration-ended
    """,
    (
        ("User", "user", account),
        ("Address", "source.ip", address),
    ),
)
"""LocalSessionManager."""

CONNECTIONS = table(
    """
    261; network; connection; remote-connection-received
    1149; authentication; start; remote-connection-authenticated
    """,
    (
        ("Param1", "user", account),
        ("Param2", "user.domain", text),
        ("Param3", "source.ip", address),
    ),
    Param1="1149",
    Param2="1149",
    Param3="1149",
)
"""RemoteConnectionManager. Event 1149 says that a client reached the log on screen, not that somebody logged on."""
