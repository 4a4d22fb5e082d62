"""The alert store against a few lines over plain dictionaries, whatever happens to it in whatever order."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.storage.samples import NOW, SECOND, alert, run

from besra.detection.schedule import Gap
from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.expr import Equals, FieldRef, Like, Or, Predicate, Regex
from besra.language.glob import escaped_glob
from besra.schema.fieldtype import FieldType
from besra.storage.alert_counts import CountBy
from besra.storage.alert_fields import alert_condition
from besra.storage.alert_search import Search, Sort
from besra.storage.alert_store import AlertStore
from besra.storage.asking import MANY, asking
from besra.storage.gap_log import joined, without
from besra.storage.outcome import Outcome
from besra.storage.progress import Progress
from besra.storage.run_log import RunStatus
from besra.storage.stored_json import from_json, to_json
from besra.storage.workflow import Author, Edit, Names, Reason, Status

# --- searching --------------------------------------------------------------------------------------------------------

TEXTS = ["", "a", "ab", "A", "web-1", "x" * 300, "nul\x00", "\ufffd", "4624", "é", 'q"\\', "true"]
VALUES: dict[str, list[Any]] = {
    "host.name": [*TEXTS, ["a", "web-1"], 4624, True, None],
    "user.name": ["a", "ab", ["A", "a"], None],
    "process.name": [*TEXTS, None, ["ab", "web-1"]],
    "process.pid": [1, 4624, "4624", None],
    "kibana.alert.severity": ["low", "high", "critical"],
    "kibana.alert.risk_score": [21, 47.5, 99],
    "kibana.alert.rule.name": TEXTS,
    "kibana.alert.rule.uuid": ["r1", "r2"],
    "kibana.alert.rule.tags": [["a", "web-1"], ["A"], None],
    "kibana.alert.original_time": ["2025-06-15T15:00:00.000Z", "9999-01-01T00:00:00.000Z", None],
    "kibana.alert.building_block_type": ["default", None],
    "kibana.alert.workflow_tags": [[], ["a", "web-1"], ["4624"]],
    "kibana.alert.workflow_status": ["open", "closed"],
}
ATOMS = [
    *(f'{name}: "{text}"' for name in VALUES for text in ("a", "web-1", "4624", "x" * 300)),
    *(f"{name}: {pattern}" for name in VALUES for pattern in ("*", "a*", "*b-1", "xxxx*")),
    "kibana.alert.risk_score > 21",
    "kibana.alert.risk_score: 47.5",
    "process.pid >= 4000",
    'kibana.alert.original_time < "2025-06-16"',
    "kibana.alert.original_time > now",
    "@timestamp <= now",
    "kibana.alert.workflow_status: closed",
    "kibana.alert.severity: (low or critical)",
    "host.name: é",
]
QUERIES = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' and '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' or '.join(parts)})"),
    ),
    max_leaves=6,
)


def crowd() -> list[dict[str, Any]]:
    """Alerts in which every value of every field occurs, beside others."""
    rows = []
    for number in range(60):
        fields = {
            name: values[(number * (3 + n) + number // 7) % len(values)]
            for n, (name, values) in enumerate(VALUES.items())
        }
        rows.append(alert(number, host=None, process=None, **fields))
    return rows


def test_a_search_finds_what_the_reference_says(store: AlertStore) -> None:
    everything = crowd()
    store.commit(Outcome(run(), everything))

    @given(QUERIES, st.booleans())
    @settings(max_examples=100)
    def check(query: str, descending: bool) -> None:
        condition = alert_condition(query, NOW).predicate
        expected = [found["kibana.alert.uuid"] for found in everything if holds(condition, Fields(found))]
        page = store.search(Search(condition, [Sort(descending=descending)]))
        found = [one["kibana.alert.uuid"] for one in page.alerts]
        assert found == (expected[::-1] if descending else expected)
        assert page.total == store.count(condition) == len(expected)
        assert sum(store.counts(CountBy.STATUS, condition).values()) == len(expected)

    check()


LEAVES = st.builds(
    lambda name, text, make: make(FieldRef(name, FieldType.KEYWORD), text),
    st.sampled_from(["a", "a.b", "a.b.caseless", "c.text", "c"]),
    st.sampled_from(["x", "X", "xy", "1"]),
    st.sampled_from(
        [
            lambda ref, text: Equals(ref, frozenset({text})),
            lambda ref, text: Like(ref, (escaped_glob(f"{text}*"),)),
            lambda ref, text: Regex(ref, (f"{text}.*",), ignore_case=True),
        ]
    ),
)
DOCUMENTS = st.recursive(
    st.sampled_from(["x", "X", "xyz", 1, None]),
    lambda inner: (
        st.dictionaries(st.sampled_from(["a", "b", "c", "a.b"]), inner, max_size=3) | st.lists(inner, max_size=2)
    ),
    max_leaves=6,
).filter(lambda value: isinstance(value, dict))


@given(st.lists(LEAVES, min_size=1, max_size=4), DOCUMENTS)
def test_many_alternatives_are_asked_like_few(leaves: Sequence[Predicate], document: Any) -> None:
    wide = Or((*leaves, *(Equals(FieldRef(f"none.{n}", FieldType.KEYWORD), frozenset({"x"})) for n in range(MANY + 1))))
    assert asking(wide)(document) == holds(wide, Fields(document))


# --- commits and changes ----------------------------------------------------------------------------------------------

COMMIT = st.tuples(st.just("commit"), st.integers(0, 5))
STATUS = st.tuples(st.just("status"), st.integers(0, 7), st.sampled_from(Status), st.sampled_from([None, *Reason][:3]))
SETS = st.frozensets(st.sampled_from("abc"), max_size=2)
EDIT = st.tuples(st.just("edit"), st.integers(0, 7), st.sampled_from(Names), SETS, SETS)
NOTE = st.tuples(st.just("note"), st.integers(0, 7), st.sampled_from(["n", "m"]))
STEPS = st.lists(st.one_of(COMMIT, COMMIT, STATUS, EDIT, NOTE), max_size=14)


def test_any_order_of_commits_and_changes(store: AlertStore) -> None:
    """Runs see three alerts each, the last two of which the next run sees too."""
    counting = itertools.count()

    @given(STEPS)
    @settings(max_examples=50)
    def check(steps: Any) -> None:
        name = f"e{next(counting)}-"
        there: set[str] = set()
        furthest = -1
        for time, step in enumerate(steps):
            if step[0] == "commit":
                ids = [f"{name}{number}" for number in range(step[1], step[1] + 3)]
                told = run(step[1], name)
                made = [alert(1, **{"kibana.alert.uuid": id_}) for id_ in ids]
                committed = store.commit(Outcome(told, made, Progress(NOW, step[1])))
                assert committed.new == tuple(id_ for id_ in ids if id_ not in there)
                there |= {*ids}
                furthest = max(furthest, step[1])
            else:
                total = change(store, name, step, Author("ana", NOW + time * SECOND))
                assert total == (f"{name}{step[1]}" in there)
        assert store.known_ids(f"{name}{number}" for number in range(9)) == there
        assert (furthest < 0) == (name not in store.progress())
        assert furthest < 0 or store.progress()[name].batch == furthest
        assert {record.id for record in store.runs(name)} == {f"x{step[1]}" for step in steps if step[0] == "commit"}
        for id_, found in store.alerts(there).items():
            assert replayed(store, id_) == {
                name: value for name, value in found.items() if "workflow" in name and "updated_at" not in name
            }

    check()


def change(store: AlertStore, name: str, step: Any, author: Author) -> int:
    chosen = [f"{name}{step[1]}"]
    match step:
        case ("status", _, status, reason):
            return store.set_status(chosen, author, status, reason if status is Status.CLOSED else None).total
        case ("edit", _, names, added, removed):
            return store.change_names(chosen, author, Edit(names, added, removed - added)).total
        case ("note", _, text):
            return store.add_note(chosen, author, text).total
        case _:
            raise AssertionError(step)


def replayed(store: AlertStore, id_: str) -> dict[str, Any]:
    """The workflow fields its history leads to; every entry must begin where the one before ended."""
    now: dict[str, Any] = {"status": {"status": "open", "reason": None}, "tags": [], "assignees": []}
    notes, user = 0, None
    for entry in store.history(id_):
        if entry.what == "note":
            notes += 1
            continue
        assert entry.old == now[entry.what] != entry.new
        now[entry.what] = entry.new
        user = entry.by if entry.what == "status" else user
    assert notes == len(store.notes(id_))
    fields = {"status": now["status"]["status"], "tags": now["tags"], "assignee_ids": now["assignees"]}
    fields |= {name: value for name, value in (("reason", now["status"]["reason"]), ("user", user)) if value}
    return {f"kibana.alert.workflow_{name}": value for name, value in fields.items()}


# --- values -----------------------------------------------------------------------------------------------------------

CHARACTERS = st.characters(codec=None) | st.sampled_from("\x00\ud800\udfff\uf8b7\\u0\"'")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(CHARACTERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_stored_json_comes_back(value: Any) -> None:
    text = to_json(value)
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode()
    # Two halves of a surrogate pair are the character they stand for: JSON cannot tell them apart.
    assert from_json(text) == json.loads(json.dumps(value))


STRETCHES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda pair: Gap(*sorted(pair))), max_size=5)


def moments(stretches: Sequence[Gap]) -> set[int]:
    return {moment for stretch in stretches for moment in range(stretch.start, stretch.end)}


@given(STRETCHES, STRETCHES)
def test_gaps_are_sets_of_moments(parts: list[Gap], others: list[Gap]) -> None:
    whole = joined(parts)
    assert moments(whole) == moments(parts)
    assert all(first.end < second.start for first, second in itertools.pairwise(whole))
    assert moments(without(Gap(2, 9), others)) == moments([Gap(2, 9)]) - moments(others)


def test_gaps_are_filled_by_any_runs(store: AlertStore) -> None:
    counting = itertools.count()

    @given(STRETCHES, st.lists(st.booleans(), min_size=5, max_size=5))
    @settings(max_examples=30)
    def check(parts: list[Gap], done: list[bool]) -> None:
        rule = f"r{next(counting)}"
        store.commit(Outcome(run(0, rule, gap=Gap(2, 9))))
        for number, (part, is_done) in enumerate(zip(parts, done, strict=False), 1):
            status = RunStatus.SUCCEEDED if is_done else RunStatus.FAILED
            store.commit(Outcome(run(number, rule, filled=part, status=status, kind="manual")))
        store.commit(Outcome(run(0, rule, gap=Gap(2, 9))))
        left = moments([Gap(2, 9)]) - moments([part for part, is_done in zip(parts, done, strict=False) if is_done])
        (gap,) = store.gaps(rule)
        assert moments(gap.unfilled) == left
        assert (gap.status == "filled") == (not left)

    check()
