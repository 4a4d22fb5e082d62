"""How a service is to run, as the options of `besra serve` say."""

import time
from collections.abc import Mapping
from pathlib import Path

from besra.events.recognise import Intake
from besra.notify.connectors_file import read_connectors
from besra.service.ingest import Limits
from besra.service.maintenance import Keep
from besra.service.notifying import NO_NOTIFICATIONS
from besra.service.runs import RunPolicy
from besra.service.server import Settings


def settings_of(given: Mapping[str, object]) -> Settings:
    """The settings in options. Raises BesraError if the file of connectors cannot be used."""
    runs = RunPolicy(
        is_live=bool(given["live"]), fills_gaps=bool(given["fill_gaps"]), look_back=_number(given["look_back_size"])
    )
    days, size, alert_days, run_days = (_number(given[f"keep_{what}"]) for what in ("days", "size", "alerts", "runs"))
    connectors, index = given["connectors"], given["index"]
    notify = read_connectors(Path(str(connectors)), time.time_ns()) if connectors else NO_NOTIFICATIONS
    keep, intake = Keep(days, size, alert_days, run_days or 7), Intake(str(index) if index else None)
    limits = Limits(process=_number(given["memory_limit"]), disk=_number(given["min_free"]) or 0)
    return Settings(runs, keep, intake, notify, limits)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
