"""What the functions and operators do with values: null or a plain `str`, `int`, `float`, `bool` each (eql.md 3).

Every function here gets arguments that are not null, unless its docstring says otherwise, and null for an optional
argument that was not given.
"""

import math
import operator as operators
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from besra.language.casefold import fold_case
from besra.language.glob import Glob, glob_matches
from besra.language.regex_states import states_of
from besra.language.regex_tree import parse_regex
from besra.schema.fieldtype import ip_text, parse_ip, parse_network

Args = Sequence[object]


def text_of(value: object) -> str:
    """The text of a value as `string` and `concat` show it: `true`, `42`, `42.5`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def is_number(value: object) -> bool:
    """Whether arithmetic applies; a boolean is no number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# --- arithmetic (eql.md 3.2) ------------------------------------------------------------------------------------------


def arithmetic(operator: str, left: object, right: object) -> int | float | None:
    """`+ - * / %` on two numbers; null for anything else, for division by zero and for results out of range."""
    left, right = numeric(left), numeric(right)
    if left is None or right is None:
        return None
    try:
        return in_range(_operate(operator, left, right))
    except (ZeroDivisionError, OverflowError, ValueError):
        return None


def in_range(value: int | float) -> int | float | None:
    """The number, or null if it is no 64-bit integer or finite float."""
    return value if (-(2**63) <= value < 2**63 if isinstance(value, int) else math.isfinite(value)) else None


def numeric(value: object) -> int | float | None:
    """The value as a number: itself, or a numeric string of a field without mapping; else null."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    return number((value, None), ignore_case=False) if isinstance(value, str) else None


def _operate(operator: str, left: int | float, right: int | float) -> int | float:
    whole = isinstance(left, int) and isinstance(right, int)
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/" if whole:
            # Truncates toward zero, as the platform does (eql.md 10, point 3).
            quotient = abs(int(left)) // abs(int(right))
            return quotient if (left < 0) == (right < 0) else -quotient
        case "/":
            return left / right
        case _ if whole:
            return int(left) - int(right) * int(_operate("/", left, right))
        case _:
            return math.fmod(left, right)


# --- comparison and logic ---------------------------------------------------------------------------------------------


ORDERINGS: dict[str, Callable[[Any, Any], object]] = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}


def compare(operator: str, left: object, right: object) -> bool | None:
    """`== < <= > >=` on values of one kind; values of different kinds are unequal as texts and have no order."""
    if is_number(left) != is_number(right) or isinstance(left, bool) != isinstance(right, bool):
        return text_of(left) == text_of(right) if operator == "==" else None
    return left == right if operator == "==" else bool(ORDERINGS[operator](left, right))


class Phrases(Protocol):
    """Many phrases that are looked for in a text at once."""

    def is_in(self, text: str, /) -> bool:
        """Whether the text holds one of them."""


def holds_phrase(args: Args, *, ignore_case: bool) -> bool:
    """Whether the text in the first argument holds one of the phrases that are the second."""
    del ignore_case
    phrases: Phrases = args[1]  # type: ignore[assignment]
    return phrases.is_in(str(args[0]))


def is_member(args: Args, *, ignore_case: bool) -> bool:
    """Whether the first argument equals one of the constants in the second, a tuple."""
    value, constants = args
    assert isinstance(constants, tuple)
    if ignore_case:
        value = fold_case(value) if isinstance(value, str) else value
        constants = tuple(fold_case(c) if isinstance(c, str) else c for c in constants)
    return any(compare("==", value, constant) for constant in constants)


def is_like(args: Args, *, ignore_case: bool) -> bool:
    """Whether one of the globs in the second argument covers the first; the globs are folded already."""
    value, globs = args
    assert isinstance(globs, tuple)
    text = fold_case(text_of(value)) if ignore_case else text_of(value)
    return any(isinstance(glob, Glob) and glob_matches(glob, text) for glob in globs)


def is_regex_match(args: Args, *, ignore_case: bool) -> bool:
    """Whether one of the patterns in the second argument matches the whole of the first, in the host's dialect."""
    value, patterns = args
    assert isinstance(patterns, tuple)
    return any(_is_host_match(str(pattern), text_of(value), ignore_case) for pattern in patterns)


def _is_host_match(pattern: str, text: str, ignore_case: bool) -> bool:
    tree = parse_regex(pattern, is_host=True)
    if tree and tree.backtracks and (states := states_of(pattern, ignore_case, is_host=True)):
        return states.matches(text)
    return compiled(pattern, ignore_case).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def compiled(pattern: str, ignore_case: bool, dotall: bool = False) -> re.Pattern[str]:
    """The compiled pattern; `dotall` for translated Lucene patterns, whose dot takes line breaks."""
    return re.compile(pattern, (re.IGNORECASE if ignore_case else 0) | (re.DOTALL if dotall else 0))


