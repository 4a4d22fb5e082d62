"""What conditions mean: unknown fields, nulls, several values, operators (eql.md 2.2 to 2.6)."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from besra.engine.reference import holds
from besra.errors import QuerySemanticError
from besra.events.document import Fields
from besra.language.eql.lower import Lowered, lower_query
from besra.language.eql.parser import parse_query
from besra.language.eql.scope import UnknownFields
from besra.language.expr import Equals, Exists, FieldRef, Like, Not, Predicate
from besra.language.simplify import FALSE
from besra.schema.catalogue import EMPTY, Catalogue
from besra.schema.fieldtype import FieldType

Document = Mapping[str, Any]

FIELD = re.compile(r"\b(?:ip|date|s|n|d|b|v)\b")
STRINGS = re.compile(r'""".*?"""|"[^"]*"')

TYPES = EMPTY.with_types(
    {
        **dict.fromkeys(("s", "t", "process.name", "file.name"), "keyword"),
        "n": "long",
        "m": "long",
        "d": "double",
        "b": "boolean",
        "ip": "ip",
        "date": "date",
        "v": "version",
        "body": "text",
        "title": "text",
        "title.keyword": "keyword",
        "geo": "geo_point",
        "nested": "nested",
        "object": "object",
        "range": "integer_range",
    }
)


def lowered(condition: str, catalogue: Catalogue = TYPES, *, strict: bool = False) -> Lowered:
    unknown = UnknownFields.STRICT if strict else UnknownFields.MISSING
    return lower_query(parse_query(f"any where {condition}"), catalogue, unknown_fields=unknown)


def predicate(condition: str, catalogue: Catalogue = TYPES, *, strict: bool = False) -> Predicate:
    return lowered(condition, catalogue, strict=strict).plan.clauses[0].predicate


def is_true(condition: str, document: Document, catalogue: Catalogue = TYPES) -> bool:
    return holds(predicate(condition, catalogue), Fields(document))


def field_of(condition: str) -> str:
    """The field a condition is about."""
    found = FIELD.search(STRINGS.sub("", condition))
    return found[0] if found else "s"


def refusal(condition: str, *, strict: bool = False) -> QuerySemanticError:
    with pytest.raises(QuerySemanticError) as caught:
        lowered(condition, strict=strict)
    return caught.value


# --- eql.md 2.3: a field that is missing ------------------------------------------------------------------------------

MISSING = [
    ('s : "a"', False),
    ('not s : "a"', True),
    ('s == "a"', False),
    ('s != "a"', True),
    ('s in ("a")', False),
    ('not s in ("a")', True),
    ('s not in ("a")', True),
    ("n < 5", False),
    ("not n < 5", True),
    ("n > 5", False),
    ('not (s : "a" or t : "b")', True),
    ("s == null", True),
    ("s != null", False),
    ("not s == null", False),
    ("not s != null", True),
    ('startsWith(s, "a")', False),
    ('not startsWith(s, "a")', True),
    ('cidrMatch(ip, "10.0.0.0/8")', False),
    ('not cidrMatch(ip, "10.0.0.0/8")', True),
    ("length(s) > 0", False),
    ("not length(s) > 0", False),
    ("startsWith~(s, t)", False),
    ("not startsWith~(s, t)", False),
    ("b", False),
    ("not b", True),
    ("(n + 1) == 2", False),
    ("(n + 1) != 2", False),
    ("null == null", True),
    ('indexOf(s, "a") == null', True),
    # the same rules, further
    ('s like "a*"', False),
    ('not s like "a*"', True),
    ('s regex "a.*"', False),
    ('not s regex "a.*"', True),
    ('endsWith~(s, "a")', False),
    ('not endsWith~(s, "a")', True),
    ('stringContains(s, "a")', False),
    ('not stringContains(s, "a")', True),
    ('not (s : "a" and t : "b")', True),
    ("null == s", True),
    ("null != s", False),
    ("n >= 5 or n <= 5", False),
    ("not (n >= 5 or n <= 5)", True),
    ("5 < n", False),
    ("not 5 < n", True),
    ('s in ("a", null)', False),
    ('not s in ("a", null)', True),
    ("s in (null)", False),
    ("n < null", False),
    ("not n < null", False),
    ('length(s) in (1, 2)', False),
    ('not length(s) in (1, 2)', False),
    ('length(s) not in (1, 2)', False),
    ('concat(s, "x") : "a*"', False),
    ('not concat(s, "x") : "a*"', False),
    ("length(s) == null", True),
    ("length(s) != null", False),
    ("not length(s) == null", False),
    ("5 < length(s)", False),
    ("not 5 < length(s)", False),
    ("(n + 1) == null", True),
    # a script in a group is a leaf: null has become false before `not` sees it
    ('not (length(s) > 0 and t : "b")', True),
    ("not (length(s) > 0 or length(t) > 0)", True),
    ("not not length(s) > 0", False),
    # `== true` and `== false` of a condition are the condition and its negation
    ('(s : "a") == true', False),
    ('(s : "a") == false', True),
    ('(s : "a") != true', True),
    ('true == (s : "a")', False),
    ("(length(s) > 0) == false", False),
    ("b == false", False),
    ("b != true", True),
    ("s == null and t == null", True),
]  # fmt: skip


@pytest.mark.parametrize(
    "absent", [{}, {"s": None, "n": None}, {"s": [], "b": []}, {"s": [None], "ip": [None]}], ids=str
)
@pytest.mark.parametrize(("condition", "expected"), MISSING)
def test_a_missing_field(condition: str, expected: bool, absent: Document) -> None:
    assert is_true(condition, absent) is expected


@pytest.mark.parametrize(("condition", "expected"), MISSING)
def test_a_missing_field_in_no_mapping(condition: str, expected: bool) -> None:
    """Without mappings a field is taken for mapped and missing (eql.md 2.2)."""
    assert is_true(condition, {}, EMPTY) is expected


@pytest.mark.parametrize(("condition", "expected"), MISSING)
def test_optional_makes_no_difference_to_a_mapped_field(condition: str, expected: bool) -> None:
    optional = " ".join(f"?{word}" if word in ("s", "n", "b") else word for word in condition.split(" "))
    assert is_true(optional.replace("(s,", "(?s,").replace("(s)", "(?s)"), {}) is expected


def test_the_empty_string_is_a_value() -> None:
    assert is_true('s == ""', {"s": ""})
    assert is_true("s != null", {"s": ""})
    assert is_true('s : "*"', {"s": ""})
    assert is_true("s != null", {"s": [None, ""]})


@pytest.mark.parametrize("condition", ["null", "not null", "null and true", "null == 1", "null < 1", 'null : "a"'])
def test_a_null_condition_selects_nothing(condition: str) -> None:
    assert predicate(condition) == FALSE


# --- eql.md 2.2: unknown fields ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "same_as"),
    [
        ("?u == null", "true"),
        ("?u != null", "false"),
        ("null == ?u", "true"),
        ("?u == 1", "false"),
        ("?u == ?w", "true"),
        ('?u : "x"', "false"),
        ('?u like "x*"', "false"),
        ('?u regex "x"', "false"),
        ('?u in ("x")', "false"),
        ("?u", "false"),
        ("length(?u) > 1", "false"),
        ('startsWith(?u, "a")', "false"),
        ("?u + 1 == 2", "false"),
        # null under `not` stays null
        ("not ?u == 1", "false"),
        ("?u != 1", "false"),
        ('not ?u : "x"', "false"),
        ('?u not in ("x")', "false"),
        ("not ?u", "false"),
        ("not length(?u) > 1", "false"),
        # `A and null` is null, `A or null` is A
        ('s : "a" and not ?u : "x"', "false"),
        ('not (s : "a" or ?u : "x")', 'not s : "a"'),
        ('not (s : "a" and ?u : "x")', "false"),
        ('s : "a" or ?u : "x"', 's : "a"'),
        ('s : "a" or (t : "b" and ?u : "x")', 's : "a"'),
        ('false and ?u : "x"', "false"),
        ('not (false and ?u : "x")', "true"),
        ("?u == null or n == 1", "true"),
        # two-valued all the same
        ("?u == null and n == 1", "n == 1"),
    ],
)
def test_strict_folding_of_optional_fields_mapped_nowhere(condition: str, same_as: str) -> None:
    assert predicate(condition, strict=True) == predicate(same_as, strict=True)


def test_a_field_mapped_nowhere_is_an_error_in_strict_mode() -> None:
    error = refusal('process.nam : "a" and other == 1', strict=True)
    assert [problem.code for problem in error.problems] == ["eql-unknown-field"] * 2
    assert "process.nam" in error.message
    assert "did you mean `process.name`" in (error.hint or "")
    assert "?process.nam" in (error.hint or "")


def test_a_field_mapped_nowhere_has_the_type_of_its_values_otherwise() -> None:
    for value in (4624, "4624", 4624.0):
        assert is_true("code == 4624", {"code": value}, EMPTY)
        assert is_true('code == "4624"', {"code": value}, EMPTY)
        assert is_true('code : "46*"', {"code": value}, EMPTY)
        assert is_true("code > 4000", {"code": value}, EMPTY)
    assert is_true("flag", {"flag": True}, EMPTY)
    assert is_true('flag == "true"', {"flag": True}, EMPTY)
    assert is_true("flag == true", {"flag": "true"}, EMPTY)
    assert not is_true("flag", {"flag": 1}, EMPTY)


def test_a_strict_query_needs_its_category_field() -> None:
    query = parse_query("process where n == 1")
    with pytest.raises(QuerySemanticError, match="unknown event category field") as caught:
        lower_query(query, TYPES, unknown_fields=UnknownFields.STRICT)
    assert "`any`" in (caught.value.hint or "")
    lower_query(query, TYPES.with_types({"event.category": "keyword"}), unknown_fields=UnknownFields.STRICT)


# --- eql.md 2.4: several values ---------------------------------------------------------------------------------------

SEVERAL = [
    ('s : "-enc"', ["a", "-ENC"], True),
    ('not s : "-enc"', ["a", "-ENC"], False),
    ('s != "a"', ["a", "b"], False),
    ('s != "c"', ["a", "b"], True),
    ('not s in ("a", "x")', ["a", "b"], False),
    ('s == "a" and s == "b"', ["a", "b"], True),
    ('s like ("x*", "b*")', ["a", "b"], True),
    ('s regex "b+"', ["a", "bb"], True),
    ("s == null", ["a", None], False),
    ("s == null", [None, None], True),
    ("n >= 5 and n <= 6", [1, 9], True),
    ("n >= 5 and n <= 6", [1, 2], False),
    ("n < 2", [5, 1], True),
    ("b", [False, True], True),
    ("not b", [False, True], False),
    ("b == false", [False, True], True),
    ('cidrMatch(ip, "10.0.0.0/8")', ["1.1.1.1", "10.0.0.1"], True),
    ('not cidrMatch(ip, "10.0.0.0/8")', ["1.1.1.1", "10.0.0.1"], False),
    ("length(s) > 3", ["a", "long"], True),
    ("length(s) > 3", ["a", "b"], False),
    ("not length(s) > 3", ["a", "long"], False),
    ("not length(s) > 3", ["a", "b"], True),
    ("length(s) != 1", ["a", "long"], False),
    ('endsWith~(s, ".msc")', ["x", "y.MSC"], True),
    ('concat(s, "!") in ("b!")', ["a", "b"], True),
    ("(n + 1) == 3", [1, 2], True),
    ("(n + 1) != 3", [1, 2], False),
    ("length(s) == 1 and length(s) == 4", ["a", "long"], True),
]


@pytest.mark.parametrize(("condition", "values", "expected"), SEVERAL)
def test_several_values(condition: str, values: list[Any], expected: bool) -> None:
    assert is_true(condition, {field_of(condition): values}) is expected


def test_some_combination_of_two_fields_will_do() -> None:
    document = {"s": ["alpha", "beta"], "t": ["x", "be"]}
    assert is_true("startsWith(s, t)", document)
    assert not is_true("not startsWith(s, t)", document)
    assert not is_true("endsWith(s, t)", document)
    assert is_true("not endsWith(s, t)", document)


def test_objects_in_an_array_are_flattened() -> None:
    document = {"process": [{"name": "a"}, {"name": "b"}], "file.name": "f"}
    assert is_true('process.name == "a" and process.name == "b" and file.name == "f"', document)


# --- eql.md 2.5: operators --------------------------------------------------------------------------------------------

OPERATORS = [
    # == and != are exact, and know no wildcards
    ('s == "aB"', "aB", True),
    ('s == "ab"', "aB", False),
    ('s == "a*"', "abc", False),
    ('s == "a*"', "a*", True),
    ('s != "ab"', "aB", True),
    # : ignores case and takes wildcards
    ('s : "ab"', "AB", True),
    ('s : "A*"', "abc", True),
    ('s : "a?c"', "ABC", True),
    ('s : "a?c"', "ac", False),
    ('s : "b"', "abc", False),
    ('s : "a*"', "a\nb\\c", True),
    ('s : "ä*"', "ÄB", True),
    ('s : ("x", "a*", "y")', "ab", True),
    ('s : "?:\\\\Windows\\\\*"', "c:\\windows\\x.exe", True),
    ('s : """?:\\Windows\\*"""', "c:\\windows\\x.exe", True),
    ('s : "\\\\*"', "\\anything", True),
    ("s : null", "a", False),
    # like is exact, like~ is `:`
    ('s like "a*"', "abc", True),
    ('s like "a*"', "ABC", False),
    ('s like~ "a*"', "ABC", True),
    ('s like ("x", "ab")', "ab", True),
    ('s like "ab"', "AB", False),
    # regex takes the whole value
    ('s regex "a.c"', "abc", True),
    ('s regex "a.c"', "xabc", False),
    ('s regex "a.c"', "ABC", False),
    ('s regex~ "a.c"', "ABC", True),
    ('s regex ("x+", "a.*")', "abc", True),
    ('s regex "a.c"', "a\nc", True),
    ('s regex "a\\\\.c"', "a.c", True),
    ('s regex "a\\\\.c"', "abc", False),
    # in has no wildcards, not even in~
    ('s in ("a", "b")', "b", True),
    ('s in ("a", "b")', "B", False),
    ('s in~ ("a", "b")', "B", True),
    ('s in~ ("a*")', "abc", False),
    ('s in~ ("A*")', "a*", True),
    ('s in ("a", null)', "a", True),
    ('s not in ("a", "b")', "c", True),
    # order by code point
    ('s < "b"', "a", True),
    ('s < "a"', "B", True),
    ('s >= "a"', "a", True),
    ('s > "z"', "ä", True),
    ('s > "\\u{ffff}"', "😀", True),
    ('"b" > s', "a", True),
    # functions of a field and a constant take the constant literally
    ('startsWith(s, "a*")', "abc", False),
    ('startsWith(s, "a*")', "a*bc", True),
    ('endsWith(s, "?")', "a", False),
    ('stringContains(s, "*")', "abc", False),
    ('stringContains(s, "*")', "a*c", True),
    ('stringContains(s, "")', "abc", False),
    ('startsWith(s, "")', "abc", True),
    ('endsWith(s, "")', "", True),
    ('startsWith~(s, "AB")', "abc", True),
    ('endsWith~(s, "BC")', "abc", True),
    ('stringContains~(s, "B")', "abc", True),
    ('stringContains(s, "B")', "abc", False),
    # numbers against text, in the field's type
    ("s == 4624", "4624", True),
    ("s in (1, 2)", "2", True),
    ("s == true", "true", True),
    ('n == "12"', 12, True),
    ('n in ("12")', 12, True),
    ('n == 12', "12", True),
    ("n == 12.0", 12, True),
    ("n == 12.5", 12, False),
    ('n == "12.5"', 12, False),
    ("n < 12.5", 12, True),
    ("n > 12.5", 12, False),
    ("n == -1", -1, True),
    ("d == 1", 1.0, True),
    ("d > 1", 1.5, True),
    ("d == 0.1", 0.1, True),
    ("n == 9007199254740993", 9007199254740993, True),
    ("n == 9007199254740993", 9007199254740992, False),
    # booleans
    ("b", True, True),
    ("b", "true", True),
    ("b == true", True, True),
    ('b == "true"', True, True),
    ("not b", False, True),
    ("b == false", False, True),
    # addresses
    ('ip == "::1"', "0:0:0:0:0:0:0:1", True),
    ('ip != "0.0.0.0"', "10.0.0.1", True),
    ('ip == "10.0.0.0/8"', "10.1.2.3", True),
    ('ip == "10.0.0.0/8"', "11.1.2.3", False),
    ('ip in ("10.0.0.0/8", "11.1.2.3")', "11.1.2.3", True),
    ('ip > "10.0.0.9"', "10.0.0.10", True),
    ('ip == "10.0.0.1"', "::ffff:10.0.0.1", True),
    # dates
    ('date == "2024-01-01T00:00:00Z"', "2024-01-01T01:00:00+01:00", True),
    ("date == 1704067200000", "2024-01-01T00:00:00Z", True),
    ('date > "2024-01-01"', "2024-01-01T00:00:00.001Z", True),
    # versions
    ('v > "1.9"', "1.10.0", True),
    ('v < "2.0.0"', "2.0.0-rc1", True),
    ('v : "1.1*"', "1.10.0", True),
    # literals are swapped to the right
    ("5 == length(s)", "abcde", True),
    ("5 > length(s)", "abc", True),
    ("3 + 1 == 4", None, True),
    ('"a" == "a"', None, True),
    ('"a" : "A"', None, True),
    ('"a" == "A"', None, False),
    # a function result is matched by the host's regex
    ('concat(s, "c") regex "^(a|x)\\\\w+?c$"', "ab", True),
    ('concat(s, "c") regex "b"', "ab", False),
    ('concat(s, "c") regex~ "ABC"', "ab", True),
    ('concat(s, "c") like "a?c"', "ab", True),
    ('concat(s, "c") : "A?C"', "ab", True),
    ('concat(s, "c") in~ ("ABC")', "ab", True),
    ('concat(s, "c") in ("ABC")', "ab", False),
    ('concat(s, "c") > "ab"', "ab", True),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "value", "expected"), OPERATORS)
def test_operators(condition: str, value: object, expected: bool) -> None:
    assert is_true(condition, {field_of(condition): value}) is expected


@pytest.mark.parametrize(("condition", "value", "expected"), OPERATORS)
def test_a_negation_is_the_opposite_where_the_field_is_there(condition: str, value: object, expected: bool) -> None:
    assert is_true(f"not ({condition})", {field_of(condition): value}) is not expected


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("s == t", "comparing two fields is not supported"),
        ('concat(s, "x") == t', "comparing two fields is not supported"),
        ("length(s) > length(t)", "comparing two fields is not supported"),
        ('string(s == t) == "true"', "comparing two fields is not supported"),
        ('n : "12"', "`:` needs a string, `n` is of type long"),
        ('b : "true"', "`:` needs a string, `b` is of type boolean"),
        ('ip like "10.*"', "`like` needs a string, `ip` is of type ip"),
        ('date regex "2024.*"', "`regex` needs a string, `date` is of type date"),
        ("n in~ (1)", "`in~` needs a string, `n` is of type long"),
        ("s : 1", "`:` takes strings, found a whole number"),
        ('s like ("a", true)', "`like` takes strings, found a boolean"),
        ('s in (1, "a")', "element 2 of the list is a string, the first is a whole number"),
        ("s in (t)", "element 1 of the list is not a constant"),
        ("s", "a condition must be true or false, `s` is a string"),
        ("n and b", "a condition must be true or false, `n` is a number"),
        ("length(s)", "a condition must be true or false, found a whole number"),
        ("1 + 1", "a condition must be true or false, found a number"),
        ('"a"', "a condition must be true or false, found a string"),
        ("not n", "a condition must be true or false"),
        ("b < true", "booleans have no order"),
        ('length(s) == "a"', "a whole number is compared with a string"),
        ('s regex "("', "invalid regular expression at character 1"),
        ('s regex ("a", "b{")', "invalid regular expression at character 2"),
        ('concat(s) regex "("', "invalid regular expression"),
        ('concat(s) regex "[[a]"', "invalid regular expression"),
        ('concat(s) regex "a(?=b)b"', "might be tried for ever"),
        ('concat(s) regex "(((.*)a){99}){99}b"', "might be tried for ever"),
        ('body : "a"', "`body` is of type text"),
        ('geo == "a"', "`geo` is of type geo_point"),
        ("nested == 1", "`nested` is of type nested"),
        ("object == 1", "`object` is of type object"),
        ("range == 1", "`range` is of type integer_range"),
    ],
)
def test_refused_conditions(condition: str, message: str) -> None:
    assert message in refusal(condition).message


def test_all_errors_of_a_query_are_found() -> None:
    error = refusal('n : "1" and foo(s) and (s == t or length(1) > 2)')
    assert len(error.problems) == 4
    assert sorted(problem.place.column or 0 for problem in error.problems) == [11, 23, 35, 52]


def test_problems_of_a_query_are_bounded() -> None:
    error = refusal(" or ".join(f"f{number}(s)" for number in range(5_000)))
    assert len(error.problems) == 101
    assert "more errors follow" in error.problems[-1].message


def test_text_is_searched_through_its_keyword_sub_field() -> None:
    assert predicate('title == "a"') == Equals(FieldRef("title.keyword", FieldType.KEYWORD), frozenset({"a"}))


@pytest.mark.parametrize(
    "condition", ['n == "abc"', 'n in ("abc", "x")', 'ip == "host"', 'date == "today"', 'b == "yes"', 'n > "abc"']
)
def test_a_constant_that_does_not_fit_is_a_warning_and_never_true(condition: str) -> None:
    found = lowered(condition)
    assert {problem.code for problem in found.warnings} == {"eql-constant-type"}
    assert found.plan.clauses[0].predicate == FALSE


def test_a_value_that_does_not_fit_its_field_is_as_good_as_missing() -> None:
    assert is_true("n == null", {"n": "abc"})
    assert is_true("not n == 1", {"n": "abc"})
    assert is_true("n == 1", {"n": ["abc", 1]})


def test_regex_warnings() -> None:
    found = lowered('s regex "^a.*$"')
    assert [problem.code for problem in found.warnings] == ["eql-regex"] * 2


def test_equal_conditions_are_equal_leaves() -> None:
    assert predicate('s : ("b", "A")') == predicate('s like~ ("a", "B")')
    assert predicate('s : "a"') == Equals(FieldRef("s", FieldType.KEYWORD), frozenset({"a"}), ignore_case=True)
    assert predicate('not s != "a"') == predicate('s == "a"')
    assert predicate("5 > n") == predicate("n < 5")
    assert predicate("s != null") == Exists(FieldRef("s", FieldType.KEYWORD))
    assert isinstance(predicate('s : "a*"'), Like)
    assert isinstance(predicate("not (n < 5)"), Not)  # not turned into n >= 5
