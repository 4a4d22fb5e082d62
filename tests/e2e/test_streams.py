"""Streams of the command: readers that leave, terminals narrow and wide, colours, encodings, Ctrl-C, full disks."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.command import (
    BESRA,
    COLOUR,
    STYLE,
    besra,
    environment,
    in_terminal,
    inside,
    read_all,
    screen,
    start,
    start_in_terminal,
)

QUERY = "any where true"
PIPE_CLOSED = 128 + signal.SIGPIPE
EVENT = '{"@timestamp":"2026-03-17T09:00:00Z","event":{"category":"process"},"process":{"name":"a.exe"}}\n'


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Enough events that their text fills any pipe."""
    file = tmp_path / "many.ndjson"
    file.write_text("".join(EVENT.replace("a.exe", f"{number}" + "a" * 1_000) for number in range(1_000)), "utf-8")
    return file


def wait_until(happened: Callable[[], bool], seconds: float = 30.0) -> None:
    limit = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < limit, "did not happen in time"
        time.sleep(0.01)


# --- a reader that leaves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["ndjson", "table"])
def test_head_takes_one_line(form: str, many: Path, tmp_path: Path) -> None:
    process = start("search", QUERY, many, "--format", form, cwd=tmp_path)
    assert process.stdin and process.stdout and process.stderr
    process.stdin.close()
    assert process.stdout.readline()
    process.stdout.close()
    complaints = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(30) == PIPE_CLOSED
    assert complaints == ""


def test_nobody_reads_at_all(events: Path, tmp_path: Path) -> None:
    process = start("scan", events, cwd=tmp_path)
    assert process.stdin and process.stdout and process.stderr
    process.stdin.close()
    process.stdout.close()
    complaints = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(30) == PIPE_CLOSED
    assert "Traceback" not in complaints
    assert "Exception ignored" not in complaints


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = " ".join(BESRA)
    command = ["sh", "-c", line.replace("besra", program)]
    return subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=60, check=False)


def test_closed_streams(events: Path, tmp_path: Path) -> None:
    closed_out = shell(f"besra scan {events} >&-", tmp_path)
    assert (closed_out.returncode, closed_out.stdout) == (0, "")
    assert "4 alerts" in closed_out.stderr
    closed_err = shell(f"besra scan {events} 2>&-", tmp_path)
    assert (closed_err.returncode, len(closed_err.stdout.splitlines())) == (0, 6)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk(events: Path, tmp_path: Path) -> None:
    full = shell(f"besra scan {events} -q >/dev/full", tmp_path)
    assert full.returncode == 3
    assert full.stderr == "error: No space left on device\n"
    done = inside("scan", events, "-q", "-o", "/dev/full")
    assert done.code == 3
    assert "/dev/full: error: cannot write: No space left on device" in done.err


# --- terminals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [60, 100, 140])
def test_a_scan_fits_the_terminal(columns: int, demo: Path) -> None:
    done = in_terminal(columns, "scan", "defend", cwd=demo)
    assert done.code == 0
    lines = screen(done.out)
    table = [line for line in lines if not line.startswith(("read ", "sources: ", "rules: "))]
    assert all(len(line) <= columns for line in table)
    header = next(line for line in lines if line.startswith("SEVERITY"))
    assert ("FIRST (UTC)" in header, "ATT&CK" in header) == (columns >= 80, columns >= 110)
    assert "4 alerts of 2 rules: 4 medium" in lines
    text = " ".join(word for line in lines for word in line.split())
    assert "Persistence via a Windows" in text
    assert "scanning" not in text  # the progress bar is gone


def test_a_search_fits_the_terminal(demo: Path) -> None:
    query = 'sequence by process.entity_id [process where process.name : "updsvc.exe"] [network where true]'
    for columns in (60, 120):
        lines = screen(in_terminal(columns, "search", query, "defend", cwd=demo).out)
        assert all(len(line) <= columns for line in lines)
        assert any("cdn-updates.example" in line for line in lines)
        assert ("HOST" in lines[0]) is (columns >= 80)


def test_the_progress_bar_counts_events(many: Path, tmp_path: Path) -> None:
    written = in_terminal(80, "search", "file where true", many, cwd=tmp_path).out
    assert "scanning" in written
    assert "1,000 events" in STYLE.sub("", written)
    assert screen(written)[-2:] == ["0 results in 1,000 events", ""]


