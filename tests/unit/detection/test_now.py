"""Rules whose queries go by the time of the run: what `now` is, and what a pack remembers of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from besra import api
from besra.detection.detect import Job
from besra.errors import InputError
from besra.events.file_read import FileRead
from besra.rules.ruleset import RuleSet, load_rules
from besra.schema.catalogue import bundled_catalogue
from besra.schema.timestamp import parse_timestamp

PLAN = api.plan_query('process.name: * and @timestamp >= "now-1d/d"', bundled_catalogue(), language="kuery")
NOW = parse_timestamp("2026-03-17T09:42:14Z") or 0
HOUR = 3600 * 10**9


def rules() -> RuleSet:
    """One rule that looks back to the start of yesterday."""
    loaded = load_rules()
    return replace(loaded, rules=(replace(loaded.ready[0], plan=PLAN),))


def events(*days: int) -> list[dict[str, Any]]:
    return [{"@timestamp": f"2026-03-{day:02}T12:00:00Z", "process": {"name": f"{day}"}} for day in days]


def names(alerts: Any) -> set[str]:
    return {alert["process"]["name"] for alert in alerts}


# Of 200 more events the columnar engine has to be asked.
@pytest.mark.parametrize("more", [0, 200])
def test_without_a_time_now_is_that_of_the_newest_event(more: int, tmp_path: Path) -> None:
    given = [*events(10, 12, 11), *events(*[1] * more)]
    assert names(api.detect(rules(), iter(given), match_index=False)) == {"11", "12"}
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(map(orjson.dumps, [*given, "no event"])))
    told: list[Any] = []
    assert names(api.scan([path], rules(), match_index=False, on_item=told.append)) == {"11", "12"}
    assert len([item for item in told if isinstance(item, FileRead)]) == 1
    assert len(told) == 2


def test_the_time_given_counts(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(map(orjson.dumps, events(10, 15, 16, 17))))
    assert names(api.detect(rules(), events(10, 15, 16, 17), match_index=False, now=NOW)) == {"16", "17"}
    assert names(api.scan([path], rules(), match_index=False, now=NOW)) == {"16", "17"}
    found = api.search("@timestamp >= now-1d/d", events(15, 16, 17), "kuery", now=NOW)
    assert len(found.matches) == 2
    assert len(api.search("@timestamp >= now-1d/d", events(10, 11, 12), "kuery").matches) == 2


def test_the_standard_input_cannot_be_read_twice() -> None:
    with pytest.raises(InputError, match="now=") as caught:
        list(api.scan(["-"], rules()))
    assert caught.value.problem.code == "now-needed"


def test_a_job_without_a_time_says_so() -> None:
    job = Job(rules().runnable)
    assert job.needs_now
    assert not replace(job, now=NOW).needs_now
    assert not Job(load_rules().runnable).needs_now
    with pytest.raises(ValueError, match="now-1d/d"):
        job.pack()


def test_a_pack_is_remembered_by_what_its_dates_mean() -> None:
    job = Job(rules().runnable, fingerprint="f", now=NOW)
    assert replace(job, now=NOW + HOUR).pack().fingerprint == job.pack().fingerprint
    assert replace(job, now=NOW + 24 * HOUR).pack().fingerprint != job.pack().fingerprint
    plain = Job(load_rules().runnable, fingerprint="f")
    assert replace(plain, now=NOW).pack().fingerprint == plain.pack().fingerprint
