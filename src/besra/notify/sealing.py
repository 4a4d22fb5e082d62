"""Secrets of connectors, sealed with a key that stands in a file of its own.

Whoever has the database, or a copy of it, has no secrets: the key is in the data folder, in a file that only the
service's account may read. It is made when the first secret is sealed; a backup of the folder has it.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from besra.errors import InputError

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

FILE = "connectors.key"


class Sealing:
    """Seals and opens with the key of a folder. Any thread may use it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._fernet: Fernet | None = None

    def sealed(self, secrets: Mapping[str, str]) -> str:
        """Secrets as a text that tells nothing. Raises InputError (`connector-key`) if there can be no key."""
        fernet = self._key(makes=True)
        assert fernet is not None
        return fernet.encrypt(json.dumps(dict(secrets)).encode()).decode()

    def opened(self, sealed: str) -> dict[str, str] | None:
        """The secrets of a text; None if they were sealed with another key, or the key is gone.

        Raises InputError (`connector-key`) if the key cannot be read.
        """
        from cryptography.fernet import InvalidToken  # noqa: PLC0415  slow to import

        fernet = self._key(makes=False)
        try:
            told = json.loads(fernet.decrypt(sealed.encode())) if fernet else None
        except (InvalidToken, ValueError):
            return None
        return {str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else None

    def _key(self, *, makes: bool) -> "Fernet | None":
        from cryptography.fernet import Fernet  # noqa: PLC0415  slow to import

        if self._fernet is None:
            try:
                key = self._read() or (self._made(Fernet.generate_key()) if makes else b"")
                self._fernet = Fernet(key) if key else None
            except (OSError, ValueError) as error:
                hint = f"see who may read {self._path}; without it the secrets have to be given again"
                raise InputError.of("connector-key", f"the key of secrets: {error}", hint=hint) from error
        return self._fernet

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes().strip()
        except FileNotFoundError:
            return b""

    def _made(self, key: bytes) -> bytes:
        """A new key, on disk before anything is sealed with it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.rename(self._path)
        return key
