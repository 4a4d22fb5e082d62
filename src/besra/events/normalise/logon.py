"""Logon types and the reasons of failed logons in Security events."""

from besra.events.normalise.nested_document import Document, put, text_of
from besra.events.normalise.parameter_message import message_number, message_text

LOGON_TYPES = {
    "2": "Interactive",
    "3": "Network",
    "4": "Batch",
    "5": "Service",
    "7": "Unlock",
    "8": "NetworkCleartext",
    "9": "NewCredentials",
    "10": "RemoteInteractive",
    "11": "CachedInteractive",
}

FAILURES = {
    "0x0": "Status OK.",
    "0xc000005e": "There are currently no logon servers available to service the logon request.",
    "0xc0000064": "User logon with misspelled or bad user account",
    "0xc000006a": "User logon with misspelled or bad password",
    "0xc000006d": "This is either due to a bad username or authentication information",
    "0xc000006e": "Unknown user name or bad password.",
    "0xc000006f": "User logon outside authorized hours",
    "0xc0000070": "User logon from unauthorized workstation",
    "0xc0000071": "User logon with expired password",
    "0xc0000072": "User logon to account disabled by administrator",
    "0xc00000dc": "Indicates the Sam Server was in the wrong state to perform the desired operation.",
    "0xc0000133": "Clocks between DC and other computer too far out of sync",
    "0xc000015b": "The user has not been granted the requested logon type (aka logon right) at this machine",
    "0xc000018c": "The logon request failed because the trust relationship between the primary domain and the trusted "
    "domain failed.",
    "0xc0000192": "An attempt was made to logon, but the Netlogon service was not started.",
    "0xc0000193": "User logon with expired account",
    "0xc0000224": "User is required to change password at next logon",
    "0xc0000225": "Evidently a bug in Windows and not a risk",
    "0xc0000234": "User logon with account locked",
    "0xc00002ee": "Failure Reason: An Error occurred during Logon",
    "0xc0000371": "The local account store does not contain secret material for the specified account",
    "0xc0000413": "Logon Failure: The machine you are logging onto is protected by an authentication firewall. The "
    "specified account is not allowed to authenticate to the machine.",
}
"""Status codes as Microsoft's documentation of events 4625 and 4776 words them."""


def put_logon(document: Document, data: Document, code: str) -> None:
    """Set `winlog.logon.type` and, for failed logons, `winlog.logon.failure.*`."""
    put(document, "winlog.logon.type", LOGON_TYPES.get(text_of(data.get("LogonType")) or ""))
    reason = text_of(data.get("FailureReason"))
    if reason:
        put(document, "winlog.logon.failure.reason", message_text(reason) or message_number(reason))
    if code in ("4625", "4776"):
        for name, field in (("Status", "status"), ("SubStatus", "sub_status")):
            text = text_of(data.get(name))
            put(document, f"winlog.logon.failure.{field}", FAILURES.get(text.lower()) if text else None)
