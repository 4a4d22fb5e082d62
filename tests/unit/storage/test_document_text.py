"""Which texts can be looked for in documents before they are read."""

import pytest

from besra.language.expr import Equals, Exists, FieldRef, Like, Predicate
from besra.language.glob import escaped_glob
from besra.schema.fieldtype import FieldType
from besra.storage.document_text import texts_within

NAME = FieldRef("process.name", FieldType.KEYWORD)


def named(name: str, kind: FieldType = FieldType.KEYWORD, ignore_case: bool = False) -> Equals:
    return Equals(FieldRef(name, kind), frozenset({"cmd.exe"}), ignore_case)


def like(*patterns: str) -> Like:
    return Like(NAME, tuple(map(escaped_glob, patterns)))


@pytest.mark.parametrize(
    ("leaf", "texts"),
    [
        (named("process.name"), ["cmd.exe"]),
        (Equals(NAME, frozenset({r'C:\"x"'})), [r"C:\\\"x\""]),
        (like("a*power*shell*"), ["power"]),
        (like("abc*", "*xyz"), ["abc", "xyz"]),
        (like("*1234*"), ["1234"]),
    ],
)
def test_texts_every_document_must_have(leaf: Predicate, texts: list[str]) -> None:
    assert texts_within(leaf) == texts


@pytest.mark.parametrize(
    "leaf",
    [
        named("process.name", ignore_case=True),
        named("process.name", FieldType.LONG),
        named("process.name.caseless"),
        named("kibana.alert.rule.note"),
        named("kibana.alert.workflow_tags"),
        Equals(NAME, frozenset({"cmd.exe", "é.exe"})),
        Equals(NAME, frozenset({"nul\x00"})),
        Equals(NAME, frozenset({"1e16"})),
        Equals(NAME, frozenset({"1.5"})),
        Equals(NAME, frozenset({"300"})),
        like("*a*b*"),
        like("*"),
        like("abc*", "*"),
        Exists(NAME),
    ],
)
def test_no_text_can_be_told(leaf: Predicate) -> None:
    assert texts_within(leaf) is None
