"""The bytes of an input in the clear."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.compression import Compression
from besra.events.content import Content

TEXT = '{"name":"jalapeño 🌶"}\n'


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
    ],
)
def test_every_encoding_is_utf8_without_mark(raw: bytes) -> None:
    for packed in (raw, gzip.compress(raw)):
        content = Content(io.BytesIO(packed))
        assert content.head == TEXT.encode()
        assert content.stream.read() == TEXT.encode()
        assert content.bytes_read == len(packed)
        assert content.damage is None


def test_half_a_character_of_utf16_is_no_utf8() -> None:
    content = Content(io.BytesIO(b"\xff\xfe" + '{"a":"'.encode("utf-16-le") + b"\x00\xd8" + b"x"))
    with pytest.raises(UnicodeDecodeError):
        content.stream.read().decode("utf-8")


def test_damage_is_known_at_the_end() -> None:
    content = Content(io.BytesIO(gzip.compress(TEXT.encode())[:-9]))
    assert content.compression is Compression.GZIP
    content.stream.read()
    assert content.damage is not None


def test_error_while_reading_ends_the_content() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(10)

    content = Content(Failing(b"0123456789abc"))
    assert content.stream.read() == b"0123456789"
    assert content.damage is not None
    assert "Input/output error" in content.damage.what


@given(st.sampled_from([b"", b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"{\0"]), st.binary())
def test_any_bytes_can_be_opened(start: bytes, rest: bytes) -> None:
    Content(io.BytesIO(start + rest)).stream.read()
