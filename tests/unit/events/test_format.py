"""What a file is, by its content."""

import pytest
from tests.archives import tar_of

from besra.events.format import Format, format_of


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"", Format.EMPTY),
        (b"ElfFile\0\0\0", Format.EVTX),
        (b"PAR1\x15\x04", Format.PARQUET),
        (b"PARE\x15\x04", Format.PARQUET),
        (b'{"a":1}', Format.JSON),
        (b' \r\n [{"a":1}]', Format.JSON),
        (b"   \n", Format.JSON),
        (b'# comment\n{"a":1}', Format.JSON),
        (b'exported, by, a tool\n{"a":1}', Format.JSON),
        (b"plain words, and more words", Format.JSON),
        (b"a,b,c\n1,2,3\n", Format.CSV),
        (b'"@timestamp","host.name","message"\r\n', Format.CSV),
        (b"PK\x03\x04....", Format.ZIP),
        (b"PK\x05\x06", Format.ZIP),
        (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
        (b"<?xml version", "XML"),
        (b"<?xml version='1.0'?><Events><Event>", Format.XML),
        (b"Mar  1 10:00:00 web-1 app: x\n", Format.SYSLOG),
        (b"type=CWD msg=audit(1700000000.123:4): cwd=/\n", Format.AUDITD),
        (bytes(4096), "binary"),
        (bytes(range(256)) * 4, "binary"),
    ],
)
def test_format_by_first_bytes(head: bytes, found: Format | str) -> None:
    assert format_of(head) == found


def test_tar_is_known_by_its_header() -> None:
    assert format_of(b"name".ljust(257, b"\0") + b"ustar\0") is Format.TAR
    assert format_of(tar_of([("{}", b"")])) is Format.TAR
    assert format_of(tar_of([("x", b"")])[:200]) == "binary"
