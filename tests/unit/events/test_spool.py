"""Bytes read back by place, wherever they are and whoever reads them."""

import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from besra.errors import InputError
from besra.events import spool as module
from besra.events.spool import Spool, read_at

TEXTS = [b"", b"a", b"bcd" * 10, b"\0\n", b"x" * 1000, b"z"]


@pytest.fixture(params=[0, 20, 10_000])
def spool(request: pytest.FixtureRequest) -> Iterator[Spool]:
    made = Spool(request.param)
    yield made
    made.close()


def test_what_was_written_is_read_by_its_place(spool: Spool) -> None:
    places = [spool.write(text) for text in TEXTS]
    assert places == [sum(map(len, TEXTS[:number])) for number in range(len(TEXTS))]
    for place, text in reversed(list(zip(places, TEXTS, strict=True))):
        assert spool.read(place, len(text)) == text


def test_reading_between_writing(spool: Spool) -> None:
    kept = []
    for number in range(50):
        text = bytes([number]) * number
        kept.append((spool.write(text), text))
        assert all(spool.read(place, len(text)) == text for place, text in kept)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
def test_a_forked_process_reads_what_was_flushed_while_more_is_written(spool: Spool) -> None:
    places = [spool.write(text) for text in TEXTS]
    spool.flush()
    child = os.fork()
    if not child:
        held = [spool.read(place, len(text)) for place, text in zip(places, TEXTS, strict=True)]
        os._exit(0 if held == TEXTS else 1)
    more = spool.write(b"more")
    assert spool.read(more, 4) == b"more"
    assert spool.read(places[2], len(TEXTS[2])) == TEXTS[2]
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert spool.read(more, 4) == b"more"


def test_a_read_leaves_the_position_of_a_file_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789")
        file.flush()
        file.seek(3)
        assert read_at(file, 5, 2) == b"56"
        assert file.tell() == 3
        monkeypatch.delattr(os, "pread", raising=False)
        assert read_at(file, 5, 2) == b"56"
        assert file.tell() == 3


def test_a_file_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.tempfile, "TemporaryFile", refuse)
    spool = Spool(2)
    spool.write(b"ab")
    with pytest.raises(InputError) as caught:
        spool.write(b"c")
    assert caught.value.problem.code == "no-temporary-space"
