"""Rules and exceptions for tests, in short."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from zlib import crc32

from besra.rules.excepted import with_exceptions
from besra.rules.exception_build import exceptions_of
from besra.rules.exception_filter import ValueLists
from besra.rules.exception_list import ExceptionSet
from besra.rules.loaded import Excepted, RuleSet
from besra.rules.rule_file import RuleFile
from besra.rules.ruleset import load_files
from besra.rules.value_list import Addresses, AddressRanges, Texts, ValueList, ValueListType
from besra.schema.fieldtype import parse_ip, parse_network

NOW = 1_780_000_000_000_000_000
LIST = "known-tools"


def rule(number: int = 1, *, lists: Iterable[str] = (LIST,), **changes: Any) -> dict[str, Any]:
    """A rule in API form that names exception lists; an EQL rule that fires on every event unless changed."""
    return {
        "rule_id": f"20000000-0000-4000-8000-{number:012}",
        "name": f"Rule {number}",
        "description": "For a test.",
        "type": "eql",
        "language": "eql",
        "query": "any where true",
        "risk_score": 21,
        "severity": "low",
        "max_signals": 1000,
        "exceptions_list": [reference(list_id) for list_id in lists],
        **changes,
    }


def reference(list_id: str, **changes: Any) -> dict[str, Any]:
    """How a rule names a list."""
    return {"id": f"id-{list_id}", "list_id": list_id, "type": "detection", "namespace_type": "single", **changes}


def rule_set(*rules: Mapping[str, Any], exceptions: Iterable[Mapping[str, Any]] = ()) -> RuleSet:
    """The rules as one export holds them, with exceptions beside them."""
    text = "".join(f"{json.dumps(value)}\n" for value in (*rules, *exceptions))
    return load_files([(RuleFile("export.ndjson", is_named=True), text.encode())])


def item(*entries: Mapping[str, Any], list_id: str = LIST, **changes: Any) -> dict[str, Any]:
    """An exception item."""
    return {
        "list_id": list_id,
        "item_id": changes.pop("item_id", f"item-{crc32(json.dumps([entries, changes]).encode())}"),
        "name": "for a test",
        "type": "simple",
        "entries": [{"operator": "included", **entry} for entry in entries],
        **changes,
    }


def container(list_id: str = LIST, **changes: Any) -> dict[str, Any]:
    """An exception list."""
    return {"list_id": list_id, "name": list_id, "type": "detection", **changes}


def match(field: str, value: str, **changes: Any) -> dict[str, Any]:
    """An entry: the field has the value."""
    return {"field": field, "type": "match", "value": value, **changes}


def excepted(
    rules: RuleSet, *given: Mapping[str, Any], value_lists: Iterable[ValueList] = (), now: int = NOW
) -> Excepted:
    """The rules with exceptions passed beside them."""
    lists: ValueLists = {(values.id, str(values.type)): values for values in value_lists}
    return with_exceptions(rules, exceptions_of(given) if given else ExceptionSet(), lists, now=now)


def value_list(list_id: str, kind: str, *texts: str) -> ValueList:
    """A value list of so many values."""
    match ValueListType(kind):
        case ValueListType.IP:
            addresses = (parse_ip(text) for text in texts)
            return ValueList(list_id, ValueListType.IP, Addresses(frozenset(a for a in addresses if a is not None)))
        case ValueListType.IP_RANGE:
            networks = (parse_network(text) for text in texts)
            return ValueList(list_id, ValueListType.IP_RANGE, AddressRanges.of(n for n in networks if n))
        case known:
            return ValueList(list_id, known, Texts(frozenset(texts)))


def codes(rules: RuleSet) -> list[str]:
    """The codes of all problems."""
    return [problem.code for problem in rules.problems]
