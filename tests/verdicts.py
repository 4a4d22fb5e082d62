"""The leaves that values of one field satisfy, as the columnar engine finds them."""

from collections.abc import Sequence

from besra.engine.field_tests import compiled_tests
from besra.engine.learner import Learner, PlainLearner
from besra.engine.pack import FieldLeaf
from besra.engine.verdicts import Verdicts
from besra.events.columns import Projection, ValueTable
from besra.schema.fieldtype import Scalar


def verdicts_of(leaves: Sequence[FieldLeaf], projection: Projection, *, compiled: bool) -> Verdicts:
    """An empty memory for some leaves."""
    if not compiled:
        return Verdicts(PlainLearner(leaves, projection))
    return Verdicts(Learner(*compiled_tests(leaves, projection)))


def verdicts_on(leaves: Sequence[FieldLeaf], values: Sequence[Scalar], *, compiled: bool) -> list[tuple[int, ...]]:
    """For each value the leaves it satisfies, by their place; all leaves must be of one field."""
    names = {leaf.field.name for leaf in leaves} or {"f"}
    verdicts = verdicts_of(leaves, Projection(tuple(names)), compiled=compiled)
    table = ValueTable()
    ids = table.ids_of(0, values)
    verdicts.learn(table)
    return [verdicts.of(number) for number in ids]
