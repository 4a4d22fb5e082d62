"""What KQL conditions mean on fields of each type, and where lowering warns or refuses."""

from typing import Any

import pytest

from besra.engine.reference import holds
from besra.errors import QuerySemanticError
from besra.events.document import Fields
from besra.language.eql.lower import QueryFields
from besra.language.expr import Always, Equals, Exists, FieldRef, InNetwork, Like, Or
from besra.language.glob import Glob, Wild
from besra.language.kuery.lower import LoweredExpression, lower_kuery, lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.language.plan import Each, Ordering
from besra.schema.catalogue import EMPTY, Catalogue, bundled_catalogue
from besra.schema.fieldtype import FieldType, parse_network

TYPES = {
    "k": "keyword",
    "n": "long",
    "d": "double",
    "b": "boolean",
    "ip": "ip",
    "v": "version",
    "o.k": "keyword",
    "o.n": "long",
    "o": "object",
    "geo": "geo_point",
}
SMALL = EMPTY.with_types(TYPES)


def lower(query: str, catalogue: Catalogue = SMALL) -> LoweredExpression:
    return lower_kuery_expression(parse_kuery(query), catalogue)


def matches(query: str, document: dict[str, Any], catalogue: Catalogue = SMALL) -> bool:
    return holds(lower(query, catalogue).predicate, Fields(document))


@pytest.mark.parametrize(
    ("query", "document", "expected"),
    [
        ("k: abc", {"k": "abc"}, True),
        ("k: abc", {"k": "ABC"}, False),
        ("k: abc", {"k": ["x", "abc"]}, True),
        ("k: abc", {"k": "abc def"}, False),
        ("k: two words", {"k": "two words"}, True),
        ('k: "a*"', {"k": "abc"}, False),
        ('k: "a*"', {"k": "a*"}, True),
        ("k: a*", {"k": "abc"}, True),
        ("k: a*", {"k": "Abc"}, False),
        ("k: a*", {"k": "a\nb"}, True),
        ("k: a?*", {"k": "abc"}, False),
        ("k: a?*", {"k": "a?c"}, True),
        ("k: a\\*", {"k": "a*"}, True),
        ("k: 10", {"k": "10"}, True),
        ("k: 10", {"k": 10}, True),
        ("k: 10", {"k": "10.0"}, False),
        ("k: true", {"k": "true"}, True),
        ("k: *", {"k": ""}, True),
        ("k: *", {"k": None}, False),
        ("k: *", {"k": []}, False),
        ("not k: *", {}, True),
        ("k: (a or b)", {"k": "b"}, True),
        ("k: (a and b)", {"k": ["b", "a"]}, True),
        ("k: (a and b)", {"k": "a"}, False),
        ("k: (a and not b)", {"k": ["a", "c"]}, True),
        ("k: (a and not b)", {"k": ["a", "b"]}, False),
        ("k: (* and not a)", {}, False),
        ("not k: a", {}, True),
        ("not k: a", {"k": ["b", "a"]}, False),
        ("not (k: a or n: 1)", {}, True),
        ("k >= b", {"k": "c"}, True),
        ("k < b", {"k": "c"}, False),
        ("n: 10", {"n": 10}, True),
        ('n: "10"', {"n": "10"}, True),
        ("n: 10.0", {"n": 10}, True),
        ("n: 3.5", {"n": 3}, False),
        ("n > 3.5", {"n": 3}, False),
        ("n > 3.5", {"n": 4}, True),
        ("n >= 10 and n <= 12", {"n": 11}, True),
        ('n < "10"', {"n": 9}, True),
        ("n: *", {"n": 0}, True),
        ("d > 0.5", {"d": 0.75}, True),
        ("b: true", {"b": True}, True),
        ('b: "true"', {"b": True}, True),
        ("b: false", {"b": "false"}, True),
        ("b: true", {"b": False}, False),
        ("ip: 10.0.0.1", {"ip": "10.0.0.1"}, True),
        ('ip: "::1"', {"ip": "0:0:0:0:0:0:0:1"}, True),
        ('ip: "10.0.0.0/8"', {"ip": "10.9.9.9"}, True),
        ("ip: 10.0.0.0/8", {"ip": "11.0.0.0"}, False),
        ("ip: (10.0.0.0/8 or 192.168.0.0/16)", {"ip": "192.168.1.1"}, True),
        ("ip >= 10.0.0.5", {"ip": "10.0.0.7"}, True),
        ("ip: *", {"ip": "10.0.0.1"}, True),
        ("v > 1.9.0", {"v": "1.10.0"}, True),
        ("v: 1.*", {"v": "1.10.0"}, True),
        ("made.up: abc", {"made": {"up": "abc"}}, True),
        ("made.up: 4624", {"made.up": 4624}, True),
        ("made.up: abc", {}, False),
        ("made.up > 5", {"made.up": "10"}, True),
        ("made.up > 5", {"made.up": 10}, True),
        ("made.up >= 2026-01-01", {"made.up": "2026-05-01T00:00:00Z"}, True),
        ("made.up >= b", {"made.up": "c"}, True),
        ("k.caseless: ABC", {"k": "aBc"}, True),
        ("k.caseless: A*", {"k": "aBc"}, True),
        ("o: *", {"o": {"k": "x"}}, True),
        ("o: *", {}, False),
        ("o.*: x", {"o": {"k": "x"}}, True),
        ("o.*: 5", {"o": {"n": 5}}, True),
        ("o.* > 4", {"o": {"n": 5}}, True),
        ("o.*: *", {"o": {"n": 5}}, True),
        ("*: *", {}, True),
        ("*", {}, True),
        ("", {}, True),
        ("abc", {"o": {"k": "abc"}}, True),
        ("ab*", {"o": {"k": "abc"}}, True),
        ("5", {"n": 5}, True),
        ("*: abc", {"k": "abc"}, True),
        ("abc", {"k": "abcd"}, False),
        ("nowhere", {"k": "nowhere"}, True),
        ("o: { k: x }", {"o": [{"k": "y"}, {"k": "x"}]}, True),
        ("o: { k: (x or z) or n > 4 }", {"o": [{"k": "y"}, {"n": 5}]}, True),
        ("o: { k: x and n: 5 }", {"o": [{"k": "x", "n": 5}]}, True),
        ("o: { k: x and n: 5 }", {"o": [{"k": "x"}, {"n": 5}]}, False),
        ("o: { k: x and n: 5 }", {"o": {"k": "x", "n": 5}}, True),
        ("o: { k: x and n: 5 }", {"o.k": "x", "o.n": 5}, True),
        ("o: { k: (x and y) }", {"o": [{"k": "x"}, {"k": "y"}]}, False),
        ("o: { k: (x and y) }", {"o": [{"k": ["y", "x"]}]}, True),
        ("o: { not k: x }", {"o": [{"k": "x"}, {"k": "y"}]}, True),
        ("o: { not k: x }", {"o": [{"k": "x"}, {}]}, True),
        ("o: { not k: x }", {"o": [{"k": "x"}]}, False),
        ("o: { not k: x }", {}, False),
        ("not o: { k: x and n: 5 }", {"o": [{"k": "x"}, {"n": 5}]}, True),
        ("o: { k: x and p: { q: 1 and r: 2 } }", {"o": [{"k": "x", "p": [{"q": 1, "r": 2}]}]}, True),
        ("o: { k: x and p: { q: 1 and r: 2 } }", {"o": [{"k": "x", "p": [{"q": 1}, {"r": 2}]}]}, False),
        ("o: { k: x and p: { q: 1 and r: 2 } }", {"o": [{"k": "x"}, {"p": {"q": 1, "r": 2}}]}, False),
        ("o: { k: x and * > 4 }", {"o": [{"k": "x", "n": 5}]}, True),
        ("*: { k: x and n: 5 }", {"o": [{"k": "x", "n": 5}]}, True),
        ("*: { k: x and n: 5 }", {"o": [{"k": "x"}, {"n": 5}]}, False),
        ("made.up: { k: x and n: 5 }", {"made": [{"up": {"k": "x", "n": 5}}]}, True),
        ("k: a or k: b and n: 1", {"k": "a"}, True),
        ("(k: a or k: b) and n: 1", {"k": "a"}, False),
    ],
)
def test_conditions(query: str, document: dict[str, Any], expected: bool) -> None:
    assert matches(query, document) is expected


