"""Runs of rules over time that is past, as rule managers ask for them (detection-engine.md 2.4, 8.1).

Who does them is the `filler`, behind what arrives; what has been asked for outlives the process.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from besra.detection.rule_copy import rule_uuid
from besra.detection.schedule import Gap
from besra.errors import DateMathError
from besra.rules.rule import RuleStatus
from besra.schema.datemath import parse_date_math
from besra.schema.timestamp import NANOS
from besra.service.answering import RequestError
from besra.service.rule_book import Entry
from besra.storage.gap_log import GapKind, GapStatus, RecordedGap

LONGEST = 90 * 86_400 * NANOS
"""Of a stretch of time that runs are asked for."""
MOST_WAITING = 10
"""Stretches of time that wait for one rule."""


class RunLog(Protocol):
    """Where it is kept what is asked for. Methods raise AlertStoreError."""

    def gaps(self, rule_uuid: str | None, statuses: Iterable[GapStatus]) -> Sequence[RecordedGap]:
        """What is left to look through of a rule."""

    def ask_runs(self, rule_uuids: Iterable[str], time: Gap, now: int) -> None:
        """Keep that runs are asked for."""


def stretch_of(asked: Any, now: int) -> Gap:
    """The time of `{"start_date": …, "end_date": …}`. Raises RequestError (400)."""
    given = asked if isinstance(asked, dict) else {}
    end = _time(given.get("end_date", "now"), "end_date", now)
    start = _time(given.get("start_date"), "start_date", now)
    if not start < end <= now:
        raise RequestError(400, "start_date lies before end_date, and end_date not in the future")
    if end - start > LONGEST:
        raise RequestError(400, "from start_date to end_date are 90 days at most; ask for them piece by piece")
    return Gap(start, end)


def _time(value: Any, name: str, now: int) -> int:
    if not isinstance(value, str):
        raise RequestError(400, f"{name} is a date, or date math such as now-2d")
    try:
        return parse_date_math(value, now)
    except DateMathError as error:
        raise RequestError(400, f"{name}: {error.problem.message}; {error.problem.hint}") from error


def refuse_run(entry: Entry) -> None:
    """Raises RequestError (400) for a rule that does not run."""
    if not entry.is_enabled:
        raise RequestError(400, "a rule that is switched off has no runs; enable it")
    if entry.loaded.status is not RuleStatus.READY:
        raise RequestError(400, "besra cannot run the rule: its `besra.problems` say why")


def ask_runs(log: RunLog, entry: Entry, time: Gap, now: int) -> None:
    """Have a rule run over a stretch of time. Raises RequestError (400) where many wait, and AlertStoreError."""
    if entry.loaded.rule is None:
        return
    uuid = rule_uuid(entry.loaded.rule)
    waiting = log.gaps(uuid, (GapStatus.UNFILLED, GapStatus.IN_PROGRESS))
    if sum(gap.kind is GapKind.ASKED for gap in waiting) >= MOST_WAITING:
        raise RequestError(400, f"{MOST_WAITING} stretches of time wait for the rule already; it takes more later")
    log.ask_runs([uuid], time, now)
