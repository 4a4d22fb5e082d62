"""A field's leaves tested at once agree with the reference, leaf by leaf and value by value."""

import json
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import pytest
import zstandard
from tests.shared import SHARED, needs_shared
from tests.verdicts import verdicts_on

from besra.engine.kernels.automaton import automaton_of
from besra.engine.kernels.grams import place_of
from besra.engine.kernels.regex import RegexTest
from besra.engine.matcher import FieldMatcher
from besra.engine.pack import FieldLeaf, field_leaves
from besra.engine.reference import holds
from besra.events.document import Fields, flatten
from besra.language.casefold import fold_case
from besra.language.expr import Equals, Exists, FieldRef, InNetwork, Like, Range, Regex
from besra.language.glob import eql_glob
from besra.language.relative import at
from besra.rules.ruleset import load_rules
from besra.schema.fieldtype import FieldType, Scalar, parse_ip, parse_network, to_typed, version_key
from besra.schema.timestamp import parse_timestamp

COMPILED = pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
NAME = "f"
KEYWORD = FieldRef(NAME, FieldType.KEYWORD)
DYNAMIC = FieldRef(NAME, FieldType.DYNAMIC)


def field(field_type: FieldType) -> FieldRef:
    return FieldRef(NAME, field_type)


def expected(leaves: Sequence[FieldLeaf], value: Scalar) -> tuple[int, ...]:
    fields = Fields({leaf.field.name: value for leaf in leaves[:1]})
    return tuple(i for i, leaf in enumerate(leaves) if holds(leaf, fields))


def assert_agrees(leaves: Sequence[FieldLeaf], values: Sequence[Scalar], *, compiled: bool = True) -> None:
    found = verdicts_on(leaves, values, compiled=compiled)
    wrong = [
        (value, [leaves[i] for i in set(leaf_ids) ^ set(expected(leaves, value))])
        for value, leaf_ids in zip(values, found, strict=True)
        if leaf_ids != expected(leaves, value)
    ]
    assert not wrong, wrong[:3]


def like(*patterns: str, folds: bool = False, of: FieldRef = KEYWORD) -> Like:
    return Like(of, tuple(eql_glob(fold_case(p) if folds else p) for p in patterns), folds)


def equals(*constants: Any, folds: bool = False, of: FieldRef = KEYWORD) -> Equals:
    return Equals(of, frozenset(fold_case(c) if folds and isinstance(c, str) else c for c in constants), folds)


GLOBS = (
    *(
        "*",
        "?",
        "??",
        "?*",
        "*?",
        "a*",
        "*a",
        "*a*",
        "a?",
        "?a",
        "ab*",
        "*ab",
        "*ab*",
        "abc*",
        "*abc*",
        "abcd",
        "*abcd",
    ),
    *("abcd*", "*abcd*", "a*d", "ab*cd", "a*b*c*d", "*a*b*", "*a?c*", "*a??d*", "?bc*", "?b*d", "*?bcd*", "*c?"),
    *("?:\\windows\\*", "?:\\windows\\*.exe", "*.exe", "*\\*\\*", "-*", "/*/.*", "aa*aa", "*aa*aa*", "*a*a*a*b"),
    *("*ß*", "stra?e", "straße", "*ı*", "*İ*", "σ?ς", "*ς", "?𝒳*", "*𝒳", "k*", "*\n*", "a\nb", "a?b", "\x00*", "*\x00"),
)
TEXTS = (
    *("", "a", "b", "ab", "ba", "abc", "abcd", "abcde", "xabcdx", "aXbXcXd", "abab", "aaa", "aaaa", "aaaab", "aaaaa"),
    *(
        "C:\\Windows\\cmd.exe",
        "c:\\windows\\",
        "c:\\windows",
        "ü:\\Windows\\x.EXE",
        "x.exe",
        ".exe",
        "-",
        "/a/.b",
        "//.",
    ),
    *("Straße", "STRASSE", "STRAẞE", "straüe", "ıI", "İi", "i̇", "ΣΑΣ", "σας", "ςσ", "𝒳", "x𝒳", "𝒳𝒳y", "K", "k", "K"),
    *("a\nb", "\n", "a\x00b", "\x00", "\x00abcd", "abcd\x00", "a\ud800b", "ſ", "s", "S", "é", "e\u0301", "ab" * 300),
    *(
        "true",
        "True",
        "42",
        "42.0",
        "1e3",
        " 42",
        "0x2a",
        "-7",
        "nan",
        "inf",
        "10.0.0.1",
        "::ffff:10.0.0.1",
        "fe80::1%eth0",
    ),
    *(
        "10.0.0.01",
        "1.2.3",
        "256.1.1.1",
        "1.2.3.4.5",
        "٣",
        "2024-01-02T03:04:05Z",
        "2024-01-02",
        "1.10.0",
        "1.9",
        "1.9-rc1",
    ),
    "9223372036854775808",
)
SCALARS: tuple[Scalar, ...] = (
    *TEXTS,
    *(True, False, 0, 1, -1, 42, 4624, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**40, 10**300),
    *(0.0, -0.0, 1.0, 42.0, 42.5, -7.25, 1e16, 1e300, float("inf"), float("-inf"), float("nan"), 2.0**53),
)


