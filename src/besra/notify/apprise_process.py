"""`python -m besra.notify.apprise_process`: send what standard input says through apprise, within a guard.

The guard is a hook of the interpreter beneath everything Python has: `socket.connect`, `sendto` and `open` are asked
first. It cannot be taken away again. What connects or reads without Python is not covered; services of apprise that act
on this machine instead of sending are refused by name, and so are arguments that name files.
"""

import io
import json
import logging
import mimetypes
import os
import re
import socket
import ssl
import sys
import sysconfig
import zoneinfo
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from besra.errors import InputError
from besra.notify.outgoing import Outgoing, outgoing_of

LOCAL = frozenset({"dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"})
"""Services that tell this machine, or run something on it."""
FILES = frozenset({"template", "keyfile", "subfile", "pgppub", "pgpkey", "pgpprv"})
"""Arguments of a URL that name files for some service: what stands in one would be sent, or told of."""

PACKAGES = ("site-packages", "dist-packages", "lib-dynload")
ARGUMENT = re.compile(r"[?&;]([^?&;=]*)=")


class Guard:
    """Asked about every connection and file of the process; notes what it refused first.

    `readable` are folders and files that may be read.
    """

    def __init__(self, outgoing: Outgoing, readable: Iterable[str] = ()) -> None:
        self._outgoing = outgoing
        self._readable = tuple({os.path.realpath(path) for path in readable})
        self._names: dict[str, list[str]] = {}
        self.refused = self.unread = ""

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        """A hook of the interpreter. Raises OSError for what is refused."""
        match event:
            case "open":
                self._ask_file(*given[:3])
            case "socket.connect" | "socket.sendto":
                self._ask(given[1])
            case "socket.sendmsg" if given[1] is not None:
                self._ask(given[1])
            case "subprocess.Popen" | "os.system" | "os.exec" | "os.posix_spawn":
                self._refuse("a service of apprise that runs a program")

    def note(self, name: object, found: Iterable[Any]) -> None:
        """Note the addresses that looking up a name gave, in the form of `socket.getaddrinfo`."""
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)
        for _, _, _, _, address in found:
            names = self._names.setdefault(_plain(address[0]), [])
            if text not in names:
                names.append(text)

    def _ask(self, address: Any) -> None:
        if not isinstance(address, tuple) or len(address) < 2:
            self._refuse("a socket of this machine")
        host, port = str(address[0]), int(address[1])
        last = ""
        # One of the names that led to it may be allowed; one that did not says nothing of it.
        for name in self._names.get(_plain(host), [host]):
            try:
                self._outgoing.check(name, port, host)
            except InputError as error:
                last = error.problem.message
            except ValueError:
                last = f"{host}, which is no address that was looked up"
            else:
                return
        self._refuse(last)

    def _ask_file(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int):  # it is open already
            return
        writes = bool({*"wax+"} & {*(mode or "r")}) or bool((flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        real = os.path.realpath(os.fsdecode(path))
        if writes or not any(real == one or real.startswith(one.rstrip(os.sep) + os.sep) for one in self._readable):
            self.unread = self.unread or "a file of this machine is neither read nor written"
            raise PermissionError("refused: a file of this machine")

    def _refuse(self, what: str) -> None:
        self.refused = self.refused or what
        raise OSError(f"refused: {what}")


def _plain(address: object) -> str:
    return str(address).partition("%")[0]


def readable(package: str) -> list[str]:
    """Where Python, a package and those beside it, certificates and time zones are: nothing that is anybody's own."""
    places = sysconfig.get_paths()
    found = [Path(places[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [path for path in map(Path, sys.path) if path.name in PACKAGES]
    found.append(Path(package).parent)
    certificates = (*ssl.get_default_verify_paths(), os.environ.get("REQUESTS_CA_BUNDLE"))
    found += [path for path in map(Path, filter(None, certificates)) if path.is_absolute()]
    return [*map(str, found), *zoneinfo.TZPATH, os.devnull]


def main() -> None:
    """Send, and tell on standard output what came of it."""
    asked = json.load(sys.stdin)
    json.dump(_sent(asked), sys.stdout)


def _sent(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        import apprise  # noqa: PLC0415  optional, and only this process needs it
    except ImportError:
        return {"sent": False, "why": "missing"}
    mimetypes.init()  # it reads files of the system, once
    outgoing = outgoing_of([*asked["networks"], *asked["hosts"]], asked["ports"])
    ports = outgoing.ports if asked["ports"] is not None else None
    guard = Guard(Outgoing(outgoing.networks, outgoing.hosts, ports), readable(apprise.__file__))
    _look_up_for(guard)
    sys.addaudithook(guard)
    if named := sorted(FILES & _arguments(asked["url"])):
        return {"sent": False, "why": "url", "message": f"`{named[0]}` names a file, and none of this machine is read"}
    log = io.StringIO()
    logging.getLogger("apprise").addHandler(logging.StreamHandler(log))
    found = apprise.Apprise.instantiate(asked["url"], suppress_exceptions=True)
    if found is None or isinstance(found, dict):
        return {"sent": False, "why": "url", "message": "this is no URL of a service apprise knows"}
    protocols = {*_names(found.protocol), *_names(found.secure_protocol)}
    if protocols & LOCAL:
        return {"sent": False, "why": "url", "message": "a service of apprise that acts on this machine"}
    told = {"service": str(found.service_name)}
    sender = apprise.Apprise()
    sender.add(found)
    if sender.notify(body=asked["body"], title=asked["title"], notify_type=asked["type"]):
        return {**told, "sent": True}
    if guard.refused:
        return {**told, "sent": False, "why": "address", "message": guard.refused}
    return {**told, "sent": False, "why": "answer", "body": " ".join(filter(None, (guard.unread, log.getvalue())))}


def _look_up_for(guard: Guard) -> None:
    """Have the guard told what names lead to: the hook is asked before a look-up only."""
    look_up = socket.getaddrinfo

    def noted(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        found = look_up(host, port, *args, **kwargs)
        guard.note(host, found)
        return found

    socket.getaddrinfo = noted


def _arguments(url: str) -> set[str]:
    """The names of a URL's arguments, wherever apprise would look for them."""
    text = unquote_plus(url)
    return {name.strip().lower() for name in ARGUMENT.findall(f"{url}&{text}")}


def _names(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())


if __name__ == "__main__":
    main()
