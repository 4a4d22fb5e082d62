"""Small sound inputs to damage: a file of every format, a record of every source."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

GOLDEN = Path(__file__).parents[1] / "golden" / "sources"
FILES = Path(__file__).parent / "files"
"""Files of formats that nothing here writes, made up."""

EVENTS = [
    {"@timestamp": "2025-03-01T10:00:00Z", "event": {"category": ["process"], "type": "start"}, "process": {"pid": 7}},
    {"@timestamp": 1740823200000, "event.category": "network", "source.ip": ["10.0.0.1", "::1"], "n": None},
    {"_index": "logs-x-default", "_id": "1", "_source": {"a": {"b": [{"c": "é\u0000"}, 1.5]}}},
]


def records() -> dict[str, list[dict[str, Any]]]:
    """The golden records by source."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(GOLDEN.glob("*/*.raw.json")):
        found.setdefault(path.parent.name, []).append(json.loads(path.read_text("utf-8")))
    return found


def files() -> dict[str, list[bytes]]:
    """Sound files by format."""
    found = {name: [made] for name, made in _made()}
    for path in sorted(FILES.glob("*")):
        found.setdefault(path.suffix.lstrip("."), []).append(path.read_bytes())
    return found


def _made() -> Iterator[tuple[str, bytes]]:
    golden = [record for own in records().values() for record in own[:2]]
    lines = "".join(json.dumps(event) + "\n" for event in [*EVENTS, *golden]).encode()
    yield "ndjson", lines
    yield "json", json.dumps({"hits": {"hits": EVENTS}}, indent=1).encode()
    yield "array", json.dumps([*EVENTS, *golden[:5]]).encode("utf-16")
    yield "bulk", b'{"create":{"_index":"i","_id":"1"}}\n{"a":1}\n{"delete":{"_id":"2"}}\n'
    few = lines[:4000]
    yield "gz", gzip.compress(few)
    yield "zst", zstandard.compress(few)
    yield "bz2", bz2.compress(few)
    yield "xz", lzma.compress(few)
    yield "lzma", lzma.compress(few, lzma.FORMAT_ALONE)
    yield "layers", gzip.compress(bz2.compress(zstandard.compress(few)))
    yield "parquet", _parquet()
    inner = _zip({"a.json": few, "b/c.ndjson.gz": gzip.compress(few)})
    yield "zip", inner
    yield "nested", _zip({"in.zip": inner, "x.tar.xz": lzma.compress(_tar({"y.json": few}))})
    yield "tar", _tar({"a.json": few, "in.zip": inner})
    yield "tgz", gzip.compress(_tar({"a.json": few}))


def _parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{"a": {"b": 1}, "event.category": ["x"], "t": "é"}] * 3), out)
    return out.getvalue()


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _tar(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()
