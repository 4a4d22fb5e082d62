"""The public functions behind `import besra`. They take values and return values: nothing here prints or exits."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from besra.detection.alert import Alert
from besra.detection.detect import Engine, Job, conclude, gather
from besra.detection.execution import Limits
from besra.detection.run import RunInfo
from besra.detection.search import ResultPosition, SearchResult, search_events, with_samples_per_key
from besra.engine.reference import evaluate_script, holds
from besra.errors import InputError
from besra.events.document import Fields
from besra.events.envelope import Document, documents_in, event_of
from besra.events.event import Event, Origin
from besra.events.file_read import FileRead, ReadOptions
from besra.events.line_block import LineBlock
from besra.events.reader import read_events
from besra.events.table_part import TablePart
from besra.language.eql.lower import DEFAULT_FIELDS, QueryFields, lower_expression, lower_query
from besra.language.eql.parser import parse_expression, parse_query
from besra.language.eql.scope import UnknownFields
from besra.language.plan import Plan
from besra.problems import Problem
from besra.rules.rule import Rule
from besra.rules.ruleset import RuleSet, load_rules
from besra.schema.catalogue import Catalogue, bundled_catalogue

FEW_EVENTS = 100
"""Events that are evaluated one by one: making columns ready for all rules would cost more. The alerts are the same."""

IN_MEMORY = "(document)"
"""The path of events that were read from no file."""


def search(  # noqa: PLR0913  the parameters are those of Elasticsearch's EQL search, by their names there
    query: str,
    documents: Iterable[Mapping[str, Any]],
    language: str = "eql",
    *,
    event_category_field: str = "event.category",
    timestamp_field: str = "@timestamp",
    tiebreaker_field: str | None = None,
    field_types: Mapping[str, str] | None = None,
    size: int | None = None,
    result_position: ResultPosition = "tail",
    max_samples_per_key: int = 1,
) -> SearchResult:
    """The events, sequences or samples a query finds in documents.

    `field_types` maps field names to mapping types ("keyword", "long", "ip", "date" …) over the bundled catalogue.
    `size` None is no limit. Raises QuerySyntaxError or QuerySemanticError for a query that cannot be used, InputError
    for a language or document that cannot.
    """
    started = time.perf_counter()
    plan = plan_query(
        query,
        bundled_catalogue().with_types(field_types or {}),
        language=language,
        fields=QueryFields(event_category_field, timestamp_field, tiebreaker_field),
    )
    plan = with_samples_per_key(plan, max_samples_per_key)
    result = search_events(plan, positional_events(documents), size=size, position=result_position)
    return replace(result, took=int((time.perf_counter() - started) * 1000))


def detect(
    rules: RuleSet,
    documents: Iterable[Mapping[str, Any]],
    index: str | None = None,
    match_index: bool = True,
    *,
    now: int | None = None,
    max_alerts: int | None = None,
) -> list[Alert]:
    """The alerts of the ready rules over ECS documents, most severe rule first.

    A document's index is its `_index` (an exported hit), else its `data_stream.*`, else `index`; `match_index=False`
    runs every rule on every document. `now` is the alerts' creation time in nanoseconds since 1970, by default that of
    the newest event. `max_alerts` replaces the rules' `max_signals`, 0 being no limit. Equal documents without an `_id`
    are one event.
    """
    events = _events(documents, index)
    head = list(islice(events, FEW_EVENTS + 1))
    engine = Engine.REFERENCE if len(head) <= FEW_EVENTS else Engine.COLUMNAR
    job = Job(runnable(rules), match_index, limits=Limits(max_alerts), engine=engine)
    gathered = gather(job, lambda _: chain(head, events))
    run = RunInfo(gathered.newest if now is None else now, seen_from=gathered.oldest)
    return [alert for execution in conclude(job, gathered.hits, run) for alert in execution.alerts]


def scan(
    paths: Iterable[str | Path],
    rules: RuleSet | None = None,
    *,
    match_index: bool = True,
    now: int | None = None,
    max_alerts: int | None = None,
    on_item: Callable[[Problem | FileRead], object] = lambda _: None,
) -> Iterator[Alert]:
    """The alerts of the ready rules (by default the bundled ones) over files and folders.

    `on_item` is given what is not an event: problems, and a `FileRead` at the end of every file. The other arguments
    are those of `detect`.
    """
    job = Job(runnable(load_rules() if rules is None else rules), match_index, limits=Limits(max_alerts))
    gathered = gather(job, lambda decoder: _read(paths, ReadOptions(decoder=decoder), on_item))
    run = RunInfo(gathered.newest if now is None else now, seen_from=gathered.oldest)
    for execution in conclude(job, gathered.hits, run):
        yield from execution.alerts


def runnable(rules: RuleSet) -> tuple[tuple[Rule, Plan], ...]:
    """The ready rules of a set with their plans."""
    return rules.runnable


def _read(
    paths: Iterable[str | Path], options: ReadOptions, on_item: Callable[[Problem | FileRead], object]
) -> Iterator[Event | LineBlock | TablePart]:
    for item in read_events(paths, options):
        if isinstance(item, (Event, LineBlock, TablePart)):
            yield item
        else:
            on_item(item)


def plan_query(
    query: str,
    catalogue: Catalogue,
    *,
    language: str = "eql",
    fields: QueryFields = DEFAULT_FIELDS,
    unknown_fields: UnknownFields = UnknownFields.MISSING,
) -> Plan:
    """The plan of a query text. Raises as `search` does."""
    if language != "eql":
        raise InputError.of("unsupported-language", f"the query language {language!r} is not supported", hint="use eql")
    return lower_query(parse_query(query), catalogue, fields=fields, unknown_fields=unknown_fields).plan


def positional_events(documents: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    """Documents as events that keep their `_id`, or are known by their position: equal documents stay apart."""
    for position, document in _documents(documents):
        known = document if document.id else replace(document, id=str(position))
        yield event_of(known, Origin(IN_MEMORY, position + 1), position)


def _events(documents: Iterable[Mapping[str, Any]], index: str | None) -> Iterator[Event]:
    for position, document in _documents(documents):
        yield event_of(document, Origin(IN_MEMORY, position + 1), position, default_index=index)


def _documents(values: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, Document]]:
    for position, value in enumerate(values):
        for document in documents_in(value):
            if not isinstance(document, Document):
                message = f"document {position + 1} is {document.what}, not an object"
                raise InputError.of("document-not-object", message)
            yield position, document


def evaluate(expression: str, document: Mapping[str, Any], *, field_types: Mapping[str, str] | None = None) -> object:
    """The value of an EQL expression for one document: a bool, number, text, or None for null.

    A condition over fields is two-valued, as in a rule; a value of a field with several values is that of the first.
    Raises QuerySyntaxError or QuerySemanticError.
    """
    node = parse_expression(expression)
    lowered = lower_expression(expression, node, bundled_catalogue().with_types(field_types or {}))
    fields = Fields(document)
    if lowered.predicate is not None:
        return holds(lowered.predicate, fields)
    return evaluate_script(lowered.value, fields)