def test_the_leaves_are_those_of_the_shared_ir() -> None:
    keyword = FieldRef("k", FieldType.KEYWORD)
    assert lower("k: (a or b or c)").predicate == Equals(keyword, frozenset("abc"))
    assert lower("k: (a or b* or c*)").predicate == Or(
        (
            Equals(keyword, frozenset("a")),
            Like(keyword, (Glob(("b", Wild.ANY)), Glob(("c", Wild.ANY)))),
        )
    )
    block = parse_network("10.0.0.0/8")
    assert block
    assert lower("ip: 10.0.0.0/8").predicate == InNetwork(FieldRef("ip", FieldType.IP), (block,))
    assert lower("k: *").predicate == Exists(keyword)
    assert lower("").predicate == Always(True)


def test_a_query_is_a_plan_of_one_clause() -> None:
    fields = QueryFields(timestamp="event.ingested", tiebreaker="event.sequence")
    lowered = lower_kuery(parse_kuery("process.name: a"), bundled_catalogue(), fields=fields)
    assert lowered.plan.correlation == Each()
    assert [clause.keys for clause in lowered.plan.clauses] == [()]
    assert lowered.plan.clauses[0].predicate == Equals(FieldRef("process.name", FieldType.KEYWORD), frozenset("a"))
    assert lowered.plan.ordering == Ordering(
        FieldRef("event.ingested", FieldType.DATE), FieldRef("event.sequence", FieldType.LONG)
    )
    assert not lowered.warnings


