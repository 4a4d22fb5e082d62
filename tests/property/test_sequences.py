"""Sequences and samples against eql.md 4.3, 4.4 and 5 taken literally, on small random streams."""

import itertools
from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.streams import TYPES, query, shown, timestamp

from besra import api
from besra.detection.correlate import correlate
from besra.detection.search import with_samples_per_key
from besra.engine.hits import Hits
from besra.engine.pack import Entry, RulePack
from besra.engine.reference import evaluate
from besra.events.event import Event
from besra.language.plan import Plan
from besra.schema.catalogue import EMPTY

CATALOGUE = EMPTY.with_types(TYPES)
Key = tuple[str | None, ...]


@dataclass(frozen=True)
class Stage:
    """One stage of a random sequence, runs not written out."""

    kind: str
    missing: bool = False
    runs: int = 1

    def __str__(self) -> str:
        runs = f" with runs={self.runs}" if self.runs > 1 else ""
        return f"{'!' if self.missing else ''}[{self.kind}]{runs}"


@dataclass(frozen=True)
class Pattern:
    """A random sequence query."""

    stages: tuple[Stage, ...]
    keys: tuple[str, ...] = ()
    maxspan: int | None = None
    until: str | None = None

    def __str__(self) -> str:
        by = f" by {', '.join(self.keys)}" if self.keys else ""
        span = f" with maxspan={self.maxspan}s" if self.maxspan else ""
        until = f" until [{self.until}]" if self.until else ""
        return f"sequence{by}{span} {' '.join(map(str, self.stages))}{until}"

    @property
    def slots(self) -> list[Stage]:
        """The stages with runs written out."""
        return [stage for stage in self.stages for _ in range(stage.runs)]


@dataclass(frozen=True)
class Seen:
    """One event of a random stream: what it is, and the values of its two keys."""

    number: int
    time: int
    kinds: frozenset[str]
    k: tuple[str, ...]
    l: tuple[str, ...]  # noqa: E741  the field's name

    @property
    def document(self) -> dict[str, Any]:
        """As a JSON document; a key without values is absent."""
        keys = {name: list(values) for name, values in (("k", self.k), ("l", self.l)) if values}
        return {
            "_id": str(self.number),
            "@timestamp": timestamp(self.time),
            "stage": sorted(self.kinds),
            **keys,
        }

    def is_(self, kind: str) -> bool:
        """Whether a condition `[kind]` holds."""
        return kind == "true" or kind in self.kinds

    def keys(self, names: Items[str]) -> list[Key]:
        """Every key it takes part under; none if a mandatory one is missing."""
        columns: list[list[str | None]] = []
        for name in names:
            values = list(dict.fromkeys(self.k if name.endswith("k") else self.l))
            columns.append([*values] or ([None] if name.startswith("?") else []))
        return list(itertools.product(*columns))


KINDS = st.sampled_from(["A", "B", "M", "true"])
KEYS = st.sampled_from([(), ("k",), ("?k",), ("k", "l"), ("?k", "l"), ("?k", "?l")])
VALUES = st.lists(st.sampled_from("xy"), max_size=2).map(tuple)


@st.composite
def streams(draw: st.DrawFn, most: int = 12) -> list[Seen]:
    """Events in order of time, many at the same one."""
    steps = draw(st.lists(st.sampled_from([0, 0, 1, 1, 2, 5]), max_size=most))
    kinds = st.frozensets(st.sampled_from(["A", "B", "U", "M"]), min_size=1, max_size=3)
    return [
        Seen(number, time, draw(kinds), draw(VALUES), draw(VALUES))
        for number, time in enumerate(itertools.accumulate(steps))
    ]


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """A sequence query that is not refused."""
    stage = st.builds(Stage, KINDS, st.sampled_from([False, False, True]), st.sampled_from([1, 1, 2, 3]))
    stages = draw(st.lists(stage, min_size=1, max_size=4))
    if all(each.missing for each in stages):
        stages.insert(draw(st.integers(0, len(stages))), Stage(draw(KINDS)))
    if sum(each.runs for each in stages) < 2:
        stages.append(Stage(draw(KINDS)))
    spans = st.integers(1, 8)
    missing = any(each.missing for each in stages)
    maxspan = draw(spans if missing else st.none() | spans)
    return Pattern(tuple(stages), draw(KEYS), maxspan, draw(st.none() | st.sampled_from(["U", "A", "true"])))


