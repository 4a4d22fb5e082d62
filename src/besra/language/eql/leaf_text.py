"""Leaves of the expression IR as short EQL, for people: long lists and constants are cut where an ellipsis stands."""

from collections.abc import Iterable
from ipaddress import IPv6Address, summarize_address_range

from besra.language.eql.strings import quote
from besra.language.expr import Equals, Exists, InNetwork, Like, Range, Regex
from besra.schema.fieldtype import FieldType, Typed
from besra.schema.timestamp import format_timestamp

MOST_SHOWN = 3
"""Constants of a leaf that are shown."""

LONGEST = 40
"""Characters of a constant that are shown."""


def leaf_text(leaf: Exists | Equals | Like | Regex | Range | InNetwork) -> str:
    """The leaf in short: its field, the operator, the first constants and how many more there are.

    >>> from besra.language.expr import FieldRef
    >>> leaf_text(Equals(FieldRef("event.code", FieldType.LONG), frozenset({1, 3})))
    'event.code in (1, 3)'
    """
    name, field_type = leaf.field.name, leaf.field.type
    tilde = "~" if getattr(leaf, "ignore_case", False) else ""
    match leaf:
        case Exists():
            return f"{name} != null"
        case Range():
            return f"{name} {leaf.operator} {_constant(leaf.value, field_type)}"
        case Equals():
            ordered = sorted(leaf.values, key=lambda value: (isinstance(value, str), value))
            values = [_constant(value, field_type) for value in ordered]
            if len(values) == 1 and not tilde:
                return f"{name} == {values[0]}"
            return f"{name} in{tilde} {_listed(values)}"
        case Like():
            globs = [_quoted(str(glob)) for glob in leaf.globs]
            return f"{name} {f'like{tilde}' if len(globs) > 1 or not tilde else ':'} {_listed(globs, bare=True)}"
        case Regex():
            return f"{name} regex{tilde} {_listed(map(_quoted, leaf.patterns), bare=True)}"
        case InNetwork():
            return f"cidrMatch({', '.join([name, *_cut([_network(*ends) for ends in leaf.networks])])})"


def _constant(value: Typed, field_type: FieldType) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case int() if field_type is FieldType.DATE:
            return quote(format_timestamp(value))
        case int() if field_type is FieldType.IP:
            return quote(_address(value))
        case tuple():
            return quote(".".join(map(str, value)))
        case _:
            return repr(value)


def _address(number: int) -> str:
    address = IPv6Address(number)
    return str(address.ipv4_mapped or address)


def _network(first: int, last: int) -> str:
    """A network as prefix, or its two ends if it is none."""
    if first > last:
        return quote(f"{_address(first)}-{_address(last)}")
    low, high = IPv6Address(first), IPv6Address(last)
    if low.ipv4_mapped and high.ipv4_mapped:
        networks = [str(network) for network in summarize_address_range(low.ipv4_mapped, high.ipv4_mapped)]
    else:
        networks = [str(network) for network in summarize_address_range(low, high)]
    return quote(networks[0] if len(networks) == 1 else f"{_address(first)}-{_address(last)}")


def _quoted(text: str) -> str:
    return quote(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")


def _cut(items: Iterable[str]) -> list[str]:
    shown = list(items)
    more = len(shown) - MOST_SHOWN
    return shown if more <= 0 else [*shown[:MOST_SHOWN], f"… +{more:,}"]


def _listed(items: Iterable[str], *, bare: bool = False) -> str:
    """The items in parentheses, without them if there is but one and it may be `bare`."""
    shown = _cut(items)
    return shown[0] if bare and len(shown) == 1 else f"({', '.join(shown)})"