@pytest.mark.parametrize(
    ("query", "code", "column", "part"),
    [
        ("n: abc", "kql-never", 4, "`abc` is not a value of type long"),
        ("n: 1*", "kql-never", 4, "takes no wildcards"),
        ("ip: 10.*", "kql-never", 5, "takes no wildcards"),
        ("b: maybe", "kql-never", 4, "`maybe` is not a value of type boolean"),
        ("b > true", "kql-never", 5, "booleans have no order"),
        ("geo: x", "kql-never", 6, "of type geo_point"),
        ("o: x", "kql-never", 4, "of type object"),
        ("ip: 10.0.0.0/99", "kql-never", 5, "not a value of type ip"),
        ("made.*: x", "kql-fields", 1, "no field besra knows is called like `made.*`"),
        ("made.*: { k: x }", "kql-fields", 1, "no object besra knows is called like `made.*`"),
        ("made.*: *", "kql-fields", 1, "no field besra knows is called like `made.*`"),
    ],
)
def test_what_is_never_true_is_a_warning_in_its_place(query: str, code: str, column: int, part: str) -> None:
    lowered = lower(query)
    (warning,) = lowered.warnings
    assert (warning.code, warning.place.column) == (code, column)
    assert part in warning.message
    assert warning.hint
    assert lowered.predicate == Always(False)
    assert lower(f"not {query}").predicate == Always(True)


def test_free_text_says_where_it_is_looked_for() -> None:
    (warning,) = lower("k = abc").warnings
    assert warning.code == "kql-fields"
    assert warning.message == ("without a field, the value is looked for in the 8 fields besra knows and in no other")
    assert warning.hint == "equality is written with a colon: `field: value`"
    assert not lower("*").warnings


@pytest.mark.parametrize(
    ("query", "column", "word"), [("k: a and", 4, "and"), ("(or k)", 2, "or"), ("k: not", 4, "not")]
)
def test_a_keyword_that_joins_nothing_is_a_warning(query: str, column: int, word: str) -> None:
    warning = next(warning for warning in lower(query).warnings if warning.code == "kql-keyword")
    assert warning.place.column == column
    assert warning.message.startswith(f"`{word}` is part of the value")
    assert not any(warning.code == "kql-keyword" for warning in lower("k: a \\and or k: sand").warnings)


@pytest.mark.parametrize(
    ("query", "code", "column"),
    [
        ("k: null", "kql-semantic", 4),
        ("k > null", "kql-semantic", 5),
        ("k > a*", "kql-semantic", 5),
        ("null", "kql-semantic", 1),
        ("o: { abc }", "kql-semantic", 6),
    ],
)
def test_errors_have_a_place(query: str, code: str, column: int) -> None:
    with pytest.raises(QuerySemanticError) as caught:
        lower(query)
    (problem,) = caught.value.problems
    assert (problem.code, problem.place.column) == (code, column)
    assert problem.hint


def test_all_errors_of_a_query_are_found() -> None:
    with pytest.raises(QuerySemanticError) as caught:
        lower("k: null or k > a* or message > a", bundled_catalogue())
    assert [problem.code for problem in caught.value.problems] == ["kql-semantic", "kql-semantic", "kql-unsupported"]


def test_problems_are_limited_and_the_rest_is_said() -> None:
    lowered = lower(" or ".join(f"n: a{number}" for number in range(150)))
    assert len(lowered.warnings) == 101
    assert lowered.warnings[-1].code == "kql-limit"


def test_a_pattern_for_names_reaches_what_was_given_a_type() -> None:
    catalogue = bundled_catalogue().with_types({"azure.resources.0.name": "keyword", "azure.resources.1.id": "long"})
    document = {"azure": {"resources": {"0": {"name": "admin"}, "1": {"id": 7}}}}
    assert matches("azure.resources.*.name: admin", document, catalogue)
    assert matches("azure.*: 7", document, catalogue)
    assert not lower("azure.*: admin", catalogue).warnings


def test_full_names_between_braces_are_a_warning() -> None:
    (warning,) = lower("o: { o.k: x and n: 5 }").warnings
    assert (warning.code, warning.place.column, warning.hint) == ("kql-fields", 6, "write `k`")


@pytest.mark.parametrize(
    "query",
    [
        " and ".join(["*:x"] * 100),
        " and ".join(["x"] * 100),
        " and ".join(["*:x*"] * 100),
        " and ".join(["*:{*:x}"] * 100),
        " and ".join(["proc*:*"] * 1_000),
        " and ".join(["process:*"] * 1_000),
        " and ".join(f"nothing{number}*:x" for number in range(1_000)),
        "*:{" + " and ".join(f"name:v{number}" for number in range(10_000)) + "}",
    ],
)
def test_the_tests_of_a_query_are_bounded(query: str) -> None:
    with pytest.raises(QuerySemanticError) as refused:
        lower(query, bundled_catalogue())
    (problem,) = refused.value.problems
    assert (problem.code, problem.place.line) == ("kql-limit", 1)
    assert "50,000 tests" in problem.message


@pytest.mark.parametrize("query", ["*:x or *:y", "mimikatz rubeus seatbelt", "*:{name:x}", "process.*:* and host:*"])
def test_queries_of_people_are_within_the_bounds(query: str) -> None:
    lower(query, bundled_catalogue())
