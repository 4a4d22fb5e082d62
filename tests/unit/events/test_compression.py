"""Compressed streams, whole and damaged."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from besra.events.chunks import Damage
from besra.events.compression import Compression, compression_of, decompress
from besra.events.expansion import Allowance, ExpansionLimits

PLAIN = b"".join(b'{"n":%d,"text":"some words that repeat"}\n' % number for number in range(400))


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def lzma_file(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE)


COMPRESS: dict[Compression, Callable[[bytes], bytes]] = {
    Compression.GZIP: gzip.compress,
    Compression.ZSTD: zstd,
    Compression.BZIP2: bz2.compress,
    Compression.XZ: lzma.compress,
    Compression.LZMA: lzma_file,
}
KINDS = pytest.mark.parametrize("kind", list(COMPRESS))


def run(
    data: bytes, kind: Compression, size: int = 1000, allowance: Allowance | None = None
) -> tuple[bytes, Damage | None]:
    def chunks() -> Iterator[bytes | Damage]:
        yield from (data[start : start + size] for start in range(0, len(data), size))

    items = list(decompress(chunks(), kind, allowance or Allowance(ExpansionLimits())))
    damage = items.pop() if items and isinstance(items[-1], Damage) else None
    assert all(isinstance(item, bytes) and item for item in items)
    return b"".join(item for item in items if isinstance(item, bytes)), damage if isinstance(damage, Damage) else None


@KINDS
def test_whole_stream_and_many_members(kind: Compression) -> None:
    packed = COMPRESS[kind]
    assert compression_of(packed(PLAIN)) is kind
    assert run(packed(PLAIN), kind) == (PLAIN, None)
    assert run(packed(b"one") + packed(b"") + packed(b"two"), kind, size=3) == (b"onetwo", None)


@KINDS
def test_much_output_of_little_input_comes_in_pieces(kind: Compression) -> None:
    big = bytes(4_000_000)
    assert run(COMPRESS[kind](big), kind) == (big, None)


@KINDS
def test_truncated_anywhere_is_a_prefix_and_damage(kind: Compression) -> None:
    packed = COMPRESS[kind](PLAIN)
    for end in range(1, len(packed), 7):
        output, damage = run(packed[:end], kind)
        assert PLAIN.startswith(output)
        assert damage == Damage(f"the {kind} stream is truncated")


def test_truncated_gzip_gives_all_that_can_be_read() -> None:
    packed = gzip.compress(PLAIN)
    assert run(packed[:-8], Compression.GZIP)[0] == PLAIN


@KINDS
@given(st.data())
def test_any_damage_is_no_exception(kind: Compression, data: st.DataObject) -> None:
    packed = bytearray(COMPRESS[kind](PLAIN))
    where = data.draw(st.integers(0, len(packed) - 1))
    packed[where : where + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=6))
    run(bytes(packed), kind)


def test_damaged_middle_keeps_the_beginning() -> None:
    noise = b"".join(b"%d," % (number * 7919 % 100_003) for number in range(200_000))
    packed = bytearray(gzip.compress(noise))
    middle = len(packed) // 2
    packed[middle : middle + 64] = bytes(64)
    output, damage = run(bytes(packed), Compression.GZIP)
    assert damage is not None
    assert "damaged" in damage.what
    assert len(output) > len(noise) // 4
    assert noise.startswith(output[: len(noise) // 4])


def test_padding_after_gzip_is_no_damage_and_other_bytes_are() -> None:
    packed = gzip.compress(PLAIN)
    assert run(packed + bytes(512), Compression.GZIP) == (PLAIN, None)
    output, damage = run(packed + b"trailing words", Compression.GZIP)
    assert output == PLAIN
    assert damage is not None


def test_skippable_zstd_frame_is_recognised() -> None:
    skippable = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"
    assert compression_of(skippable) is Compression.ZSTD
    assert run(skippable + zstd(PLAIN), Compression.ZSTD) == (PLAIN, None)


def test_plain_content_has_no_compression() -> None:
    assert compression_of(b"") is None
    assert compression_of(PLAIN) is None
    assert compression_of(b"P*M\x18") is Compression.ZSTD
