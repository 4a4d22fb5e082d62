"""A file that is there whole or not at all: written under another name beside it, and renamed at the end."""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from besra.cli.terminal import not_writable


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Open `path` for writing; whatever stood there stays until all is written, and if it is not.

    What is no ordinary file, such as a named pipe or a device, is written to directly, and so is a file in a folder
    that takes no others. Raises InputError where it cannot be written.
    """
    target = Path(path).resolve()
    try:
        if target.exists() and not (stat.S_ISREG(target.stat().st_mode) and os.access(target.parent, os.W_OK)):
            with target.open("wb") as out:
                yield out
            return
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("xb") as out:
                yield out
            os.replace(part, target)  # noqa: PTH105  the Path method of that name returns a new Path
        finally:
            part.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise not_writable(path, str(error.strerror or error)) from error
