"""No pattern that a query can have is tried for ever, in any engine. Without the care taken, these tests do not end."""

import pytest

from besra.engine.kernels.regex import RegexTest
from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import FieldRef, Regex
from besra.language.glob import eql_glob
from besra.language.kuery.analyser import MOST_CHARACTERS, STANDARD
from besra.language.lucene_regex import translate
from besra.schema.fieldtype import FieldType

LUCENE = (
    ".*a" * 20 + "b",
    "(a*)*b",
    "(a|aa|é|éé)+b",
    "a?" * 40 + "é?" * 40 + "[aé]" * 81,
    "[aé]{0,80}" * 6 + "b",
    "@a@a@a@a@a@a@b",
)
TEXTS = ("a" * 80, "é" * 80, "aé" * 40, "a" * 4000, "aé" * 1000)


@pytest.mark.parametrize("folds", [True, False])
@pytest.mark.parametrize("lucene", LUCENE)
def test_patterns_of_regex(lucene: str, folds: bool) -> None:
    pattern = translate(lucene).pattern
    leaf = Regex(FieldRef("f", FieldType.KEYWORD), (pattern,), folds)
    for text in TEXTS:
        assert not RegexTest(pattern, folds).matches(text)
        assert not holds(leaf, Fields({"f": text}))


@pytest.mark.parametrize("folds", [True, False])
def test_they_match_what_they_should(folds: bool) -> None:
    pattern = translate(LUCENE[0]).pattern
    for text in TEXTS:
        assert RegexTest(pattern, folds).matches(f"{text}{'éa' * 20}b")


@pytest.mark.parametrize("stars", [10, 30, MOST_CHARACTERS // 2])
def test_patterns_for_words_of_text(stars: int) -> None:
    pattern = STANDARD.glob(eql_glob("a*" * (stars - 1) + "ab"))
    assert pattern
    leaf = Regex(FieldRef("f", FieldType.KEYWORD), (pattern,), ignore_case=True)
    for text, is_match in (("a" * 600, False), ("a.a" * 200 + " é", False), ("é " + "a" * 600 + "b é", True)):
        assert holds(leaf, Fields({"f": text})) is is_match
