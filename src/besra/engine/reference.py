"""The reference evaluator: one event at a time, in the plainest way. It is the judge of every faster engine.

`holds` is eql.md 2.3 and 2.4 word for word: leaves are two-valued and any-match, a missing field satisfies nothing, and
only a script knows null.
"""

import itertools
import operator
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Protocol

from besra.engine.hits import Hit, Hits, Key, Ordinal
from besra.engine.kernels.regex import regex_test
from besra.engine.pack import Entry, RulePack
from besra.events.document import Fields
from besra.events.event import Event
from besra.events.event_time import event_time
from besra.language.casefold import fold_case
from besra.language.expr import (
    Always,
    And,
    Equals,
    Exists,
    FieldRef,
    InNetwork,
    Like,
    Nested,
    Not,
    Or,
    Predicate,
    Range,
    Regex,
    RelativeDate,
    Script,
    Value,
    fields_of,
)
from besra.language.glob import glob_matches
from besra.language.plan import Clause, Ordering
from besra.language.relative import unresolved
from besra.language.script import evaluate_value
from besra.schema.fieldtype import FieldType, Typed
from besra.schema.indexpattern import matches

ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class FieldValues(Protocol):
    """The typed values of one event's fields: of a document (`events.document.Fields`) or of a row of a batch."""

    def values(self, name: str, field_type: FieldType, /) -> tuple[Typed, ...]:
        """The values of a field as that type; empty if the field is missing."""


class EventFields(FieldValues, Protocol):
    """The same of an event whose objects can be told apart."""

    def objects(self, path: str, /) -> "Iterable[EventFields]":
        """The objects at a path, each as an event that has it there and nothing else."""


def evaluate(pack: RulePack, batch: Iterable[Event]) -> Hits:
    """The hits of every entry of the pack over the events of a batch. Pure."""
    found: list[list[Hit]] = [[] for _ in pack.entries]
    for event in batch:
        fields = Fields(event.source)
        for entry, hits in zip(pack.entries, found, strict=True):
            hits.extend(_entry_hits(entry, event, fields))
    return Hits(tuple(tuple(hits) for hits in found))


def _entry_hits(entry: Entry, event: Event, fields: EventFields) -> Iterator[Hit]:
    for position, clause in enumerate(entry.plan.clauses):
        if matches(entry.index_of(clause), event.index) and holds(clause.predicate, fields):
            yield Hit(position, event, ordinal_of(entry.plan.ordering, event, fields), keys_of(clause, fields))


def ordinal_of(ordering: Ordering, event: Event, fields: FieldValues) -> Ordinal | None:
    """Where the event stands in the total order of eql.md 4.1; None without a time."""
    time = event_time(event.source, ordering.timestamp.name)
    if time is None:
        return None
    values = fields.values(ordering.tiebreaker.name, ordering.tiebreaker.type) if ordering.tiebreaker else ()
    tiebreaker = values[0] if values else 0
    if ordering.tiebreaker and ordering.tiebreaker.type is FieldType.DYNAMIC:
        # Only the documents say what it is, and they may disagree: numbers come before texts.
        tiebreaker = isinstance(tiebreaker, str), tiebreaker
    return time, 0 if values else 1, tiebreaker, event.position, event.id


def keys_of(clause: Clause, fields: FieldValues) -> tuple[Key, ...]:
    """Every combination of the clause's join key values, repeats left out, up to `most_keys` (eql.md 4.2).

    The clause has seen to it that mandatory keys are present.
    """
    columns: list[list[Typed | None]] = []
    for key in clause.keys:
        values: list[Typed | None] = list(dict.fromkeys(fields.values(key.field.name, key.field.type)))
        columns.append(values or [None])
    return tuple(itertools.islice(itertools.product(*columns), clause.most_keys))


def holds(predicate: Predicate, fields: EventFields) -> bool:
    """Whether the predicate is true of the event with these fields."""
    match predicate:
        case Always():
            return predicate.value
        case And():
            return all(holds(operand, fields) for operand in predicate.operands)
        case Or():
            return any(holds(operand, fields) for operand in predicate.operands)
        case Not():
            return not holds(predicate.operand, fields)
        case Nested():
            return any(holds(predicate.operand, found) for found in fields.objects(predicate.path))
        case Exists():
            return bool(_values(predicate.field, fields))
        case Equals():
            folds = predicate.ignore_case
            return any(
                (_fold(value) if folds else value) in predicate.values for value in _values(predicate.field, fields)
            )
        case Like():
            texts = [_fold(v) if predicate.ignore_case else v for v in _values(predicate.field, fields)]
            return any(glob_matches(glob, str(text)) for text in texts for glob in predicate.globs)
        case Regex():
            tests = [regex_test(pattern, predicate.ignore_case) for pattern in predicate.patterns]
            return any(test.matches(str(value)) for value in _values(predicate.field, fields) for test in tests)
        case Range():
            compare = ORDERINGS[predicate.operator]
            return any(compare(value, predicate.value) for value in _values(predicate.field, fields))
        case InNetwork():
            addresses = _values(predicate.field, fields)
            return any(first <= address <= last for address in addresses for first, last in predicate.networks)  # type: ignore[operator]
        case Script():
            return evaluate_script(predicate.value, fields) is True
        case RelativeDate():
            raise unresolved(predicate)


def _values(field: FieldRef, fields: FieldValues) -> tuple[Typed, ...]:
    return fields.values(field.name, field.type)


def _fold(value: Typed) -> Typed:
    return fold_case(value) if isinstance(value, str) else value


MAX_COMBINATIONS = 10_000
"""Most combinations of values a script over several multi-valued fields is tried with; the rest is not looked at."""


def evaluate_script(value: Value, fields: FieldValues) -> object:
    """The value of a script for an event: over all combinations of its fields' values, a missing field being null.

    A condition is true if some combination makes it true, else null if some makes it null, else false; so a `not` above
    it means "no combination" (eql.md 2.4). A value that is no condition is that of the first combination.
    """
    negations = 0
    while getattr(value, "function", None) == "not":
        value = value.args[0]  # type: ignore[union-attr]
        negations += 1
    result = _any_combination(value, fields)
    if negations % 2 and isinstance(result, bool):
        return not result
    return result


def _any_combination(value: Value, fields: FieldValues) -> object:
    names = script_fields(value)
    columns = [_values(field, fields) or (None,) for field in names]
    results = []
    for combination in itertools.islice(itertools.product(*columns), MAX_COMBINATIONS):
        result = evaluate_value(value, dict(zip(names, combination, strict=True)))
        if result is True or (result is not None and not isinstance(result, bool)):
            return result
        results.append(result)
    return None if None in results else False


@lru_cache(maxsize=65536)
def script_fields(value: Value) -> tuple[FieldRef, ...]:
    """The fields a script reads, in a fixed order."""
    return tuple(sorted(fields_of(value), key=lambda field: (field.name, field.type)))
