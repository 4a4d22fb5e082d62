"""The value of a script expression for one binding of its fields: three-valued, null is None (eql.md 2.3)."""

from collections.abc import Mapping

from besra.language.expr import Call, Constant, FieldRef, Value, fields_of
from besra.language.functions import call


def evaluate_value(value: Value, binding: Mapping[FieldRef, object]) -> object:
    """The value, with each field standing for one of its values; a field not in the binding is null."""
    match value:
        case Constant():
            return value.value
        case FieldRef():
            return binding.get(value)
        case Call():
            args = [evaluate_value(arg, binding) for arg in value.args]
            return call(value.function, args, ignore_case=value.ignore_case)


def folded(value: Value) -> Value:
    """The value as a constant, if no field takes part."""
    if isinstance(value, Constant) or fields_of(value):
        return value
    return Constant(evaluate_value(value, {}))
