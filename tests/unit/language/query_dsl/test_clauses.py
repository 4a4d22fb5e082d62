"""What clauses of the Query DSL mean, and which are refused."""

from typing import Any

import pytest

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import Predicate
from besra.language.query_dsl.clauses import lower_clause
from besra.language.query_dsl.scope import DslScope
from besra.schema.catalogue import EMPTY, bundled_catalogue

CATALOGUE = EMPTY.with_types(
    {
        "k": "keyword",
        "t": "text",
        "n": "long",
        "d": "double",
        "b": "boolean",
        "ip": "ip",
        "@timestamp": "date",
        "o": "object",
        "o.k": "keyword",
        "o.t": "text",
        "k.caseless": "keyword",
        "g": "geo_point",
    }
)


BOTH = {"bool": {"must": [{"term": {"o.k": "a"}}, {"term": {"o.t": "b"}}]}}


def lowered(clause: Any) -> tuple[Predicate, DslScope]:
    scope = DslScope(CATALOGUE)
    return lower_clause(scope, ("filters", 0, "query"), clause), scope


def matches(clause: Any, document: dict[str, Any]) -> bool:
    predicate, scope = lowered(clause)
    assert not scope.problems, scope.problems
    return holds(predicate, Fields(document))


@pytest.mark.parametrize(
    ("clause", "document", "expected"),
    [
        ({"match_all": {}}, {}, True),
        ({"match_none": {}}, {}, False),
        ({"term": {"k": "abc"}}, {"k": "abc"}, True),
        ({"term": {"k": "abc"}}, {"k": "ABC"}, False),
        ({"term": {"k": {"value": "abc", "boost": 2}}}, {"k": ["x", "abc"]}, True),
        ({"term": {"k": {"value": "aBc", "case_insensitive": True}}}, {"k": "AbC"}, True),
        ({"term": {"n": 4}}, {"n": "4"}, True),
        ({"term": {"b": True}}, {"b": True}, True),
        ({"term": {"b": True}}, {"b": False}, False),
        ({"term": {"ip": "10.0.0.0/8"}}, {"ip": "10.1.2.3"}, True),
        ({"term": {"t": "word"}}, {"t": "A Word or two"}, True),
        ({"term": {"nowhere": 4624}}, {"nowhere": "4624"}, True),
        ({"terms": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"terms": {"k": ["a", "b"]}}, {"k": "c"}, False),
        ({"terms": {"k": []}}, {"k": "c"}, False),
        ({"terms": {"n": [1, "2"], "boost": 1.0}}, {"n": 2}, True),
        ({"match": {"k": "two words"}}, {"k": "two words"}, True),
        ({"match": {"k": "two words"}}, {"k": "two"}, False),
        ({"match": {"t": "two words"}}, {"t": "words"}, True),
        ({"match": {"t": {"query": "two words", "operator": "AND"}}}, {"t": "words"}, False),
        ({"match": {"t": {"query": "two words", "operator": "and"}}}, {"t": "Words, two"}, True),
        ({"match": {"t": {"query": "two words", "type": "phrase"}}}, {"t": "words two"}, False),
        ({"match": {"b": {"query": False}}}, {"b": "false"}, True),
        ({"match_phrase": {"k": "abc"}}, {"k": "abc"}, True),
        ({"match_phrase": {"k": "abc"}}, {"k": "abc d"}, False),
        ({"match_phrase": {"t": "two words"}}, {"t": "just Two words."}, True),
        ({"match_phrase": {"t": {"query": "two words", "slop": 0}}}, {"t": "words two"}, False),
        ({"match_phrase": {"@timestamp": "2026-01-31"}}, {"@timestamp": "2026-01-31T12:00:00Z"}, True),
        ({"prefix": {"k": "ab"}}, {"k": "abc"}, True),
        ({"prefix": {"k": "ab"}}, {"k": "Abc"}, False),
        ({"prefix": {"k": {"value": "aB", "case_insensitive": True}}}, {"k": "Abc"}, True),
        ({"prefix": {"k": "a*"}}, {"k": "abc"}, False),
        ({"prefix": {"t": "wo"}}, {"t": "two Words"}, True),
        ({"wildcard": {"k": "a?c*"}}, {"k": "abcd"}, True),
        ({"wildcard": {"k": "a?c*"}}, {"k": "acd"}, False),
        ({"wildcard": {"k": {"value": "C:\\\\Win*", "case_insensitive": True}}}, {"k": "c:\\windows"}, True),
        ({"wildcard": {"k": {"wildcard": "a\\*"}}}, {"k": "a*"}, True),
        ({"wildcard": {"k": {"wildcard": "a\\*"}}}, {"k": "ab"}, False),
        ({"wildcard": {"t": "w?rd*"}}, {"t": "two Words"}, True),
        ({"wildcard": {"t": "w?ds"}}, {"t": "two Words"}, False),
        ({"wildcard": {"k.caseless": "AB*"}}, {"k.caseless": "abc"}, True),
        ({"range": {"n": {"gte": 1, "lt": 3}}}, {"n": 1}, True),
        ({"range": {"n": {"gte": 1, "lt": 3}}}, {"n": 3}, False),
        ({"range": {"n": {"gte": 1, "lt": 3}}}, {"n": [0, 4]}, False),
        ({"range": {"n": {"gt": None, "lte": 3}}}, {"n": 3}, True),
        ({"range": {"n": {"from": 1, "to": 3, "include_lower": False, "include_upper": True}}}, {"n": 1}, False),
        ({"range": {"n": {"from": 1, "to": 3, "include_lower": False, "include_upper": True}}}, {"n": 3}, True),
        ({"range": {"k": {"gte": "b"}}}, {"k": "c"}, True),
        ({"range": {"ip": {"gte": "10.0.0.1", "lte": "10.0.0.9"}}}, {"ip": "10.0.0.5"}, True),
        (
            {"range": {"@timestamp": {"gte": "2026-01-01", "lte": "2026-01-31"}}},
            {"@timestamp": "2026-01-31T23:00Z"},
            True,
        ),
        ({"range": {"@timestamp": {"gte": 0, "format": "epoch_millis"}}}, {"@timestamp": 1}, True),
        ({"range": {"@timestamp": {"lt": 10, "format": "epoch_second"}}}, {"@timestamp": 9_999}, True),
        ({"range": {"@timestamp": {"lt": 10, "format": "epoch_second"}}}, {"@timestamp": 10_000}, False),
        (
            {"range": {"@timestamp": {"lt": "2026-01-01", "time_zone": "+02:00"}}},
            {"@timestamp": "2025-12-31T21:59Z"},
            True,
        ),
        (
            {"range": {"@timestamp": {"lt": "2026-01-01", "time_zone": "+02:00"}}},
            {"@timestamp": "2025-12-31T22:00Z"},
            False,
        ),
        (
            {"range": {"@timestamp": {"lt": "2026-01-01T00:00Z", "time_zone": "+02:00"}}},
            {"@timestamp": "2025-12-31T22:00Z"},
            True,
        ),
        ({"range": {"@timestamp": {"lte": "2026", "time_zone": "-01:00"}}}, {"@timestamp": "2027-01-01T00:30Z"}, True),
        ({"exists": {"field": "k"}}, {"k": ""}, True),
        ({"exists": {"field": "k"}}, {"k": None}, False),
        ({"exists": {"field": "o"}}, {"o": {"t": "x"}}, True),
        ({"exists": {"field": "o"}}, {"o": {}}, False),
        ({"constant_score": {"filter": {"term": {"k": "a"}}}}, {"k": "a"}, True),
        ({"bool": {}}, {}, True),
        ({"bool": {"must": {"term": {"k": "a"}}}}, {"k": "a"}, True),
        ({"bool": {"filter": [{"term": {"k": "a"}}, {"term": {"n": 1}}]}}, {"k": "a"}, False),
        ({"bool": {"must_not": [{"term": {"k": "a"}}]}}, {}, True),
        ({"bool": {"must_not": [{"term": {"k": "a"}}]}}, {"k": "a"}, False),
        ({"bool": {"should": [{"term": {"k": "a"}}, {"term": {"n": 1}}]}}, {"n": 1}, True),
        ({"bool": {"should": [{"term": {"k": "a"}}, {"term": {"n": 1}}]}}, {}, False),
        ({"bool": {"should": [{"term": {"k": "a"}}], "must": [{"term": {"n": 1}}]}}, {"n": 1}, True),
        ({"bool": {"should": [{"term": {"k": "a"}}], "filter": [], "minimum_should_match": 1}}, {"k": "b"}, False),
        ({"bool": {"should": [{"term": {"k": x}} for x in "abc"], "minimum_should_match": 2}}, {"k": ["a", "c"]}, True),
        ({"bool": {"should": [{"term": {"k": x}} for x in "abc"], "minimum_should_match": 2}}, {"k": "a"}, False),
        ({"bool": {"should": [{"term": {"k": x}} for x in "abc"], "minimum_should_match": "-1"}}, {"k": "a"}, False),
        (
            {"bool": {"should": [{"term": {"k": x}} for x in "abc"], "minimum_should_match": "67%"}},
            {"k": ["a", "b"]},
            True,
        ),
        ({"bool": {"should": [{"term": {"k": "a"}}], "minimum_should_match": 2}}, {"k": "a"}, False),
        ({"bool": {"should": [{"term": {"k": "a"}}], "minimum_should_match": "-34%"}}, {"k": "b"}, False),
        ({"nested": {"path": "o", "query": {"term": {"o.k": "a"}}}}, {"o": [{"k": "b"}, {"k": "a"}]}, True),
        ({"nested": {"path": "o", "query": BOTH}}, {"o": [{"k": "a"}, {"t": "b"}]}, False),
        ({"nested": {"path": "o", "query": BOTH}}, {"o": [{"k": "x"}, {"k": "a", "t": "b"}]}, True),
    ],
)
def test_what_a_clause_means(clause: Any, document: dict[str, Any], expected: bool) -> None:
    assert matches(clause, document) is expected


