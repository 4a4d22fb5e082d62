"""`python -m besra.notify.apprise_process`: send what standard input says through apprise, within a guard.

The guard is a hook of the interpreter beneath everything Python has: `socket.connect` and `sendto` are asked about
their address first. It cannot be taken away again. What connects without Python's sockets is not covered; services of
apprise that act on this machine instead of sending are refused by name.
"""

import io
import json
import logging
import sys
from typing import Any

from besra.errors import InputError
from besra.notify.outgoing import Outgoing, outgoing_of

LOCAL = frozenset({"dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
"""Services that tell this machine, or run something on it."""


class Guard:
    """Asked about every connection of the process; notes what it refused first."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._names: dict[str, str] = {}
        self.refused = ""

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        """A hook of the interpreter. Raises OSError for what is refused."""
        match event:
            case "socket.getaddrinfo":
                self._names["last"] = str(given[0])
            case "socket.connect" | "socket.sendto":
                self._ask(given[1])
            case "socket.sendmsg" if given[1] is not None:
                self._ask(given[1])
            case "subprocess.Popen" | "os.system" | "os.exec" | "os.posix_spawn":
                self._refuse("a service of apprise that runs a program")

    def _ask(self, address: Any) -> None:
        if not isinstance(address, tuple) or len(address) < 2:
            self._refuse("a socket of this machine")
        host, port = str(address[0]), int(address[1])
        try:
            self._outgoing.check(self._names.get("last", host), port, host)
        except InputError as error:
            self._refuse(error.problem.message)
        except ValueError:
            self._refuse(f"{host}, which is no address that was looked up")

    def _refuse(self, what: str) -> None:
        self.refused = self.refused or what
        raise OSError(f"refused: {what}")


def main() -> None:
    """Send, and tell on standard output what came of it."""
    asked = json.load(sys.stdin)
    json.dump(_sent(asked), sys.stdout)


def _sent(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        import apprise  # noqa: PLC0415  optional, and only this process needs it
    except ImportError:
        return {"sent": False, "why": "missing"}
    log = io.StringIO()
    logging.getLogger("apprise").addHandler(logging.StreamHandler(log))
    found = apprise.Apprise.instantiate(asked["url"], suppress_exceptions=True)
    if found is None or isinstance(found, dict):
        return {"sent": False, "why": "url", "message": "this is no URL of a service apprise knows"}
    protocols = {*_names(found.protocol), *_names(found.secure_protocol)}
    if protocols & LOCAL:
        return {"sent": False, "why": "url", "message": "a service of apprise that acts on this machine"}
    told = {"service": str(found.service_name)}
    outgoing = outgoing_of([*asked["networks"], *asked["hosts"]], asked["ports"])
    guard = Guard(outgoing if asked["ports"] is not None else Outgoing(outgoing.networks, outgoing.hosts, None))
    sys.addaudithook(guard)
    sender = apprise.Apprise()
    sender.add(found)
    if sender.notify(body=asked["body"], title=asked["title"], notify_type=asked["type"]):
        return {**told, "sent": True}
    if guard.refused:
        return {**told, "sent": False, "why": "address", "message": guard.refused}
    return {**told, "sent": False, "why": "answer", "body": log.getvalue()}


def _names(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


if __name__ == "__main__":
    main()
