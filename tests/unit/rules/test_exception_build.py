from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.exception_samples import CONTAINER, ENTRIES, ITEM, MATCH, entry_of, item_of, read

from besra.problems import Severity
from besra.rules.exception_build import exceptions_of
from besra.rules.exception_fields import ENTRY_FIELDS
from besra.rules.exception_list import (
    EventScope,
    ExistsEntry,
    ListEntry,
    ListKey,
    MatchAnyEntry,
    MatchEntry,
    NestedEntry,
    Operator,
    SequenceScope,
    StepScope,
    WildcardEntry,
)
from besra.schema.timestamp import parse_timestamp

BACKUP = MatchEntry("process.name", "backup.exe")
BUILT = {
    "match": BACKUP,
    "match_any": MatchAnyEntry("user.name", ("ann", "ben"), Operator.EXCLUDED),
    "wildcard": WildcardEntry("file.path", "C:\\Tools\\*"),
    "exists": ExistsEntry("dll.hash.sha256", Operator.EXCLUDED),
    "list": ListEntry("source.ip", "ips.txt", "ip"),
    "nested": NestedEntry("file.Ext", (MatchEntry("trusted", "true"),)),
}


def test_every_entry_type_has_fields_and_a_sample() -> None:
    assert set(ENTRY_FIELDS) == set(ENTRIES) == set(BUILT)


@pytest.mark.parametrize("entry_type", ENTRIES)
def test_an_entry_of_each_type_is_read(entry_type: str) -> None:
    found = read(item_of(entries=[ENTRIES[entry_type]]))

    assert found.problems == ()
    assert found.items[0].entries == (BUILT[entry_type],)


def test_an_item_keeps_what_it_says() -> None:
    written = item_of(
        os_types=["windows", "macos"],
        tags=["ticket"],
        expire_time="2027-01-31T00:00:00.000Z",
        comments=[{"comment": "Asked Ann.", "created_by": "ben", "id": "7"}],
        created_at="2026-01-01T00:00:00Z",
        _version="WzE=",
        meta={"own": [1, None]},
    )
    (item,) = read(CONTAINER, written).items

    assert (item.key, item.item_id, item.name) == (ListKey("trusted"), "backup", "The nightly backup")
    assert (item.os_types, item.tags, item.comments) == (("windows", "macos"), ("ticket",), ("Asked Ann.",))
    assert item.expire_time == parse_timestamp("2027-01-31")
    assert item.document == written
    assert str(item.place) == "e.ndjson:2:2"


def test_names_and_descriptions_may_be_left_out() -> None:
    found = read({"list_id": "a"}, {"list_id": "a", "entries": [MATCH]})

    assert found.problems == ()
    assert (found.lists[0].type, found.items[0].label) == ("detection", "item without a name, list a")


@pytest.mark.parametrize(
    ("text", "scope"),
    [("event", EventScope()), ("step:0", StepScope(0)), ("step:12", StepScope(12)), ("sequence", SequenceScope())],
)
def test_a_scope_stands_under_besra_or_under_meta(text: str, scope: object) -> None:
    own = {"besra": {"scope": text}}
    for changes in (own, {"meta": own}, {**own, "meta": own}):
        found = read(item_of(**changes))
        assert (found.problems, found.items[0].scope) == ((), scope)
    assert read(ITEM).items[0].scope == EventScope()