@COMPILED
@pytest.mark.parametrize("folds", [True, False])
def test_globs_agree_with_the_reference(compiled: bool, folds: bool) -> None:
    assert_agrees([like(glob, folds=folds) for glob in GLOBS], SCALARS, compiled=compiled)


@COMPILED
def test_several_globs_of_one_leaf_count_once(compiled: bool) -> None:
    leaves = [like("*a*", "*b*", "ab", folds=True), like("*b*", folds=True), like("*a*"), equals("ab", "b")]
    assert verdicts_on(leaves, ["ab", "AB", "b", "c"], compiled=compiled) == [
        (0, 1, 2, 3),
        (0, 1),
        (0, 1, 3),
        (),
    ]


@COMPILED
@pytest.mark.parametrize("field_type", list(FieldType))
def test_every_type_agrees_with_the_reference(compiled: bool, field_type: FieldType) -> None:
    typed = [to_typed(value, field_type) for value in SCALARS]
    constants = list(dict.fromkeys(value for value in typed if value is not None and str(value) != "nan"))
    leaves: list[FieldLeaf] = [Exists(field(field_type)), equals(*constants[::3], of=field(field_type))]
    leaves += [equals(constant, of=field(field_type)) for constant in constants[:20]]
    if field_type is not FieldType.DYNAMIC:
        orders = [(o, constant) for constant in constants[::2] for o in ("<", "<=", ">", ">=")]
        leaves += [Range(field(field_type), operator, constant) for operator, constant in orders]
    leaves += [
        Like(field(field_type), (eql_glob(glob),), folds) for glob in ("*1*", "t*", "T*", "?") for folds in (0, 1)
    ]
    leaves += [
        Regex(field(field_type), (pattern,), folds) for pattern in ("T.*", "[0-9]+", "(?:a|1).*") for folds in (0, 1)
    ]
    assert_agrees(leaves, SCALARS, compiled=compiled)


@COMPILED
def test_a_long_is_compared_with_fractions_exactly(compiled: bool) -> None:
    leaves = [
        Range(field(FieldType.LONG), ">", 3.5),
        equals(3.5, 4, of=field(FieldType.LONG)),
        equals(2**63, of=KEYWORD),
    ]
    assert_agrees(leaves, [3, 4, 3.9, "4", 2**53 + 1, 10**30, True], compiled=compiled)


@COMPILED
def test_networks_and_addresses(compiled: bool) -> None:
    blocks = ("10.0.0.0/8", "10.0.0.0/24", "10.0.0.1/32", "::/0", "0.0.0.0/0", "fe80::/10", "192.168.0.0/16")
    networks = [network for block in blocks if (network := parse_network(block))]
    ip = field(FieldType.IP)
    leaves: list[FieldLeaf] = [InNetwork(ip, (network,)) for network in networks]
    leaves += [InNetwork(ip, tuple(networks[:3])), Exists(ip), equals(parse_ip("10.0.0.1"), parse_ip("::1"), of=ip)]
    values = ["10.0.0.1", "10.0.0.255", "10.0.1.0", "9.255.255.255", "11.0.0.0", "255.255.255.255", "0.0.0.0", "::1"]
    values += [
        "fe80::1",
        "fe80::1%eth0",
        "10.0.0.1%x",
        "10.0.0.01",
        "010.0.0.1",
        "1.2.3",
        "1..2.3",
        "",
        ".",
        "1.2.3.4.",
    ]
    values += ["::ffff:10.0.0.1", "1.2.3.4/32", " 1.2.3.4", "256.0.0.1", "1111.1.1.1", "١.2.3.4"]
    assert_agrees(leaves, [*values, 1, True, 10.5], compiled=compiled)
    assert_agrees(leaves, values, compiled=compiled)


