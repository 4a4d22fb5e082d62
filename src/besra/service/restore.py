"""A backup back into a folder that a service can be started on (interfaces.md 4).

Everything is copied and compared with its sum before anything has its name, so a backup that is damaged leaves nothing
behind, and a folder never holds a part of one under names a service would take for its own.
"""

import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import IO

from besra.service.backup_form import LIST, BackupError, Contents, contents_of, copied, damaged, sync_folders
from besra.service.stores import LOCK, alone_in
from besra.storage import alert_store
from besra.storage.database import Database
from besra.storage.row_copy import copy_store
from besra.storage.versions import bring_up

STAGE = ".restoring"
LONGEST_LIST = 256 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: how many files and bytes, and what the backup says of itself."""

    files: int
    bytes: int
    contents: Contents


def restore(source: Path, folder: Path, alerts: str | None = None) -> Restored:
    """Put a backup into an empty folder, its alerts into an empty database if one is named.

    Raises BackupError: `backup-damaged`, `backup-newer`, `restore-not-empty` (also AlertStoreError), `restore-failed`;
    InputError (`serve-data-in-use`).
    """
    if not source.exists():
        hint = "name the folder or tar file that `besra backup` has made"
        raise BackupError.of("restore-failed", f"{source} is not there", hint=hint)
    with ExitStack() as held:
        try:
            held.enter_context(_empty(folder))
            contents = _stage(source, folder / STAGE)
            if alerts is not None:
                _put_alerts(folder / STAGE / alert_store.FILE, alerts)
            for path in sorted((folder / STAGE).iterdir()):
                path.rename(folder / path.name)
            (folder / STAGE).rmdir()
            sync_folders(folder)
        except tarfile.TarError as error:
            raise damaged(str(source), f"it is no whole tar file: {error}") from error
        except OSError as error:
            hint = "see whether there is room, and whether the folder can be written"
            raise BackupError.of("restore-failed", f"{source} to {folder}: {error}", hint=hint) from error
        finally:
            rmtree(folder / STAGE, ignore_errors=True)
    return Restored(len(contents.files), sum(file.bytes for file in contents.files.values()), contents)


@contextmanager
def _empty(folder: Path) -> Iterator[None]:
    """A folder nothing is in and nobody uses, for as long as the block runs. If it fails, all is as it was before."""
    is_new, is_free = not folder.exists(), not (folder / LOCK).exists()
    with alone_in(folder), ExitStack() as undoing:
        if is_free:
            undoing.callback(_unmake, folder, is_new)
        if there := sorted(path.name for path in folder.iterdir() if path.name not in (LOCK, STAGE)):
            message = f"{folder} is not empty: {', '.join(there[:5])}"
            raise BackupError.of("restore-not-empty", message, hint="name a folder that is empty or not there")
        rmtree(folder / STAGE, ignore_errors=True)
        yield
        undoing.pop_all()


def _unmake(folder: Path, is_new: bool) -> None:
    with suppress(OSError):  # where part of a backup has its names already
        (folder / LOCK).unlink()
        if is_new:
            folder.rmdir()


def _stage(source: Path, stage: Path) -> Contents:
    """Copy all files and see that they are what they were."""
    with ExitStack() as opened:
        files = _packed(source, opened) if source.is_file() else _unpacked(source)
        name, listed = next(files, ("", None))
        if listed is None or name != LIST:
            raise damaged(str(source), f"this is no backup: it has no {LIST}")
        contents = contents_of(listed.read(LONGEST_LIST), str(source))
        left = dict(contents.files)
        for path, file in files:
            expected = left.pop(path, None)
            if expected is None:
                raise damaged(str(source), f"it has a file that is not in its list: {path[:100]!r}")
            if copied(file, stage / path) != expected:
                raise damaged(str(source), f"{path} is not what it was when the backup was made")
        if left:
            raise damaged(str(source), f"{len(left)} files are missing, {min(left)} among them")
    return contents


def _unpacked(folder: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of a backup in a folder, its list first."""
    if not (folder / LIST).is_file():
        return
    others = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / LIST)
    for path in (folder / LIST, *others):
        with path.open("rb") as file:
            yield path.relative_to(folder).as_posix(), file


def _packed(source: Path, opened: ExitStack) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of a backup in a tar file; what is no plain file has no place in one."""
    tar = opened.enter_context(tarfile.open(source, "r:"))  # noqa: SIM115  closed with the others
    for member in tar:
        file = tar.extractfile(member) if member.isreg() else None
        if file is None:
            raise damaged(str(source), f"{member.name[:100]!r} is no plain file")
        with file:
            yield member.name, file


def _put_alerts(file: Path, place: str) -> None:
    """The rows of a file into a database, and the file away."""
    with closing(Database(file)) as source, closing(Database(place)) as target:
        bring_up(source)
        bring_up(target)
        with source.reading() as connection:
            copy_store(connection, target)
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