# --- the oracle: eql.md 4.3 and 4.4, line by line ---------------------------------------------------------------------


@dataclass
class Oracle:
    """The pseudo-code of eql.md 4.3 with its own state; every event is tried under every key it has."""

    pattern: Pattern
    events: list[Seen]
    pending: dict[tuple[Key, int], list[Seen]] = field(default_factory=dict)
    until: dict[Key, int] = field(default_factory=dict)
    emitted: list[tuple[Key, list[Seen]]] = field(default_factory=list)

    def results(self) -> list[tuple[Key, list[Seen | None]]]:
        """The matches in order, empty slots in their places."""
        positive = [slot for slot in self.pattern.slots if not slot.missing]
        for event in self.events:
            self._step(event, [slot.kind for slot in positive])
        kept = [(key, chain) for key, chain in self.emitted if self._no_forbidden_event(key, chain)]
        kept.sort(key=lambda found: (found[1][-1].number, [(part is not None, part or "") for part in found[0]]))
        return [(key, self._with_slots(chain)) for key, chain in kept]

    def _step(self, e: Seen, kinds: list[str]) -> None:
        n, pattern = len(kinds), self.pattern
        for j in range(n - 1, 0, -1):
            if not e.is_(kinds[j]):
                continue
            for k in e.keys(pattern.keys):
                c = self.pending.pop((k, j - 1), None)
                if c is None:
                    continue
                if pattern.maxspan and e.time - c[0].time > pattern.maxspan:
                    continue
                if k in self.until and c[-1].number <= self.until[k] < e.number:
                    continue
                c = [*c, e]
                if j == n - 1:
                    self.emitted.append((k, c))
                else:
                    self.pending[k, j] = c
        if e.is_(kinds[0]):
            for k in e.keys(pattern.keys):
                if n == 1:
                    self.emitted.append((k, [e]))
                else:
                    self.pending[k, 0] = [e]
        if pattern.until and e.is_(pattern.until):
            for k in e.keys(pattern.keys):
                self.until[k] = e.number

    def _no_forbidden_event(self, key: Key, chain: list[Seen]) -> bool:
        slots, span = self.pattern.slots, self.pattern.maxspan or 0
        positions = [position for position, slot in enumerate(slots) if not slot.missing]
        first, last = chain[0].time, chain[-1].time

        def times(clauses: list[Stage]) -> list[int]:
            kinds = [slot.kind for slot in clauses if slot.missing]
            return [e.time for e in self.events if any(map(e.is_, kinds)) and key in e.keys(self.pattern.keys)]

        for (before, start), (after, end) in itertools.pairwise(zip(positions, chain, strict=True)):
            if any(start.time < time < end.time for time in times(slots[before + 1 : after])):
                return False
        leading, trailing = slots[: positions[0]], slots[positions[-1] + 1 :]
        lead = max((time for time in times(leading) if time < first), default=None)
        trail = min((time for time in times(trailing) if time > last), default=None)
        if leading and trailing:
            return lead is None or trail is None or trail - lead > span
        if leading:
            return lead is None or last - lead > span
        return trail is None or trail - first > span

    def _with_slots(self, chain: list[Seen]) -> list[Seen | None]:
        rest = iter(chain)
        return [None if slot.missing else next(rest) for slot in self.pattern.slots]


def as_text(results: list[tuple[Key, list[Seen | None]]]) -> list[tuple[Key, str]]:
    return [(key, ",".join("-" if e is None else str(e.number) for e in events)) for key, events in results]


def plan_of(text: str) -> Plan:
    return api.plan_query(query(text), CATALOGUE)


def matches_of(plan: Plan, hits: Hits) -> list[tuple[Key, str]]:
    found = correlate(plan, hits.by_entry[0])
    return [(match.key, shown([match]).strip("()")) for match in found]  # type: ignore[misc]


def hits_of(plan: Plan, events: list[Seen]) -> Hits:
    return evaluate(RulePack((Entry(plan),)), besra_events(events))


