"""Input of every bad kind: one message that says where and what to do, and the rest is processed."""

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.archives import encrypted, tar_of, zip_of
from tests.e2e.command import Outcome, inside
from tests.e2e.test_scan import write_rule


def event(number: int) -> bytes:
    document = {
        "@timestamp": f"2026-03-17T09:00:{number:02}Z",
        "event": {"category": ["process"], "type": ["start"]},
        "process": {"name": f"p{number}.exe"},
        "number": number,
    }
    return json.dumps(document).encode()


GOOD = [event(number) for number in range(5)]
LINES = b"\n".join(GOOD) + b"\n"


@dataclass(frozen=True)
class Case:
    """A file, what is said of it (all these words), how many events it has, and the exit code."""

    name: str
    content: bytes
    words: tuple[str, ...]
    events: int
    code: int = 0
    problems: int = 1


def between(line: bytes) -> bytes:
    return b"\n".join([*GOOD[:2], line, *GOOD[2:]]) + b"\n"


CASES = [
    Case("binary.ndjson", bytes(range(256)) * 20, ("not a format besra reads: binary data", "hint: "), 0, 3),
    Case("text.log", b"sshd says hello once more\n" * 30, ("none of the first 20 records", "hint: "), 0, 3),
    Case("truncated.gz", gzip.compress(LINES * 200)[:-20], ("truncated after line", "copy the file again"), 5),
    Case("damaged.gz", gzip.compress(LINES)[:30] + bytes(20), ("the gzip stream is",), 0, 3),
    Case("archive.7z", b"7z\xbc\xaf\x27\x1c" + bytes(100), ("a 7z archive", "hint: "), 0, 3),
    Case("empty.zip", zip_of([]), ("empty.zip: error: it holds no files",), 0, 3),
    Case("odd.zip", zip_of([("a/x", LINES), ("b.png", bytes(99))]), ("odd.zip/b.png: warning", "binary data"), 5),
    Case("cut.zip", zip_of([("x", LINES)])[:-30], ("without the directory at its end", "copy the archive again"), 5),
    Case("locked.zip", encrypted(zip_of([("x", LINES)])), ("locked.zip/x: warning", "encrypted", "7z x"), 0, 3, 2),
    Case("cut.tar", tar_of([("x", LINES)])[:2000], ("ends without its end mark, after 1 of its files",), 5),
    Case("cut.ndjson", LINES + GOOD[0][:30], ("cut.ndjson:6:", "ends too early", "hint: "), 5),
    Case("string.ndjson", between(b'{"process": {"name": "a}}'), ("string.ndjson:3:", "hint: "), 5),
    Case("utf8.ndjson", between(GOOD[0].replace(b"p0", b"\xff\xfe")), ("utf8.ndjson:3:", "not UTF-8", "U+FFFD"), 6),
    Case("nul.ndjson", between(bytes(12)), ("nul.ndjson:3:1:", "hint: "), 5),
    Case("list.ndjson", between(b"[1, 2]"), ("list.ndjson:3:", "a list, not an event document"), 5),
    Case("number.ndjson", between(b"42"), ("number.ndjson:3:", "a number, not an event document"), 5),
    Case("null.ndjson", between(b"null"), ("null.ndjson:3:", "null, not an event document"), 5),
    Case("words.ndjson", between(b"Error: disk full"), ("words.ndjson:3:1:", "hint: "), 5),
    Case("deep.ndjson", between(b'{"a":' * 5000 + b"1" + b"}" * 5000), ("deep.ndjson:3:", "depth"), 5),
    Case("false.evtx", b"not an event log", ("false.evtx",), 0, 3),
    Case("stub.evtx", b"ElfFile\x00" + bytes(4096), ("stub.evtx", "too early"), 0, 3),
]


def search(*paths: Path) -> Outcome:
    return inside("search", "any where true", *paths)


def errors_in(done: Outcome) -> list[str]:
    return [line for line in done.err.splitlines() if ": error: " in line or ": warning: " in line]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_message_and_the_rest_is_read(case: Case, tmp_path: Path) -> None:
    (tmp_path / case.name).write_bytes(case.content)
    done = search(tmp_path / case.name)
    for words in case.words:
        assert words in done.err, done.err
    assert len(errors_in(done)) == case.problems, done.err
    assert len(done.documents) == case.events
    assert done.code == case.code
    assert "Traceback" not in done.err


