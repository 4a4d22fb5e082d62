"""The events measurements read: made, or files somebody named, as plain lines of JSON in a folder of their own."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import zstandard

from benchmarks.events.sprinkling import Sprinkling
from benchmarks.events.stream import SHARD, shard
from benchmarks.selection import eql_rules

BUNDLED = "bundled"
"""How the rules that come with besra are named."""


def shared_folder() -> Path:
    """Where test inputs lie that belong to others: what BESRA_SHARED names, else beside the repository."""
    return Path(os.environ.get("BESRA_SHARED", Path(__file__).parents[2] / "shared"))


def default_rules() -> str:
    """The rules among those test inputs, if they are there, else the bundled ones."""
    folder = shared_folder() / "data" / "rules"
    return str(folder) if folder.is_dir() else BUNDLED


def make(path: Path, count: int, seed: int, rules: str) -> Path:
    """A file of made-up events, written by all cores."""
    sizes = [min(SHARD, count - first) for first in range(0, count, SHARD)]
    sprinkling = Sprinkling.of(plan for _, plan in eql_rules(rules))
    with ProcessPoolExecutor(initializer=_set_out, initargs=(seed, sprinkling)) as pool, path.open("wb") as out:
        # Few at a time: results wait in memory until they are written.
        for first in range(0, len(sizes), 16):
            some = range(first, min(first + 16, len(sizes)))
            out.writelines(pool.map(_shard_text, some, [sizes[number] for number in some]))
    return path


_given: list[tuple[int, Sprinkling]] = []
"""In a process of the pool: seed and sprinkling, which are too large to send with every shard."""


def _set_out(seed: int, sprinkling: Sprinkling) -> None:
    _given[:] = [(seed, sprinkling)]


def _shard_text(number: int, count: int) -> bytes:
    return b"".join(shard(number, count, *_given[0]))


def gathered(path: Path, sources: Sequence[Path], count: int) -> Path:
    """The first lines of files, plain or zst, as one plain file; their order is that of the names given."""
    lines = (line for source in sources for line in lines_of(source))
    with path.open("wb") as out:
        out.writelines(line for _, line in zip(range(count), lines, strict=False))
    return path


def spread_lines(path: Path, source: Path, count: int) -> Path:
    """A file of so many lines of a plain file, at equal distances."""
    lines = read_lines(source)
    with path.open("wb") as out:
        out.writelines(lines[number * len(lines) // count] for number in range(count))
    return path


def lines_of(source: Path) -> Iterator[bytes]:
    """The lines of a file that are not blank, each with its line break."""
    with source.open("rb") as file:
        opened = zstandard.ZstdDecompressor().stream_reader(file) if source.suffix == ".zst" else file
        held = b""
        while piece := opened.read(1 << 22):
            *whole, held = (held + piece).split(b"\n")
            yield from (line + b"\n" for line in whole if line.strip())
        if held.strip():
            yield held + b"\n"


def read_lines(path: Path, count: int | None = None) -> list[bytes]:
    """The lines of a plain file, line breaks included; the first `count` only, if one is given."""
    with path.open("rb") as file:
        return file.readlines() if count is None else [line for _, line in zip(range(count), file, strict=False)]


def measure(parameters: dict[str, Any]) -> dict[str, Any]:
    """Writes `count` events to `path`.

    They are some `of` a file, the first of `sources`, or made-up ones by `seed`, with constants of `rules`.
    """
    path, count = Path(parameters["path"]), parameters["count"]
    if parameters.get("of"):
        spread_lines(path, Path(parameters["of"]), count)
    elif parameters.get("sources"):
        gathered(path, [Path(source) for source in parameters["sources"]], count)
    else:
        make(path, count, parameters["seed"], parameters["rules"])
    with path.open("rb") as file:
        return {"events": sum(1 for _ in file), "bytes": path.stat().st_size}