@pytest.mark.parametrize(
    ("clause", "at", "message"),
    [
        ([], (), "a clause is an object"),
        ({}, (), "a clause is an object"),
        ({"term": {"k": 1}, "exists": {}}, (), "one member"),
        ({"script": {"source": "x"}}, ("script",), "`script` is not supported"),
        ({"ids": {"values": ["1"]}}, ("ids",), "`ids` is not supported"),
        ({"term": "x"}, ("term",), "takes one field, found 0"),
        ({"term": {"a": 1, "b": 2}}, ("term",), "takes one field, found 2"),
        ({"term": {"k": [1]}}, ("term", "k"), "takes a text, a number or a boolean"),
        ({"term": {"k": {"value": "x", "fuzzy": 1}}}, ("term", "k", "fuzzy"), "`fuzzy` is not supported"),
        (
            {"term": {"k": {"value": "x", "case_insensitive": "yes"}}},
            ("term", "k", "case_insensitive"),
            "true or false",
        ),
        ({"terms": {"k": {"index": "i", "id": "1", "path": "p"}}}, ("terms", "k"), "a list of values"),
        ({"match": {"t": {"query": "x", "fuzziness": "AUTO"}}}, ("match", "t", "fuzziness"), "is not supported"),
        ({"match": {"t": {"query": "x", "operator": 1}}}, ("match", "t", "operator"), "other than or and and"),
        ({"match_phrase": {"t": {"query": "x", "slop": 2}}}, ("match_phrase", "t", "slop"), "`slop`"),
        ({"wildcard": {"k": {"value": 3}}}, ("wildcard", "k"), "takes a text"),
        ({"range": {"n": {}}}, ("range", "n"), "takes a bound"),
        ({"range": {"n": 3}}, ("range", "n"), "takes an object"),
        ({"range": {"t": {"gte": "a"}}}, ("range", "t", "gte"), "of type text"),
        ({"range": {"n": {"gte": 1, "format": "dd/MM/yyyy"}}}, ("range", "n", "format"), "`dd/MM/yyyy`"),
        ({"range": {"n": {"gte": 1, "time_zone": "Europe/Rome"}}}, ("range", "n", "time_zone"), "offsets"),
        (
            {"range": {"@timestamp": {"gte": "now/d", "time_zone": "+01:00"}}},
            ("range", "@timestamp", "gte"),
            "rounding",
        ),
        ({"range": {"n": {"gte": 1, "relation": "within"}}}, ("range", "n", "relation"), "`relation`"),
        ({"exists": {"field": 3}}, ("exists", "field"), "the name of a field"),
        ({"exists": {"field": "k*"}}, ("exists",), "patterns for names"),
        ({"bool": {"mustNot": []}}, ("bool", "mustNot"), "`mustNot` is not supported"),
        ({"bool": {"must": [3]}}, ("bool", "must", 0), "a clause is an object"),
        (
            {"bool": {"minimum_should_match": "2<75%"}},
            ("bool", "minimum_should_match"),
            "a whole number or a percentage",
        ),
        (
            {"bool": {"should": [{"term": {"n": n}} for n in range(40)], "minimum_should_match": 20}},
            ("bool", "minimum_should_match"),
            "more combinations",
        ),
        ({"nested": {"path": 3, "query": {"match_all": {}}}}, ("nested",), "the path of objects"),
        ({"nested": {"path": "o", "query": {"script": {}}}}, ("nested", "query", "script"), "`script`"),
    ],
)
def test_what_is_not_understood_is_refused_at_its_place(clause: Any, at: tuple[Any, ...], message: str) -> None:
    _, scope = lowered(clause)
    found = scope.problems[0]
    assert found.at == ("filters", 0, "query", *at)
    assert message in found.problem.message
    assert found.problem.code == "unsupported-filters"


