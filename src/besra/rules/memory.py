"""A rule set as bytes and back, as quickly as Python can make a thousand rules.

What a scan needs of every rule is written so that it loads at once. The rest (descriptions, guides, ATT&CK), most of
the bytes, stays bytes until an alert or a listing asks for it. Of equal parts of plans one is kept. For 1,224 rules
that makes 45 ms of the 300 ms that pickling the set as it is would take.
"""

import pickle
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from besra.rules.loaded import LoadedRule, RuleSet
from besra.rules.memory_file import field_names, pickled

CHECKSUM = 4
"""Bytes of the checksum in front."""


class Unread(Mapping[str, Any]):
    """A mapping that stays bytes until somebody looks into it."""

    __slots__ = ("_content", "_pickled")

    def __init__(self, pickled: bytes) -> None:
        self._pickled = pickled
        self._content: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> Mapping[str, Any]:
        """The mapping, to be read later; an empty one as it is."""
        return cls(pickle.dumps(dict(mapping), pickle.HIGHEST_PROTOCOL)) if mapping else mapping

    def _read(self) -> Mapping[str, Any]:
        if self._content is None:
            content: Mapping[str, Any] = pickle.loads(self._pickled)
            self._content = content
        return self._content

    def __getitem__(self, key: str) -> Any:
        return self._read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self._read())

    def __reduce__(self) -> tuple[type["Unread"], tuple[bytes]]:
        return Unread, (self._pickled,)


def to_bytes(rules: RuleSet) -> bytes:
    """The bytes of a rule set, checksum first."""
    known: dict[object, Any] = {}
    data = pickled(replace(rules, rules=tuple(_folded(rule, known) for rule in rules)))
    return zlib.crc32(data).to_bytes(CHECKSUM) + data


def from_bytes(data: bytes) -> RuleSet:
    """The rule set of bytes this version of besra has written. Raises ValueError for damaged ones.

    The values are Python's own, as pickle makes them: only bytes from a trusted place may be given.
    """
    view = memoryview(data)[CHECKSUM:]
    if not view or zlib.crc32(view) != int.from_bytes(data[:CHECKSUM]):
        raise ValueError("the checksum is another")
    found = pickle.loads(view)
    if not isinstance(found, RuleSet):
        raise ValueError("not a rule set")
    return found


def _folded(loaded: LoadedRule, known: dict[object, Any]) -> LoadedRule:
    """A rule with what a scan does not need folded away."""
    rule = loaded.rule and replace(
        loaded.rule,
        schedule=_shared(loaded.rule.schedule, known),
        parameters=Unread.of(loaded.rule.parameters),
        metadata=Unread.of(loaded.rule.metadata),
        toml_only=Unread.of(loaded.rule.toml_only),
    )
    return replace(loaded, rule=rule, plan=_shared(loaded.plan, known))


def _shared(value: Any, known: dict[object, Any]) -> Any:
    """The value, with those of its parts that were met before being the same objects; pickle writes an object once."""
    kind = type(value)
    if kind is str:
        return known.setdefault(value, value)
    if kind is frozenset:
        return known.setdefault(frozenset(map(_identity, value)), value)
    names = field_names(kind)
    if not names and kind is not tuple:
        return value
    parts = [_shared(part, known) for part in ([getattr(value, name) for name in names] if names else value)]
    key = (kind, *map(_identity, parts))
    found = known.get(key)
    if found is None:
        found = known[key] = kind(*parts) if names else tuple(parts)
    return found


def _identity(value: object) -> object:
    """What tells parts apart once they are shared: 1, 1.0 and True are equal in Python, and three things here."""
    return (type(value), value) if isinstance(value, (str, int, float)) else id(value)
