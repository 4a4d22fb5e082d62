"""Sending a message through a connector, whatever its type: it is taken, or the answer says why not."""

from collections.abc import Callable, Mapping

from besra.notify.answer import Answer, failed, without_secrets
from besra.notify.apprise_url import send_apprise
from besra.notify.chat import send_pagerduty, send_slack, send_teams
from besra.notify.connector import Connector, Message
from besra.notify.connector_types import LEVELS, secret_headers, secrets_lacking
from besra.notify.mail import send_mail
from besra.notify.outgoing import Outgoing
from besra.notify.webhook import basic_account, send_webhook
from besra.problems import Problem

Tell = Callable[[str], None]
"""Writes a line to the service's log."""
LONGEST_LINE = 4000

SENDERS: Mapping[str, Callable[[Connector, Message, Outgoing], Answer]] = {
    ".webhook": send_webhook,
    ".email": send_mail,
    ".slack": send_slack,
    ".teams": send_teams,
    ".pagerduty": send_pagerduty,
    ".apprise": send_apprise,
}


class Sender:
    """Sends within bounds of where to. Any thread may use it."""

    def __init__(self, outgoing: Outgoing, tell: Tell) -> None:
        self._outgoing = outgoing
        self._tell = tell

    def send(self, connector: Connector, message: Message) -> Answer:
        """Send a message; a defect of ours is an answer, too. No secret stands in it."""
        if connector.lacks_secrets or (lacking := secrets_lacking(connector)):
            names = "all of them" if connector.lacks_secrets else ", ".join(lacking)
            hint = "give them again: an import brings none, and those of another key cannot be read"
            message_ = f"the connector {connector.name!r} lacks secrets ({names})"
            return failed(Problem("connector-secrets", message_, hint=hint), is_final=True)
        if connector.type == ".server-log":
            return self._log(message)
        try:
            answer = SENDERS[connector.type](connector, message, self._outgoing)
        except Exception as error:  # whatever a library does must not end who delivers
            answer = failed(Problem("connector-defect", f"{type(error).__name__}: {error}"), is_final=False)
        return without_secrets(answer, _secret_texts(connector))

    def _log(self, message: Message) -> Answer:
        level = message.params.get("level")
        text = str(message.params.get("message") or "")[:LONGEST_LINE]
        line = "".join(char if char.isprintable() else " " for char in text)
        self._tell(f"notification {level if level in LEVELS else 'info'} {message.key}: {line}")
        return Answer(details={"logged": True})


def _secret_texts(connector: Connector) -> list[str]:
    """All that must not be shown, also the parts of URLs, which are quoted without the rest."""
    found = [*connector.secrets.values(), *secret_headers(connector).values()]
    for value in connector.secrets.values():
        if "://" in value:
            found += [part for part in value.partition("://")[2].split("/") if len(part) > 8][1:]
    if connector.secrets.get("password"):
        found.append(basic_account(connector))
    return found
