"""The expression IR all dialects lower to. Nothing in it is implicit.

Two kinds of node (eql.md 2.3):

* **Predicates** are two-valued. A leaf looks at the values of one field and holds if *any* value satisfies it; on a
  missing field it is false. `And`, `Or` and `Not` are ordinary logic, `Nested` asks for one object of a list. Whatever
  a dialect means by null, case, wildcards, optional fields or event categories has been written out in these nodes.
* **Values** live inside a `Script` leaf: calls over fields and constants, evaluated once for every combination of the
  fields' values, with null where a value is missing. The leaf holds if some combination is true; null counts as false.

All nodes are frozen and hash by value, so equal leaves of different rules are one leaf.
"""

from dataclasses import dataclass

from besra.language.glob import Glob
from besra.schema.fieldtype import FieldType, Typed


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field read as a type: its values are converted as `schema.fieldtype.to_typed` says, others dropped."""

    name: str
    type: FieldType


# --- values -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant inside a script; None is null. Globs, networks and sets of constants are tuples."""

    value: object

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))

    def __eq__(self, other: object) -> bool:
        # 1, 1.0 and True are equal in Python and different constants here.
        return isinstance(other, Constant) and type(self.value) is type(other.value) and self.value == other.value


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator of `language.functions` applied to values."""

    function: str
    args: tuple["Value", ...]
    ignore_case: bool = False


Value = FieldRef | Constant | Call


# --- predicates -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Always:
    """True or false for every event."""

    value: bool


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value."""

    field: FieldRef


@dataclass(frozen=True, slots=True)
class Equals:
    """Some value is one of `values`. With `ignore_case` the constants are folded already (`casefold.fold_case`)."""

    field: FieldRef
    values: frozenset[Typed]
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """Some value is covered by one of the globs. With `ignore_case` the globs are folded already."""

    field: FieldRef
    globs: tuple[Glob, ...]
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """Some value is matched as a whole by one of the patterns (Python and RE2 syntax, `.` takes line breaks)."""

    field: FieldRef
    patterns: tuple[str, ...]
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """Some value stands in this order to the constant; `operator` is `<`, `<=`, `>` or `>=`."""

    field: FieldRef
    operator: str
    value: Typed


class Networks(tuple[tuple[int, int], ...]):
    """Networks whose hash is worked out once: of a value list there may be a million, in a thousand rules."""

    def __hash__(self) -> int:
        known: int | None = self.__dict__.get("hash")
        if known is None:
            known = self.__dict__["hash"] = super().__hash__()
        return known


@dataclass(frozen=True, slots=True)
class RelativeDate:
    """Some date stands in this order to what `text`, date math with `now` in it, names at the time of a run.

    `operator` is that of a range, or `==`. Engines know no time: `language.relative` writes the node out before.
    """

    field: FieldRef
    operator: str
    text: str


@dataclass(frozen=True, slots=True)
class InNetwork:
    """Some address lies in one of the networks, given as first and last 128-bit address."""

    field: FieldRef
    networks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Script:
    """Some combination of the fields' values makes `value` true."""

    value: Value


@dataclass(frozen=True, slots=True)
class Nested:
    """Some object at `path` by itself satisfies the operand, in which fields have their full names (eql.md 8.2)."""

    path: str
    operand: "Predicate"


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold."""

    operand: "Predicate"


@dataclass(frozen=True, slots=True)
class And:
    """Every operand holds."""

    operands: tuple["Predicate", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some operand holds."""

    operands: tuple["Predicate", ...]


Leaf = Always | Exists | Equals | Like | Regex | Range | RelativeDate | InNetwork | Script
Predicate = Leaf | Nested | Not | And | Or


def fields_of(node: Predicate | Value) -> frozenset[FieldRef]:
    """Every field a predicate or value reads."""
    match node:
        case FieldRef():
            return frozenset({node})
        case Call():
            return frozenset().union(*(fields_of(arg) for arg in node.args))
        case Script():
            return fields_of(node.value)
        case Not() | Nested():
            return fields_of(node.operand)
        case And() | Or():
            return frozenset().union(*(fields_of(operand) for operand in node.operands))
        case Constant() | Always():
            return frozenset()
        case Exists() | Equals() | Like() | Regex() | Range() | RelativeDate() | InNetwork():
            return frozenset({node.field})
