"""A number that tells the plans of rules apart: whether what was evaluated for a rule still holds of it."""

import hashlib
from dataclasses import fields, is_dataclass
from functools import cache

from besra.language.plan import Plan
from besra.rules.rule import Rule


def plan_mark(rule: Rule, plan: Plan) -> int:
    """The mark of what a rule asks of events, of which indices, and on which schedule; 64 bits with a sign."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(_text((plan, rule.index, rule.schedule, rule.timestamp_override)).encode("utf-8", "surrogatepass"))
    return int.from_bytes(digest.digest(), "big", signed=True)


def _text(value: object) -> str:
    """A value as text; the members of a set have no order that outlives a process, so they are sorted."""
    if (names := _names(type(value))) is not None:  # type: ignore[arg-type]  # classes can be keys
        return f"{type(value).__name__}({','.join([_text(getattr(value, name)) for name in names])})"
    if isinstance(value, frozenset | set):
        return f"{{{','.join(sorted(map(_text, value)))}}}"
    if isinstance(value, tuple | list):
        return f"[{','.join(map(_text, value))}]"
    return repr(value)


@cache
def _names(kind: type[object]) -> tuple[str, ...] | None:
    """The fields of a dataclass that tell its values apart."""
    return tuple(one.name for one in fields(kind) if one.compare) if is_dataclass(kind) else None
