"""Functions, arithmetic and the null rule: eql.md 1.4, 3.1 and 3.2."""

import pytest

from besra import api
from besra.errors import QuerySemanticError
from besra.language.functions import FUNCTIONS, call, find_function, nearest_functions

NAMES = ["add", "between", "cidrMatch", "concat", "divide", "endsWith", "indexOf", "length", "modulo", "multiply"]
NAMES += ["number", "startsWith", "string", "stringContains", "substring", "subtract"]


def test_the_functions_are_these() -> None:
    assert [function.name for function in FUNCTIONS] == sorted(NAMES, key=str.lower)


def test_these_have_a_form_that_ignores_case() -> None:
    folding = {function.name for function in FUNCTIONS if function.folds}
    assert folding == {"between", "endsWith", "indexOf", "startsWith", "stringContains"}


@pytest.mark.parametrize("name", NAMES)
def test_names_resolve_whatever_their_case(name: str) -> None:
    for spelling in (name, name.lower(), name.upper()):
        found = find_function(spelling)
        assert found is not None
        assert found.name == name


@pytest.mark.parametrize(
    "name", ["arrayContains", "arraySearch", "arrayCount", "match", "wildcard", "safe", "==", "in"]
)
def test_names_of_other_dialects_and_operators_do_not_resolve(name: str) -> None:
    assert find_function(name) is None


def test_nearest_names() -> None:
    assert nearest_functions("startwith") == ["startsWith"]
    assert nearest_functions("cidr_match") == ["cidrMatch"]
    assert nearest_functions("zzz") == []


VALUES: dict[str, object] = {
    # between
    'between("a [b] [c]", "[", "]")': "b",
    'between("a [b] [c]", "[", "]", true)': "b] [c",
    'between("a [b] [c]", "[", "]", false)': "b",
    'between("a [b] [c]", "[", "]", null)': "b",
    'between("xAy", "X", "Y")': None,
    'between~("xAy", "X", "Y")': "A",
    'between("ab", "", "b")': "a",
    'between("ab", "a", "")': "",
    # cidrMatch
    'cidrMatch(null, "10.0.0.0/8")': None,
    # concat
    'concat("a", 42, 42.5, true, false)': "a4242.5truefalse",
    'concat("a")': "a",
    'concat("a", null)': None,
    # startsWith, endsWith, stringContains
    'startsWith("abc", "ab")': True,
    'startsWith("abc", "AB")': False,
    'startsWith~("abc", "AB")': True,
    'startsWith("abc", "")': True,
    'startsWith("", "")': True,
    'startsWith("", "a")': False,
    'startsWith(null, "a")': None,
    'startsWith("a", null)': None,
    'endsWith("abc", "bc")': True,
    'endsWith("abc", "BC")': False,
    'endsWith~("abc", "BC")': True,
    'endsWith("", "")': True,
    'endsWith(null, "")': None,
    'stringContains("abc", "b")': True,
    'stringContains("abc", "B")': False,
    'stringContains~("abc", "B")': True,
    'stringContains("abc", "")': False,
    'stringContains("", "a")': False,
    'stringContains("", "")': False,
    'stringContains("a*b", "*")': True,
    'stringContains("ab", "*")': False,
    # indexOf
    'indexOf("abcabc", "b")': 1,
    'indexOf("abcabc", "b", 2)': 4,
    'indexOf("abcabc", "b", -5)': 1,
    'indexOf("abcabc", "b", 6)': None,
    'indexOf("abcabc", "b", 7)': None,
    'indexOf("abc", "x")': None,
    'indexOf("abc", "B")': None,
    'indexOf~("abc", "B")': 1,
    'indexOf("abc", "")': 0,
    'indexOf("abc", "", 2)': 2,
    'indexOf("abc", "", -2)': 0,
    'indexOf("abc", "", 3)': 3,
    'indexOf("abc", "", 4)': None,
    'indexOf("abc", "b", null)': 1,
    'indexOf(null, "b")': None,
    # length
    'length("")': 0,
    'length("añb")': 3,
    'length("\\u{1f600}")': 1,
    "length(null)": None,
    # number
    'number("42")': 42,
    'number(" -42 ")': -42,
    'number("+7")': 7,
    'number("1.5")': 1.5,
    'number("1.")': 1.0,
    'number(".5")': 0.5,
    'number("0x1f")': 31,
    'number("-0x10")': -16,
    'number("1f", 16)': 31,
    'number("0x1f", 16)': 31,
    'number("0x1f", 10)': None,
    'number("101", 2)': 5,
    'number("z", 36)': 35,
    'number("12", null)': 12,
    'number("1.5", 16)': None,
    'number("12", 0)': None,
    'number("12", 1)': None,
    'number("12", 37)': None,
    'number("")': None,
    'number(".")': None,
    'number("-")': None,
    'number("0x")': None,
    'number("1_000")': None,
    'number("١٢")': None,
    'number("abc")': None,
    'number("9223372036854775808")': None,
    'number("0xffffffffffffffffff")': None,
    "number(null)": None,
    # string
    "string(42)": "42",
    "string(42.5)": "42.5",
    "string(true)": "true",
    'string("a")': "a",
    "string(null)": None,
    # substring
    'substring("hello world", 6)': "world",
    'substring("hello world", 0, 5)': "hello",
    'substring("hello world", -5)': "world",
    'substring("hello world", -5, -1)': "worl",
    'substring("hello", 3, 2)': "",
    'substring("hello", 2, 2)': "",
    'substring("hello", 10)': "",
    'substring("hello", -10, 2)': "he",
    'substring("hello", 1, 100)': "ello",
    'substring("hello", 1, null)': "ello",
    "substring(null, 1)": None,
    # arithmetic
    "1 + 2": 3,
    "1 + 2.5": 3.5,
    "7 / 2": 3,
    "-7 / 2": -3,
    "7 / -2": -3,
    "-7 / -2": 3,
    "7.0 / 2": 3.5,
    "-7 % 3": -1,
    "7 % -3": 1,
    "modulo(-10, -6)": -4,
    "modulo(10, -6)": 4,
    "-7.5 % 2": -1.5,
    "2 + 3 * 4": 14,
    "(2 + 3) * 4": 20,
    "10 - 4 - 3": 3,
    "-(1 + 2)": -3,
    "+1": 1,
    "--1": 1,
    "1 + null": None,
    "null * 2": None,
    "add(1, 2)": 3,
    "subtract(1, 2)": -1,
    "multiply(2, 2.5)": 5.0,
    "divide(7, 2)": 3,
    "add(1, null)": None,
    "9223372036854775807 + 1": None,
    "1e308 * 10": None,
    # names
    'CONCAT("a", "b")': "ab",
    'STARTSWITH("ab", "a")': True,
}


