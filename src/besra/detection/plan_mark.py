"""A number that tells the plans of rules apart: whether what was evaluated for a rule still holds of it."""

import hashlib
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache

from besra.language.plan import Plan
from besra.rules.rule import Rule

LARGE = 10_000
"""Members of a set from which on their text is not made one by one."""


def plan_mark(rule: Rule, plan: Plan) -> int:
    """The mark of what a rule asks of events, of which indices, and on which schedule; 64 bits with a sign."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(_text((plan, rule.index, rule.schedule, rule.timestamp_override)).encode("utf-8", "surrogatepass"))
    return int.from_bytes(digest.digest(), "big", signed=True)


@lru_cache(maxsize=1)
def _large(value: frozenset[int] | frozenset[str]) -> str:
    """The same of a value list, of which there may be a million values: their texts would take a second.

    The last one is remembered: of a list that has changed the mark is asked for more than once.
    """
    ordered = repr(sorted(value)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(ordered, digest_size=16).hexdigest()


def _text(value: object) -> str:
    """A value as text; the members of a set have no order that outlives a process, so they are sorted."""
    if (names := _names(type(value))) is not None:  # type: ignore[arg-type]  # classes can be keys
        return f"{type(value).__name__}({','.join([_text(getattr(value, name)) for name in names])})"
    if isinstance(value, frozenset) and len(value) >= LARGE and {*map(type, value)} in ({int}, {str}):
        return _large(value)
    if isinstance(value, frozenset | set):
        return f"{{{','.join(sorted(map(_text, value)))}}}"
    if isinstance(value, tuple | list):
        return f"[{','.join(map(_text, value))}]"
    return repr(value)


@cache
def _names(kind: type[object]) -> tuple[str, ...] | None:
    """The fields of a dataclass that tell its values apart."""
    return tuple(one.name for one in fields(kind) if one.compare) if is_dataclass(kind) else None
