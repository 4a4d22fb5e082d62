"""Alert suppression: matches with equal values of some fields become one alert (detection-engine.md 5.1).

The first match of a group becomes the alert, the others are counted on it. In Elastic a group lasts for a time on the
clock. A scan looks at months in one moment, so here it lasts for that time of the events', from the first of the group;
what comes later opens the next. Groups are made in order of time, so nothing else decides what they are.
"""

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import IntEnum
from typing import Any

from besra.detection.match import Bucket, Match
from besra.detection.match_fields import MatchFields, fields_of_match
from besra.detection.rule_copy import rule_uuid
from besra.detection.suppression_group import NO_GROUPS, Group, Groups, Term, Terms
from besra.language.expr import FieldRef
from besra.language.plan import Plan, Threshold
from besra.rules.plans.keys import field_ref
from besra.rules.rule import Rule, RuleType
from besra.schema.catalogue import bundled_catalogue
from besra.schema.datemath import UNITS, nanoseconds
from besra.schema.fieldtype import FieldType, Typed, typed_text

BY_VALUE = frozenset({RuleType.QUERY, RuleType.SAVED_QUERY, RuleType.THRESHOLD})
"""Rules whose events are in one group for each value of a field; with others all values together are one."""

MOST_GROUPS = 100
"""Combinations of values an event is grouped by singly; beyond that, by all values of each field together."""

SWEEP = 4096
"""Groups under way before those that are over are looked for and forgotten."""

AS_TEXT = frozenset({FieldType.DATE, FieldType.IP, FieldType.VERSION})
"""Types whose typed values are shown as texts."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """How a rule suppresses: by which fields, and for how long a group lasts, None being one run.

    `fold_missing`: matches without a field are grouped as well, else each is an alert of its own. `by_value`: a match
    with several values of a field is in a group for each. `owner` is whose groups they are: space and rule.
    """

    plan: Plan
    group_by: tuple[FieldRef, ...]
    duration: timedelta | None = None
    fold_missing: bool = True
    by_value: bool = False
    owner: str = ""

    def terms_of(self, match: Match) -> list[Terms]:
        """The terms of all groups a match is in; none if it is to be an alert of its own."""
        fields = fields_of_match(self.plan, match)
        columns = [_by_mark(ref, fields) for ref in self.group_by]
        if not self.fold_missing and not all(columns):
            return []
        names = [ref.name for ref in self.group_by]
        if self.by_value:
            single = [
                [Term(name, *item) for item in found.items()] or [Term(name, None, None)]
                for name, found in zip(names, columns, strict=True)
            ]
            combinations = list(itertools.islice(itertools.product(*single), MOST_GROUPS + 1))
            if len(combinations) <= MOST_GROUPS:
                return combinations
        return [tuple(_whole(name, found) for name, found in zip(names, columns, strict=True))]

    def instance_id(self, terms: Terms) -> str:
        """The id of a group: the same in every run."""
        told = json.dumps([[[term.name, term.mark] for term in terms], self.owner])
        return hashlib.sha256(told.encode()).hexdigest()


def suppression_of(rule: Rule, plan: Plan) -> Suppression | None:
    """How a rule suppresses, None if it does not. Threshold rules group by what they count by."""
    asked = rule.parameters.get("alert_suppression")
    if not asked:
        return None
    if isinstance(plan.correlation, Threshold):
        group_by = tuple(key.field for key in plan.clauses[0].keys)
    else:
        group_by = tuple(field_ref(name, bundled_catalogue()) for name in asked["group_by"])
    return Suppression(
        plan,
        group_by,
        _length(asked["duration"]) if asked.get("duration") else None,
        asked.get("missing_fields_strategy") != "doNotSuppress",
        rule.type in BY_VALUE,
        f"{rule.space}:{rule_uuid(rule)}",
    )


def _length(duration: Mapping[str, Any]) -> timedelta:
    unit, count = UNITS[duration["unit"]], int(duration["value"])
    return unit * min(count, timedelta.max // unit)


def _by_mark(ref: FieldRef, fields: MatchFields) -> dict[str, Typed]:
    """The distinct values of a field as shown, by their texts."""
    found: dict[str, Typed] = {}
    for value in fields.values(ref.name, ref.type):
        mark = typed_text(value, ref.type)
        found.setdefault(mark, mark if ref.type in AS_TEXT else value)
    return found


def _whole(name: str, found: Mapping[str, Typed]) -> Term:
    marks = tuple(sorted(found))
    values = [found[mark] for mark in marks]
    return Term(name, marks or None, values[0] if len(values) == 1 else values or None)


@dataclass(frozen=True, slots=True)
class Opening:
    """A match that becomes an alert and the group it opens, None if it is alone.

    `shared`: the match is in other groups too, so its alert cannot have the id of the match.
    """

    match: Match
    group: Group | None = None
    shared: bool = False

    def alert_id(self, match_id: str) -> str:
        """The id of the alert, given that of an alert on the match alone."""
        if self.group is None or not self.shared:
            return match_id
        return hashlib.sha256(f"{match_id}{self.group.instance_id}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Folded:
    """What came of matches, of which there were `total`.

    `openings` become alerts, up to the limit; without one there would be `due`. Some of them have one: they are on
    buckets earlier runs have seen, which may have grown. `suppressed` matches are counted on some alert; `known` ones
    are no later than the end of an earlier group, so the run that saw that end saw them; the limit kept those
    `left_out` from both. `continued` are the earlier groups that grew.
    """

    openings: tuple[Opening, ...]
    total: int
    due: int
    left_out: int
    suppressed: int = 0
    known: int = 0
    continued: tuple[Group, ...] = ()


def fold(
    matches: Iterable[Match], suppression: Suppression, limit: int | None = None, earlier: Groups = NO_GROUPS
) -> Folded:
    """Fold matches, given in order of time, those without a time last. Pure.

    `limit` is the most alerts, None for all; what belongs to the others is counted and not kept. `earlier` are the
    groups of alerts that earlier runs made and nobody closed: while they last they go on, if the rule has a duration.
    Memory goes with the groups that are under way, not with the matches.
    """
    folding = _Folding(suppression, limit, earlier)
    for match in matches:
        folding.add(match)
    return folding.folded()


class _Outcome(IntEnum):
    """What came of a match; of those of several groups the last counts."""

    LEFT_OUT = 0
    KNOWN = 1
    SUPPRESSED = 2
    OPENED = 3


@dataclass(slots=True)
class _Open:
    """A group under way. `earlier` is what it was before this run; not `told`: it is beyond the limit."""

    terms: Terms
    start: int | None
    end: int | None
    count: int = 0
    told: bool = True
    earlier: Group | None = None

    def knows(self, time: int | None) -> bool:
        """Whether an earlier run has dealt with a match of that time (detection-engine.md 5.1)."""
        seen_to = None if self.earlier is None else self.earlier.end
        return time is not None and seen_to is not None and time <= seen_to

    def opened_with(self, match: Match) -> bool:
        """Whether a match is the bucket that an earlier run made the group's alert of; it may have grown."""
        return isinstance(match.finding, Bucket) and self.earlier is not None and match.dated == self.earlier.start