@pytest.mark.parametrize(("expression", "value"), VALUES.items(), ids=VALUES)
def test_values(expression: str, value: object) -> None:
    found = api.evaluate(expression, {})
    assert found == value
    assert type(found) is type(value)


FIELD_VALUES: list[tuple[str, dict[str, object], object]] = [
    ('indexOf("hello", x)', {"x": "l"}, 2),
    ('startsWith(x, "a") == null', {}, True),
    ("1 / x", {"x": 0}, None),
    ("1 % x", {"x": 0}, None),
    ("1 / x", {"x": 0.0}, None),
    ("x / 2", {"x": 7}, 3),
    ("x / 2", {"x": 7.0}, 3.5),
    ("x + 1", {"x": "41"}, 42),
    ("x + 1", {"x": "many"}, None),
    ("x + 1", {"x": True}, None),
    ("length(x)", {"x": 12345}, 5),
    ("number(x)", {"x": "0x" + "f" * 6000}, None),
    ("string(process.pid)", {"process": {"pid": 12}}, "12"),
    ("string(source.ip)", {"source.ip": "2001:DB8:0:0::1"}, "2001:db8::1"),
    ("concat(source.ip, \"!\")", {"source.ip": "10.0.0.1"}, "10.0.0.1!"),
    ("string(@timestamp)", {"@timestamp": "2024-01-01T00:00:00Z"}, "2024-01-01T00:00:00Z"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "document", "value"),
    FIELD_VALUES,
)
def test_values_over_fields(expression: str, document: dict[str, object], value: object) -> None:
    assert api.evaluate(expression, document) == value


