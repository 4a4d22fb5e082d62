"""What a query asks for, in the terms of the two functions at besra's heart.

*Clauses* say which single events take part; `engine` evaluates them. A *correlation* says which groups of those events
are matches; `detection.correlate` applies it. Plain data, equal for equal queries.
"""

from dataclasses import dataclass
from datetime import timedelta

from besra.language.expr import FieldRef, Predicate
from besra.schema.fieldtype import FieldType


@dataclass(frozen=True, slots=True)
class JoinKey:
    """One join key of a clause. `optional`: a missing value is an ordinary key value and joins with missing."""

    field: FieldRef
    optional: bool = False


MAX_KEYS = 10_000
"""Most keys of one event: the combinations of three fields of a thousand values each would fill any memory."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A predicate over one event (category and presence of mandatory keys included), and the event's join keys.

    `index` holds index patterns of the clause's own, as indicators have; with None it reads what the rule reads. Of an
    event with more combinations of values than `most_keys` the first count, in the order of the document.
    """

    predicate: Predicate
    keys: tuple[JoinKey, ...] = ()
    index: tuple[str, ...] | None = None
    most_keys: int = MAX_KEYS


@dataclass(frozen=True, slots=True)
class Each:
    """Every event of the only clause is a match."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a sequence: the index of its clause. `missing`: `![…]`, no event of the clause may occur there."""

    clause: int
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """Events in order with equal join keys (eql.md 4). `with runs=n` is n equal stages; `until` is a clause index."""

    stages: tuple[Stage, ...]
    maxspan: timedelta | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Events in any order with equal join keys, one for each clause index, `per_key` results a key (eql.md 5)."""

    clauses: tuple[int, ...]
    per_key: int = 1


@dataclass(frozen=True, slots=True)
class Cardinality:
    """Of the events of a bucket: how many distinct keys they have under a clause, `least` of which there must be."""

    clause: int
    least: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """Events of clause 0 in buckets by their keys; a bucket of `count` or more is a match (detection-engine.md 5.2).

    A bucket begins with an event, and holds those of its key no more than `within` nanoseconds later; None is no end.
    An event that counts under a clause of `cardinality` is one of clause 0, and its keys there are a field's values.
    """

    count: int
    cardinality: tuple[Cardinality, ...] = ()
    within: int | None = None


@dataclass(frozen=True, slots=True)
class NewTerms:
    """Events of clause 0 with keys that no event had in the time `history` before them (detection-engine.md 5.3).

    An event exactly that old is part of the history, as windows are closed.
    """

    history: timedelta


@dataclass(frozen=True, slots=True)
class Comparison:
    """A clause of events and one of indicators, which match where they have a key in common.

    Of the indicators those of the clause `wildcards` hold a `*` in a key, which there stands for any characters; None
    if keys of this type hold none. Of the events those of the clause `covered` may be covered by some such key; None as
    long as nobody knows the keys.
    """

    events: int
    indicators: int
    wildcards: int | None = None
    covered: int | None = None


@dataclass(frozen=True, slots=True)
class IndicatorMapping:
    """One group of a mapping: an indicator matches an event by `wanted` and by none of `unwanted`."""

    wanted: Comparison
    unwanted: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class ThreatMatch:
    """Events that some indicator matches by some group of the mapping (detection-engine.md 5.4)."""

    groups: tuple[IndicatorMapping, ...]


Correlation = Each | Sequence | Sample | Threshold | NewTerms | ThreatMatch


@dataclass(frozen=True, slots=True)
class Head:
    """Keep the first `count` matches."""

    count: int


@dataclass(frozen=True, slots=True)
class Tail:
    """Keep the last `count` matches."""

    count: int


Pipe = Head | Tail


TIMESTAMP = FieldRef("@timestamp", FieldType.DATE)


@dataclass(frozen=True, slots=True)
class Ordering:
    """Which fields order events: the timestamp, then the tiebreaker if there is one (eql.md 4.1)."""

    timestamp: FieldRef = TIMESTAMP
    tiebreaker: FieldRef | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A query, lowered: clauses, the correlation over them, how events are ordered, and pipes in order.

    A match goes if one of `exclusions` holds of it: of the values that all its events have together.
    """

    clauses: tuple[Clause, ...]
    correlation: Correlation
    ordering: Ordering = Ordering()
    pipes: tuple[Pipe, ...] = ()
    exclusions: tuple[Predicate, ...] = ()
