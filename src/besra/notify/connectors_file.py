"""The connectors file: connectors kept with other configuration, what is told of every alert, where may be sent to.

Secrets do not stand in it: each names a variable or a file that holds it. A file with anything wrong in it is not used,
and says all that is wrong.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from besra.errors import InputError, QueryError, SettingsError
from besra.notify.action import SEVERITIES, Action, action_of
from besra.notify.alert_filter import condition_of
from besra.notify.connector import DEFAULT_SPACE, EVERY_SPACE, Connector
from besra.notify.connector_types import MOST_PER_MINUTE, TYPES, check_params, checked, secrets_lacking
from besra.notify.outgoing import Outgoing, outgoing_of
from besra.notify.triggers import RUN
from besra.problems import Problem
from besra.rules.location import Locations
from besra.rules.toml_content import decode_toml
from besra.schema.timestamp import NANOS

PER_MINUTE = 60
"""Sent through a connector within a minute, where nobody says otherwise."""
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
LARGEST = 1 << 20
SECTIONS = ("outgoing", "connector", "notify")
OF_OUTGOING = ("allow_private", "ports", "per_minute", "together", "public_url")
OF_CONNECTOR = ("id", "name", "type", "space", "config", "secrets")
OF_NOTIFY = (
    "id",
    "connector",
    "space",
    "severity",
    "kql",
    "params",
    "summary",
    "throttle",
    "timeframe",
    "only_without_actions",
)


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """What the file says, and what holds without one.

    `per_minute` is for connectors that say nothing themselves; `together` is for how long alerts of a summary wait for
    each other, in nanoseconds; `public_url` is where people reach the service.
    """

    connectors: tuple[Connector, ...] = ()
    defaults: tuple[Action, ...] = ()
    outgoing: Outgoing = field(default_factory=Outgoing)
    per_minute: int = PER_MINUTE
    together: int = RUN
    public_url: str = ""


def read_connectors(path: Path, now: int, environ: Mapping[str, str] | None = None) -> NotifySettings:
    """What a connectors file says; `now`, in nanoseconds since 1970, is what dates in queries mean.

    Raises SettingsError, or InputError, with all that is wrong (`connectors-file`).
    """
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8") if len(raw) <= LARGEST else ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text in UTF-8"
        message = f"the connectors file cannot be read: {reason}"
        raise InputError.of("connectors-file", message, path=str(path)) from error
    if len(raw) > LARGEST:
        raise InputError.of("connectors-file", f"a connectors file of more than {LARGEST:,} bytes", path=str(path))
    decoded = decode_toml(text, str(path))
    if isinstance(decoded, Problem):
        raise InputError(decoded)
    reading = _Reading(*decoded, os.environ if environ is None else environ, now)
    settings = reading.settings()
    if reading.problems:
        raise SettingsError(*reading.problems)
    return settings


@dataclass
class _Reading:
    """A file as it is read; what is wrong gathers in `problems`."""

    content: Mapping[str, Any]
    locations: Locations
    environ: Mapping[str, str]
    now: int

    def __post_init__(self) -> None:
        self.problems: list[Problem] = []

    def settings(self) -> NotifySettings:
        for name in self.content:
            if name not in SECTIONS:
                self._wrong((name,), f"there is no section {name}", f"there are {', '.join(SECTIONS)}")
        outgoing, per_minute, together, public_url = self._outgoing()
        connectors = [found for at, one in self._tables("connector") if (found := self._connector(at, one))]
        known: dict[tuple[str, str], int] = {}
        for number, one in enumerate(connectors):
            if known.setdefault((one.space, one.id), number) != number:
                self._wrong(("connector", number), f"there are two connectors {one.id!r}")
        actions = [action for at, one in self._tables("notify") if (action := self._notify(at, one, connectors))]
        if len({action.uuid for action in actions}) < len(actions):
            self._wrong(("notify",), "two [[notify]] have one id", "give them an `id` each")
        return NotifySettings(tuple(connectors), tuple(actions), outgoing, per_minute, together, public_url)

    def _wrong(self, at: Sequence[str | int], message: str, hint: str | None = None) -> None:
        self.problems.append(Problem("connectors-file", message, place=self.locations.place(tuple(at)), hint=hint))

    def _tables(self, name: str) -> Iterator[tuple[tuple[str, int], Mapping[str, Any]]]:
        found = self.content.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self._wrong((name,), f"write [[{name}]] above each")
            return
        for number, one in enumerate(found):
            yield (name, number), one

    def _check_members(self, at: Sequence[str | int], given: Mapping[str, Any], known: Sequence[str]) -> None:
        for name in given:
            if name not in known:
                self._wrong((*at, name), f"there is no {name} here", f"there are {', '.join(known)}")

    def _outgoing(self) -> tuple[Outgoing, int, int, str]:
        given = self.content.get("outgoing", {})
        if not isinstance(given, dict):
            self._wrong(("outgoing",), "write [outgoing]")
            given = {}
        self._check_members(("outgoing",), given, OF_OUTGOING)
        allowed, ports = given.get("allow_private", []), given.get("ports")
        if not isinstance(allowed, list) or not all(isinstance(one, str) for one in allowed):
            self._wrong(("outgoing", "allow_private"), "allow_private is a list of networks and names of hosts")
            allowed = []
        if ports is not None and not (isinstance(ports, list) and all(_is_number(one, 1, 65535) for one in ports)):
            self._wrong(("outgoing", "ports"), "ports is a list of numbers")
            ports = None
        per_minute, together = given.get("per_minute", PER_MINUTE), given.get("together", RUN // NANOS)
        if not _is_number(per_minute, 1, MOST_PER_MINUTE):
            self._wrong(("outgoing", "per_minute"), f"per_minute is a number from 1 to {MOST_PER_MINUTE}")
            per_minute = PER_MINUTE
        if not _is_number(together, 1, 86_400):
            self._wrong(("outgoing", "together"), "together is a number of seconds from 1 to 86400")
            together = RUN // NANOS
        url = given.get("public_url", "")
        if not isinstance(url, str) or (url and not url.startswith(("http://", "https://"))):
            self._wrong(("outgoing", "public_url"), "public_url is of the form https://HOST")
            url = ""
        return outgoing_of(allowed, ports), per_minute, together * NANOS, url.rstrip("/")

    def _connector(self, at: tuple[str, int], given: Mapping[str, Any]) -> Connector | None:
        self._check_members(at, given, OF_CONNECTOR)
        id_, type_ = given.get("id"), given.get("type")
        if not isinstance(id_, str) or not ID.fullmatch(id_):
            self._wrong(at, "a connector has an `id` of letters, digits, `.`, `_` and `-`")
            return None
        for name in ("name", "type", "space"):
            if not isinstance(given.get(name, ""), str):
                self._wrong((*at, name), f"{name} is a text")
                return None
        config, secrets = given.get("config", {}), given.get("secrets", {})
        if not isinstance(config, dict) or not isinstance(secrets, dict):
            self._wrong(at, "config and secrets are tables")
            return None
        found = {name: self._secret((*at, "secrets", name), value) for name, value in secrets.items()}
        connector = Connector(
            id_,
            str(type_ or ""),
            given.get("name") or id_,
            given.get("space", DEFAULT_SPACE),
            config,
            {name: value for name, value in found.items() if value is not None},
            is_of_file=True,
        )
        try:
            checked(connector)
        except InputError as error:
            self._wrong(at, error.problem.message, error.problem.hint)
            return None
        lacking = [name for name in secrets_lacking(connector) if name not in secrets]
        if lacking:
            self._wrong(at, f"the connector {id_!r} lacks secrets: {', '.join(lacking)}")
        return connector

    def _secret(self, at: Sequence[str | int], given: Any) -> str | None:
        if isinstance(given, dict) and list(given) == ["variable"]:
            name = str(given["variable"])
            if not self.environ.get(name):
                self._wrong(at, f"the variable {name} is not set")
            return self.environ.get(name)
        if isinstance(given, dict) and list(given) == ["file"]:
            try:
                return Path(str(given["file"])).read_text("utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "no text in UTF-8"
                self._wrong(at, f"{given['file']} cannot be read: {reason}")
                return None
        hint = 'write { variable = "NAME" } or { file = "PATH" }'
        # Without the line, which may hold the secret.
        path = self.locations.path
        message = f"{'.'.join(map(str, at))}: a secret does not stand in this file"
        self.problems.append(InputError.of("connectors-file", message, path=path, hint=hint).problem)
        return None

    def _notify(self, at: tuple[str, int], given: Mapping[str, Any], connectors: Sequence[Connector]) -> Action | None:
        self._check_members(at, given, OF_NOTIFY)
        name, severity = given.get("connector"), given.get("severity", SEVERITIES[0])
        if not isinstance(name, str) or not name:
            self._wrong(at, "[[notify]] has a `connector`, which is the id of one")
            return None
        if severity not in SEVERITIES:
            self._wrong((*at, "severity"), f"severity is one of {', '.join(SEVERITIES)}")
            return None
        try:
            if given.get("kql"):
                condition_of(str(given["kql"]), self.now)
        except QueryError as error:
            self._wrong((*at, "kql"), error.message, error.hint)
            return None
        params = given.get("params", {})
        try:
            for one in connectors:
                if one.id == name and isinstance(params, dict):
                    check_params(TYPES[one.type], params)
        except InputError as error:
            self._wrong((*at, "params"), error.problem.message, error.problem.hint)
            return None
        when = "onThrottleInterval" if "throttle" in given else "onActiveAlert"
        described = {
            "id": name,
            "uuid": f"notify:{given.get('id') or name}",
            "params": params,
            "frequency": {
                "summary": given.get("summary", "throttle" in given),
                "notifyWhen": when,
                "throttle": given.get("throttle"),
            },
            "alerts_filter": {"query": {"kql": given.get("kql", "")}, "timeframe": given.get("timeframe")},
        }
        run = self.content.get("outgoing", {}).get("together", 0) if isinstance(self.content, dict) else 0
        action = action_of(described, None, run * NANOS if _is_number(run, 1, 86_400) else RUN, self.now)
        for problem in action.problems:
            self._wrong(at, problem)
        space = given.get("space", EVERY_SPACE)
        return Action(
            action.uuid,
            name,
            action.params,
            action.waits,
            severity,
            action.condition,
            given.get("only_without_actions") is True,
            None if space == EVERY_SPACE else str(space),
        )


def _is_number(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
