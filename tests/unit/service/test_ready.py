"""Whether the service says that it is ready follows from whether it can keep what it is sent."""

import asyncio
from concurrent.futures import Future
from pathlib import Path

import pytest

from besra.service.bulk import Put
from besra.service.ingest import Ingest
from besra.storage.journal import Journal, JournalError, Receipt


def test_a_journal_that_cannot_be_written_is_told_until_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    ingest = Ingest(journal, tmp_path, lambda: 10**18)
    put = Put("logs-x", None, {"a": 1}, False)
    try:
        asyncio.run(ingest.take([put]))
        assert ingest.failure == ""

        def broken(*_: object) -> "Future[Receipt]":
            answer: Future[Receipt] = Future()
            answer.set_exception(JournalError("the disk is read-only"))
            return answer

        with monkeypatch.context() as patched:
            patched.setattr(journal, "submit", broken)
            with pytest.raises(JournalError):
                asyncio.run(ingest.take([put]))
        assert ingest.failure == "the disk is read-only"
        asyncio.run(ingest.take([put]))
        assert ingest.failure == ""
    finally:
        journal.close()