@COMPILED
def test_a_field_read_as_several_types(compiled: bool) -> None:
    leaves: list[FieldLeaf] = [
        equals("4624", of=KEYWORD),
        equals(4624, of=field(FieldType.LONG)),
        like("46*", of=DYNAMIC),
        Exists(DYNAMIC),
        Range(KEYWORD, ">", "4"),
        Range(field(FieldType.DOUBLE), ">=", 4624.0),
        equals(version_key("1.9"), of=field(FieldType.VERSION)),
        Range(field(FieldType.DATE), "<", parse_timestamp("2024-01-02T00:00:00Z")),
        Exists(field(FieldType.NESTED)),
    ]
    assert_agrees(leaves, SCALARS, compiled=compiled)


PATTERNS = (
    *(
        "a",
        "abc",
        "a|b",
        "(?:ab|cd)e",
        "a*",
        "(?:ab)+c",
        "a{2}",
        "a{2,}",
        "a{0,1}b",
        "(?:a|b){2}c",
        ".*abc.*",
        "[a-c]x",
    ),
    *(
        "[^a]bc",
        "[]a]",
        "[^]a]",
        "[\\]]",
        "[a\\-z]+",
        "\\.exe",
        ".*\\.(?:exe|dll)",
        "(?:.)*(?:[0-9]){1,3}\\.(?:[0-9])+",
    ),
    *(
        "",
        ".",
        ".*",
        "(?:)",
        "x?",
        "s.*",
        "K",
        "İ",
        "straße",
        "ς",
        "[k-s]+",
        "(?:(?:a)*)*b",
        "^a$",
        "a\\b",
        "(a)\\1",
        "a*?",
    ),
    *("(?i:a)", "\\d+", "[\\d]+", "[[:alpha:]]", "a\\nb", "\\\\", "\\-", "(?:aa|a)*b"),
)


@COMPILED
@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
@pytest.mark.parametrize("folds", [True, False])
def test_regular_expressions_agree_with_the_reference(compiled: bool, folds: bool) -> None:
    texts = [
        *TEXTS,
        "abe",
        "cde",
        "ababc",
        "aa",
        "aaaa",
        "a.exe",
        "A.DLL",
        "x1.2",
        "]",
        "-",
        "\\",
        "abx",
        "bbc",
        "cbc",
        "ks",
    ]
    assert_agrees([Regex(KEYWORD, (pattern,), folds) for pattern in PATTERNS], texts, compiled=compiled)
    assert_agrees([Regex(KEYWORD, PATTERNS[i::7], folds) for i in range(7)], [*texts, 42, True, 1.5], compiled=compiled)


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
def test_what_a_regular_expression_requires() -> None:
    assert RegexTest("(?:.)*\\.(?:exe|dll)", True).globs == (eql_glob("*.exe"), eql_glob("*.dll"))
    assert RegexTest("A[0-9]{2}b+", False).globs == (eql_glob("A??b*"),)
    assert RegexTest("(?:C:\\\\)?x", True).globs == (eql_glob("c:\\x"), eql_glob("x"))
    assert RegexTest("(?:.*[^a])?word(?:[^a].*)?", True).globs == (eql_glob("*word*"),)
    for pattern in ("^a", "(?i)a", "(a)", "a\\b", "a*?", "\\w"):
        assert RegexTest(pattern, False).globs == (eql_glob("*"),)


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
@pytest.mark.parametrize("folds", [True, False])
def test_automata_agree_with_re(folds: bool) -> None:
    texts = [text for text in TEXTS if text.isascii()]
    tested = 0
    for pattern in PATTERNS:
        test = RegexTest(pattern, folds)
        automaton = automaton_of(test)
        if automaton is None:
            continue
        for text in texts:
            state = 1
            for char in fold_case(text) if folds else text:
                state = automaton.next[state][ord(char)]
            assert automaton.accepting[state] == test.matches(text), (pattern, text)
            tested += 1
    assert tested > 1000


def test_patterns_of_rules_that_are_loaded_again_are_remembered() -> None:
    """Making the automata of two thousand rules takes seconds, and one that changes leaves the others as they are."""
    first, again = (RegexTest("(?:re)?membe(?:r|red)", True) for _ in range(2))
    assert automaton_of(first) is automaton_of(again)
    assert first.tree is again.tree


def test_a_pattern_of_too_many_states_has_no_automaton() -> None:
    pattern = "(?:.)*a(?:.){12}"
    assert automaton_of(RegexTest(pattern, False)) is None
    assert automaton_of(RegexTest("(?:a){1000}(?:b){1000}", False)) is None
    assert_agrees([Regex(KEYWORD, (pattern,), True)], ["xa" + "y" * 12, "A" * 13, "y" * 30, "é" + "a" * 13])