BAD = [
    ({"list_id": ...}, "exception-missing-field", "item backup: list_id is missing"),
    ({"entries": ...}, "exception-missing-field", "item backup, list trusted: entries is missing"),
    ({"entries": []}, "exception-empty", "entries is empty"),
    ({"entries": "x"}, "exception-bad-field", "entries must be a list of objects"),
    ({"entries": [5]}, "exception-bad-field", "entries must be a list of objects"),
    ({"entries": [{}]}, "exception-missing-field", "entries[0].type is missing"),
    ({"entries": [entry_of("match", type="matches")]}, "exception-bad-field", "[0].type must be match, match_any"),
    ({"entries": [entry_of("match", field=...)]}, "exception-missing-field", "entries[0].field is missing"),
    ({"entries": [entry_of("match", field=" ")]}, "exception-bad-field", "entries[0].field is empty"),
    ({"entries": [entry_of("match", operator=...)]}, "exception-missing-field", "entries[0].operator is missing"),
    ({"entries": [entry_of("match", operator="is")]}, "exception-bad-field", "operator must be included or excluded"),
    ({"entries": [entry_of("match", value=...)]}, "exception-missing-field", "entries[0].value is missing"),
    ({"entries": [entry_of("match", value=5)]}, "exception-bad-field", "entries[0].value must be a string, not 5"),
    ({"entries": [entry_of("match", value=["a"])]}, "exception-bad-field", "value must be a string, not a list"),
    ({"entries": [entry_of("match", value="")]}, "exception-bad-field", "entries[0].value is empty"),
    ({"entries": [MATCH, entry_of("match_any", value=[])]}, "exception-empty", "entries[1].value is empty"),
    ({"entries": [entry_of("match_any", value="a")]}, "exception-bad-field", "value must be a list of strings"),
    ({"entries": [entry_of("wildcard", value=...)]}, "exception-missing-field", "entries[0].value is missing"),
    ({"entries": [entry_of("exists", operator=...)]}, "exception-missing-field", "entries[0].operator is missing"),
    ({"entries": [entry_of("list", list=...)]}, "exception-missing-field", "entries[0].list is missing"),
    ({"entries": [entry_of("list", list={"id": "a"})]}, "exception-missing-field", "entries[0].list.type is missing"),
    ({"entries": [entry_of("nested", entries=[])]}, "exception-empty", "entries[0].entries is empty"),
    ({"entries": [entry_of("nested", entries=...)]}, "exception-missing-field", "entries[0].entries is missing"),
    ({"entries": [entry_of("nested", entries=[ENTRIES["list"]])]}, "exception-bad-field",
     "entries[0].entries[0].type must be match, match_any, wildcard or exists"),
    ({"entries": [entry_of("nested", entries=[ENTRIES["nested"]])]}, "exception-bad-field", "[0].entries[0].type"),
    ({"type": "complex"}, "exception-bad-field", "type must be simple"),
    ({"namespace_type": "all"}, "exception-bad-field", "namespace_type must be single or agnostic"),
    ({"os_types": ["win"]}, "exception-os-type", "os_types[0] is 'win'"),
    ({"os_types": "windows"}, "exception-bad-field", "os_types must be a list of strings"),
    ({"expire_time": "tomorrow"}, "exception-expire-time", "expire_time is 'tomorrow', which is no date"),
    ({"expire_time": ""}, "exception-expire-time", "expire_time is '', which is no date"),
    ({"comments": [{}]}, "exception-missing-field", "comments[0].comment is missing"),
    ({"besra": "step:1"}, "exception-bad-field", "besra must be an object"),
    ({"besra": {"scope": "step"}}, "exception-scope", "besra.scope is 'step', which is no scope"),
    ({"besra": {"scope": "step:-1"}}, "exception-scope", "besra.scope is 'step:-1'"),
    ({"meta": {"besra": {"scope": "all"}}}, "exception-scope", "meta.besra.scope is 'all'"),
    ({"besra": {"scope": "event"}, "meta": {"besra": {"scope": "sequence"}}}, "exception-scope", "different things"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "message"), BAD)
def test_a_bad_item_is_left_out_for_one_named_reason(changes: dict[str, Any], code: str, message: str) -> None:
    found = read(CONTAINER, item_of(**changes), item_of(item_id="good"))
    (problem,) = found.problems

    assert (problem.code, problem.severity) == (code, Severity.ERROR)
    assert message in problem.message
    assert (problem.place.path, problem.place.line) == ("e.ndjson", 2)
    assert [item.item_id for item in found.items] == ["good"]
    assert {key.list_id for key in found.broken} == ({"trusted"} if "list_id" not in changes else set())


