"""Headers of tar archives: blocks of 512 bytes, each before the content of a member.

Formats: V7, ustar, GNU (long names, sparse files, numbers in binary) and PAX (extended headers).
"""

from dataclasses import dataclass

BLOCK = 512
USTAR = slice(257, 262)
CHECKSUM = slice(148, 156)
NAME, SIZE, KIND, LINK, PREFIX = slice(0, 100), slice(124, 136), slice(156, 157), slice(157, 257), slice(345, 500)
GNU = b"ustar  \0"
"""Magic and version of GNU's own format, which has other things where the prefix of a name would be."""


class HeaderError(Exception):
    """A block that is no header; the message says why, as a clause."""


@dataclass(frozen=True, slots=True)
class TarHeader:
    """What a header says: a name, the bytes of content behind it, and the kind of member, one letter."""

    name: bytes
    size: int
    kind: bytes
    is_continued: bool = False
    """Whether blocks with more about a sparse file follow."""


def is_tar(head: bytes) -> bool:
    """Whether content begins with a header: by its magic, or in the oldest format by its checksum."""
    return head[USTAR] == b"ustar" or (len(head) >= BLOCK and head[0] != 0 and _has_checksum(head[:BLOCK]))


def parse_header(block: bytes) -> TarHeader:
    """The header in a block. Raises HeaderError."""
    if not _has_checksum(block):
        raise HeaderError("the checksum of a header is wrong")
    name, kind = _text(block[NAME]), block[KIND]
    prefix = b"" if block[257:265] == GNU or block[USTAR] != b"ustar" else _text(block[PREFIX])
    if kind == b"\0" and name.endswith(b"/"):
        kind = b"5"  # how the oldest format marks folders
    is_continued = kind == b"S" and block[482] != 0
    return TarHeader(prefix + b"/" + name if prefix else name, _number(block[SIZE]), kind, is_continued)


def parse_extended(content: bytes) -> dict[bytes, bytes]:
    """The fields of an extended header, each written as `length key=value` and a line break. Raises HeaderError."""
    fields: dict[bytes, bytes] = {}
    start = 0
    while content[start:].strip(b"\0"):
        digits, space, _ = content[start : start + 20].partition(b" ")
        end = start + int(digits) if digits.isdigit() else 0
        key, equals, value = content[start + len(digits) + 1 : end - 1].partition(b"=")
        if not (space and equals and start < end <= len(content)):
            raise HeaderError("an extended header is damaged")
        fields[key] = value
        start = end
    return fields


def _has_checksum(block: bytes) -> bool:
    """Whether the sum of its bytes is what it says; old programs added them up as signed numbers."""
    try:
        told = _number(block[CHECKSUM])
    except HeaderError:
        return False
    counted = block[: CHECKSUM.start] + b" " * 8 + block[CHECKSUM.stop :]
    total = sum(counted)
    return told in (total, total - 256 * sum(byte > 127 for byte in counted))


def _number(field: bytes) -> int:
    """A number in octal digits, or in binary behind a mark."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    text = field.strip(b" \0")
    if text.strip(b"01234567"):
        raise HeaderError("a number in a header is none")
    return int(text, 8) if text else 0


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]
