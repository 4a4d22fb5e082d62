"""Exception items to the IR: what of events an item silences (detection-engine.md 4.1, 4.2).

An entry is the clause of the Query DSL that Kibana makes of it, so a value means what it means in a filter. Value lists
are looked up whole, whatever their length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from besra.language.expr import Predicate
from besra.language.query_dsl.clauses import lower_clause
from besra.language.query_dsl.scope import DslScope
from besra.language.simplify import all_of, any_of, negated, some_object
from besra.problems import Problem, Severity
from besra.rules.exception_list import (
    Entry,
    ExceptionItem,
    ExistsEntry,
    FlatEntry,
    ListEntry,
    MatchAnyEntry,
    MatchEntry,
    NestedEntry,
    Operator,
    WildcardEntry,
)
from besra.rules.value_list import ValueList, ValueListType
from besra.rules.value_list_filter import listed
from besra.schema.catalogue import Catalogue

ListName = tuple[str, str]
"""What a list entry names: id and type of a value list."""

ValueLists = Mapping[ListName, ValueList]


@dataclass(frozen=True, slots=True)
class LoweredItem:
    """What events satisfy an item, None if that cannot be told, and the problems met."""

    predicate: Predicate | None
    problems: tuple[Problem, ...] = ()


def lower_item(item: ExceptionItem, value_lists: ValueLists, catalogue: Catalogue) -> LoweredItem:
    """The predicate of an item: all its entries, and one of its operating systems."""
    scope = DslScope(catalogue)
    entries = all_of([_entry(scope, entry, value_lists) for entry in item.entries])
    systems = [_system(scope, name) for name in item.os_types]
    problems = tuple(dict.fromkeys(_told(item, found.problem) for found in scope.problems))
    if any(problem.severity is Severity.ERROR for problem in problems):
        return LoweredItem(None, problems)
    return LoweredItem(all_of([entries, any_of(systems)]) if systems else entries, problems)


def value_lists_of(items: Sequence[ExceptionItem]) -> frozenset[ListName]:
    """The value lists that items name."""
    entries = (entry for item in items for entry in item.entries)
    return frozenset((entry.list_id, entry.list_type) for entry in entries if isinstance(entry, ListEntry))


def _entry(scope: DslScope, entry: Entry, value_lists: ValueLists) -> Predicate:
    match entry:
        case NestedEntry(path, entries):
            inner = [_flat(scope, replace(part, field=f"{path}.{part.field}")) for part in entries]
            return some_object(path, all_of(inner))
        case ListEntry():
            return _signed(_list(scope, entry, value_lists), entry.operator)
        case _:
            return _flat(scope, entry)


def _flat(scope: DslScope, entry: FlatEntry) -> Predicate:
    return _signed(lower_clause(scope, (), _clause(entry)), entry.operator)


def _signed(predicate: Predicate, operator: Operator) -> Predicate:
    return negated(predicate) if operator is Operator.EXCLUDED else predicate


def _clause(entry: FlatEntry) -> dict[str, Any]:
    """The clause Kibana makes of an entry, whose operator it negates."""
    match entry:
        case MatchEntry(name, value):
            return {"match_phrase": {name: value}}
        case MatchAnyEntry(name, values):
            return {"bool": {"should": [{"match_phrase": {name: value}} for value in values]}}
        case WildcardEntry(name, pattern):
            return {"wildcard": {name: pattern}}
        case ExistsEntry(name):
            return {"exists": {"field": name}}


def _list(scope: DslScope, entry: ListEntry, value_lists: ValueLists) -> Predicate:
    values = value_lists.get((entry.list_id, entry.list_type))
    if entry.list_type not in list(ValueListType):
        hint = f"the types are {', '.join(ValueListType)}"
        return scope.refuse((), f"value lists of type {entry.list_type!r} are not supported", hint)
    if values is None:
        message = f"the value list {entry.list_id} (type {entry.list_type}) is not there"
        hint = f"pass its file: --value-list {entry.list_id}=FILE; or make it over the API of a service"
        return scope.refuse((), message, hint)
    found = listed(entry.field, values, scope.catalogue)
    if found.unfit:
        kind = scope.catalogue.type_of(entry.field)
        message = f"{found.unfit:,} of {len(values):,} values of the list {values.id} are no values of type {kind}"
        scope.never((), f"{message}, which `{entry.field}` has")
    return found.predicate


def _system(scope: DslScope, name: str) -> Predicate:
    """The event is of the operating system, as Kibana asks for it."""
    clauses = [{"match_phrase": {"host.os.type": name}}, {"match_phrase": {"host.os.name.caseless": name}}]
    return any_of(lower_clause(scope, (), clause) for clause in clauses)


def _told(item: ExceptionItem, problem: Problem) -> Problem:
    """A problem of an entry as one of the item."""
    message = f"{item.label}: {problem.message}"
    match problem.code:
        case "filter-never":
            return Problem("exception-never", message, Severity.WARNING, item.place, problem.hint)
        case "filter-escape":
            return Problem("exception-escape", message, Severity.WARNING, item.place, problem.hint)
        case _:
            return Problem(
                "exception-not-applied", f"{message}; it silences nothing", place=item.place, hint=problem.hint
            )
