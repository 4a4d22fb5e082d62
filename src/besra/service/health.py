"""How the parts of a service are, for people and dashboards (interfaces.md 4). It tells no secrets and no contents."""

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from besra.rules.rule import RuleStatus
from besra.schema.timestamp import NANOS, format_timestamp
from besra.service.server import Service
from besra.storage.database import AlertStoreError
from besra.storage.gap_log import GapKind, GapStatus
from besra.version import __version__

State = Literal["ok", "warning", "failing"]
ORDER: tuple[State, ...] = ("ok", "warning", "failing")


class Part(Struct, frozen=True):
    """A part of the service: how it is, since when or why if that is to be said, and its figures."""

    name: str
    state: State
    message: str
    figures: dict[str, float]


class Health(Struct, frozen=True):
    """How the service is: as the worst of its parts."""

    state: State
    version: str
    python: str
    now: str
    started: str
    uptime_seconds: float
    parts: tuple[Part, ...]


class HealthWatch:
    """Says how a service is. One for a process."""

    def __init__(self, service: Service, more: Callable[[], Iterator[Part]] = lambda: iter(())) -> None:
        self._service = service
        self._more = more
        self._started = service.clock()
        self._steady = time.monotonic()

    def told(self) -> Health:
        """How it is now. Reads the alert store."""
        parts = (*self._parts(), *self._more())
        worst = max((part.state for part in parts), key=ORDER.index)
        now = self._service.clock()
        uptime = round(time.monotonic() - self._steady, 3)
        return Health(
            worst,
            __version__,
            platform.python_version(),
            format_timestamp(now),
            format_timestamp(self._started),
            uptime,
            parts,
        )

    def _parts(self) -> Iterator[Part]:
        service = self._service
        yield self._ingest()
        waiting = max(service.ingest.last - service.duty.pump.stored, 0)
        yield self._part("store", {"batches_waiting": waiting, **self._sizes()}, self._failure("events"))
        unseen = max(service.ingest.last - service.duty.pump.detected, 0)
        yield self._part("detection", {"batches_waiting": unseen}, self._failure("rules"))
        yield self._rules()
        yield from self._from_the_alert_store()
        told = service.maintenance.told
        figures = {"failures": told.failures, "events_dropped": told.dropped, "files_removed": told.removed}
        yield self._part("maintenance", figures, warning="some of its work failed" if told.failures else "")
        letters = service.letters.counts()
        warning = "dead letters were lost" if letters.lost else ""
        yield self._part("dead_letters", {"kept": letters.kept, "lost": letters.lost}, warning=warning)

    def _part(self, name: str, figures: Mapping[str, float], failure: str = "", *, warning: str = "") -> Part:
        state: State = "failing" if failure else "warning" if warning else "ok"
        return Part(name, state, failure or warning, dict(figures))

    def _failure(self, name: str) -> str:
        return "it fails at the moment; the log of the service says why" if name in self._service.failures else ""

    def _ingest(self) -> Part:
        ingest = self._service.ingest
        failure = "the journal cannot be written; the log of the service says why" if ingest.failure else ""
        free = ingest.free_space()
        warning = "the disk is nearly full: events are refused" if free < ingest.limits.disk else ""
        figures = {"taken": ingest.taken, "refused": ingest.refused, "disk_free_bytes": free}
        return self._part("ingest", figures, failure, warning=warning)

    def _sizes(self) -> dict[str, float]:
        sizes = self._service.maintenance.told.sizes
        return {"events": sizes.rows, "bytes": sizes.bytes, "files": sizes.files}

    def _rules(self) -> Part:
        spaces = self._service.spaces
        entries = [entry for space in spaces.ids for entry in spaces.rules(space).entries]
        cannot = sum(entry.loaded.status is not RuleStatus.READY for entry in entries)
        off = sum(not entry.is_enabled for entry in entries)
        running = len(self._service.duty.job.rules)
        figures = {"rules": len(entries), "running": running, "off": off, "cannot_run": cannot}
        return self._part("rules", figures, warning="" if running else "no rule runs")

    def _from_the_alert_store(self) -> Iterator[Part]:
        alerts = self._service.stores.alerts
        try:
            count = alerts.count()
            open_gaps = [gap for gap in alerts.gaps(statuses=OPEN) if gap.kind is GapKind.MISSED]
        except AlertStoreError:
            yield self._part("alerts", {}, "the alert store cannot be read; the log of the service says why")
            return
        yield self._part("alerts", {"alerts": count})
        wrong = sum(gap.status is GapStatus.ERROR for gap in open_gaps)
        missed = sum(part.end - part.start for gap in open_gaps for part in gap.unfilled) / NANOS
        figures = {"open": len(open_gaps), "failed": wrong, "unfilled_seconds": missed}
        warning = "time was missed that nobody has looked through" if open_gaps else ""
        yield self._part("gaps", figures, self._failure("gaps"), warning=warning)


OPEN = (GapStatus.UNFILLED, GapStatus.WANTED, GapStatus.IN_PROGRESS, GapStatus.ERROR)
