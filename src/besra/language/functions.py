"""The registry of functions and operators: names, parameters, null rule, documentation, and how to apply them.

Names resolve without regard to case (eql.md 1.4). A required argument that is null makes the result null; an optional
one that is null takes its default. The operators of the second table come only from lowering; no author can write them
as calls.
"""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from besra.language import scalar


class Kind(Enum):
    """What a parameter takes, or a function gives."""

    STRING = "a string"
    NUMBER = "a number"
    INTEGER = "a whole number"
    BOOLEAN = "a boolean"
    IP = "an ip address"
    DATE = "a date"
    ANY = "any value"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `constant` says that a field or call is refused; `optional` that null or nothing will do."""

    name: str
    kind: Kind
    optional: bool = False
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """One function of EQL. `variadic`: the last parameter repeats; `folds`: a `~` form exists."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Kind
    apply: Callable[..., object]
    summary: str
    variadic: bool = False
    folds: bool = False

    @property
    def signature(self) -> str:
        """As a reader would write it: `indexOf(source, part[, start])`."""
        parts = [f"[{p.name}]" if p.optional else p.name for p in self.parameters]
        return f"{self.name}({', '.join(parts)}{', …' if self.variadic else ''})"

    def accepts(self, count: int) -> bool:
        """Whether it can be called with so many arguments."""
        required = sum(not parameter.optional for parameter in self.parameters)
        return required <= count and (self.variadic or count <= len(self.parameters))

    def parameter(self, position: int) -> Parameter:
        """The parameter an argument at this position fills."""
        return self.parameters[min(position, len(self.parameters) - 1)]


def _text(name: str) -> Parameter:
    return Parameter(name, Kind.STRING)


def _operator(symbol: str) -> Callable[..., object]:
    def apply(args: Sequence[object], *, ignore_case: bool) -> object:
        del ignore_case
        return scalar.arithmetic(symbol, *args)

    return apply


def _comparison(symbol: str) -> Callable[..., object]:
    def apply(args: Sequence[object], *, ignore_case: bool) -> object:
        del ignore_case
        return scalar.compare(symbol, *args)

    return apply


NUMBERS = (Parameter("left", Kind.NUMBER), Parameter("right", Kind.NUMBER))
PAIR = (Parameter("left", Kind.ANY), Parameter("right", Kind.ANY))

FUNCTIONS: tuple[Function, ...] = (
    Function("add", NUMBERS, Kind.NUMBER, _operator("+"), "The sum; same as `left + right`."),
    Function(
        "between",
        (_text("source"), _text("left"), _text("right"), Parameter("greedy", Kind.BOOLEAN, optional=True)),
        Kind.STRING,
        scalar.between,
        "The text between the first `left` and the next `right`, or with `greedy` the last; null if not found.",
        folds=True,
    ),
    Function(
        "cidrMatch",
        (Parameter("source", Kind.IP), Parameter("block", Kind.STRING, constant=True)),
        Kind.BOOLEAN,
        scalar.cidr_match,
        "Whether an address lies in one of the CIDR blocks, IPv4 or IPv6; a bare address is a block of one.",
        variadic=True,
    ),
    Function(
        "concat",
        (Parameter("value", Kind.ANY),),
        Kind.STRING,
        scalar.concat,
        "The texts of all arguments joined; null if one is null.",
        variadic=True,
    ),
    Function("divide", NUMBERS, Kind.NUMBER, _operator("/"), "The quotient; whole numbers truncate toward zero."),
    Function(
        "endsWith",
        (_text("source"), _text("suffix")),
        Kind.BOOLEAN,
        scalar.ends_with,
        "Whether the text ends with the suffix.",
        folds=True,
    ),
    Function(
        "indexOf",
        (_text("source"), _text("part"), Parameter("start", Kind.INTEGER, optional=True)),
        Kind.INTEGER,
        scalar.index_of,
        "The first position, counted from 0, of the part at or behind `start`; null if there is none.",
        folds=True,
    ),
    Function("length", (_text("source"),), Kind.INTEGER, scalar.length, "The number of characters."),
    Function("modulo", NUMBERS, Kind.NUMBER, _operator("%"), "The remainder, with the sign of the dividend."),
    Function("multiply", NUMBERS, Kind.NUMBER, _operator("*"), "The product; same as `left * right`."),
    Function(
        "number",
        (_text("source"), Parameter("base", Kind.INTEGER, optional=True)),
        Kind.NUMBER,
        scalar.number,
        "The number a text spells, `0x…` in base 16; null if it spells none.",
    ),
    Function(
        "startsWith",
        (_text("source"), _text("prefix")),
        Kind.BOOLEAN,
        scalar.starts_with,
        "Whether the text begins with the prefix.",
        folds=True,
    ),
    Function("string", (Parameter("value", Kind.ANY),), Kind.STRING, scalar.string, "The text of a value."),
    Function(
        "stringContains",
        (_text("source"), _text("part")),
        Kind.BOOLEAN,
        scalar.string_contains,
        "Whether the text holds the part; false if either is empty.",
        folds=True,
    ),
    Function(
        "substring",
        (
            _text("source"),
            Parameter("start", Kind.INTEGER, optional=True),
            Parameter("end", Kind.INTEGER, optional=True),
        ),
        Kind.STRING,
        scalar.substring,
        "The characters from `start` up to but not including `end`; negative positions count from the end.",
    ),
    Function("subtract", NUMBERS, Kind.NUMBER, _operator("-"), "The difference; same as `left - right`."),
)

