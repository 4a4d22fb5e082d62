"""What a zip archive holds, by its directory; where that is missing or damaged, by the headers of its members.

The directory stands at the end, behind the members, each of which has a header of its own. Numbers beyond 32 bits stand
in an extra field, as the zip64 format has it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"
END, END64, LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
DESCRIPTOR, SIGNATURE = b"PK\x07\x08", b"PK\x05\x05"

LOCAL_HEADER = struct.Struct("<4s5H3L2H")
CENTRAL_HEADER = struct.Struct("<4s6H3L5H2L")
END_RECORD = struct.Struct("<4s4H2LH")
END64_RECORD = struct.Struct("<4sQ2H2L4Q")
END64_LOCATOR = struct.Struct("<4sLQL")

ENCRYPTED, DESCRIBED, UTF8 = 1, 8, 0x800
HAS_END_MARK = 2
"""Of a member compressed with LZMA: it ends with a mark, not after its size."""
ZIP64 = 1
UNIX = 3
LINK_MODE = 0o12
FILLED = 0xFFFFFFFF
LONGEST_COMMENT = 0xFFFF
WINDOW = 2**20


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """A member: where its header is, the bytes it takes behind it, and the bytes and checksum of its content.

    These two are None where no directory tells them.
    """

    name: str
    header: int
    stored: int
    size: int | None
    checksum: int | None
    method: int
    flags: int
    is_link: bool = False

    @property
    def least_end(self) -> int:
        """Where it ends at the earliest."""
        return self.header + LOCAL_HEADER.size + self.stored


class DirectoryError(Exception):
    """A directory that is missing or damaged; the message says which, as a clause."""


class SplitError(Exception):
    """The archive is one of several parts."""


def read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """So many bytes of a file, fewer at its end."""
    file.seek(offset)
    parts = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def entries_of(file: BinaryIO) -> Iterator[ZipEntry]:
    """The members the directory names, in its order. Raises SplitError, or DirectoryError behind the last good one."""
    offset, end = _directory(file)
    while offset < end:
        fixed = read_at(file, offset, CENTRAL_HEADER.size)
        if fixed.startswith(SIGNATURE):
            return
        if len(fixed) < CENTRAL_HEADER.size or not fixed.startswith(CENTRAL):
            raise DirectoryError("its directory is damaged")
        fields = CENTRAL_HEADER.unpack(fixed)
        made_by, flags, method = fields[1] >> 8, fields[3], fields[4]
        checksum, stored, size, name_length, extra_length, comment_length = fields[7:13]
        attributes, header = fields[15], fields[16]
        rest = read_at(file, offset + CENTRAL_HEADER.size, name_length + extra_length)
        extra = _extra_fields(rest[name_length:])
        size, stored, header = _wide((size, stored, header), extra)
        name = _decoded(rest[:name_length], flags)
        is_link = made_by == UNIX and attributes >> 28 == LINK_MODE
        yield ZipEntry(name, header, stored, size, checksum, method, flags, is_link)
        offset += CENTRAL_HEADER.size + name_length + extra_length + comment_length


def entries_by_headers(file: BinaryIO) -> Iterator[ZipEntry]:
    """The members whose headers can be found, in the order they are stored in."""
    offset = 0
    length = file.seek(0, 2)
    while (start := _find(file, offset, (LOCAL,))) < length:
        fixed = read_at(file, start, LOCAL_HEADER.size)
        fields = LOCAL_HEADER.unpack(fixed) if len(fixed) == LOCAL_HEADER.size else None
        if fields is None or not _is_plausible(fields):
            offset = start + 1
            continue
        flags, method, checksum, stored, size, name_length, extra_length = *fields[2:4], *fields[6:11]
        rest = read_at(file, start + LOCAL_HEADER.size, name_length + extra_length)
        size, stored = _wide((size, stored), _extra_fields(rest[name_length:]))
        data = start + LOCAL_HEADER.size + name_length + extra_length
        name = _decoded(rest[:name_length], flags)
        if flags & DESCRIBED and not stored:
            stored = _undescribed(file, data, _find(file, data, (LOCAL, CENTRAL)))
            yield ZipEntry(name, start, stored, None, None, method, flags)
        else:
            yield ZipEntry(name, start, stored, size, checksum, method, flags)
        offset = data + stored


def _directory(file: BinaryIO) -> tuple[int, int]:
    """Where the directory begins and ends. Raises DirectoryError, SplitError."""
    length = file.seek(0, 2)
    start = max(0, length - LONGEST_COMMENT - END_RECORD.size)
    tail = read_at(file, start, length - start)
    place = tail.rfind(END)
    if place < 0 or len(tail) - place < END_RECORD.size:
        raise DirectoryError("its directory is missing")
    _, disk, first_disk, _, _, size, offset, _ = END_RECORD.unpack_from(tail, place)
    end = start + place
    if wide := _directory64(file, end):
        disk, first_disk, size, offset, end = wide
    if disk or first_disk:
        raise SplitError
    # What ends elsewhere may be the directory of an archive within this one, of which the end is missing.
    if offset + size != end:
        raise DirectoryError("its directory is damaged or missing")
    return offset, end


def _directory64(file: BinaryIO, end: int) -> tuple[int, int, int, int, int] | None:
    """Its disk, the disk it begins on, size, offset and end, if the archive is one of more than 4 GiB."""
    locator = read_at(file, max(0, end - END64_LOCATOR.size), END64_LOCATOR.size)
    if not locator.startswith(LOCATOR64) or len(locator) < END64_LOCATOR.size:
        return None
    end -= END64_LOCATOR.size + END64_RECORD.size
    record = read_at(file, max(0, end), END64_RECORD.size)
    if not record.startswith(END64) or len(record) < END64_RECORD.size:
        raise DirectoryError("its directory is damaged")
    disk, first_disk, _, _, size, offset = END64_RECORD.unpack(record)[4:10]
    return disk, first_disk, size, offset, end


def _extra_fields(extra: bytes) -> dict[int, bytes]:
    fields: dict[int, bytes] = {}
    start = 0
    while start + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, start)
        fields.setdefault(kind, extra[start + 4 : start + 4 + length])
        start += 4 + length
    return fields


def _wide(numbers: tuple[int, ...], extra: dict[int, bytes]) -> tuple[int, ...]:
    """The numbers, those that do not fit 32 bits taken from the extra field, where they stand in this order."""
    held, start = extra.get(ZIP64, b""), 0
    found = []
    for number in numbers:
        if number == FILLED and start + 8 <= len(held):
            found.append(int.from_bytes(held[start : start + 8], "little"))
            start += 8
        else:
            found.append(number)
    return tuple(found)


def _decoded(name: bytes, flags: int) -> str:
    """A name as text: UTF-8 where it says so or happens to be, else the code page of old."""
    if flags & UTF8:
        return name.decode("utf-8", "replace")
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp437")


def _is_plausible(fields: tuple[int, ...]) -> bool:
    version, method, name_length = fields[1] & 0xFF, fields[3], fields[9]
    return version <= 63 and method <= 99 and 0 < name_length <= 4096


def _find(file: BinaryIO, offset: int, marks: tuple[bytes, ...]) -> int:
    """Where the first of these marks, of four bytes each, stands from an offset on; without one the file's end."""
    while window := read_at(file, offset, WINDOW):
        found = [place for mark in marks if (place := window.find(mark)) >= 0]
        if found:
            return offset + min(found)
        offset += len(window) if len(window) < WINDOW else WINDOW - 3
    return offset


def _undescribed(file: BinaryIO, data: int, end: int) -> int:
    """The bytes of a member between these offsets, without the description behind it."""
    for length in (16, 24):
        if read_at(file, max(data, end - length), 4) == DESCRIPTOR:
            return max(0, end - data - length)
    return end - data
