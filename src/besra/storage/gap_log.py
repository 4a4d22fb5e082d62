"""Gaps: time no run of a rule has looked through, until one does (detection-engine.md 2.3, 2.4).

Time somebody asks to be looked through again is kept in the same way, and done in the same way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from besra.detection.schedule import Gap
from besra.rules.space import DEFAULT
from besra.storage.columns import LAST_TIME, stored_name, stored_text, stored_time
from besra.storage.run_log import ANYBODYS, Whose
from besra.storage.run_tables import GAP
from besra.storage.upsert import insert_or


class GapStatus(StrEnum):
    """What is being done about a gap."""

    UNFILLED = "unfilled"
    WANTED = "wanted"
    """Unfilled, and somebody asked that it be filled."""
    IN_PROGRESS = "in_progress"
    FILLED = "filled"
    ERROR = "error"


class GapKind(StrEnum):
    """Whether time was missed, or somebody asked for runs over it."""

    MISSED = "gap"
    ASKED = "manual"


@dataclass(frozen=True, slots=True)
class RecordedGap:
    """A gap of a rule: its whole time, and the parts of it that runs have looked through since.

    `found` is the start of the run that found it, or when it was asked for, in nanoseconds since 1970; `message` why
    filling it failed.
    """

    id: int
    rule_uuid: str
    time: Gap
    status: GapStatus
    filled: tuple[Gap, ...]
    message: str
    found: int
    kind: GapKind = GapKind.MISSED
    space: str = DEFAULT

    @property
    def unfilled(self) -> tuple[Gap, ...]:
        """The parts nobody has looked through."""
        return without(self.time, self.filled)


def write_gap(
    connection: Connection,
    rule_uuid: str,
    time: Gap,
    found: int,
    kind: GapKind = GapKind.MISSED,
    space: str = DEFAULT,
) -> None:
    """Keep a gap of a rule in a space.

    One that is known stays as it is, but for time that is asked to be looked through once more.
    """
    row = {
        "rule_uuid": stored_name(rule_uuid),
        "space": stored_name(space),
        "start": stored_time(time.start),
        "end": stored_time(time.end),
        "status": str(GapStatus.UNFILLED),
        "filled": [],
        "message": "",
        "found": stored_time(found),
        "kind": str(kind),
    }
    statement = insert_or(connection, GAP, row)
    if kind is GapKind.MISSED:
        connection.execute(statement.on_conflict_do_nothing())
        return
    again = {name: statement.excluded[name] for name in ("status", "filled", "message", "found")}
    names = ["rule_uuid", "start", "end"]
    connection.execute(statement.on_conflict_do_update(index_elements=names, set_=again))


def fill_gaps(connection: Connection, rule_uuid: str, time: Gap) -> None:
    """Note in all gaps of a rule that a run has looked through a stretch of time."""
    open_ = GAP.c.status != str(GapStatus.FILLED)
    touched = [GAP.c.rule_uuid == stored_name(rule_uuid), open_, GAP.c.start < time.end, GAP.c.end > time.start]
    rows = connection.execute(select(GAP).where(*touched).order_by(GAP.c.id).with_for_update()).all()
    for gap in map(_recorded, rows):
        part = Gap(max(gap.time.start, time.start), min(gap.time.end, time.end))
        filled = joined((*gap.filled, part))
        values: dict[str, Any] = {"filled": [[part.start, part.end] for part in filled]}
        if not without(gap.time, filled):
            values |= {"status": str(GapStatus.FILLED), "message": ""}
        connection.execute(update(GAP).where(GAP.c.id == gap.id).values(values))


def mark_gaps(connection: Connection, ids: Sequence[int], status: GapStatus, message: str = "") -> int:
    """Say that gaps are being filled, that it failed, or that nobody does it; filled ones stay. How many they were."""
    named = [id_ for id_ in ids if 0 < id_ <= LAST_TIME]
    chosen = [GAP.c.id.in_(named), GAP.c.status != str(GapStatus.FILLED)]
    values = {"status": str(status), "message": stored_text(message)}
    return connection.execute(update(GAP).where(*chosen).values(values)).rowcount


def gaps(
    connection: Connection,
    whose: Whose = ANYBODYS,
    statuses: Iterable[GapStatus] = tuple(GapStatus),
) -> tuple[RecordedGap, ...]:
    """Gaps, the oldest first."""
    among = [GAP.c.status.in_([str(status) for status in statuses]), *whose.among(GAP)]
    rows = select(GAP).where(*among).order_by(GAP.c.start, GAP.c.id)
    return tuple(map(_recorded, connection.execute(rows)))


def _recorded(row: Row[Any]) -> RecordedGap:
    told = row._mapping
    return RecordedGap(
        told["id"],
        told["rule_uuid"],
        Gap(told["start"], told["end"]),
        GapStatus(told["status"]),
        tuple(Gap(start, end) for start, end in told["filled"]),
        told["message"],
        told["found"],
        GapKind(told["kind"]),
        told["space"],
    )


def forget_gaps(connection: Connection, before: int) -> int:
    """Drop the gaps that ended before a time, and say how many they were."""
    return connection.execute(delete(GAP).where(GAP.c.end < stored_time(before))).rowcount


# --- stretches of time ------------------------------------------------------------------------------------------------


def joined(parts: Iterable[Gap]) -> tuple[Gap, ...]:
    """The same time in as few stretches as can be, the first one first."""
    found: list[Gap] = []
    for part in sorted(parts, key=lambda part: part.start):
        if part.end <= part.start:
            continue
        if found and part.start <= found[-1].end:
            found[-1] = Gap(found[-1].start, max(found[-1].end, part.end))
        else:
            found.append(part)
    return tuple(found)


def without(time: Gap, parts: Iterable[Gap]) -> tuple[Gap, ...]:
    """What is left of a stretch of time without some parts."""
    left = []
    start = time.start
    for part in joined(parts):
        if part.start > start:
            left.append(Gap(start, min(part.start, time.end)))
        start = max(start, part.end)
    return tuple(part for part in (*left, Gap(start, time.end)) if part.start < part.end)
