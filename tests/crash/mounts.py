"""Small disks of their own, to be filled and made read-only. Needs root and the right to mount."""

import errno
import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.crash.outcome import SkippedError

BLOCK = 1 << 16


@dataclass
class Disk:
    """A file system of so many bytes in memory. To be used as a context manager; raises SkippedError."""

    folder: Path
    size: int = 48 << 20

    def __enter__(self) -> "Disk":
        self.folder.mkdir(parents=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self.size}", "besra-crash", str(self.folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SkippedError(f"nothing can be mounted here: {done.stderr.strip()}")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True, check=False)

    @property
    def filler(self) -> Path:
        """The file that takes all the room."""
        return self.folder / "filler"

    def fill(self, leave: int = 0) -> None:
        """Take all the room there is, but for so many bytes."""
        with self.filler.open("ab", buffering=0) as file:
            try:
                while leave == 0 or self.free() > leave:
                    file.write(b"x" * BLOCK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> int:
        """How many bytes are free."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def make_room(self) -> None:
        """Give the room back."""
        with suppress(FileNotFoundError):
            self.filler.unlink()

    def remount(self, how: str) -> None:
        """Make it `ro` or `rw`. Raises SkippedError if it is in use for too long."""
        until = time.monotonic() + 20
        while True:
            command = ["mount", "-o", f"remount,{how}", str(self.folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return
            if time.monotonic() > until:
                raise SkippedError(f"the disk cannot be remounted: {done.stderr.strip()}")
            time.sleep(0.02)