@pytest.mark.parametrize(
    "clause",
    [
        {"term": {"n": "abc"}},
        {"term": {"t": "Word"}},
        {"wildcard": {"t": "Wor*"}},
        {"wildcard": {"t": ""}},
        {"wildcard": {"n": "1*"}},
        {"term": {"g": "x"}},
        {"range": {"b": {"gte": True}}},
    ],
)
def test_what_is_never_true_is_said_and_false(clause: Any) -> None:
    predicate, scope = lowered(clause)
    assert [(str(found.problem.severity), found.problem.code) for found in scope.problems] == [
        ("warning", "filter-never")
    ]
    assert not holds(predicate, Fields({"n": 1, "t": "Word", "g": "x", "b": True}))


def test_a_backslash_that_escapes_nothing_special_is_said() -> None:
    predicate, scope = lowered({"wildcard": {"k": "C:\\Windows\\*"}})
    (found,) = scope.problems
    assert found.problem.code == "filter-escape"
    assert found.at[-1] == "k"
    assert holds(predicate, Fields({"k": "C:Windows*"}))


def test_depth_is_bounded() -> None:
    clause: Any = {"match_all": {}}
    for _ in range(5_000):
        clause = {"bool": {"must": clause}}
    _, scope = lowered(clause)
    assert "too deeply" in scope.problems[0].problem.message


def test_the_tests_of_a_filter_are_bounded() -> None:
    """Choices within choices, and objects of many fields."""
    clause: Any = {"term": {"k": "a"}}
    for _ in range(3):
        clause = {"bool": {"should": [clause] * 12, "minimum_should_match": 4}}
    _, scope = lowered(clause)
    assert "50,000 tests" in scope.problems[0].problem.message
    many = DslScope(bundled_catalogue())
    lower_clause(many, (), {"bool": {"must": [{"exists": {"field": "process"}}] * 1_000}})
    assert ["50,000 tests" in found.problem.message for found in many.problems] == [True]
