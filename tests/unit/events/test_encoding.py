"""Encodings of text, by its first bytes."""

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.content import Content
from besra.events.encoding import encoding_of

TEXTS = (
    '{"name":"jalapeño 🌶"}\n',
    '<?xml version="1.0"?>\n<Event>jalapeño 🌶</Event>\n',
    "\ufeff<Event/>"[1:],
    "datetime,message,host\n2025-01-01,jalapeño 🌶,web\n",
    "<13>Jan  1 00:00:00 host.example.com app: jalapeño 🌶\n",
    "type=SYSCALL msg=audit(1735689600.000:1): exe=/bin/true\r\n",
)
WIDE = ("utf-16-le", "utf-16-be")
MARKED = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("mark", "encoding"), [*MARKED, *((b"", encoding) for encoding in WIDE)])
def test_text_of_any_format_is_told_and_becomes_utf8(text: str, mark: bytes, encoding: str) -> None:
    raw = mark + text.encode(encoding)
    assert encoding_of(raw[:65536]) == encoding
    content = Content(io.BytesIO(raw))
    assert content.stream.read() == text.encode()
    assert not content.is_verbatim


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"{",
        b"\0",
        b"{}",
        b"a\0b\0",
        bytes(100),
        b"ElfFile\0" + bytes(64),
        b"PAR1\x15\x04\x15\x10",
        b"\x30\0\0\0LfLe" + bytes(60),
        b"{\0\0\0",
        "jalapeño,und,mehr\n".encode("latin-1"),
        b'{"a":"' + bytes(64),
    ],
)
def test_bare_utf8_and_binary_content_have_none(head: bytes) -> None:
    assert encoding_of(head) is None


@given(st.text(max_size=200), st.sampled_from(MARKED), st.integers(1, 50))
def test_any_text_behind_a_mark(text: str, marked: tuple[bytes, str], size: int) -> None:
    mark, encoding = marked
    raw = mark + text.encode(encoding)

    class Slow(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            return super().read(size)

    if encoding == "utf-16-le" and text.startswith("\0"):
        return  # the mark of UTF-32
    assert Content(Slow(raw)).stream.read() == text.encode()