@pytest.mark.parametrize("pattern", ["(?:(?:a)*)*b", "(?:a|aa)+b", "(?:a(?:a)?)+b"])
def test_a_pattern_that_backtracks_for_ever_is_left_to_an_engine_that_does_not(pattern: str) -> None:
    pytest.importorskip("re2")
    test = RegexTest(pattern, False)
    assert test.tree
    assert test.tree.backtracks
    for length in (50, 5000):
        assert not test.matches("a" * length)
        assert test.matches("a" * length + "b")


def test_the_results_of_a_pickled_matcher_are_the_same() -> None:
    leaves = [
        like("*a*"),
        equals("b"),
        Regex(KEYWORD, ("a.*c",), True),
        Exists(KEYWORD),
        Range(field(FieldType.LONG), ">", 3),
    ]
    matcher = FieldMatcher.of(list(enumerate(leaves)))
    before = matcher.match(SCALARS)
    again = pickle.loads(pickle.dumps(matcher))
    assert again == matcher
    assert again.match(SCALARS) == before


@COMPILED
def test_no_leaves_and_no_values(compiled: bool) -> None:
    assert verdicts_on([], ["a", 1], compiled=compiled) == [(), ()]
    assert verdicts_on([like("a*")], [], compiled=compiled) == []


def test_more_sets_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("besra.engine.kernels.texts.MOST_VERDICTS", 4)
    monkeypatch.setattr("besra.engine.kernels.text_kernel.FIRST_SETS", 4)
    leaves = [like(f"*{letter}*") for letter in "abcdef"]
    texts = ["".join(letter for k, letter in enumerate("abcdef") if number >> k & 1) for number in range(64)]
    assert_agrees(leaves, texts)
    assert_agrees(leaves, texts, compiled=False)


@COMPILED
def test_patterns_and_texts_made_to_be_slow(compiled: bool) -> None:
    size = 1_000_000 if compiled else 100_000
    leaves = [like("*a*a*a*b"), like("*a*a*a*b*", folds=True), like("*aaaaaaaaab*"), like("?*ab?b*"), equals("a")]
    found = verdicts_on(leaves, ["a" * size, "a" * size + "b", "é" * size], compiled=compiled)
    assert found == [(), (0, 1, 2), ()]


# --- public rules -----------------------------------------------------------------------------------------------------


def leaves_by_field() -> dict[str, list[FieldLeaf]]:
    found: dict[str, dict[FieldLeaf, None]] = {}
    for loaded in load_rules(SHARED / "data" / "rules").ready:
        for clause in loaded.plan.clauses:
            for leaf in field_leaves(at(clause.predicate, 0)):
                found.setdefault(leaf.field.name, {})[leaf] = None
    return {name: list(leaves) for name, leaves in found.items()}


def values_by_field(documents: Iterable[Mapping[str, Any]]) -> dict[str, list[Scalar]]:
    found: dict[str, dict[tuple[type, Scalar], None]] = {}
    for document in documents:
        for name, values in flatten(document).items():
            found.setdefault(name, {}).update(((type(value), value), None) for value in values)
    return {name: [value for _, value in values] for name, values in found.items()}


def rule_events() -> Iterator[Mapping[str, Any]]:
    for path in sorted((SHARED / "data" / "rule-events").glob("*/*.ndjson")):
        yield from map(json.loads, path.read_text("utf-8").splitlines())


def ecs_events(every: int) -> Iterator[Mapping[str, Any]]:
    with (SHARED / "data" / "ecs-events.ndjson.zst").open("rb") as file:
        data = zstandard.ZstdDecompressor().stream_reader(file).read()
    return map(json.loads, islice(data.splitlines(), 0, None, every))


@needs_shared
@pytest.mark.parametrize("source", ["rule events", "ECS events"])
def test_public_rules_agree_with_the_reference(source: str) -> None:
    values = values_by_field(rule_events() if source == "rule events" else ecs_events(every=1500))
    leaves = leaves_by_field()
    shared = sorted(leaves.keys() & values.keys())
    assert len(shared) > 70
    for name in shared:
        assert_agrees(leaves[name], values[name])


@pytest.mark.parametrize(
    ("gram", "glob", "place"),
    [
        (b"ord", "*word*", (1, 1)),
        (b"\0wor", "word*", (0, -1)),
        (b"ord\0", "*word", (1, 1)),
        (b"bc", "a*é?xbc", None),
        (b"xbc", "a?d*éxbc*", (1, 2)),
        (b"bc", "?bc*abc", (1, 1)),
        (b"no", "*word*", None),
    ],
)
def test_where_a_gram_stands_in_a_glob(gram: bytes, glob: str, place: tuple[int, int] | None) -> None:
    assert place_of(gram, eql_glob(glob)) == place