class _Folding:
    def __init__(self, suppression: Suppression, limit: int | None, earlier: Groups) -> None:
        self._suppression = suppression
        self._limit = limit
        self._earlier = earlier
        self._lasts = None if suppression.duration is None else nanoseconds(suppression.duration)
        correlation = suppression.plan.correlation
        # Buckets come in the order of their ends, and have the times of their beginnings.
        self._behind = (correlation.within or 0) if isinstance(correlation, Threshold) else 0
        self._open: dict[Terms, _Open] = {}
        self._sweep = SWEEP
        self._openings: list[tuple[Match, _Open | None, bool]] = []
        self._continued: list[_Open] = []
        self._again: list[tuple[Match, _Open]] = []
        self._due = 0
        self._outcomes = dict.fromkeys(_Outcome, 0)

    def add(self, match: Match) -> None:
        """Put a match into its groups."""
        found = self._suppression.terms_of(match)
        if found:
            outcome = max(self._put(match, terms, shared=len(found) > 1) for terms in found)
        else:
            outcome = self._become_alert(match, None)
        self._outcomes[outcome] += 1

    def _put(self, match: Match, terms: Terms, *, shared: bool) -> _Outcome:
        time = match.dated
        group = self._open.get(terms) or self._from_before(terms)
        if group is not None and group.knows(time):
            if group.opened_with(match):
                self._again.append((match, group))
            return _Outcome.KNOWN
        if group is not None and self._goes_on(group, time):
            if group.earlier is not None and group.count == 0:
                self._continued.append(group)
            group.count += 1
            group.end = group.end if time is None else time
            return _Outcome.SUPPRESSED if group.told else _Outcome.LEFT_OUT
        group = self._open[terms] = _Open(terms, time, time)
        outcome = self._become_alert(match, group, shared=shared)
        group.told = outcome is _Outcome.OPENED
        if self._lasts is not None and len(self._open) > self._sweep and time is not None:
            self._forget_those_over(time)
        return outcome

    def _from_before(self, terms: Terms) -> _Open | None:
        if not self._earlier:
            return None
        group = self._earlier.get(self._suppression.instance_id(terms))
        if group is None:
            return None
        known = self._open[terms] = _Open(terms, group.start, group.end, earlier=group)
        return known

    def _goes_on(self, group: _Open, time: int | None) -> bool:
        if self._lasts is None:
            return group.earlier is None
        if time is None or group.start is None:
            return time is group.start
        return time - group.start <= self._lasts

    def _become_alert(self, match: Match, group: _Open | None, *, shared: bool = False) -> _Outcome:
        self._due += 1
        if self._limit is not None and len(self._openings) >= self._limit:
            return _Outcome.LEFT_OUT
        self._openings.append((match, group, shared))
        return _Outcome.OPENED

    def _forget_those_over(self, time: int) -> None:
        lasts = (self._lasts or 0) + self._behind
        self._open = {
            terms: group for terms, group in self._open.items() if group.start is None or time - group.start <= lasts
        }
        self._sweep = max(SWEEP, 2 * len(self._open))

    def folded(self) -> Folded:
        """What came of all matches."""
        openings = tuple(
            Opening(match, None if group is None else self._group(group), shared)
            for match, group, shared in self._openings
        )
        again = tuple(Opening(match, self._group(group)) for match, group in self._again)
        return Folded(
            (*again, *openings),
            sum(self._outcomes.values()),
            self._due,
            self._outcomes[_Outcome.LEFT_OUT],
            self._outcomes[_Outcome.SUPPRESSED],
            self._outcomes[_Outcome.KNOWN],
            tuple(map(self._group, self._continued)),
        )

    def _group(self, group: _Open) -> Group:
        if group.earlier is not None:
            return replace(group.earlier, end=group.end, docs_count=group.earlier.docs_count + group.count)
        return Group(self._suppression.instance_id(group.terms), group.terms, group.start, group.end, group.count)
