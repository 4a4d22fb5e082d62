"""The demo as files: one folder a source, so that each can be scanned by itself."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import orjson

from besra.demo.document import DEFAULT_BASE, DEFAULT_SEED, Document
from besra.demo.stream import HOSTS, MINUTES, demo_documents, sentinel_one_documents, sysmon_documents
from besra.errors import InputError


def write_demo(
    folder: Path,
    *,
    seed: int = DEFAULT_SEED,
    base: int | datetime = DEFAULT_BASE,
    minutes: int = MINUTES,
    hosts: int = HOSTS,
) -> list[Path]:
    """Write `defend/defend.ndjson`, `sysmon/sysmon.ndjson` and `sentinel-one/sentinel_one.ndjson`; the three paths.

    Missing folders are made, files of these names replaced. Arguments are those of `demo_documents`. The three files
    tell of the same attack: only the first is "the demo", the others are there to compare sources. Raises InputError
    where the folder cannot be written.
    """
    sources: tuple[tuple[str, Iterable[Document]], ...] = (
        ("defend/defend.ndjson", demo_documents(seed=seed, base=base, minutes=minutes, hosts=hosts)),
        ("sysmon/sysmon.ndjson", sysmon_documents(base, seed=seed)),
        ("sentinel-one/sentinel_one.ndjson", sentinel_one_documents(base, seed=seed)),
    )
    return [_write(folder / name, documents) for name, documents in sources]


def _write(path: Path, documents: Iterable[Document]) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.writelines(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE) for document in documents)
    except OSError as error:
        message = f"cannot write the demo: {error.strerror}"
        raise InputError.of("demo-write", message, path=str(path), hint="choose another folder") from error
    return path
