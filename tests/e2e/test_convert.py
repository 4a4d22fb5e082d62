"""`besra convert`: what is written gives the alerts of what was read, and is there whole or not at all."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.e2e.command import BESRA, Outcome, besra, environment, inside
from tests.shared import SHARED, needs_shared

NOW = "2026-06-01T00:00:00Z"


def alerts(path: Path, *options: str | Path) -> list[Any]:
    """The alerts of a scan without where the events were read."""
    done = inside("scan", path, "--format", "ndjson", "--now", NOW, "-q", *options)
    assert done.code == 0, done.err
    return [without_place(document) for document in done.documents]


def without_place(value: Any) -> Any:
    match value:
        case dict():
            return {key: without_place(item) for key, item in value.items() if key not in ("file", "line", "record")}
        case list():
            return [without_place(item) for item in value]
        case _:
            return value


def converted(paths: Path, form: str, folder: Path, *options: str) -> Path:
    path = folder / f"converted.{form}"
    done = inside("convert", paths, "--to", form, "-o", path, *options)
    assert done.code == 0, done.err
    assert f"wrote {events_in(done)}" in done.err
    return path


def events_in(done: Outcome) -> str:
    """The number of events the summary says were read."""
    (found,) = re.findall(r"([\d,]+ events?) in", done.err)
    return str(found)


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_the_alerts_of_the_demo_stay(demo: Path, form: str, tmp_path: Path) -> None:
    path = converted(demo, form, tmp_path)
    expected = alerts(demo)
    assert expected
    assert alerts(path) == expected
    assert alerts(path, "--engine", "reference") == expected
    # And once more, from what was written.
    other = "parquet" if form == "ndjson" else "ndjson"
    assert alerts(converted(path, other, tmp_path)) == expected


@needs_shared
@pytest.mark.parametrize("form", ["ndjson", "parquet"])
@pytest.mark.parametrize("pattern", ["evtx/*.evtx", "rule-events/positive/*.ndjson"])
def test_the_alerts_of_public_data_stay(pattern: str, form: str, tmp_path: Path) -> None:
    rules = SHARED / "data" / "rules"
    every = sorted((SHARED / "data").glob(pattern))
    paths = every[:: max(1, len(every) // 20)]
    folder = tmp_path / "in"
    folder.mkdir()
    for number, path in enumerate(paths):
        (folder / f"{number:02}-{path.name}").symlink_to(path)
    out = tmp_path / f"out.{form}"
    done = inside("convert", folder, "--to", form, "-o", out, "-q")
    assert done.code == 0, done.err
    expected = alerts(folder, "--rules", rules)
    assert expected
    assert by_id(alerts(out, "--rules", rules)) == by_id(expected)


def by_id(found: list[Any]) -> dict[str, Any]:
    return {alert["kibana.alert.uuid"]: alert for alert in found}


def test_ndjson_goes_to_standard_output_line_by_line(events: Path) -> None:
    done = inside("convert", events, "--to", "ndjson")
    lines = [json.loads(line) for line in events.read_text("utf-8").splitlines()]
    assert done.documents == lines
    assert done.err.splitlines()[-1] == f"wrote {len(lines)} events"
    assert inside("convert", events, "--to", "ndjson", "-o", "-", "-q").out == done.out


def test_index_names_what_has_no_home(tmp_path: Path) -> None:
    file = tmp_path / "x.ndjson"
    file.write_text('{"@timestamp": 0}\n', "utf-8")
    (hit,) = inside("convert", file, "--to", "ndjson", "--index", "mine").documents
    assert (hit["_index"], hit["_source"]) == ("mine", {"@timestamp": 0})
    path = converted(file, "parquet", tmp_path, "--index", "mine")
    assert pq.read_table(path)["_index"].to_pylist() == ["mine"]


def test_problems_are_told_and_the_rest_is_written(tmp_path: Path) -> None:
    file = tmp_path / "x.ndjson"
    file.write_text('{"@timestamp": 0}\n[]\n{"a": \n', "utf-8")
    out = tmp_path / "out.parquet"
    done = inside("convert", file, "--to", "parquet", "-o", out)
    assert done.code == 0
    assert "x.ndjson:2: warning" in done.err and "x.ndjson:3:" in done.err
    assert done.err.splitlines()[-2:] == ["not used: 2 records skipped", "wrote 1 event"]
    quiet = inside("convert", file, "--to", "parquet", "-o", out, "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_input_that_is_missing(tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    done = inside("convert", tmp_path / "no", "--to", "ndjson", "-o", out)
    assert (done.code, out.read_bytes()) == (3, b"")
    assert "input-missing" in done.err


@pytest.mark.parametrize("output", [[], ["-o", "-"]], ids=str)
def test_parquet_needs_a_file(events: Path, output: list[str]) -> None:
    done = inside("convert", events, "--to", "parquet", *output)
    assert (done.code, done.out) == (3, "")
    assert "output-missing" in done.err


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_outputs_that_cannot_be_written(events: Path, form: str, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "no" / "x", Path("/dev/full")):
        done = inside("convert", events, "--to", form, "-o", path)
        assert done.code == 3
        assert "output-write" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_an_output_is_replaced_even_by_what_was_made_of_it(events: Path, form: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(events.read_bytes())
    path.chmod(0o640)
    expected = alerts(events)
    done = inside("convert", path, "--to", form, "-o", path)
    assert done.code == 0, done.err
    assert alerts(path) == expected
    assert [file.name for file in tmp_path.iterdir()] == ["x"]
    assert "hidden" not in done.err


def test_a_folder_may_be_written_to_while_it_is_read(events: Path, tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(events.read_bytes())
    done = inside("convert", tmp_path, "--to", "ndjson", "-o", tmp_path / "b.ndjson")
    assert done.code == 0
    assert "hidden" not in done.err
    assert (tmp_path / "b.ndjson").read_bytes().count(b"\n") == events.read_bytes().count(b"\n")


def test_a_file_keeps_what_it_held_if_writing_ends_early(
    events: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.ndjson"
    path.write_text("before", "utf-8")

    def interrupt(_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("besra.cli.commands.convert.line_of", interrupt)
    assert inside("convert", events, "--to", "ndjson", "-o", path).code == 130
    assert path.read_text("utf-8") == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["x.ndjson"]


def test_a_link_stays_a_link(events: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert inside("convert", events, "--to", "ndjson", "-o", tmp_path / "link").code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes()


def test_parquet_through_standard_input(events: Path, tmp_path: Path) -> None:
    raw = converted(events, "parquet", tmp_path).read_bytes()
    assert besra("convert", "-", "--to", "ndjson", stdin=raw).out == inside("convert", events, "--to", "ndjson").out


def test_a_reader_that_leaves_ends_it(demo: Path) -> None:
    command = [*BESRA, "convert", str(demo), "--to", "ndjson"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert process.stdout and process.stderr
    os.read(process.stdout.fileno(), 10)
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(60) in (0, 141)


def test_row_groups_of_other_times_are_passed_over_and_it_is_said(tmp_path: Path) -> None:
    documents = [
        {"@timestamp": f"2026-03-{day:02}T00:00:00Z", "event": {"category": [category]}, "process": {"pid": number}}
        for day, category in ((1, "process"), (2, "file"))
        for number in range(9_000)
    ]
    lines = tmp_path / "x.ndjson"
    lines.write_text("".join(json.dumps(document) + "\n" for document in documents))
    path = converted(lines, "parquet", tmp_path)
    whole = inside("scan", path, "--format", "ndjson")
    part = inside("scan", path, "--format", "ndjson", "--from", "2026-03-02")
    assert (whole.code, part.code) == (0, 0)
    assert "1 file, 18,000 events" in whole.err and "passed over" not in whole.err
    assert "1 file, 9,000 events" in part.err and "passed over 9,000 events of other times" in part.err
    assert alerts(path, "--from", "2026-03-02") == alerts(lines, "--from", "2026-03-02")


@pytest.mark.parametrize("window", [(), ("--from", "2026-03-17T09:00:00Z"), ("--to", "2026-03-17T09:30:00Z")], ids=str)
def test_windows_are_those_of_the_lines(demo: Path, window: tuple[str, ...], tmp_path: Path) -> None:
    path = converted(demo, "parquet", tmp_path)
    assert alerts(path, *window) == alerts(demo, *window) == alerts(path, *window, "--engine", "reference")
    scan = ("scan", path, "--format", "ndjson", "--now", NOW, *window)
    done = inside(*scan)
    assert (done.code, done.out) == (0, inside(*scan, "--engine", "reference").out)
