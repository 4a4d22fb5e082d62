"""Lucene's query syntax, as far as filters may use it."""

from typing import Any

import pytest

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.query_dsl.query_string import query_string
from besra.language.query_dsl.scope import DslScope
from besra.schema.catalogue import EMPTY

CATALOGUE = EMPTY.with_types({"k": "keyword", "t": "text", "n": "long", "o.k": "keyword"})


@pytest.mark.parametrize(
    ("query", "document", "expected"),
    [
        ("k:abc", {"k": "abc"}, True),
        ("k:abc", {"k": "ABC"}, False),
        ("k: abc", {"k": "abc"}, True),
        ("k:a*", {"k": "abc"}, True),
        ("k:a?c", {"k": "abc"}, True),
        (r"k:a\*", {"k": "abc"}, False),
        (r"k:C\:\\x", {"k": "C:\\x"}, True),
        ('k:"a b"', {"k": "a b"}, True),
        (r'k:"a\"b"', {"k": 'a"b'}, True),
        ("n:4", {"n": 4}, True),
        ("n:-4", {"n": -4}, True),
        ("t:(big small)", {"t": "A small one"}, True),
        ('t:"small one"', {"t": "A small one"}, True),
        ('t:"one small"', {"t": "A small one"}, False),
        ("k:a AND n:1", {"k": "a"}, False),
        ("k:a && n:1", {"k": "a", "n": 1}, True),
        ("k:a OR n:1", {"n": 1}, True),
        ("k:a n:1", {"n": 1}, True),
        ("NOT k:a", {}, True),
        ("-k:a", {"k": "a"}, False),
        ("!k:a AND n:1", {"n": 1}, True),
        ("k:a AND NOT n:1", {"k": "a", "n": 1}, False),
        ("(k:a OR k:b) AND n:1", {"k": "b", "n": 1}, True),
        ("k:(a OR b*)", {"k": "bc"}, True),
        ("NOT (k:a OR k:b)", {"k": "c"}, True),
        ("k:*", {"k": ""}, True),
        ("_exists_:k", {}, False),
        ("_exists_:o.k", {"o": {"k": 1}}, True),
    ],
)
def test_what_a_query_string_finds(query: str, document: dict[str, Any], expected: bool) -> None:
    scope = DslScope(CATALOGUE)
    predicate = query_string(scope, ("q",), {"query": query})
    assert not scope.problems
    assert holds(predicate, Fields(document)) is expected


@pytest.mark.parametrize(
    ("members", "document", "expected"),
    [
        ({"query": "a b", "default_field": "k", "default_operator": "and"}, {"k": "a"}, False),
        ({"query": "a b", "default_field": "k", "analyze_wildcard": True}, {"k": "b"}, True),
    ],
)
def test_defaults(members: dict[str, Any], document: dict[str, Any], expected: bool) -> None:
    scope = DslScope(CATALOGUE)
    assert holds(query_string(scope, ("q",), members), Fields(document)) is expected
    assert not scope.problems


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"query": ""}, "takes a query"),
        ({"query": "k:a", "default_operator": "xor"}, "takes a query"),
        ({"query": "k:a", "fuzziness": 1}, "`fuzziness` is not supported"),
        ({"query": "abc"}, "`abc` names no field"),
        ({"query": "k:a and n:1"}, "`and` names no field"),
        ({"query": "k:a AND n:1 OR k:b"}, "AND and OR beside each other"),
        ({"query": "k:a OR NOT n:1"}, "NOT beside OR"),
        ({"query": "k:a -n:1"}, "NOT beside OR"),
        ({"query": "NOT NOT k:a"}, "NOT behind NOT"),
        ({"query": "(k:a"}, "is not closed"),
        ({"query": "k:a)"}, "closes nothing"),
        ({"query": "k:"}, "a value is missing"),
        ({"query": "k:a AND"}, "a value is missing"),
        ({"query": "k:[1 TO 5]"}, "not understood"),
        ({"query": "k:/a+/"}, "not understood"),
        ({"query": "k:abc~2"}, "not understood"),
        ({"query": "n:>5"}, "not understood"),
        ({"query": "(" * 200 + "k:a" + ")" * 200}, "nested too deeply"),
        ({"query": "k:a " * 2_000}, "more than 1,000 words"),
    ],
)
def test_what_is_refused(members: dict[str, Any], message: str) -> None:
    scope = DslScope(CATALOGUE)
    query_string(scope, ("q",), members)
    assert message in scope.problems[0].problem.message
    assert scope.problems[0].problem.code == "unsupported-filters"
