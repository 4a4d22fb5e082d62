"""What a file is, told by its content: its name may say anything."""

from enum import StrEnum

from besra.events.archives.tar_header import is_tar


class Format(StrEnum):
    """A format besra reads. `EMPTY` has nothing to read; `ZIP` and `TAR` hold files of any of the others."""

    JSON = "json"
    EVTX = "evtx"
    PARQUET = "parquet"
    XML = "xml"
    CSV = "csv"
    SYSLOG = "syslog"
    AUDITD = "auditd"
    ZIP = "zip"
    TAR = "tar"
    EMPTY = "empty"


EVTX_MAGIC = b"ElfFile\0"

PARQUET_MAGIC = (b"PAR1", b"PARE")
"""The second begins a file whose index is encrypted."""

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x07\x08PK\x03\x04", b"PK00PK\x03\x04")
"""A member, no member, none in an archive of more than 4 GiB, and two marks of archives in several parts."""

MAGIC = (
    (b"ARROW1", "Arrow"),
    (b"Obj\x01", "Avro"),
    (b"ORC", "ORC"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"MSCF\0\0\0\0", "a cabinet archive"),
    (b"\x04\x22\x4d\x18", "lz4-compressed"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"regf", "a registry hive"),
    (b"\x30\0\0\0LfLe", "an event log from before Windows Vista"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"%PDF", "a PDF document"),
)

TEXT_BYTES = bytes({7, 8, 9, 10, 12, 13, 27} | set(range(0x20, 0x7F)) | set(range(0x80, 0x100)))
SAMPLE = 4096


def format_of(head: bytes) -> Format | str:
    """The format of content by its first bytes; where besra does not read it, what it is, in words."""
    if not head:
        return Format.EMPTY
    if head.startswith(EVTX_MAGIC):
        return Format.EVTX
    if head.startswith(PARQUET_MAGIC):
        return Format.PARQUET
    if head.startswith(ZIP_MAGIC):
        return Format.ZIP
    # Before text: the name of a first member may begin with a bracket.
    if is_tar(head):
        return Format.TAR
    start = head[:SAMPLE].lstrip(b" \t\r\n")
    if start.startswith((b"{", b"[")):
        return Format.JSON
    for magic, name in MAGIC:
        if head.startswith(magic):
            return name
    # A binary file never becomes text; text that is nothing else may be JSON after some other line.
    binary = len(start.translate(None, TEXT_BYTES))
    if binary * 20 > len(start):
        return "binary"
    # Nearly all files are JSON.
    from besra.events.text_format import text_format_of  # noqa: PLC0415

    found = text_format_of(head)
    if found is not None:
        return Format(found)
    return "XML" if head.startswith(b"<?xml") else Format.JSON
