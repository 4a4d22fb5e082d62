"""Parquet files: row groups to events, besra's own layout and any other."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from besra.events.event import Event
from besra.events.parquet.file import UNREADABLE, ParquetFile
from besra.events.recognise import DEFAULTS, Intake
from besra.problems import Place, Problem, Severity


def read_parquet_events(source: Path | BinaryIO, name: str, *, intake: Intake = DEFAULTS) -> Iterator[Event | Problem]:
    """The events of a Parquet file, in the order of its rows, and a problem for everything that could not be read.

    `name` is the path to show; the line of an event is the number of its row, from 1. Memory is bounded by a data page
    of every column that is read.
    """
    try:
        file = ParquetFile(source, name, intake)
    except UNREADABLE as error:
        yield unreadable(name, error)
        return
    try:
        for group in range(file.groups):
            try:
                yield from file.events(group)
            except UNREADABLE as error:
                yield damaged(file, group, error)
    finally:
        file.close()


def unreadable(name: str, error: Exception) -> Problem:
    """The problem of a file that cannot be opened."""
    return Problem(
        "parquet-unreadable",
        f"not a readable Parquet file: {_reason(error)}",
        place=Place(name),
        hint="a Parquet file ends with its index: one that was cut off, or not written to its end, cannot be read",
    )


def damaged(file: ParquetFile, group: int, error: Exception) -> Problem:
    """The problem of a row group that cannot be read to its end."""
    first = file.first_rows[group] + 1
    return Problem(
        "parquet-damaged",
        f"the row group of rows {first:,} to {first + file.rows(group) - 1:,} cannot be read: {_reason(error)}",
        Severity.WARNING,
        Place(file.name, first),
        "its rows are lost from the damage on; the other row groups are read",
    )


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300].rstrip(".")