@pytest.mark.parametrize(
    ("address", "blocks", "value"),
    [
        ("10.1.2.3", '"10.0.0.0/8"', True),
        ("11.1.2.3", '"10.0.0.0/8"', False),
        ("11.1.2.3", '"10.0.0.0/8", "11.0.0.0/8"', True),
        ("10.99.0.1", '"10.6.48.157/8"', True),
        ("127.0.0.1", '"127.0.0.1"', True),
        ("127.0.0.2", '"127.0.0.1"', False),
        ("0:0:0:0:0:0:0:1", '"::1"', True),
        ("fe80::1", '"fe80::/10"', True),
        ("fe80::1", '"10.0.0.0/8"', False),
        ("::ffff:10.1.2.3", '"10.0.0.0/8"', True),
        (["1.1.1.1", "10.1.2.3"], '"10.0.0.0/8"', True),
        ("no address", '"0.0.0.0/0"', False),
    ],
)
def test_cidr_match(address: object, blocks: str, value: bool) -> None:
    assert api.evaluate(f"cidrMatch(source.ip, {blocks})", {"source.ip": address}) is value


def test_a_version_is_text_to_functions() -> None:
    """Its comparable form is a tuple, which no function may see."""
    document = {"v": "1.10.0"}
    assert api.evaluate("length(v)", document, field_types={"v": "version"}) == 6
    assert api.evaluate('startsWith(v, "1.1")', document, field_types={"v": "version"}) is True
    assert api.evaluate('endsWith(v, "0.0")', document, field_types={"v": "version"}) is True
    assert api.evaluate('v : "1.*"', document, field_types={"v": "version"}) is True
    assert api.evaluate('v > "1.9"', document, field_types={"v": "version"}) is True
    assert api.evaluate("string(v)", document, field_types={"v": "version"}) == "1.10.0"


REFUSED: dict[str, str] = {
    "length(1)": "argument 1 of length: expected a string, found a whole number",
    'startsWith("a", true)': "argument 2 of startsWith: expected a string, found a boolean",
    'substring("abc", 1.5)': "argument 2 of substring: expected a whole number, found a number",
    "length()": "length does not take 0 arguments",
    'startsWith("a", "b", "c")': "startsWith does not take 3 arguments",
    'length~("a")': "length has no case-insensitive form",
    'cidrMatch(source.ip, "10.0.0/8")': '"10.0.0/8" is not a CIDR block',
    "cidrMatch(source.ip, user.name)": "argument 2 of cidrMatch must be a constant",
    'cidrMatch(user.name, "10.0.0.0/8")': "argument 1 of cidrMatch: expected an ip address, found a string",
    "1 / 0": "division by zero",
    "1 % 0": "division by zero",
    "1 / 0.0": "division by zero",
    "divide(1, 0)": "division by zero",
    "modulo(x, 0)": "division by zero",
    '"a" + 1': "expected a number, found a string",
    "-true": "expected a number, found a boolean",
    'wildcard(x, "a*")': "unknown function `wildcard`",
    "lenght(x)": "unknown function `lenght`",
}


@pytest.mark.parametrize(("expression", "message"), REFUSED.items(), ids=REFUSED)
def test_refused_calls(expression: str, message: str) -> None:
    with pytest.raises(QuerySemanticError) as caught:
        api.evaluate(expression, {})
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("lenght", "length"),
        ("wildcard", "`:` or `like`"),
        ("matchLite", "`:` or `like`"),
        ("arrayContains", "several values"),
        ("zzz", "substring"),
    ],
)
def test_unknown_functions_come_with_a_hint(name: str, hint: str) -> None:
    with pytest.raises(QuerySemanticError) as caught:
        api.evaluate(f"{name}(x)", {})
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_a_null_for_a_required_argument_gives_null(function) -> None:  # type: ignore[no-untyped-def]
    required = [parameter for parameter in function.parameters if not parameter.optional]
    for missing in range(len(required)):
        args = [None if position == missing else "10" for position in range(len(required))]
        assert call(function.name, args) is None


def test_logic_is_three_valued() -> None:
    table = {
        "true and null": None,
        "false and null": False,
        "true or null": True,
        "false or null": None,
        "not null": None,
        "null and null": None,
    }
    for expression, value in table.items():
        assert api.evaluate(expression, {}) is value, expression


def test_every_function_is_documented() -> None:
    for function in FUNCTIONS:
        assert function.summary.endswith("."), function.name
        assert function.signature.startswith(f"{function.name}("), function.name
