"""Alerts on buckets and new terms in the formats that hold less than whole documents."""

import csv
import io
import json
from typing import Any

import pytest
from tests.golden.desk import COUNTING, shell

import besra
from besra.cli.formats import WRITERS

Alert = dict[str, Any]


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> list[Alert]:
    """One of a bucket of 23 events, one of a new term."""
    folder = tmp_path_factory.mktemp("rules")
    for name, text in COUNTING.items():
        (folder / name).write_text(text.replace('"host.name", ', ""), "utf-8")
    return besra.detect(besra.load_rules(folder), [shell(number) for number in range(23)])


def written(form: str, alerts: list[Alert]) -> str:
    out = io.StringIO()
    WRITERS[form](alerts, out)
    return out.getvalue()


def test_csv(alerts: list[Alert]) -> None:
    bucket, term = csv.DictReader(io.StringIO(written("csv", alerts)))
    assert (bucket["process"], bucket["host"], bucket["user"]) == ("cmd.exe", "", "")
    assert bucket["time"] == "2026-03-17T09:41:00.250Z"
    assert bucket["events"].split("; ")[-2:] == ["(document):23", "and 13 more"]
    assert (term["user"], term["events"]) == ("jdoe", "(document):1")


def test_timesketch(alerts: list[Alert]) -> None:
    bucket, term = map(json.loads, written("timesketch", alerts).splitlines())
    assert (bucket["hostname"], bucket["datetime"]) == ("", "2026-03-17T09:41:00.250Z")
    assert len(bucket["events"]) == 11
    assert term["username"] == "jdoe"


def test_ocsf(alerts: list[Alert]) -> None:
    bucket, term = map(json.loads, written("ocsf", alerts).splitlines())
    assert len(bucket["evidences"]) == 10
    assert bucket["unmapped"]["besra"]["total_events"] == 23
    assert "history" in term["unmapped"]["besra"]


def test_markdown(alerts: list[Alert]) -> None:
    _, _, bucket, term = written("markdown", alerts).splitlines()
    assert bucket.endswith("(document):23<br>and 13 more |")
    assert term.endswith("(document):1 |")
