"""maxspan durations: `5m` or `5 m`, a whole number and a unit (eql.md 1.3, 6)."""

from datetime import timedelta
from typing import TYPE_CHECKING

from besra.language.eql.lexer import Kind

if TYPE_CHECKING:
    from besra.language.eql.expressions import ExpressionParser

UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
ALLOWED = "the units are ms, s, m, h and d, such as `maxspan=5m`"


def parse_maxspan(parser: "ExpressionParser") -> timedelta:
    """The duration at the parser's position, which moves behind it. Raises QuerySyntaxError."""
    start = parser.token
    if start.text in ("-", "+"):
        raise parser.error(start.span, "maxspan must be positive", ALLOWED)
    if start.kind is Kind.FLOAT:
        raise parser.error(
            start.span, "maxspan must be a whole number", "use a smaller unit: `90s` for one and a half minutes"
        )
    if start.kind is not Kind.INT:
        raise parser.unexpected("a duration", ALLOWED)
    parser.advance()
    unit = parser.token
    if unit.kind is not Kind.IDENT:
        raise parser.error(start.span, "maxspan has no unit", f"did you mean `{start.text}s`? {ALLOWED}")
    if unit.text not in UNITS:
        raise parser.error(unit.span, f"`{unit.text}` is not a unit of time", ALLOWED)
    parser.advance()
    if start.value == 0:
        raise parser.error(start.span, "maxspan must be positive", ALLOWED)
    try:
        return int(start.value) * UNITS[unit.text]
    except OverflowError:
        raise parser.error(start.span, "maxspan is longer than any event stream", ALLOWED) from None


def format_span(span: timedelta) -> str:
    """The duration in the largest unit that divides it."""
    for unit, length in reversed(UNITS.items()):
        if span % length == timedelta(0):
            return f"{span // length}{unit}"
    raise ValueError(f"{span} has a part smaller than a millisecond")