def besra_events(events: list[Seen]) -> list[Event]:
    return list(api.positional_events(event.document for event in events))


@given(patterns(), streams())
def test_sequences_are_what_the_procedure_gives(pattern: Pattern, events: list[Seen]) -> None:
    plan = plan_of(str(pattern))
    assert matches_of(plan, hits_of(plan, events)) == as_text(Oracle(pattern, events).results())


@given(patterns(), streams())
def test_a_match_satisfies_its_definition(pattern: Pattern, events: list[Seen]) -> None:
    plan = plan_of(str(pattern))
    for match in correlate(plan, hits_of(plan, events).by_entry[0]):
        members = [None if hit is None else events[int(hit.event.id)] for hit in match.hits]
        assert [member is None for member in members] == [slot.missing for slot in pattern.slots]
        present = [member for member in members if member is not None]
        for slot, member in zip(pattern.slots, members, strict=True):
            if member is not None:
                assert member.is_(slot.kind)
                assert match.key in member.keys(pattern.keys)
        for before, after in itertools.pairwise(present):
            assert before.number < after.number
            killers = events[before.number : after.number]
            assert not any(
                pattern.until and e.is_(pattern.until) and match.key in e.keys(pattern.keys) for e in killers
            )
        if pattern.maxspan:
            assert present[-1].time - present[0].time <= pattern.maxspan


@given(patterns(), streams(), st.randoms(use_true_random=False))
def test_the_order_of_the_hits_does_not_count(pattern: Pattern, events: list[Seen], random: Any) -> None:
    plan = plan_of(str(pattern))
    hits = hits_of(plan, events)
    shuffled = list(hits.by_entry[0])
    random.shuffle(shuffled)
    assert matches_of(plan, Hits((tuple(shuffled),))) == matches_of(plan, hits)


@given(patterns(), streams(), st.lists(st.integers(0, 12), max_size=4).map(sorted))
def test_the_cut_into_batches_does_not_count(pattern: Pattern, events: list[Seen], cuts: list[int]) -> None:
    pack = RulePack((Entry(plan_of(str(pattern))), Entry(plan_of("sequence by ?k [A] [B]"))))
    whole = besra_events(events)
    hits = Hits(((), ()))
    for start, end in itertools.pairwise([0, *cuts, len(whole)]):
        hits += evaluate(pack, whole[start : max(start, end)])
    assert hits == evaluate(pack, whole)


@given(patterns(), streams())
def test_reading_events_twice_changes_nothing(pattern: Pattern, events: list[Seen]) -> None:
    plan = plan_of(str(pattern))
    hits = hits_of(plan, events)
    assert matches_of(plan, hits + hits) == matches_of(plan, hits)


# --- samples ----------------------------------------------------------------------------------------------------------

SAMPLES = st.lists(KINDS, min_size=2, max_size=4)
SAMPLE_KEYS = st.sampled_from([("k",), ("?k",), ("k", "l"), ("?k", "?l")])


def naive_samples(kinds: list[str], keys: tuple[str, ...], events: list[Seen], per_key: int) -> list[tuple[Key, str]]:
    """All ways to fill the items with different events, in order, the first few of every key."""
    found: list[tuple[Key, str]] = []
    known = {key for event in events for key in event.keys(keys)}
    for key in sorted(known, key=lambda key: [(part is not None, part or "") for part in key]):
        columns = [[e for e in events if e.is_(kind) and key in e.keys(keys)] for kind in kinds]
        fillings = (chosen for chosen in itertools.product(*columns) if len(set(chosen)) == len(chosen))
        found += as_text([(key, [*chosen]) for chosen in itertools.islice(fillings, per_key)])
    return found


@given(SAMPLES, SAMPLE_KEYS, streams(most=7), st.integers(1, 3))
def test_samples_are_the_first_fillings(
    kinds: list[str], keys: tuple[str, ...], events: list[Seen], per_key: int
) -> None:
    text = f"sample by {', '.join(keys)} {' '.join(f'[{kind}]' for kind in kinds)}"
    plan = with_samples_per_key(plan_of(text), per_key)
    assert matches_of(plan, hits_of(plan, events)) == naive_samples(kinds, keys, events, per_key)
