"""One rule over documents, by either engine and however the documents lie in files."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from tests.unit.rules.samples import rule_of

from besra.detection.conclude import conclude
from besra.detection.detect import Engine, Job, Resources, gather
from besra.detection.execution import Execution, Limits
from besra.detection.run import RunInfo
from besra.detection.window import EVERYTHING, Window
from besra.engine import columnar
from besra.events.event import Event
from besra.events.file_read import ReadOptions
from besra.events.line_block import LineBlock
from besra.events.reader import read_events
from besra.events.readers import json_blocks
from besra.rules.ruleset import load_rules

Json = dict[str, Any]
NOW = 1_775_000_000_000_000_000


@dataclass(frozen=True)
class Way:
    """A way to scan: the engine, whether kernels are used from the start, and into how many files documents are dealt.

    `block` is the size of what is read at once; `twice` gives the first file a second time.
    """

    engine: Engine = Engine.COLUMNAR
    kernels: bool = False
    workers: int = 1
    files: int = 1
    block: int = 1 << 20
    twice: bool = False


WAYS = st.builds(
    Way,
    engine=st.sampled_from(Engine),
    kernels=st.booleans(),
    files=st.integers(1, 3),
    block=st.sampled_from([300, 1 << 20]),
    twice=st.booleans(),
)


def execution_of(
    rule: Json, documents: Sequence[Json], folder: Path, way: Way, window: Window = EVERYTHING
) -> Execution:
    """What a rule gives; one without alerts if nothing satisfied its query."""
    path = folder / "rule.ndjson"
    path.write_text(json.dumps(rule), "utf-8")
    (loaded,) = load_rules(path).runnable
    lines = [json.dumps(document) + "\n" for document in documents]
    files = [folder / f"{number}.ndjson" for number in range(way.files)]
    for number, file in enumerate(files):
        file.write_text("".join(lines[number :: way.files]), "utf-8")
    limits, resources = Limits(0), Resources(way.workers)
    job = Job((loaded,), window=window, limits=limits, engine=way.engine, resources=resources)

    def read(decoder: Any) -> Iterable[Event | LineBlock]:
        items = read_events([*files, *files[: way.twice]], ReadOptions(decoder=decoder))
        return (item for item in items if isinstance(item, (Event, LineBlock)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_blocks, "BLOCK", way.block)
        if way.kernels:
            patch.setattr(columnar, "FEW_BYTES", -1)
            patch.setattr(columnar, "FEW_EVENTS", -1)
        gathered = gather(job, read)
        run = RunInfo(NOW, seen_from=gathered.oldest)
        return next(conclude(job, gathered, run), Execution(loaded[0], (), 0))


def failed_logons(type_name: str, **changes: Any) -> Json:
    """A rule that looks at failed logons."""
    return rule_of(type_name, query="event.outcome : failure", index=["logs-*"], name="Failed logons", **changes)


INDEX = {"data_stream": {"type": "logs", "dataset": "system.auth", "namespace": "default"}}
