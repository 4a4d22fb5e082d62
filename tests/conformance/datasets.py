"""Datasets of a cases folder: documents loaded as `datasets.json` types them, and the catalogue they amount to."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from besra.events.document import flatten
from besra.schema.catalogue import Catalogue
from besra.schema.timestamp import format_timestamp, parse_timestamp

NULL_VALUE = re.compile(r'null_value "([^"]*)"')
DATE_FORMAT = re.compile(r"format ([^,]+)$")
FORMATS = {"dd-MM-yyyy": "%d-%m-%Y", "yyyy-MM-dd": "%Y-%m-%d"}
JSON_TYPES = {bool: "boolean", int: "long", float: "double", str: "keyword"}


@dataclass(frozen=True)
class Dataset:
    """Documents in file order, with the names of the fields that matter."""

    documents: tuple[dict[str, Any], ...]
    types: dict[str, str]
    id_field: str
    category: str
    timestamp: str | None
    tiebreaker: str | None
    epoch_fields: frozenset[str]


@cache
def load(folder: Path, name: str) -> Dataset:
    """A dataset by name."""
    about = json.loads((folder / "datasets.json").read_text("utf-8"))[name]
    declared = about["fields"]
    lines = (folder / "datasets" / f"{name}.ndjson").read_text("utf-8").splitlines()
    documents = tuple(_typed(json.loads(line), declared) for line in lines if line.strip())
    types = {field: text.replace(",", " ").split()[0] for field, text in declared.items()}
    types |= {field: "keyword" for field, text in declared.items() if text.startswith("text with keyword")}
    types.pop("default", None)
    for document in documents:
        for field, values in flatten(document).items():
            types.setdefault(field, JSON_TYPES[type(values[0])])
    return Dataset(
        documents,
        types,
        about["id"],
        about["category"],
        about.get("timestamp"),
        about.get("tiebreaker"),
        frozenset(field for field, text in declared.items() if DATE_FORMAT.search(text)),
    )


def _typed(document: dict[str, Any], declared: dict[str, str]) -> dict[str, Any]:
    """The document with what only a mapping can say written out: null values, date formats, digits as milliseconds."""
    out = dict(document)
    for field, text in declared.items():
        if field not in out:
            continue
        if (null := NULL_VALUE.search(text)) and out[field] is None:
            out[field] = null[1]
        elif (form := DATE_FORMAT.search(text)) and isinstance(out[field], str):
            moment = datetime.strptime(out[field], FORMATS[form[1].strip()]).replace(tzinfo=UTC)
            out[field] = int(moment.timestamp()) * 1000
        elif text.startswith("date") and isinstance(out[field], str):
            nanos = parse_timestamp(out[field])
            out[field] = out[field] if nanos is None else format_timestamp(nanos)
    return out


def catalogue_of(datasets: list[Dataset]) -> Catalogue:
    """The types of all datasets; where two disagree the one declared first counts."""
    types: dict[str, str] = {}
    for dataset in datasets:
        for field, kind in dataset.types.items():
            types.setdefault(field, kind)
    return Catalogue().with_types(types)
