"""Rules as Kibana exports and imports them: one JSON object a line, the last line counts them.

A single rule object of the API, a list of them, and the API's answer to a search (`{"data": […]}`) are read as well.
Source: detection-engine.md 1.1.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from json import JSONDecoder
from typing import Any

from besra.problems import Place, Problem, Severity
from besra.rules.build import parse_rule
from besra.rules.document import ParsedRule, RuleDocument, failed
from besra.rules.location import FieldPath, Locations, is_too_deep, locate_json
from besra.rules.rule import Rule

Json = Mapping[str, Any]


class LineKind(Enum):
    """What an object of an export is."""

    RULE = auto()
    EXCEPTION_LIST = auto()
    EXCEPTION_ITEM = auto()
    CONNECTOR = auto()
    SUMMARY = auto()
    UNKNOWN = auto()


EXCEPTIONS = (LineKind.EXCEPTION_LIST, LineKind.EXCEPTION_ITEM)


@dataclass(frozen=True)
class Export:
    """What a file of rules held, in its order. Everything but the rules is kept as it came.

    `exceptions` are the exception lists and items with their places, `unknown` the problems of objects that are nothing
    an export holds, events for example.
    """

    rules: tuple[ParsedRule, ...] = ()
    exceptions: tuple[RuleDocument, ...] = ()
    connectors: tuple[Json, ...] = ()
    summary: Json | None = None
    unknown: tuple[Problem, ...] = ()

    @property
    def exception_lists(self) -> tuple[Json, ...]:
        """The containers of exception items."""
        return exception_lists(self.exceptions)

    @property
    def exception_items(self) -> tuple[Json, ...]:
        """The items."""
        return exception_items(self.exceptions)


def exception_lists(documents: Iterable[RuleDocument]) -> tuple[Json, ...]:
    """The containers among exception lists and items, as they came."""
    return tuple(document.parameters for document in documents if not is_exception_item(document.parameters))


def exception_items(documents: Iterable[RuleDocument]) -> tuple[Json, ...]:
    """The items among exception lists and items, as they came."""
    return tuple(document.parameters for document in documents if is_exception_item(document.parameters))


COUNTS = ("exported_count", "exported_rules_count", "exported_exception_list_count")
"""What tells the last line of an export: of everything, of rules, of an exception list."""


def kind_of(value: Any) -> LineKind:
    """What an object is, by the members that tell (detection-engine.md 1.1).

    A rule without `rule_id` is known by what every rule must have, so that its problem can be named.
    """
    if not isinstance(value, dict):
        return LineKind.UNKNOWN
    if not value.keys().isdisjoint(COUNTS):
        return LineKind.SUMMARY
    if value.get("type") == "action" and "attributes" in value:
        return LineKind.CONNECTOR
    if "rule_id" in value or {"type", "severity", "risk_score"} <= value.keys():
        return LineKind.RULE
    if "list_id" in value or {"item_id", "entries"} <= value.keys():
        return LineKind.EXCEPTION_ITEM if is_exception_item(value) else LineKind.EXCEPTION_LIST
    return LineKind.UNKNOWN


def is_exception_item(value: Json) -> bool:
    """Whether an object that is an exception list or an item is an item, be it an incomplete one."""
    return "entries" in value or "item_id" in value


def parse_ndjson(text: str, path: str | None = None) -> Export:
    """The contents of an export, or of a JSON file of rules. A broken line is a problem; the others go on."""
    text = text.removeprefix("\ufeff")
    found: dict[LineKind, list[Any]] = {kind: [] for kind in LineKind}
    for value, locations in _objects(text, path):
        if isinstance(value, Problem):
            found[LineKind.RULE].append(failed(value))
            continue
        kind = kind_of(value)
        if kind is LineKind.RULE:
            found[kind].append(parse_rule(RuleDocument(value, locations, _metadata(value))))
        elif kind in EXCEPTIONS:
            found[LineKind.EXCEPTION_LIST].append(RuleDocument(value, locations))
        elif kind is LineKind.UNKNOWN:
            found[kind].append(_unknown(locations))
        else:
            found[kind].append(value)
    return Export(
        rules=tuple(found[LineKind.RULE]),
        exceptions=tuple(found[LineKind.EXCEPTION_LIST]),
        connectors=tuple(found[LineKind.CONNECTOR]),
        summary=next(iter(found[LineKind.SUMMARY]), None),
        unknown=tuple(found[LineKind.UNKNOWN]),
    )


def _unknown(locations: Locations) -> Problem:
    message = "this object is neither a rule nor anything else a rule export holds; it is not used"
    return Problem("ndjson-unknown-object", message, Severity.WARNING, locations.place(()))


def _objects(text: str, path: str | None) -> Iterator[tuple[Any, Locations]]:
    """All objects of a text with their locations; what is not JSON comes as a `Problem`."""
    lines = text.split("\n")
    whole, located = decode_located(text, path, 1)
    if isinstance(whole, Problem) and any(_is_object(line) for line in lines[:2]):
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield decode_located(line, path, number)
    elif isinstance(whole, Problem):
        yield whole, located
    else:
        for value, root in _members(whole):
            yield value, replace(located, root=root)


def decode_located(text: str, path: str | None = None, line: int = 1) -> tuple[Any, Locations]:
    """The JSON value of a text that begins at a line of its file, with its places; a `Problem` if it is not JSON."""
    value = _decode(text, path, line)
    if isinstance(value, Problem):
        return value, Locations()
    found = locate_json(text)
    if is_too_deep(found):
        return Problem("json-syntax", "values are nested too deeply for a rule", place=Place(path, line)), Locations()
    return value, Locations(text, path, found, first_line=line)


def _is_object(line: str) -> bool:
    return line.startswith("{") and not isinstance(_decode(line, None, 1), Problem)


def _members(whole: Any) -> Iterator[tuple[Any, FieldPath]]:
    data = whole.get("data") if isinstance(whole, dict) else None
    items, root = (data, ("data",)) if isinstance(data, list) and kind_of(whole) is LineKind.UNKNOWN else (whole, ())
    if not isinstance(items, list):
        yield items, root
        return
    for number, item in enumerate(items):
        yield item, (*root, number)


def _decode(text: str, path: str | None, line: int) -> Any:
    """The JSON value of a text, or a `Problem`; `line` is where the text begins in its file."""
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        excerpt = text.split("\n")[error.lineno - 1]
        place = Place(path, line + error.lineno - 1, error.colno, excerpt)
        return Problem("json-syntax", f"not valid JSON: {error.msg}", place=place)
    except (ValueError, RecursionError) as error:
        return Problem("json-syntax", f"not valid JSON: {error}", place=Place(path, line))


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a number JSON programs can hold")


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refuse(number)


DECODER = JSONDecoder(parse_constant=_refuse, parse_float=_finite)

METADATA = ("creation_date", "updated_date", "maturity")


def _metadata(value: Json) -> Json:
    """The `[metadata]` a conversion with `include_metadata` put under `meta`; empty for any other `meta`."""
    meta = value.get("meta")
    return meta if isinstance(meta, dict) and all(name in meta for name in METADATA) else {}


def rule_to_json(rule: Rule, *, include_metadata: bool = False) -> dict[str, Any]:
    """The rule as an API object; with `include_metadata` the TOML metadata goes into `meta`."""
    if not include_metadata or not rule.metadata:
        return dict(rule.parameters)
    return {**rule.parameters, "meta": {**(rule.parameters.get("meta") or {}), **rule.metadata}}


def rules_to_ndjson(
    rules: Iterable[Rule],
    *,
    exception_lists: Sequence[Json] = (),
    exception_items: Sequence[Json] = (),
    connectors: Sequence[Json] = (),
    include_metadata: bool = False,
) -> str:
    """An export: rules, exception lists, their items, connectors, and the line that counts them."""
    lines = [rule_to_json(rule, include_metadata=include_metadata) for rule in rules]
    summary = export_summary(len(lines), len(exception_lists), len(exception_items), len(connectors))
    everything = [*lines, *exception_lists, *exception_items, *connectors, summary]
    return "".join(f"{json_text(line)}\n" for line in everything)


def json_text(value: Any, *, indent: int | None = None) -> str:
    """JSON text that UTF-8 can hold: half a surrogate pair is escaped, as it was where it was read."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def holds_surrogate(value: Any) -> bool:
    """Whether a text in a value holds half a surrogate pair."""
    return bool(SURROGATE.search(json.dumps(value, ensure_ascii=False)))


SURROGATE = re.compile("[\ud800-\udfff]")


def export_summary(
    rules: int, lists: int = 0, items: int = 0, connectors: int = 0, missing: Sequence[str] = ()
) -> dict[str, Any]:
    """The last line of an export: how much of what it holds; `missing` are the ids of rules there were none of."""
    return {
        "exported_count": rules + lists + items + connectors,
        "exported_rules_count": rules,
        "missing_rules": [{"rule_id": rule_id} for rule_id in missing],
        "missing_rules_count": len(missing),
        "exported_exception_list_count": lists,
        "exported_exception_list_item_count": items,
        "missing_exception_lists": [],
        "missing_exception_lists_count": 0,
        "missing_exception_list_items": [],
        "missing_exception_list_item_count": 0,
        "exported_action_connector_count": connectors,
        "missing_action_connections": [],
        "missing_action_connection_count": 0,
        "excluded_action_connections": [],
        "excluded_action_connection_count": 0,
    }
