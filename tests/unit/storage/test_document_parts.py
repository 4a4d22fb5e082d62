"""Which parts of documents a condition reads."""

import pytest

from besra.language.expr import And, Exists, FieldRef, Nested, Not, Predicate
from besra.schema.fieldtype import FieldType
from besra.storage.document_parts import MOST_KEYS, joined_parts, parts_read


def has(name: str) -> Exists:
    return Exists(FieldRef(name, FieldType.KEYWORD))


@pytest.mark.parametrize(
    ("condition", "keys"),
    [
        (has("a.b.c"), ["a", "a.b", "a.b.c"]),
        (has("a.b.caseless"), ["a", "a.b", "a.b.caseless"]),
        (Not(And((has("a"), has("kibana.alert.rule.tags"), has("kibana.alert.workflow_tags")))), ["a"]),
    ],
)
def test_keys_that_lead_to_its_fields(condition: Predicate, keys: list[str]) -> None:
    parts = parts_read(condition, "postgresql")
    assert parts is not None
    assert list(parts) == keys
    assert joined_parts(parts, ["1", *[None] * (len(keys) - 1)]) == {keys[0]: 1}


@pytest.mark.parametrize(
    "condition",
    [
        And((has("a"), Not(Nested("b", has("b.c"))))),
        And(tuple(has(f"f{number}") for number in range(MOST_KEYS + 1))),
        has('a"b'),
        has("a$[0]"),
    ],
)
def test_conditions_that_read_whole_documents(condition: Predicate) -> None:
    assert parts_read(condition, "postgresql") is None
