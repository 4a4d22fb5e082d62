"""Zip archives: a file with a directory, whose members come in the order of their names."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from besra.events.archives.member import Member, damaged_archive
from besra.events.archives.zip_directory import (
    ENCRYPTED,
    HAS_END_MARK,
    LOCAL,
    LOCAL_HEADER,
    DirectoryError,
    SplitError,
    ZipEntry,
    entries_by_headers,
    entries_of,
    read_at,
)
from besra.events.chunks import Chunks, Damage
from besra.events.compression import Compression, decompress
from besra.events.expansion import Allowance
from besra.problems import Problem, Severity

CHUNK = 256 * 1024

STORED = 0
METHODS = {
    8: Compression.DEFLATE,
    12: Compression.BZIP2,
    14: Compression.LZMA,
    93: Compression.ZSTD,
    95: Compression.XZ,
}
UNREAD_METHODS = {1: "Shrink", 6: "Implode", 9: "Deflate64", 97: "WavPack", 98: "PPMd", 99: "AES encryption"}
UNPACKED = "unpack the archive and scan the folder"


def zip_members(file: BinaryIO, allowance: Allowance, cut: Damage | None = None) -> Iterator[Member | Problem]:
    """The files in an archive, in the order of their names, and what is to be said about the rest, without a place.

    Members of one name come in the order they are stored in. `cut` says why the file is not all of the archive.
    """
    entries: list[ZipEntry] = []
    try:
        damage = _list_entries(entries_of(file), entries, allowance)
    except SplitError:
        hint = "put the parts together (`zip -s 0 archive.zip --out whole.zip`)"
        yield Problem(
            "archive-unsupported", "not read: one of several parts of an archive", Severity.WARNING, hint=hint
        )
        return
    except DirectoryError as error:
        entries = []
        damage = _list_entries(entries_by_headers(file), entries, allowance)
        yield _without_directory(cut or Damage(str(error)), len(entries))
    except OSError as error:
        damage = Damage(f"the file cannot be read further ({error.strerror or error})")
    if damage:
        yield damaged_archive(damage, len(entries))
    entries.sort(key=lambda entry: entry.header)
    overlapping = _overlapping(entries)
    links = [entry for entry in entries if entry.is_link]
    for number, entry in sorted(enumerate(entries), key=lambda numbered: numbered[1].name):
        if not entry.is_link and not entry.name.endswith(("/", "\\")):
            refused = _refusal(entry, is_overlapping=number in overlapping)
            yield Member(entry.name, entry.stored, _content(file, entry, allowance), refused)
    if links:
        what = f"{len(links):,} links in it are not read, the first: {links[0].name}"
        yield Problem("archive-not-a-file", what, Severity.WARNING)


def _list_entries(found: Iterable[ZipEntry], entries: list[ZipEntry], allowance: Allowance) -> Damage | None:
    for entry in found:
        if beyond := allowance.list_member():
            return beyond
        entries.append(entry)
    return None


def _without_directory(damage: Damage, count: int) -> Problem:
    found = f"{count:,} files are found" if count else "nothing is found"
    message = f"{damage.what}; {found} without the directory at its end"
    hint = "copy the archive again to have the rest" if count else None
    if damage.hint:
        return Problem("input-limit", message, hint=damage.hint)
    return Problem("archive-damaged", message, Severity.WARNING, hint=hint)


def _overlapping(entries: Iterable[ZipEntry]) -> set[int]:
    """Which of these, in the order they are stored in, begin within another: how a few bytes are held many times."""
    found: set[int] = set()
    end = -1
    for number, entry in enumerate(entries):
        if entry.header < end:
            found.add(number)
        end = max(end, entry.least_end)
    return found


def _refusal(entry: ZipEntry, *, is_overlapping: bool) -> Problem | None:
    if is_overlapping:
        message = "not read: it shares its bytes with another file of the archive, as in a zip bomb"
        return Problem(
            "archive-overlap", message, Severity.WARNING, hint="do not unpack the archive before you know it"
        )
    if entry.flags & ENCRYPTED:
        hint = "unpack the archive with its password (`7z x archive.zip`) and scan the folder"
        return Problem("archive-encrypted", "not read: it is encrypted", Severity.WARNING, hint=hint)
    if entry.method != STORED and entry.method not in METHODS:
        name = UNREAD_METHODS.get(entry.method, f"method {entry.method}")
        return Problem("archive-unsupported", f"not read: compressed with {name}", Severity.WARNING, hint=UNPACKED)
    return None


def _content(file: BinaryIO, entry: ZipEntry, allowance: Allowance) -> Chunks:
    """The content of a member, held to what the directory says of it."""
    size, checksum = 0, 0
    for chunk in _decompressed(file, entry, allowance):
        if isinstance(chunk, Damage):
            yield chunk
            return
        size += len(chunk)
        checksum = zlib.crc32(chunk, checksum)
        yield chunk
        if entry.size is not None and size > entry.size:
            yield Damage("it is longer than the archive says")
            return
    if entry.size is not None and (size, checksum) != (entry.size, entry.checksum):
        yield Damage("its content is not what its checksum says")


def _decompressed(file: BinaryIO, entry: ZipEntry, allowance: Allowance) -> Chunks:
    stored = _stored(file, entry)
    method = METHODS.get(entry.method)
    if method is Compression.LZMA:
        stored = _as_lzma_file(stored, entry)
    if method is not None:
        yield from decompress(stored, method, allowance)
        return
    for chunk in stored:
        beyond = allowance.expand(len(chunk)) if isinstance(chunk, bytes) else None
        yield chunk
        if beyond:
            yield beyond
            return


def _stored(file: BinaryIO, entry: ZipEntry) -> Chunks:
    try:
        header = read_at(file, entry.header, LOCAL_HEADER.size)
        if len(header) < LOCAL_HEADER.size or not header.startswith(LOCAL):
            yield Damage("the archive has no header where the file should be")
            return
        name_length, extra_length = LOCAL_HEADER.unpack(header)[9:11]
        offset = entry.header + LOCAL_HEADER.size + name_length + extra_length
        left = entry.stored
        while left:
            chunk = read_at(file, offset, min(CHUNK, left))
            if not chunk:
                yield Damage("the archive ends within it")
                return
            offset, left = offset + len(chunk), left - len(chunk)
            yield chunk
    except OSError as error:
        yield Damage(f"the file cannot be read further ({error.strerror or error})")


def _as_lzma_file(chunks: Chunks, entry: ZipEntry) -> Chunks:
    """The same as a `.lzma` file: in an archive two numbers stand before its properties, and its size elsewhere."""
    start = b""
    for chunk in chunks:
        if isinstance(chunk, Damage):
            yield chunk
            return
        start += chunk
        if len(start) >= 9:
            break
    _, length = struct.unpack("<HH", start[:4]) if len(start) >= 9 else (0, 0)
    if length != 5:
        yield Damage("the lzma stream is damaged (no properties)")
        return
    size = 2**64 - 1 if entry.flags & HAS_END_MARK or entry.size is None else entry.size
    yield start[4:9] + size.to_bytes(8, "little") + start[9:]
    yield from chunks
