"""Archives for tests: ordinary ones as other programs write them, and some no honest program would."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable

import zstandard

Files = Iterable[tuple[str, bytes]]


def zip_of(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive; files of one name are kept apart."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            # Not by `open(name)`, which warns of a name that is there already.
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            archive.NameToInfo.pop(name, None)
            archive.writestr(info, content)
    return out.getvalue()


class Unseekable(io.RawIOBase):
    """What a zip archive is written to with the sizes of its members behind them."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += bytes(data)
        return len(data)


def streamed_zip_of(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive as written to a pipe."""
    out = Unseekable()
    with zipfile.ZipFile(out, "w", method) as archive:  # type: ignore[call-overload]
        for name, content in files:
            archive.writestr(name, content)
    return out.written


def tar_of(files: Files, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def tar_with(*infos: tarfile.TarInfo) -> bytes:
    """A tar archive of members without content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info in infos:
            archive.addfile(info)
    return out.getvalue()


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor().compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
}
ARCHIVE: dict[str, Callable[[Files], bytes]] = {
    "zip": zip_of,
    "stored zip": lambda files: zip_of(files, zipfile.ZIP_STORED),
    "bzip2 zip": lambda files: zip_of(files, zipfile.ZIP_BZIP2),
    "lzma zip": lambda files: zip_of(files, zipfile.ZIP_LZMA),
    "streamed zip": streamed_zip_of,
    "tar": tar_of,
    "gnu tar": lambda files: tar_of(files, tarfile.GNU_FORMAT),
    "ustar": lambda files: tar_of(files, tarfile.USTAR_FORMAT),
}


def overlapping_zip(content: bytes, count: int) -> bytes:
    """An archive whose directory names one and the same member many times."""
    packed = zlib.compress(content, 9)[2:-4]
    checksum = zlib.crc32(content)
    sizes = (checksum, len(packed), len(content))
    header = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, *sizes, 1, 0) + b"0"
    directory = b"".join(
        struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, *sizes, len(name), 0, 0, 0, 0, 0, 0) + name
        for name in (b"%d.json" % number for number in range(count))
    )
    start = len(header) + len(packed)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0)
    return header + packed + directory + end


def encrypted(archive: bytes) -> bytes:
    """The archive with its members marked as encrypted."""
    out = bytearray(archive)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := out.find(mark, start + 1)) >= 0:
            out[start + place] |= 1
    return bytes(out)


def with_method(archive: bytes, method: int) -> bytes:
    """The archive with its members said to be compressed by another method."""
    out = bytearray(archive)
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = -1
        while (start := out.find(mark, start + 1)) >= 0:
            out[start + place : start + place + 2] = method.to_bytes(2, "little")
    return bytes(out)
