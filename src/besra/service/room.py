"""How much room what is kept of events takes, for rules that look back, and how much it may take.

Nothing is let go of before its time. Beyond its room no more events are taken from the journal until older ones are
over or there is more room; meanwhile senders are answered as ever, until the journal has as much as it may hold.
"""

import tempfile
from dataclasses import dataclass

from besra.errors import BesraError

MEMORY = 512 << 20
"""Bytes in memory of what should be in files and of what thresholds wait with."""
MIB = 1 << 20


class NoRoomError(BesraError):
    """There is no room for what rules look back on."""


@dataclass(frozen=True, slots=True)
class LookBack:
    """What is kept of events: how many events and rows of rules, bytes in memory (about) and in temporary files."""

    events: int = 0
    rows: int = 0
    memory: int = 0
    disk: int = 0


def lack_of_memory(kept: LookBack) -> str:
    """Why no more can be taken, with what is to be done, if too much is in memory; nothing else."""
    if kept.memory <= MEMORY:
        return ""
    place = tempfile.gettempdir()
    return (
        f"what rules look back on takes {kept.memory // MIB:,} MiB of memory: is there no room in {place}? "
        "Make some, or point TMPDIR elsewhere"
    )


def lack_of_room(kept: LookBack, size: int | None) -> str:
    """Why no more can be taken, if what is kept takes more than it may; nothing else."""
    if size is not None and kept.disk > size:
        return (
            f"what rules look back on takes {kept.disk // MIB:,} MiB: events wait until the oldest are over. "
            "Allow more with --look-back-size, or run fewer rules that look back long"
        )
    return lack_of_memory(kept)


def look_back_metrics(kept: LookBack, *, is_full: bool) -> dict[str, tuple[str, str, int]]:
    """The metrics of what is kept: kind, meaning and value by name."""
    return {
        "besra_look_back_events": ("gauge", "Events kept for rules that look back.", kept.events),
        "besra_look_back_rows": ("gauge", "Rows kept of them, one for each clause of a rule and key.", kept.rows),
        "besra_look_back_bytes": ("gauge", "Bytes of the temporary files they are in.", kept.disk),
        "besra_look_back_memory_bytes": ("gauge", "About the bytes of memory they take.", kept.memory),
        "besra_look_back_full": ("gauge", "1 while events wait since there is no room for more of them.", int(is_full)),
    }
