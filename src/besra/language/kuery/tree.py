"""The KQL syntax tree: what the author wrote, each node with its span. Spans do not take part in equality.

A value may stand alone, which is free text, or behind a field, alone or in a list. So values are conditions like
others, and a list is built of the same `Not`, `And` and `Or`, with values for leaves. Parentheses leave no node.
"""

from dataclasses import dataclass, field

from besra.language.glob import Glob, Wild
from besra.problems import Span

NOWHERE = Span(0, 0)


@dataclass(frozen=True, slots=True)
class Text:
    """A text without wildcards, escapes undone. `quoted`: on a field of type text it is a phrase."""

    value: str
    quoted: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """An unquoted `true`, `false` or `null`."""

    value: bool | None
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Pattern:
    """An unquoted text with `*` in it; `*` alone asks whether a field exists."""

    glob: Glob
    span: Span = field(default=NOWHERE, compare=False)

    @property
    def is_everything(self) -> bool:
        """Whether it is `*` alone."""
        return self.glob.parts == (Wild.ANY,)


Value = Text | Constant | Pattern
Name = Text | Pattern
"""The name of a field, or a pattern for names."""


@dataclass(frozen=True, slots=True)
class Test:
    """`field: value` or `field: (list of values)`."""

    __test__ = False  # the name is the language's; pytest takes it for one of its own

    name: Name
    value: "Node"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Range:
    """`field OPERATOR value` with `<`, `<=`, `>` or `>=`."""

    name: Name
    operator: str
    value: Value
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Nested:
    """`field: { conditions }`: one object satisfies all; names inside are relative to the field."""

    name: Name
    condition: "Node"
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


Node = Value | Test | Range | Nested | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query and the text it was read from; without a condition it matches everything."""

    condition: Node | None
    text: str = field(default="", compare=False)
