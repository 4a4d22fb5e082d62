"""The journal keeps what it acknowledged, once, in order, also when its process is killed."""

import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from besra.storage.journal import Journal, JournalError, Receipt, Record, Verdict

NOW = 1_740_823_200 * 10**9
WRITER = """
import sys
from pathlib import Path
from besra.storage.journal import Journal, Record
journal = Journal(Path(sys.argv[1]))
for number in range(10**9):
    records = [Record(b'{"n":%d}' % (number * 3 + n), ("i",), f"{number * 3 + n}", is_create=True) for n in range(3)]
    journal.submit(records, number).result()
    print(number, flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def record(number: int, *, is_create: bool = False, index: str = "logs-a", has_own_id: bool = True) -> Record:
    return Record(b'{"n":%d}' % number, (index, "more"), str(number), NOW, is_create, has_own_id)


def submit(journal: Journal, *records: Record) -> Receipt:
    return journal.submit(records, NOW).result(10)


def test_batches_come_back_in_order(folder: Path) -> None:
    journal = Journal(folder)
    receipts = [submit(journal, record(1), record(2)), submit(journal, record(3))]
    journal.close()
    again = Journal(folder)
    first, second = again.after(0)
    assert [first.number, second.number] == [receipt.number for receipt in receipts]
    assert first.received == NOW
    assert [(read.line, read.index, read.id, read.time) for read in first.records] == [
        (b'{"n":1}', ("logs-a", "more"), "1", NOW),
        (b'{"n":2}', ("logs-a", "more"), "2", NOW),
    ]
    assert [batch.number for batch in again.after(first.number)] == [second.number]
    again.close()


def test_an_id_is_created_once(folder: Path) -> None:
    journal = Journal(folder)
    created, updated, conflict = Verdict.CREATED, Verdict.UPDATED, Verdict.CONFLICT
    first = submit(journal, record(1, is_create=True), record(1, is_create=True), record(1))
    assert first.verdicts == (created, conflict, updated)
    assert submit(journal, record(1, is_create=True)) == Receipt((conflict,), None)
    assert submit(journal, record(1, is_create=True, index="logs-b")).verdicts == (created,)
    assert submit(journal, record(2, has_own_id=False), record(2, has_own_id=False)).verdicts == (created, created)
    journal.close()
    again = Journal(folder)
    assert submit(again, record(1, is_create=True)).verdicts == (conflict,)
    assert [len(batch.records) for batch in again.after(0)] == [2, 1, 2]
    again.close()


def test_what_is_trimmed_is_gone_and_its_ids_are_not(folder: Path) -> None:
    journal = Journal(folder)
    numbers = [submit(journal, record(n)).number for n in range(3)]
    assert numbers[1] is not None
    journal.trim(numbers[1])
    assert [batch.number for batch in journal.after(0)] == [numbers[2]]
    assert submit(journal, record(0, is_create=True)).verdicts == (Verdict.CONFLICT,)
    journal.trim(numbers[1], forget=numbers[1])
    assert submit(journal, record(0, is_create=True)).verdicts == (Verdict.CREATED,)
    # Numbers are never used again, or a reader that remembers one would pass over what is new.
    journal.trim(10**6)
    number = submit(journal, record(9)).number
    assert number is not None
    assert number > max(n for n in numbers if n is not None)
    journal.close()


def test_many_clients_at_once(folder: Path) -> None:
    journal = Journal(folder)
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda n: submit(journal, record(n, is_create=True)), range(200)))
    batches = list(journal.after(0))
    journal.close()
    assert sorted(receipt.number or 0 for receipt in receipts) == [batch.number for batch in batches]
    assert {tuple(record.line for record in batch.records) for batch in batches} == {
        (b'{"n":%d}' % n,) for n in range(200)
    }


def test_a_request_that_cannot_be_kept_is_told_and_the_next_one_is_kept(folder: Path) -> None:
    journal = Journal(folder)
    broken = Record(b"{}", ("i",), object())  # type: ignore[arg-type]
    with pytest.raises(JournalError, match="journal"):
        submit(journal, record(1), broken)
    assert submit(journal, record(1, is_create=True)).verdicts == (Verdict.CREATED,)
    assert len(list(journal.after(0))) == 1
    journal.close()


def test_nobody_ends_the_journal_by_giving_up(folder: Path) -> None:
    journal = Journal(folder)
    given_up = [journal.submit([Record(b"{}", ("x",), f"{number}")], 1) for number in range(50)]
    assert not any(answer.cancel() for answer in given_up)
    assert journal.submit([Record(b"{}", ("x",), "last")], 1).result(30).number == 51
    journal.close()


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(JournalError):
        Journal(tmp_path / "data")


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_process_has_kept_what_it_acknowledged(folder: Path, seed: int) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(random.Random(seed).randint(1, 40))]
        writer.send_signal(signal.SIGKILL)
        acknowledged += map(int, writer.stdout.read().split())
    journal = Journal(folder)
    kept = [batch.received for batch in journal.after(0)]
    lines = [record.line for batch in journal.after(0) for record in batch.records]
    journal.close()
    # One more may have been kept and not acknowledged; nothing is there twice.
    assert kept in (acknowledged, [*acknowledged, len(acknowledged)])
    assert lines == [b'{"n":%d}' % n for n in range(3 * len(kept))]
