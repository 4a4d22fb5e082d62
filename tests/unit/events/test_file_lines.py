"""Parts of a file read where they stand, and what may have happened to the file meanwhile."""

import os
from pathlib import Path

import pytest

from besra.events.file_lines import KEPT, FileBytes, FileLines, FileReader, PlainFile, UnreadError

TEXT = bytes(range(256)) * 40


def file_of(path: Path, text: bytes = TEXT) -> PlainFile:
    path.write_bytes(text)
    with path.open("rb") as opened:
        return PlainFile.of(path, opened)


def test_parts_and_lines(tmp_path: Path) -> None:
    reader, file = FileReader(), file_of(tmp_path / "one")
    other = file_of(tmp_path / "other", b"something else")
    assert reader.rest(file, 0) == len(TEXT)
    assert reader.part(file, 100, 56) == TEXT[100:156]
    assert reader.lines(FileLines(file, 10, 300)) == TEXT[10:310]
    assert reader.lines(FileLines(other, 0, 9)) == b"something"
    assert reader.lines(FileLines(file, 1, 2)) == TEXT[1:3]
    assert FileBytes(reader, other, 4)[1:5] == b"hing"
    assert FileLines(file, 0, 5).is_first and not FileLines(file, 1, 5).is_first


def test_a_large_buffer_is_not_kept(tmp_path: Path) -> None:
    reader, file = FileReader(), file_of(tmp_path / "large", b"x" * (KEPT + 1))
    assert len(reader.lines(FileLines(file, 0, KEPT + 1)).obj) == KEPT + 1
    assert len(reader.lines(FileLines(file, 0, 10)).obj) < KEPT


@pytest.mark.parametrize("change", ["shorter", "gone", "replaced"])
def test_a_file_that_changed_cannot_be_read(tmp_path: Path, change: str) -> None:
    path = tmp_path / "one"
    file = file_of(path)
    match change:
        case "shorter":
            os.truncate(path, 50)
        case "gone":
            path.unlink()
        case "replaced":
            (tmp_path / "new").write_bytes(TEXT)
            (tmp_path / "new").rename(path)
    with pytest.raises(UnreadError):
        FileReader().rest(file, len(TEXT) - 1)
    with pytest.raises(UnreadError) as caught:
        FileReader().lines(FileLines(file, 0, len(TEXT)))
    assert caught.value.problem.place.path == str(path)


def test_a_reader_that_has_the_file_open_reads_on_when_another_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "one"
    reader, file = FileReader(), file_of(path)
    assert reader.rest(file, 0) == len(TEXT)
    (tmp_path / "new").write_bytes(b"other")
    (tmp_path / "new").rename(path)
    assert reader.part(file, 0, 3) == TEXT[:3]
