"""The public functions behind `import besra`. They take values and return values: nothing here prints or exits."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

from besra.detection.alert import Alert
from besra.detection.conclude import conclude
from besra.detection.detect import Engine, Job, gather, newest_time
from besra.detection.execution import Limits
from besra.detection.indicators import missing_indicators, needs_indicators, unused_indicators
from besra.detection.run import RunInfo
from besra.detection.search import ResultPosition, SearchResult, search_events, with_samples_per_key
from besra.detection.stages import stage_problems
from besra.engine.reference import evaluate_script, holds
from besra.errors import InputError
from besra.events.document import Fields
from besra.events.envelope import Document, documents_in, event_of
from besra.events.event import Event, Origin
from besra.events.event_time import TIMESTAMP, event_time
from besra.events.file_read import FileRead, ReadOptions
from besra.events.files import STDIN
from besra.events.index_name import INDICATORS
from besra.events.line_block import Decoder, LineBlock
from besra.events.mapping.file import load_mappings
from besra.events.reader import read_events
from besra.events.recognise import recogniser_with
from besra.events.table_part import TablePart
from besra.language.eql.lower import DEFAULT_FIELDS, Lowered, QueryFields, lower_expression, lower_query
from besra.language.eql.parser import parse_expression, parse_query
from besra.language.eql.scope import UnknownFields
from besra.language.kuery.lower import lower_kuery
from besra.language.kuery.parser import parse_kuery
from besra.language.plan import Plan
from besra.language.relative import is_relative, resolved
from besra.problems import Problem
from besra.rules import ruleset
from besra.rules.exception_loading import ExceptionFiles, load_exceptions
from besra.rules.loaded import RuleSet
from besra.rules.rule import Rule
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
    now: int | None = None,
) -> SearchResult:
    """The events, sequences or samples a query finds in documents.

    `language` is "eql", or "kuery" for KQL. `field_types` maps field names to mapping types ("keyword", "long", "ip",
    "date" …) over the bundled catalogue. `size` None is no limit. `now`, in nanoseconds since 1970, is what date math
    in a KQL query goes by, by default the time of the newest event. Raises QuerySyntaxError or QuerySemanticError for a
    query that cannot be used, InputError for a language or document that cannot.
    """
    started = time.perf_counter()
    plan = plan_query(
        query,
        bundled_catalogue().with_types(field_types or {}),
        language=language,
        fields=QueryFields(event_category_field, timestamp_field, tiebreaker_field),
    )
    plan = with_samples_per_key(plan, max_samples_per_key)
    events: Iterable[Event] = positional_events(documents)
    if is_relative(plan):
        events = list(events)
        plan = resolved(plan, _newest_of(events, timestamp_field) if now is None else now)
    result = search_events(plan, events, size=size, position=result_position)
    return replace(result, took=int((time.perf_counter() - started) * 1000))


def load_rules(
    *paths: str | Path,
    exceptions: Iterable[str | Path] = (),
    value_lists: Mapping[str, str | Path] = MappingProxyType({}),
    now: int | None = None,
) -> RuleSet:
    """The rules of files (`.toml`, `.ndjson`, `.json`) and of folders with all folders in them, exceptions applied.

    `bundled` as a path means the two rules that come with besra, and so does no path at all; `examples` those that show
    how rules are written. A file that cannot be used is a problem of the set, and the others are loaded. Of several
    rules with one id a user's file wins over a bundled one, then the first in the order of paths.

    `exceptions` are files of exception lists and items; those among the rules' own files need not be named.
    `value_lists` maps the ids by which items name value lists to their files. Items whose time is past at `now`, in
    nanoseconds since 1970, silence nothing; without `now` no item does that ends at some time, and a problem says so.
    Raises `RuleFileError` for a path that does not exist, `InputError` for a value list that cannot be read.
    """
    files = ExceptionFiles.of(exceptions, value_lists.items())
    loaded = ruleset.load_rules(*paths)
    return load_exceptions(loaded, files, now=now).rules


def detect(  # noqa: PLR0913  what a scan can be told, by name
    rules: RuleSet,
    documents: Iterable[Mapping[str, Any]],
    index: str | None = None,
    match_index: bool = True,
    *,
    indicators: Iterable[Mapping[str, Any]] = (),
    now: int | None = None,
    max_alerts: int | None = None,
) -> list[Alert]:
    """The alerts of the ready rules over ECS documents, most severe rule first.

    A document's index is its `_index` (an exported hit), else its `data_stream.*`, else `index`; `match_index=False`
    runs every rule on every document. `now` is the alerts' creation time in nanoseconds since 1970, and what `now` in a
    rule's query means; by default it is the time of the newest event. `max_alerts` replaces the rules' `max_signals`, 0
    being no limit. Equal documents without an `_id` are one event. `indicators` are documents that indicator match
    rules compare events with, and no events; so are `documents` of a rule's `threat_index`.
    """
    events, known = _events(documents, index), _events(indicators, INDICATORS)
    head, first = list(islice(events, FEW_EVENTS + 1)), list(islice(known, FEW_EVENTS + 1))
    engine = Engine.REFERENCE if len(head) + len(first) <= FEW_EVENTS else Engine.COLUMNAR
    job = Job(runnable(rules), match_index, limits=Limits(max_alerts), engine=engine, now=now)
    given: Iterable[Event] = chain(head, events)
    if job.needs_now:
        given = list(given)
        job = replace(job, now=_newest_of(given))
    gathered = gather(job, lambda _: given, (lambda _: chain(first, known)) if first else None)
    run = RunInfo(gathered.newest if now is None else now, seen_from=gathered.oldest)
    return [alert for execution in conclude(job, gathered, run) for alert in execution.alerts]


def scan(  # noqa: PLR0913  as for detect
    paths: Iterable[str | Path],
    rules: RuleSet | None = None,
    *,
    indicators: Iterable[str | Path] = (),
    mappings: Iterable[str | Path] = (),
    match_index: bool = True,
    now: int | None = None,
    max_alerts: int | None = None,
    on_item: Callable[[Problem | FileRead], object] = lambda _: None,
) -> Iterator[Alert]:
    """The alerts of the ready rules (by default the bundled ones) over files and folders.

    `indicators` are files and folders of documents that are indicators and no events; nobody reads them unless a rule
    asks for some. `mappings` are mapping files for records of formats of your own; MappingError if one cannot be used.
    `on_item` is given what is not an event: problems, and a `FileRead` at the end of every file. The
    other arguments are those of `detect`. Without `now`, rules whose queries go by it have all events read twice, the
    first time for the newest; InputError if that cannot be, as with the standard input.
    """
    paths = list(paths)
    known = recogniser_with(load_mappings(mappings))
    chosen = runnable(load_rules() if rules is None else rules)
    job = Job(chosen, match_index, limits=Limits(max_alerts), now=now, recogniser=known)
    read = ReadOptions(recogniser=known)
    if job.needs_now:
        job = replace(job, now=_newest_in(paths, read))
    named = tuple(indicators)
    if named and not needs_indicators(job):
        on_item(unused_indicators())
        named = ()

    def read_indicators(decoder: Decoder | None) -> Iterator[Event | LineBlock | TablePart]:
        return _read(named, replace(read, decoder=decoder).of_indicators(), on_item)

    gathered = gather(
        job,
        lambda decoder: _read(paths, replace(read, decoder=decoder), on_item),
        read_indicators if named else None,
    )
    missing = missing_indicators(job, gathered.hits, given=bool(named))
    for problem in [*stage_problems(job.rules, gathered.stages), *([missing] if missing else [])]:
        on_item(problem)
    run = RunInfo(gathered.newest if now is None else now, seen_from=gathered.oldest)
    for execution in conclude(job, gathered, run):
        yield from execution.alerts


def _newest_of(events: Iterable[Event], field: str = TIMESTAMP) -> int:
    return max((event_time(event.source, field) or 0 for event in events), default=0)


def _newest_in(paths: Sequence[str | Path], read: ReadOptions) -> int:
    if STDIN in map(str, paths):
        message = "a rule goes by the time of the scan, and the standard input cannot be read twice to find it"
        raise InputError.of("now-needed", message, path=STDIN, hint="pass now=, in nanoseconds since 1970")
    return newest_time(lambda decoder: _read(paths, replace(read, decoder=decoder), lambda _: None), read.recogniser)


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
    return lower_text(query, catalogue, language=language, fields=fields, unknown_fields=unknown_fields).plan


def lower_text(
    query: str,
    catalogue: Catalogue,
    *,
    language: str = "eql",
    fields: QueryFields = DEFAULT_FIELDS,
    unknown_fields: UnknownFields = UnknownFields.MISSING,
) -> Lowered:
    """The plan of a query text, perhaps one that depends on a time (`language.relative`), and warnings for its author.

    Raises as `search` does.
    """
    match language:
        case "eql":
            return lower_query(parse_query(query), catalogue, fields=fields, unknown_fields=unknown_fields)
        case "kuery" | "kql":
            return lower_kuery(parse_kuery(query), catalogue, fields=fields)
        case _:
            message = f"the query language {language!r} is not supported"
            raise InputError.of("unsupported-language", message, hint="use eql or kuery")


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
