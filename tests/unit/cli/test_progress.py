"""What is said on the way: nothing that a quiet terminal would show."""

import pytest

from besra.cli.progress import Progress
from besra.cli.terminal import Terminal


@pytest.mark.parametrize("is_quiet", [False, True])
def test_compiling_is_said_on_stderr_unless_quiet(is_quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(Terminal.of(quiet=is_quiet)) as progress:
        progress.compiling()
    out, err = capsys.readouterr()
    assert out == ""
    assert ("compiling code for this machine" in err) is not is_quiet