def test_a_folder_of_all_of_them(tmp_path: Path) -> None:
    for case in CASES:
        (tmp_path / case.name).write_bytes(case.content)
    (tmp_path / "good.ndjson").write_bytes(b"\n".join(map(event, range(5, 10))))
    done = search(tmp_path)
    # Odd files in a folder are no mistake of the user.
    assert done.code == 0
    # Equal documents are one event, wherever they were read.
    assert {document["_source"].get("number") for document in done.documents} == set(range(10))
    assert all(any(case.name in line for line in errors_in(done)) for case in CASES)


def test_a_scan_counts_what_it_could_not_use(tmp_path: Path) -> None:
    (tmp_path / "events.ndjson").write_bytes(between(b"{") + b"[]\n" + b'{"event": {"category": "process"}}\n')
    (tmp_path / "notes.txt").write_text("hello\n" * 30, "utf-8")
    rule = write_rule(tmp_path / "rules" / "rule.toml")
    done = inside("scan", tmp_path / "events.ndjson", tmp_path / "notes.txt", "--any-index", "--rules", rule)
    assert done.code == 3  # the text was named
    assert len(done.documents) == 5
    assert "not used: 22 records skipped, 1 file without events, 1 event without a time" in done.err


def test_files_in_an_archive_are_counted_and_not_the_archive(tmp_path: Path) -> None:
    inner = tar_of([("a.ndjson", LINES), ("b.png", bytes(99))])
    (tmp_path / "case.zip").write_bytes(zip_of([("inner.tar", inner), ("c.ndjson", between(b"{"))]))
    (tmp_path / "odd.zip").write_bytes(zip_of([("d.png", bytes(99))]))
    rule = write_rule(tmp_path / "rules" / "rule.toml")
    done = inside("scan", tmp_path / "case.zip", "--any-index", "--rules", rule)
    assert (done.code, len(done.documents)) == (0, 5)
    assert "read 3 files, 10 events" in done.err
    assert "not used: 1 record skipped, 1 file without events" in done.err
    done = inside("scan", tmp_path / "case.zip", tmp_path / "odd.zip", "--any-index", "--rules", rule)
    assert done.code == 3  # the second was named
    assert "read 4 files" in done.err and "2 files without events" in done.err


def test_a_line_of_100_megabytes(tmp_path: Path) -> None:
    file = tmp_path / "long.ndjson"
    with file.open("wb") as out:
        out.write(GOOD[0] + b'\n{"x": "')
        for _ in range(100):
            out.write(b"x" * 1_000_000)
        out.write(b'"}\n' + GOOD[1] + b"\n")
    done = search(file)
    assert done.code == 0
    # Lines that are read as blocks may be longer than those read one by one: this is a document, as in a scan.
    assert [document["_source"].get("number") for document in done.documents] == [0, 1, None]
    assert "3 results in 3 events" in done.err
    assert len(done.err) < 1000


@pytest.mark.parametrize(
    "document",
    [b'{"a": 1, "a.b": 2}', b'{"a": {"b": 2}, "a": 1}', b'{"a.b": 2, "a": 1}', b'{"a": 1, "a.b": 2, "a": {"b": 3}}'],
)
def test_fields_that_collide(document: bytes, tmp_path: Path) -> None:
    file = tmp_path / "collide.ndjson"
    file.write_bytes(between(document))
    done = inside("search", "any where a == 1 or a.b == 2 or a.b == 3", file, "--event-category-field", "number")
    assert done.code == 0
    assert len(done.documents) == 1
    rule = write_rule(tmp_path / "rule.toml", query="any where a == 1 or a.b == 2 or a.b == 3")
    scanned = inside("scan", file, "--any-index", "--rules", rule)
    assert (scanned.code, len(scanned.documents)) == (0, 1)


TIMES: list[tuple[object, bool]] = [
    ("2026-03-17T09:00:00Z", True),
    ("2026-03-17T09:00:00.123456789Z", True),
    ("2026-03-17T09:00:00+02:00", True),
    ("2026-03-17", True),
    (1_773_740_467_231, True),
    ("1773740467231", True),
    (["2026-03-17T09:00:00Z"], True),
    ("yesterday", False),
    ("2026-13-45T99:99:99Z", False),
    ("2026-02-30T00:00:00Z", False),
    ("", False),
    (None, False),
    (True, False),
    ([], False),
    ({"seconds": 5}, False),
    (10**30, False),
]