OPERATORS: tuple[Function, ...] = (
    *(Function(s, NUMBERS, Kind.NUMBER, _operator(s), "Arithmetic.") for s in "+-*/%"),
    *(Function(s, PAIR, Kind.BOOLEAN, _comparison(s), "Comparison.") for s in ("==", "<", "<=", ">", ">=")),
    Function("in", PAIR, Kind.BOOLEAN, scalar.is_member, "Membership in a tuple of constants.", folds=True),
    Function("like", PAIR, Kind.BOOLEAN, scalar.is_like, "Covered by one of a tuple of globs.", folds=True),
    Function("holdsPhrase", PAIR, Kind.BOOLEAN, scalar.holds_phrase, "Holds one of very many phrases."),
    Function("ipText", (Parameter("value", Kind.IP),), Kind.STRING, scalar.ip_address_text, "An address as text."),
    Function("regex", PAIR, Kind.BOOLEAN, scalar.is_regex_match, "Matched by one of a tuple of patterns.", folds=True),
)

BY_NAME = {function.name: function for function in (*FUNCTIONS, *OPERATORS)}
BY_LOWER_NAME = {function.name.lower(): function for function in FUNCTIONS}


def find_function(name: str) -> Function | None:
    """The function an author means by a name, whatever its letter case."""
    return BY_LOWER_NAME.get(name.lower())


def nearest_functions(name: str) -> list[str]:
    """Known names that resemble an unknown one."""
    found = difflib.get_close_matches(name.lower(), BY_LOWER_NAME, n=3)
    return [BY_LOWER_NAME[match].name for match in found]


def call(name: str, args: Sequence[object], *, ignore_case: bool = False) -> object:
    """Apply a function or operator to values; None is null. `and`, `or`, `not` and `isNull` are three-valued logic."""
    match name:
        case "and":
            return False if any(arg is False for arg in args) else None if None in args else True
        case "or":
            return True if any(arg is True for arg in args) else None if None in args else False
        case "not":
            return None if args[0] is None else not args[0]
        case "isNull":
            return args[0] is None
    function = BY_NAME[name]
    if not function.variadic:
        args = [*args, *[None] * (len(function.parameters) - len(args))]
    for position, arg in enumerate(args):
        if arg is None and not function.parameter(position).optional:
            return None
    return function.apply(args, ignore_case=ignore_case)
