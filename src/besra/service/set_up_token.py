"""The token by which the first user is made: known to whoever sees the service start or can read its data folder."""

import hmac
import os
from contextlib import suppress
from pathlib import Path

from besra.service.passwords import new_secret

FILE = "setup-token"


class SetUpToken:
    """A token in a file that only its owner may read, until it has been used."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.text: str | None = None

    def make(self) -> str:
        """A new token, in the place of any before. Raises OSError."""
        self.text = new_secret()
        self.path.unlink(missing_ok=True)  # else it would keep the permissions it has
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{self.text}\n")
        return self.text

    def is_right(self, given: str) -> bool:
        """Whether this is the token."""
        return self.text is not None and hmac.compare_digest(self.text.encode(), given.encode("utf-8", "replace"))

    def end(self) -> None:
        """Have it count no more."""
        self.text = None
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