@pytest.mark.parametrize(("time", "is_usable"), TIMES, ids=str)
def test_timestamps_of_every_kind(time: object, is_usable: bool, tmp_path: Path) -> None:
    file = tmp_path / "times.ndjson"
    odd = json.dumps({"@timestamp": time, "event": {"category": "process"}, "number": 9}).encode()
    file.write_bytes(between(odd))
    done = search(file)
    assert done.code == 0
    # An event without a time still matches by itself …
    assert len(done.documents) == 6
    assert ("1 of 6 documents have no usable time" in done.err) is not is_usable
    if not is_usable:
        assert f"{file}:3: warning: " in done.err
        assert "hint: they take no part in sequences" in done.err
    # … and takes no part in sequences.
    query = "sequence [any where true] [any where true]"
    assert len(inside("search", query, file).documents) == (5 if is_usable else 4)


def test_no_timestamps_at_all(tmp_path: Path) -> None:
    file = tmp_path / "times.ndjson"
    file.write_bytes(b"\n".join(json.dumps({"number": number}).encode() for number in range(300)))
    done = search(file)
    assert len(done.documents) == 300
    assert errors_in(done) == [
        f"{file}:1: warning: 300 of 300 documents have no usable time; the first: no @timestamp [event-without-time]"
    ]


def test_many_problems_of_one_kind_are_summed_up(tmp_path: Path) -> None:
    file = tmp_path / "bad.ndjson"
    file.write_bytes(GOOD[0] + b"\n" + b"[1]\n" * 1000 + GOOD[1] + b"\n")
    done = search(file)
    assert len(done.documents) == 2
    *shown, summed = errors_in(done)
    more = re.search(r"(\d+) more problems of this kind", summed)
    assert more
    assert len(shown) + int(more[1]) == 1000
    assert len(shown) <= 100


# --- rules ------------------------------------------------------------------------------------------------------------


def broken_toml(path: Path) -> None:
    path.write_text('[rule]\nname = "never closed\n', "utf-8")


def without_query(path: Path) -> None:
    write_rule(path, number=2)
    path.write_text(path.read_text("utf-8").partition("query = ")[0], "utf-8")


def not_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00\x01")


def query(text: str) -> Callable[[Path], object]:
    return lambda path: write_rule(path, number=2, query=text)


RULES: list[tuple[str, Callable[[Path], object], str]] = [
    ("broken-toml", broken_toml, "bad.toml:2:"),
    ("no-query", without_query, "query"),
    ("not-text", not_text, "bad.toml: error: not UTF-8 text"),
    ("unterminated-string", query('process where process.name == "a'), "bad.toml:18:31: error: this string is never"),
    ("single-equals", query('process where\n  process.name = "a"'), "bad.toml:19:16: error: `=` is not an operator"),
    ("chained", query("process where 1 < process.pid < 5"), "bad.toml:18:31: error: comparisons cannot be chained"),
    ("function", query("process where sizeof(process.name) > 1"), "bad.toml:18:15: error: unknown function"),
    ("argument", query("process where length(1) > 1"), "bad.toml:18:22: error: "),
    (
        "with-before-by",
        query("sequence with maxspan=1m by host.id [any where true] [any where true]"),
        "bad.toml:18:26:",
    ),
    ("nested", query("process where " + "(" * 5000 + "true" + ")" * 5000), "bad.toml:18:"),
    ("ten-megabytes", query("process where " + "true or " * 1_300_000 + "true"), "the limit is"),
]


@pytest.mark.parametrize(("write", "words"), [case[1:] for case in RULES], ids=[case[0] for case in RULES])
def test_one_bad_rule_stops_no_other(write: Callable[[Path], object], words: str, tmp_path: Path) -> None:
    write_rule(tmp_path / "rules" / "good.toml")
    write(tmp_path / "rules" / "bad.toml")
    (tmp_path / "events.ndjson").write_bytes(LINES)
    done = inside("scan", tmp_path / "events.ndjson", "--any-index", "--rules", tmp_path / "rules")
    assert done.code == 2
    assert len(done.documents) == 5
    assert words in done.err
    assert sum(": error: " in line for line in done.err.splitlines()) == 1
    assert max(map(len, done.err.splitlines())) < 400
    assert "1 ran of 2 loaded; not evaluable: 1 (invalid 1)" in done.err
    assert inside("rules", "check", tmp_path / "rules").code == 2