def test_columns_counts_in_a_pipe_too(events: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    narrow = inside("scan", events, "--format", "table").out
    monkeypatch.delenv("COLUMNS")
    wide = inside("scan", events, "--format", "table").out
    assert max(map(len, narrow.splitlines())) <= 60 < max(map(len, wide.splitlines()))


def test_colours_and_how_to_be_rid_of_them(demo: Path) -> None:
    assert COLOUR.search(in_terminal(100, "scan", "defend", cwd=demo).out)
    assert not COLOUR.search(in_terminal(100, "scan", "defend", "--no-color", cwd=demo).out)
    assert not COLOUR.search(in_terminal(100, "scan", "defend", cwd=demo, env={"NO_COLOR": "1"}).out)


HOSTILE = (
    '{"@timestamp":"2026-03-17T09:00:00Z","event":{"category":"process"},"host":{"name":"büro-日本"},'
    '"process":{"name":"evil\\u001b[31m\\u202e.exe","command_line":"[bold]x[/bold] \\r\\u0007 \\ud83d\\ude00"}}\n'
)


def test_text_of_attackers_does_not_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "hostile.ndjson").write_text(HOSTILE, "utf-8")
    done = in_terminal(120, "search", QUERY, "hostile.ndjson", "--no-color", cwd=tmp_path)
    assert "evil\\u{001b}[31m\\u{202e}.exe" in done.out
    assert "[bold]x[/bold]" in done.out
    assert "büro-日本" in done.out
    assert not {"\x07", "\u202e", "\x1b[31m"} & {part for part in ("\x07", "\u202e", "\x1b[31m") if part in done.out}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_data_in_a_pipe_is_utf_8_whatever_the_locale(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "büro" / "日.ndjson"
    file.parent.mkdir()
    file.write_text(HOSTILE, "utf-8")
    done = besra(
        "search", QUERY, "büro", "日本", "--format", "ndjson", cwd=tmp_path, env={"PYTHONIOENCODING": encoding}
    )
    assert done.code == 3
    [event] = done.documents
    assert event["_source"]["host"]["name"] == "büro-日本"
    assert "no such file or folder" in done.err
    assert "Traceback" not in done.err


def test_a_terminal_without_unicode_shows_question_marks(tmp_path: Path) -> None:
    (tmp_path / "hostile.ndjson").write_text(HOSTILE, "utf-8")
    done = in_terminal(100, "search", QUERY, "hostile.ndjson", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})
    assert done.code == 0
    assert "b?ro-??" in done.out


# --- Ctrl-C -----------------------------------------------------------------------------------------------------------


def interrupted(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    return process.returncode, err.decode()


@pytest.mark.parametrize("command", [["scan", "-"], ["search", QUERY, "-"]], ids=["scan", "search"])
def test_ctrl_c_while_reading_standard_input(command: list[str], tmp_path: Path) -> None:
    process = start(*command, "-o", "out.json", cwd=tmp_path, env={"TMPDIR": str(tmp_path)})
    assert process.stdin
    process.stdin.write(EVENT.encode() * 20_000)  # more than a pipe holds: the command is reading when this is through
    code, err = interrupted(process)
    assert (code, err.strip()) == (130, "interrupted")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_in_the_middle_of_a_big_file(events: Path, tmp_path: Path) -> None:
    """The file is a named pipe that never ends, so that the moment does not depend on the machine."""
    (tmp_path / "scratch").mkdir()
    big = tmp_path / "big.ndjson"
    os.mkfifo(big)
    process = start("scan", big, "-o", "out.json", cwd=tmp_path, env={"TMPDIR": str(tmp_path / "scratch")})
    with big.open("wb") as writer:
        writer.write(events.read_bytes() * 5)
        writer.flush()
        code, err = interrupted(process)
    assert (code, err.strip()) == (130, "interrupted")
    assert not (tmp_path / "out.json").exists()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_ctrl_c_in_the_demo_leaves_no_files(tmp_path: Path) -> None:
    process = start("demo", cwd=tmp_path, env={"TMPDIR": str(tmp_path)})
    wait_until(lambda: any(path.stat().st_size for path in tmp_path.rglob("*.ndjson")))
    code, err = interrupted(process)
    assert (code, err.strip()) == (130, "interrupted")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="cannot see what a process has loaded")
def test_ctrl_c_while_the_engine_loads(tmp_path: Path) -> None:
    process = start("demo", cwd=tmp_path)
    wait_until(lambda: "orjson" in Path(f"/proc/{process.pid}/maps").read_text("utf-8"))
    code, err = interrupted(process)
    assert (code, err.strip()) == (130, "interrupted")


@pytest.mark.parametrize("moment", [0.0, 0.3], ids=["at-once", "while-waiting"])
def test_ctrl_c_in_a_terminal_gives_the_cursor_back(moment: float, tmp_path: Path) -> None:
    process, ours = start_in_terminal(80, "search", QUERY, "-", cwd=tmp_path)
    wait_for(ours, b"scanning")
    time.sleep(moment)
    os.write(ours, b"\x03")
    out = read_all(ours)
    assert process.wait(30) == 130
    assert b"\x1b[?25h" in out
    assert screen(out.decode().replace("\r\n", "\n"))[-2:] == ["interrupted", ""]


def wait_for(terminal: int, text: bytes) -> None:
    seen = b""
    while text not in seen:
        seen += os.read(terminal, 65536)