# --- functions (eql.md 3.1) -------------------------------------------------------------------------------------------


def between(args: Args, *, ignore_case: bool) -> str | None:
    """Text after the first `left` up to the next `right` (greedy: the last); null if either is not found.

    The specification's table says "" for not found, its conformance cases (es/expr/between/05, 06, 10) say null. The
    cases state what Elasticsearch's tests assert, so they decide.
    """
    source, left, right = (str(arg) for arg in args[:3])
    greedy = bool(args[3])
    searched = source
    if ignore_case:
        searched, left, right = fold_case(source), fold_case(left), fold_case(right)
    start = searched.find(left)
    if start < 0:
        return None
    start += len(left)
    end = searched.rfind(right, start) if greedy else searched.find(right, start)
    return None if end < 0 else source[start:end]


def cidr_match(args: Args, *, ignore_case: bool) -> bool | None:
    """Whether the address lies in a block; null if the text is no address."""
    del ignore_case
    address = args[0] if isinstance(args[0], int) else parse_ip(str(args[0]))
    if address is None:
        return None
    networks = (parse_network(str(block)) for block in args[1:])
    return any(first <= address <= last for first, last in filter(None, networks))


def concat(args: Args, *, ignore_case: bool) -> str:
    """The texts of all arguments joined."""
    del ignore_case
    return "".join(text_of(arg) for arg in args)


def starts_with(args: Args, *, ignore_case: bool) -> bool:
    """Whether the text begins with the prefix; the empty prefix always fits."""
    return _folded(args[0], ignore_case).startswith(_folded(args[1], ignore_case))


def ends_with(args: Args, *, ignore_case: bool) -> bool:
    """Whether the text ends with the suffix; the empty suffix always fits."""
    return _folded(args[0], ignore_case).endswith(_folded(args[1], ignore_case))


def string_contains(args: Args, *, ignore_case: bool) -> bool:
    """Whether the text holds the other; false for an empty text or an empty part (eql.md 10, point 2)."""
    part = _folded(args[1], ignore_case)
    return bool(part) and part in _folded(args[0], ignore_case)


def _folded(value: object, ignore_case: bool) -> str:
    return fold_case(str(value)) if ignore_case else str(value)


def index_of(args: Args, *, ignore_case: bool) -> int | None:
    """First position of the part at or behind `start`; null if there is none or start lies behind the end."""
    source, part = _folded(args[0], ignore_case), _folded(args[1], ignore_case)
    start = args[2]
    begin = max(0, start) if isinstance(start, int) else 0
    if begin > len(source):
        return None
    found = source.find(part, begin)
    return None if found < 0 else found


def length(args: Args, *, ignore_case: bool) -> int:
    """Number of code points."""
    del ignore_case
    return len(str(args[0]))


NUMBER = re.compile(r"([+-]?)(0[xX])?([0-9A-Za-z]*)(\.[0-9]*)?")


def number(args: Args, *, ignore_case: bool) -> int | float | None:
    """The number a text spells; `0x` means base 16 unless a base is given; null if it spells none."""
    del ignore_case
    found = NUMBER.fullmatch(str(args[0]).strip())
    if not found:
        return None
    sign, prefix, digits, fraction = found.groups()
    base = args[1] if isinstance(args[1], int) else 16 if prefix else 10
    try:
        if prefix and base != 16:
            return None
        if fraction is not None:
            return in_range(float(f"{sign}{digits}{fraction}")) if base == 10 and not prefix else None
        return in_range(int(f"{sign}{digits}", base)) if 2 <= base <= 36 else None
    except ValueError:
        return None


def string(args: Args, *, ignore_case: bool) -> str:
    """The text of the argument."""
    del ignore_case
    return text_of(args[0])


def ip_address_text(args: Args, *, ignore_case: bool) -> str | None:
    """The canonical text of an address given as its number."""
    del ignore_case
    return ip_text(args[0]) if isinstance(args[0], int) else None


def substring(args: Args, *, ignore_case: bool) -> str:
    """A slice as in Python: negative positions count from the end, out of range is clipped, null is the end."""
    del ignore_case
    start, end = args[1], args[2]
    return str(args[0])[start if isinstance(start, int) else None : end if isinstance(end, int) else None]
