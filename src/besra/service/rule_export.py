"""Rules as an export: with the exception lists they name, as Kibana's have them (detection-engine.md 1.1, 8.1)."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from besra.rules.exception_list import ExceptionSet
from besra.rules.ndjson import export_summary, json_text
from besra.service.connector_transfer import ConnectorTransfer
from besra.service.exception_book import ExceptionBook
from besra.service.rule_book import Entry
from besra.storage.exception_store import Kind

LINE_ENDS = re.compile("[\x85\u2028\u2029]")
"""Characters that JSON may hold as they are, and at which some clients end a line."""
Key = tuple[str, str]
"""The namespace of a list and its id."""


def export_text(
    rules: Sequence[Entry],
    exceptions: ExceptionBook,
    of_files: ExceptionSet,
    connectors: ConnectorTransfer,
    missing: Sequence[str] = (),
    *,
    with_details: bool = True,
) -> str:
    """Rules, a line each, the lists they name with their items, connectors, and the line that counts all of them.

    `of_files` are the exceptions of files of rules, which count before those of the API.
    """
    lines: list[Mapping[str, Any]] = [dict(entry.text) for entry in rules]  # those of files may not be read yet
    known, items = _known(exceptions, of_files)
    wanted = dict.fromkeys(key for line in lines for key in _named(line))
    lists = [known[key] for key in wanted if key in known]
    of_lists = [item for key in wanted if key in known for item in items[key]]
    of_connectors, of_actions = connectors.lines(lines)
    told = [*lines, *lists, *of_lists, *of_connectors]
    if with_details:
        summary = export_summary(len(lines), len(lists), len(of_lists), len(of_connectors), missing)
        summary |= of_actions
        absent = [
            {"list_id": list_id, "namespace_type": space} for space, list_id in wanted if (space, list_id) not in known
        ]
        told.append({**summary, "missing_exception_lists": absent, "missing_exception_lists_count": len(absent)})
    return "".join(f"{LINE_ENDS.sub(_escaped, json_text(line))}\n" for line in told)


def _known(
    exceptions: ExceptionBook, of_files: ExceptionSet
) -> tuple[dict[Key, Mapping[str, Any]], Mapping[Key, list[Mapping[str, Any]]]]:
    """The lists there are, and the items of each."""
    lists = {_key(one): one for one in exceptions.all(Kind.LIST)}
    items: dict[Key, list[Mapping[str, Any]]] = defaultdict(list)
    ids = {item.item_id for item in of_files.items}
    for item in of_files.items:
        items[_key(item.document)].append(item.document)
    for document in exceptions.all(Kind.ITEM):
        if document["item_id"] not in ids:
            items[_key(document)].append(document)
    return lists | {_key(one.document): one.document for one in of_files.lists}, items


def _named(rule: Mapping[str, Any]) -> Iterable[Key]:
    references = rule.get("exceptions_list") or ()
    return (_key(one) for one in references if isinstance(one, dict) and isinstance(one.get("list_id"), str))


def _key(told: Mapping[str, Any]) -> Key:
    return str(told.get("namespace_type") or "single"), str(told.get("list_id"))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
