"""Tar archives, read as they come: a member is passed on while it is read, so no archive is too large.

Members come in the order they are stored in: what besra makes of events depends on no order of files.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from besra.events.archives.member import Member, damaged_archive
from besra.events.archives.tar_header import BLOCK, HeaderError, TarHeader, parse_extended, parse_header
from besra.events.chunks import Chunks, Damage
from besra.events.expansion import Allowance
from besra.problems import Problem, Severity

CHUNK = 256 * 1024

LONGEST_HEADER = 2**20
"""Bytes of an extended header or of a long name."""

LINKS = frozenset((b"1", b"2", b"3", b"4", b"6"))
"""Links, devices and pipes: nothing of theirs is in the archive."""
FOLDERS = frozenset((b"5", b"D", b"V", b"g"))
"""Folders, labels and headers for all members: nothing in them is needed."""


def tar_members(
    stream: BinaryIO, allowance: Allowance, damage: Callable[[], Damage | None]
) -> Iterator[Member | Problem]:
    """The files in an archive, and what is to be said about the rest, without a place.

    `damage` says what ended the stream, where something did before its time.
    """
    reader = _TarReader(stream, damage)
    for count, member in enumerate(reader.members()):
        if isinstance(member, Member) and (beyond := allowance.list_member()):
            yield damaged_archive(beyond, count)
            return
        yield member


class _TarReader:
    def __init__(self, stream: BinaryIO, damage: Callable[[], Damage | None]) -> None:
        self._stream = stream
        self._damage = damage
        self._left = 0
        """Bytes of the current member that are not read yet, and the zeros behind it."""
        self._padding = 0
        self._long_name: bytes | None = None
        self._fields: dict[bytes, bytes] = {}
        self._links = 0
        self._first_link = ""

    def members(self) -> Iterator[Member | Problem]:
        count = 0
        try:
            while header := self._next_header():
                found = self._member(header)
                if found:
                    count += 1
                    yield found
                self._pass_over(self._left + self._padding)
                self._left = 0  # whoever comes back to its content finds no other
        except HeaderError as error:
            yield damaged_archive(self._damage() or Damage(str(error)), count)
        if self._links:
            what = f"{self._links:,} links, devices or pipes in it are not read, the first: {self._first_link}"
            yield Problem("archive-not-a-file", what, Severity.WARNING)

    def _next_header(self) -> TarHeader | None:
        """The header of the next member of any kind; None at the end. Raises HeaderError."""
        block = self._stream.read(BLOCK)
        if len(block) < BLOCK:
            raise HeaderError("the archive ends without its end mark")
        if not block.strip(b"\0"):
            return None
        header = parse_header(block)
        while header.is_continued:
            block = self._exactly(BLOCK)
            header = TarHeader(header.name, header.size, header.kind, block[504] != 0)
        return header

    def _member(self, header: TarHeader) -> Member | None:
        """The file a header begins, if it is one; what stands behind it is left to be read."""
        kind = header.kind
        self._left = 0 if kind in LINKS else header.size
        self._padding = -self._left % BLOCK
        if kind in (b"L", b"x", b"X", b"K"):
            self._extend(kind)
            return None
        name = self._fields.get(b"GNU.sparse.name") or self._fields.get(b"path") or self._long_name or header.name
        is_sparse = kind == b"S" or any(key.startswith(b"GNU.sparse.") for key in self._fields)
        told = self._fields.get(b"size", b"")
        if told and kind not in LINKS:
            if not told.isdigit():
                raise HeaderError("a size in an extended header is none")
            self._left = int(told[:20])
            self._padding = -self._left % BLOCK
        self._long_name, self._fields = None, {}
        if kind in FOLDERS:
            return None
        shown = name.decode("utf-8", "replace")
        if kind in LINKS:
            self._first_link = self._first_link or shown
            self._links += 1
            return None
        return Member(shown, self._left, self._content(), _refusal(kind, is_sparse=is_sparse))

    def _extend(self, kind: bytes) -> None:
        """Take what an extended header says about the next member."""
        if self._left > LONGEST_HEADER:
            raise HeaderError(f"an extended header has {self._left:,} bytes")
        content = self._exactly(self._left)
        self._left = 0
        if kind == b"L":
            self._long_name = content.rstrip(b"\0")
        elif kind != b"K":
            self._fields = parse_extended(content)

    def _content(self) -> Chunks:
        while self._left:
            chunk = self._stream.read(min(CHUNK, self._left))
            if not chunk:
                yield self._damage() or Damage("the archive ends within it")
                return
            self._left -= len(chunk)
            yield chunk

    def _exactly(self, size: int) -> bytes:
        content = self._stream.read(size)
        if len(content) < size:
            raise HeaderError("the archive ends within a header")
        return content

    def _pass_over(self, size: int) -> None:
        while size and (passed := len(self._stream.read(min(CHUNK, size)))):
            size -= passed


def _refusal(kind: bytes, *, is_sparse: bool) -> Problem | None:
    if is_sparse:
        what = "a sparse file"
    elif kind == b"M":
        what = "the rest of a file that begins in another volume"
    else:
        return None
    hint = "unpack the archive and scan the folder"
    return Problem("archive-unsupported", f"not read: {what}", Severity.WARNING, hint=hint)
