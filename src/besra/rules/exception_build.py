"""Documents of an export become exception lists and items (detection-engine.md 4.1).

An object with an error is not used, its list counts as broken, and the others go on. What is not known is kept.
"""

from collections.abc import Iterable
from dataclasses import replace

from besra.problems import Problem, Severity
from besra.rules.document import RuleDocument
from besra.rules.exception_check import endpoint_problems, item_problems, list_problems, scope_of, scopes_of
from besra.rules.exception_list import (
    Entry,
    EventScope,
    ExceptionItem,
    ExceptionList,
    ExceptionSet,
    ExistsEntry,
    FlatEntry,
    ListEntry,
    ListKey,
    MatchAnyEntry,
    MatchEntry,
    Namespace,
    NestedEntry,
    Operator,
    WildcardEntry,
)
from besra.rules.ndjson import Json, is_exception_item
from besra.schema.timestamp import parse_timestamp


def exceptions_of(values: Iterable[Json]) -> ExceptionSet:
    """As `parse_exceptions`, of objects whose places in a file are not known."""
    return parse_exceptions(RuleDocument(value) for value in values)


def parse_exceptions(documents: Iterable[RuleDocument]) -> ExceptionSet:
    """The lists and items of documents, which are told apart by their fields.

    What cannot be used is a problem. Of several objects with one id the first counts; that they differ is a warning.
    """
    lists: list[ExceptionList] = []
    items: list[ExceptionItem] = []
    problems: list[Problem] = []
    broken: set[ListKey] = set()
    for document in documents:
        is_item = is_exception_item(document.parameters)
        found = list(item_problems(document) if is_item else list_problems(document))
        problems += [_about(problem, document) for problem in found]
        if any(problem.severity is Severity.ERROR for problem in found):
            broken |= _named(document)
        elif is_item:
            items.append(_item(document))
        else:
            lists.append(_list(document))
    problems += endpoint_problems(items, lists)
    return ExceptionSet.of(lists, items, problems, broken)


def _named(document: RuleDocument) -> set[ListKey]:
    """The list a document that cannot be used belongs to, as far as it says so."""
    list_id, namespace = document.parameters.get("list_id"), document.parameters.get("namespace_type")
    if not isinstance(list_id, str):
        return set()
    return {ListKey(list_id, Namespace.AGNOSTIC if namespace == "agnostic" else Namespace.SINGLE)}


def _about(problem: Problem, document: RuleDocument) -> Problem:
    """The problem with the object named: in a file of many lines, or without a file, a place says too little."""
    values = document.parameters
    item, container = values.get("item_id") or values.get("name"), values.get("list_id")
    is_item = is_exception_item(values)
    names = [f"item {item}"] if is_item and isinstance(item, str) else []
    names += [f"list {container}"] if isinstance(container, str) else []
    return replace(problem, message=f"exception {', '.join(names)}: {problem.message}") if names else problem


def _key(values: Json) -> ListKey:
    return ListKey(values["list_id"], Namespace(values.get("namespace_type") or "single"))


def _list(document: RuleDocument) -> ExceptionList:
    values = document.parameters
    return ExceptionList(
        key=_key(values),
        type=values.get("type") or "detection",
        name=values.get("name") or "",
        os_types=tuple(values.get("os_types") or ()),
        tags=tuple(values.get("tags") or ()),
        place=document.locations.place(("list_id",)),
        document=values,
    )


def _item(document: RuleDocument) -> ExceptionItem:
    values = document.parameters
    expire_time = values.get("expire_time")
    scopes = [scope_of(text) for _, text in scopes_of(values)]
    return ExceptionItem(
        key=_key(values),
        entries=tuple(map(_entry, values["entries"])),
        item_id=values.get("item_id") or None,
        name=values.get("name") or "",
        scope=next((scope for scope in scopes if scope), EventScope()),
        os_types=tuple(values.get("os_types") or ()),
        expire_time=None if expire_time is None else parse_timestamp(expire_time),
        tags=tuple(values.get("tags") or ()),
        comments=tuple(comment["comment"] for comment in values.get("comments") or ()),
        place=document.locations.place(("item_id",)),
        document=values,
    )


def _entry(entry: Json) -> Entry:
    name = entry["field"]
    if entry["type"] == "nested":
        return NestedEntry(name, tuple(map(_flat_entry, entry["entries"])))
    if entry["type"] == "list":
        return ListEntry(name, entry["list"]["id"], entry["list"]["type"], Operator(entry["operator"]))
    return _flat_entry(entry)


def _flat_entry(entry: Json) -> FlatEntry:
    name, operator = entry["field"], Operator(entry["operator"])
    match entry["type"]:
        case "match":
            return MatchEntry(name, entry["value"], operator)
        case "match_any":
            return MatchAnyEntry(name, tuple(entry["value"]), operator)
        case "wildcard":
            return WildcardEntry(name, entry["value"], operator)
        case _:
            return ExistsEntry(name, operator)
