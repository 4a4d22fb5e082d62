"""The EQL syntax tree: what the author wrote, each node with its span. Spans do not take part in equality.

Parentheses leave no node; the printer puts them back where precedence asks for them. `and` and `or` are n-ary, so a
long chain is a wide node and not a deep one.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from besra.problems import Span

NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; None is `null`."""

    value: str | int | float | bool | None
    span: Span = field(default=NOWHERE, compare=False)

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))

    def __eq__(self, other: object) -> bool:
        # 1, 1.0 and True are equal in Python and different constants here.
        return isinstance(other, Literal) and type(self.value) is type(other.value) and self.value == other.value


@dataclass(frozen=True, slots=True)
class Field:
    """A field path; `optional` is the `?` in front."""

    name: str
    optional: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function call, the name as written; `ignore_case` is the `~` behind the name."""

    function: str
    args: tuple["Node", ...]
    ignore_case: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Sign:
    """Unary `-` or `+`."""

    operator: str
    operand: "Node"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * / %` between two numbers."""

    operator: str
    left: "Node"
    right: "Node"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`== != < <= > >=`."""

    operator: str
    left: "Node"
    right: "Node"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class In:
    """`operand [not] in (values)`; `ignore_case` is `in~`."""

    operand: "Node"
    values: tuple["Node", ...]
    ignore_case: bool = False
    negated: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Like:
    """`operand OPERATOR patterns` with `:`, `like`, `like~`, `regex` or `regex~`."""

    operand: "Node"
    operator: str
    patterns: tuple[Literal, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`not operand`."""

    operand: "Node"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """Two or more operands, all of them."""

    operands: tuple["Node", ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more operands, any of them."""

    operands: tuple["Node", ...]
    span: Span = field(default=NOWHERE, compare=False)


Node = Literal | Field | Call | Sign | Arithmetic | Comparison | In | Like | Not | And | Or


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    match node:
        case Literal() | Field():
            return ()
        case Call():
            return node.args
        case Sign() | Not():
            return (node.operand,)
        case Arithmetic() | Comparison():
            return (node.left, node.right)
        case In():
            return (node.operand, *node.values)
        case Like():
            return (node.operand,)
        case And() | Or():
            return node.operands


def deeper_than(node: Node, limit: int) -> Node | None:
    """Some node with more than `limit` nodes above it, if there is one. Uses no recursion."""
    level = [node]
    for _ in range(limit + 1):
        level = [child for parent in level for child in children(parent)]
        if not level:
            return None
    return level[0]


@dataclass(frozen=True, slots=True)
class EventQuery:
    """`category where condition`; category None is `any`."""

    category: str | None
    condition: Node
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Term:
    """One item of a sequence or sample: `[event] by keys with runs=n`, `![event]` if `missing`."""

    event: EventQuery
    by: tuple[Node, ...] = ()
    runs: int = 1
    missing: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Sequence:
    """`sequence by keys with maxspan=… terms until term`."""

    by: tuple[Node, ...]
    maxspan: timedelta | None
    terms: tuple[Term, ...]
    until: Term | None = None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """`sample by keys terms`."""

    by: tuple[Node, ...]
    terms: tuple[Term, ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Pipe:
    """`| name arguments`."""

    name: str
    args: tuple[Node, ...] = ()
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query: its body and pipes, and the text it was read from."""

    body: EventQuery | Sequence | Sample
    pipes: tuple[Pipe, ...] = ()
    text: str = field(default="", compare=False)
