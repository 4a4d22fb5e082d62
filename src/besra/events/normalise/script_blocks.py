"""Scripts of PowerShell that were logged in several parts (event 4104), put together again.

PowerShell cuts a long script and writes a record for each part. Records stay as they are, since rules look at one at a
time; whoever reads the parts in order gives the last one that arrives the whole text, under `besra.script_block`.
"""

from dataclasses import dataclass, field

from besra.events.normalise.nested_document import Document, field_text, field_value, put

SCRIPT_BLOCK = "4104"

MOST_OPEN = 64
"""Scripts waiting for parts at the same time; the one that waits longest is given up for another."""

MOST_TEXT = 16 << 20
"""Characters that may wait in all."""


@dataclass(slots=True)
class _Open:
    """A script of which not all parts have come, by number."""

    total: int
    parts: dict[int, str] = field(default_factory=dict)


class ScriptBlocks:
    """Puts parts together as they come, within bounds: a script that is too long, or waits too long, stays in parts."""

    def __init__(self) -> None:
        self._open: dict[tuple[str | None, str], _Open] = {}
        self._size = 0

    def add(self, document: Document) -> None:
        """Take a document of any kind. One that completes a script of several parts gets its text and their number."""
        total = field_value(document, "powershell.total")
        if type(total) is not int or total < 2:
            return
        number, block = (
            field_value(document, "powershell.sequence"),
            field_text(document, "powershell.file.script_block_id"),
        )
        text = field_value(document, "powershell.file.script_block_text")
        if block is None or type(number) is not int or not 1 <= number <= total or not isinstance(text, str):
            return
        key = (field_text(document, "host.name"), block)
        script = self._open.pop(key, None) or _Open(total)
        if script.total == total and number not in script.parts:
            script.parts[number] = text
            self._size += len(text)
        if len(script.parts) == total:
            self._size -= _size_of(script)
            whole = "".join(script.parts[part] for part in sorted(script.parts))
            put(document, "besra.script_block", {"text": whole, "parts": total})
            return
        self._open[key] = script
        while self._open and (len(self._open) > MOST_OPEN or self._size > MOST_TEXT):
            self._size -= _size_of(self._open.pop(next(iter(self._open))))


def _size_of(script: _Open) -> int:
    return sum(map(len, script.parts.values()))
