"""The demo written to disk."""

import json
from pathlib import Path

import pytest

from besra.demo import demo_documents, sentinel_one_documents, sysmon_documents, write_demo
from besra.errors import InputError


def test_each_source_has_its_folder_and_one_line_a_document(tmp_path: Path) -> None:
    paths = write_demo(tmp_path / "new" / "demo", minutes=1, hosts=2)
    assert [path.relative_to(tmp_path / "new" / "demo").as_posix() for path in paths] == [
        "defend/defend.ndjson",
        "sysmon/sysmon.ndjson",
        "sentinel-one/sentinel_one.ndjson",
    ]
    read = [[json.loads(line) for line in path.read_text("utf-8").splitlines()] for path in paths]
    assert read[0] == list(demo_documents(minutes=1, hosts=2))
    assert read[1] == list(sysmon_documents())
    assert read[2] == list(sentinel_one_documents())


def test_writing_again_replaces_the_files(tmp_path: Path) -> None:
    [first, *_] = write_demo(tmp_path, minutes=1, hosts=2)
    long = first.stat().st_size
    write_demo(tmp_path, minutes=0, hosts=2)
    assert 0 < first.stat().st_size < long


def test_a_file_in_the_way_is_a_problem_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "defend").write_text("in the way")
    with pytest.raises(InputError) as caught:
        write_demo(tmp_path, minutes=0)
    assert caught.value.problem.code == "demo-write"
    assert caught.value.problem.place.path == str(tmp_path / "defend" / "defend.ndjson")
