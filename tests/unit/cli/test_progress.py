"""What is said on the way: nothing that a quiet terminal would show."""

import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from rich.console import Console
from tests.archives import Files, tar_of, zip_of

from besra.cli.progress import Progress
from besra.cli.terminal import Terminal
from besra.events.file_read import FileRead
from besra.events.files import InputFile
from besra.events.reader import read_file


@pytest.mark.parametrize("is_quiet", [False, True])
def test_compiling_is_said_on_stderr_unless_quiet(is_quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(Terminal.of(quiet=is_quiet)) as progress:
        progress.compiling()
    out, err = capsys.readouterr()
    assert out == ""
    assert ("compiling code for this machine" in err) is not is_quiet


def completed(folder: Path, contents: Sequence[bytes]) -> list[tuple[float, float]]:
    """The bytes the bar says are done, of how many, after each file."""
    terminal = Terminal.of()
    vars(terminal)["err"] = Console(file=io.StringIO(), force_terminal=True)
    files = []
    for number, content in enumerate(contents):
        (folder / str(number)).write_bytes(content)
        files.append(InputFile(str(number), folder / str(number)))
    seen = []
    with Progress(terminal) as progress:
        assert progress._bar
        progress.expect(files)
        for file in files:
            for item in read_file(file):
                if isinstance(item, FileRead):
                    progress.file_done(item, file)
                    (task,) = progress._bar.tasks
                    seen.append((task.completed, task.total or 0))
    return seen


@pytest.mark.parametrize("pack", [zip_of, tar_of, lambda files: gzip.compress(tar_of(files))])
def test_the_bar_is_full_at_the_end_whatever_comes_out_of_archives(
    tmp_path: Path, pack: Callable[[Files], bytes]
) -> None:
    nested = zip_of([("x.json", b'{"n":1}\n' * 10_000)])
    contents = [pack([("a.json", b'{"n":1}\n' * 10_000), ("b.zip", nested)]), b'{"n":2}\n']
    seen = completed(tmp_path, contents)
    total = sum(map(len, contents))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert all(done <= len(contents[0]) for done, _ in seen[:-1])
    assert seen[-2:] == [(len(contents[0]), total), (total, total)]
