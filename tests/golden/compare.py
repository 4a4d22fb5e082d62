"""Comparing with files under tests/golden: `pytest tests/golden --update-golden` writes them anew."""

import re
from pathlib import Path

from besra.version import __version__

FOLDER = Path(__file__).parent
MEASURED = re.compile(r"in [\d.]+ s(?: \([\d,]+ events/s(?:, peak memory [\d,]+ MB)?\))?")


def masked(text: str) -> str:
    """Text without what differs from run to run, machine to machine and version to version."""
    return MEASURED.sub("in (measured)", text).replace(__version__, "VERSION")


def check(actual: str, name: str, *, update: bool) -> None:
    """Assert that a text is that of a golden file; with `update`, make it so."""
    path = FOLDER / name
    if update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(masked(actual), "utf-8")
    assert masked(actual) == path.read_text("utf-8")
