"""`python -m tests.crash.launcher PLAN serve …`: the command of besra in a process that dies where the plan says.

The plan is JSON. `point` names one of POINTS with `:before` or `:after`, `nth` says at which call; then the process
ends as by `kill -9`, after it has written the point to the file `died`. `clock` names a file with the nanoseconds the
clock is off. `keeps_house` has files of the event store joined all the while. `roomy` says there is always room on the
disk. Nothing of it is in besra: functions are wrapped before the command starts, most of them of libraries.
"""

import importlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

FUNCTIONS = {
    "journal submit": "besra.storage.journal:Journal.submit",
    "journal trim": "besra.storage.journal:Journal.trim",
    "store add": "besra.storage.event_store:EventStore.add",
    "detector take": "besra.service.detector:Detector.take",
    "alert store commit": "besra.storage.alert_store:AlertStore.commit",
    "delta write": "deltalake:write_deltalake",
    "delta compact": "deltalake.table:TableOptimizer.compact",
    "delta vacuum": "deltalake:DeltaTable.vacuum",
    "delta checkpoint": "deltalake:DeltaTable.create_checkpoint",
    "migration": "alembic.command:upgrade",
    "fsync": "os:fsync",
}
"""Functions a process may die before or after, by module and name."""

NOTIFY_FUNCTIONS = {
    "notify entries": "besra.notify.triggers:Triggers.entries",
    "notify gather": "besra.storage.outbox:gather",
    "notify payload": "besra.storage.outbox:keep_payload",
    "notify send": "besra.notify.sending:Sender.send",
    "notify request": "http.client:HTTPConnection.request",
    "notify answer": "http.client:HTTPConnection.getresponse",
    "notify mail": "smtplib:SMTP.send_message",
    "notify goodbye": "smtplib:SMTP.docmd",
    "notify note": "besra.storage.outbox:note_sent",
}
"""The same of a service that tells of its alerts."""

STATEMENTS = {
    "journal statement": ("journal.sqlite", False),
    "journal commit": ("journal.sqlite", True),
    "alerts statement": ("alerts.sqlite", False),
    "alerts commit": ("alerts.sqlite", True),
}
"""What a SQLite file is told: its name, and whether only commits count."""

POINTS = tuple(f"{name}:{when}" for name in (*FUNCTIONS, *STATEMENTS) for when in ("before", "after"))
NOTIFY_POINTS = tuple(f"{name}:{when}" for name in NOTIFY_FUNCTIONS for when in ("before", "after"))
LOOK_EVERY = 0.7
"""Seconds between two looks of what joins files of the event store."""
NANOS = 10**9


class Death:
    """Ends this process at the n-th chance."""

    def __init__(self, point: str, nth: int, died: Path) -> None:
        self._point = point
        self._nth = nth
        self._died = died
        self._chances = count(1)

    def chance(self) -> None:
        """One of the chances."""
        if next(self._chances) == self._nth:
            self._died.write_text(self._point, "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


def die_at(point: str, nth: int, died: Path) -> None:
    """Arrange for this process to die at a point. Raises KeyError, AttributeError, ImportError if there is none."""
    name, _, when = point.partition(":")
    death = Death(point, nth, died)
    before, after = (death.chance, _nothing) if when == "before" else (_nothing, death.chance)
    if name in STATEMENTS:
        _wrap_sqlite(*STATEMENTS[name], before, after)
        return
    owner, last = function_at((FUNCTIONS | NOTIFY_FUNCTIONS)[name])
    wrapped = getattr(owner, last)

    def wrapper(*given: Any, **named: Any) -> Any:
        before()
        result = wrapped(*given, **named)
        after()
        return result

    setattr(owner, last, wrapper)


def function_at(place: str) -> tuple[Any, str]:
    """What holds a function, and its name there. Raises AttributeError, ImportError if there is none."""
    module, _, path = place.partition(":")
    *owners, last = path.split(".")
    owner: Any = importlib.import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    return owner, last


def _nothing() -> None:
    pass


def _wrap_sqlite(file: str, only_commits: bool, before: Callable[[], None], after: Callable[[], None]) -> None:
    connect = sqlite3.connect

    def counts(statement: str) -> bool:
        return not only_commits or statement.lstrip().upper().startswith("COMMIT")

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *given: Any) -> Any:
            return self._around(super().execute, sql, *given)

        def executemany(self, sql: str, *given: Any) -> Any:
            return self._around(super().executemany, sql, *given)

        def _around(self, call: Callable[..., Any], sql: str, *given: Any) -> Any:
            if not counts(sql):
                return call(sql, *given)
            before()
            result = call(sql, *given)
            after()
            return result

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def commit(self) -> None:
            before()
            super().commit()
            after()

    def connected(database: Any, *given: Any, **named: Any) -> Any:
        if Path(os.fspath(database)).name == file:
            named["factory"] = Connection
        return connect(database, *given, **named)

    sqlite3.connect = connected  # type: ignore[assignment]
    sqlite3.dbapi2.connect = connected  # type: ignore[assignment]


def set_clock(file: Path) -> None:
    """Let the clock be off by what the file says, looked at all the time."""
    real = time.time_ns
    offset = 0

    def watch() -> None:
        nonlocal offset
        while True:
            text = file.read_text("utf-8") if file.exists() else ""
            offset = int(text or 0)
            time.sleep(0.02)

    offset = int(file.read_text("utf-8")) if file.exists() else 0
    threading.Thread(target=watch, daemon=True).start()
    time.time_ns = lambda: real() + offset


def keep_house() -> None:
    """Have what looks after the stores look all the time, and find something to do."""
    from besra.service import maintenance  # noqa: PLC0415  once the points are arranged

    maintenance.LOOK_EVERY = LOOK_EVERY
    maintenance.MANY = 2
    maintenance.CLEAN_EVERY = maintenance.FORGET_EVERY = NANOS


def tell_soon() -> None:
    """Have alerts on counts that grow brought up to date within a second, not within a minute."""
    from besra.service import bucket_log, pump  # noqa: PLC0415  once the points are arranged

    bucket_log.TOLD_EVERY = pump.FORGET_EVERY = NANOS // 2


def main() -> None:
    """Follow the plan, then be besra."""
    plan = json.loads(sys.argv.pop(1))
    if plan.get("point"):
        die_at(plan["point"], plan["nth"], Path(plan["died"]))
    if plan.get("clock"):
        set_clock(Path(plan["clock"]))
    if plan.get("roomy"):
        usage = shutil.disk_usage
        shutil.disk_usage = lambda path: usage(path)._replace(free=1 << 40)
    tell_soon()
    if plan.get("keeps_house"):
        keep_house()
    from besra.cli.__main__ import main as command  # noqa: PLC0415

    command()


if __name__ == "__main__":
    main()