BAD_LISTS = [
    ({"list_id": 5}, "exception-bad-field", 'list_id must be a string, not 5'),
    ({"list_id": ""}, "exception-bad-field", "list_id is empty"),
    ({"tags": "x"}, "exception-bad-field", "tags must be a list of strings"),
    ({"os_types": ["windwos"]}, "exception-os-type", "os_types[0] is 'windwos'"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "message"), BAD_LISTS)
def test_a_bad_list_is_left_out_for_one_named_reason(changes: dict[str, Any], code: str, message: str) -> None:
    found = read(CONTAINER | changes)
    (problem,) = found.problems

    assert (problem.code, problem.severity, found.lists) == (code, Severity.ERROR, ())
    assert message in problem.message


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"expire_tiem": "x"}, "expire_tiem is not known; it is kept", "did you mean expire_time?"),
        ({"entries": [entry_of("match", ignore_case=True)]}, "entries[0].ignore_case is not known", None),
        ({"entries": [entry_of("exists", value="x")]}, "entries[0].value is not known", None),
        ({"besra": {"scop": "step:1"}}, "besra.scop is not known", "did you mean scope?"),
    ],
)
def test_what_is_not_known_is_kept_with_a_warning(changes: dict[str, Any], message: str, hint: str | None) -> None:
    written = item_of(**changes)
    found = read(written)
    (problem,) = found.problems

    assert (problem.code, problem.severity, problem.hint) == ("exception-unknown-field", Severity.WARNING, hint)
    assert message in problem.message
    assert found.items[0].document == written
    assert not found.broken


def test_values_of_the_wrong_type_get_the_right_one_shown() -> None:
    (problem,) = read(item_of(entries=[entry_of("match", value=4624)])).problems

    assert problem.hint == 'write "4624", in quotes'


def test_all_that_is_wrong_with_an_item_is_said_at_once() -> None:
    entries = [entry_of("match", value=5), entry_of("list", operator="x")]
    codes = [problem.code for problem in read(item_of(entries=entries, os_types=["x"])).problems]

    assert codes == ["exception-bad-field", "exception-bad-field", "exception-os-type"]


def test_the_endpoint_knows_no_excluded_entries() -> None:
    endpoint = {"list_id": "endpoint_list"}
    entries = {"entries": [ENTRIES["nested"], ENTRIES["exists"]]}
    (problem,) = read(item_of(**endpoint, **entries)).problems

    assert (problem.code, problem.severity) == ("exception-endpoint-operator", Severity.WARNING)
    assert read(item_of(**endpoint), item_of(item_id="b", **entries)).problems == ()
    assert read({"list_id": "trusted", "type": "endpoint_events"}, item_of(**entries)).problems[0].code == problem.code


def test_objects_without_a_file_are_named_in_the_message() -> None:
    (problem,) = exceptions_of([item_of(entries=[])]).problems

    assert str(problem.place) == ""
    assert problem.message == "exception item backup, list trusted: entries is empty"


KEYS = st.sampled_from([
    "list_id", "item_id", "entries", "type", "value", "field", "operator", "list", "id", "besra", "scope", "meta",
    "os_types", "namespace_type", "expire_time", "comments", "comment", "tags",
])  # fmt: skip
WORDS = st.sampled_from(["match", "nested", "list", "included", "single", "windows", "step:1", "", "2026-01-01", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(KEYS, JSON, max_size=6), max_size=3), st.dictionaries(KEYS, JSON, max_size=3))
def test_any_objects_are_used_or_said_to_be_wrong(values: list[dict[str, Any]], changes: dict[str, Any]) -> None:
    everything = [*values, ITEM | changes, CONTAINER | changes]
    found = exceptions_of(everything)

    used = [item.document for item in (*found.lists, *found.items)]
    assert all(value in used for value in everything) or found.problems
    assert all(problem.message and problem.render() for problem in found.problems)
