"""Compare the Windows normalisers with documents of the public Winlogbeat pipelines.

    python -m tests.pipelines DIR [--json FILE]

DIR holds, per case, NAME.ecs.json (array: documents after the pipeline), NAME.raw.json (array, same order: documents
before it) and mostly NAME.evtx. With an EVTX file the whole way is taken, file to ECS; without, raw to ECS. Documents
are made in Winlogbeat's flavour, so what only a file scan adds (`host.os.type`, `data_stream.*`, …) is not there.

A case is equal when every field of every document is. The exit status is 0 when all cases are.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from besra.events.normalise.windows import winlog_to_ecs
from besra.events.normalise.winlog import Shipper, to_winlog
from besra.events.readers.evtx import read_evtx
from besra.problems import Problem

NOT_IN_THE_LOG = {
    "message": "rendered from the provider's message file",
    "winlog.task": "likewise",
    "winlog.opcode": "likewise",
}
SET_AT_INGEST = {"event.ingested": "the clock of the cluster that ran the pipeline"}
TASK_TEXT = "event.action"
"""Not compared in an EVTX case where the pipeline left the task text as it came."""

SETS = ("related.",)
"""Lists without order: the pipelines take them from hash tables."""


@dataclass
class Case:
    """One case's outcome: differing values as (field, document number, expected, actual)."""

    name: str
    way: str
    compared: int = 0
    differences: list[tuple[str, int, Any, Any]] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        return not self.differences


def leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted field names and values of a document; lists are values, nulls are absent."""
    for name, item in value.items():
        if isinstance(item, Mapping):
            yield from leaves(item, f"{prefix}{name}.")
        elif item is not None:
            yield prefix + name, item


def comparable(name: str, value: Any) -> Any:
    """A value in the form in which it is compared.

    Times go down to the microsecond: the EVTX parser gives no more, Windows writes ten times that.
    """
    if name == "@timestamp" and isinstance(value, str):
        whole, _, fraction = value.rstrip("Z").partition(".")
        return f"{whole}.{fraction[:6].ljust(6, '0')}Z"
    if isinstance(value, list):
        items = [
            {key: item for key, item in entry.items() if item is not None} if isinstance(entry, dict) else entry
            for entry in value
        ]
        return sorted(map(str, items)) if name.startswith(SETS) else items
    return value


def expected_fields(ecs: Mapping[str, Any], raw: Mapping[str, Any], way: str) -> dict[str, Any]:
    """The fields a document should have."""
    fields = {name: value for name, value in leaves(ecs) if name not in SET_AT_INGEST}
    if way == "evtx":
        fields = {name: value for name, value in fields.items() if name not in NOT_IN_THE_LOG}
        task = dict(leaves(raw)).get(TASK_TEXT)
        if task is not None and fields.get(TASK_TEXT) == task:
            del fields[TASK_TEXT]
    return fields


def actual_documents(folder: Path, name: str, raws: list[dict[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The way taken, and the documents made."""
    path = folder / f"{name}.evtx"
    if not path.exists():
        return "raw", [winlog_to_ecs(raw, Shipper.WINLOGBEAT) for raw in raws]
    records = [item for item in read_evtx(path, path.name) if not isinstance(item, Problem)]
    return "evtx", [winlog_to_ecs(to_winlog(record), Shipper.WINLOGBEAT) for record in records]


def compare_case(folder: Path, name: str) -> Case:
    """Run one case."""
    expected = json.loads((folder / f"{name}.ecs.json").read_text("utf-8"))
    raws = json.loads((folder / f"{name}.raw.json").read_text("utf-8"))
    way, documents = actual_documents(folder, name, raws)
    case = Case(name, way)
    if len(documents) != len(expected):
        case.differences.append(("(number of documents)", 0, len(expected), len(documents)))
    for number, (want, raw, got) in enumerate(zip(expected, raws, documents, strict=False)):
        wanted, made = expected_fields(want, raw, way), dict(leaves(got))
        for field_name in sorted(wanted.keys() | made.keys()):
            pair = [comparable(field_name, fields.get(field_name)) for fields in (wanted, made)]
            case.compared += 1
            if pair[0] != pair[1]:
                case.differences.append((field_name, number, *pair))
    return case


def summary(cases: list[Case]) -> dict[str, Any]:
    """Totals over all cases, and the differences by field."""
    compared = sum(case.compared for case in cases)
    differing = sum(len(case.differences) for case in cases)
    by_field: dict[str, list[tuple[str, int, Any, Any]]] = defaultdict(list)
    for case in cases:
        for name, number, want, got in case.differences:
            by_field[name].append((case.name, number, want, got))
    return {
        "cases": {case.name: {"way": case.way, "equal": case.equal, "fields": case.compared} for case in cases},
        "ways": dict(Counter(case.way for case in cases)),
        "equal_cases": sum(case.equal for case in cases),
        "field_values": compared,
        "equal_field_values": compared - differing,
        "equal_percent": round(100 * (compared - differing) / compared, 3) if compared else 0.0,
        "differences": dict(by_field),
        "ignored": {**NOT_IN_THE_LOG, **SET_AT_INGEST, TASK_TEXT: "where it is the task text as it came"},
    }


def run(folder: Path) -> list[Case]:
    """All cases of a folder, by name."""
    return [compare_case(folder, path.name.removesuffix(".ecs.json")) for path in sorted(folder.glob("*.ecs.json"))]


def main() -> int:
    """Print the outcome; 0 if every case is equal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, dest="report", help="write the whole outcome to this file")
    options = parser.parse_args()
    cases = run(options.folder)
    totals = summary(cases)
    for case in cases:
        print(f"{'equal' if case.equal else 'DIFFERS':8}{case.way:5}{case.name}")
    for name, rows in sorted(totals["differences"].items(), key=lambda item: -len(item[1])):
        print(f"{len(rows):5} × {name}")
        for row in rows[:3]:
            print(f"        {row[0]}[{row[1]}]: expected {str(row[2])[:200]!r}, got {str(row[3])[:200]!r}")
    print(
        f"{totals['equal_cases']} of {len(cases)} cases equal; "
        f"{totals['equal_field_values']} of {totals['field_values']} field values ({totals['equal_percent']} %)"
    )
    if options.report:
        options.report.write_text(json.dumps(totals, indent=2, default=str) + "\n", "utf-8")
    return 0 if cases and totals["equal_cases"] == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
