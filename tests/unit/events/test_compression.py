"""Compressed streams, whole and damaged."""

import bz2
import gzip
import lzma
import zlib
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


def test_bzip2_and_xz_may_be_padded_between_and_behind() -> None:
    for kind in (Compression.BZIP2, Compression.XZ):
        packed = COMPRESS[kind](PLAIN)
        assert run(packed + bytes(8) + packed + bytes(4), kind) == (PLAIN * 2, None)


def test_words_that_begin_like_a_compression_are_none() -> None:
    assert compression_of(b"BZh is how bzip2 begins") is None
    assert compression_of(b"]\0\0 is how LZMA begins") is None
    assert compression_of(bz2.compress(b"")) is Compression.BZIP2


def test_deflate_ends_where_it_ends() -> None:
    packed = zlib.compress(PLAIN)[2:-4]
    assert run(packed + b"something else", Compression.DEFLATE) == (PLAIN, None)
    assert run(packed[:-1], Compression.DEFLATE)[1] == Damage("the deflate stream is truncated")


def window_of(size: int) -> zstandard.ZstdCompressionParameters:
    return zstandard.ZstdCompressionParameters(window_log=size.bit_length() - 1, enable_ldm=True)


def test_memory_of_a_decompressor_is_limited() -> None:
    large = 4 * 2**20
    xz = [{"id": lzma.FILTER_LZMA2, "dict_size": large}]
    alone = [{"id": lzma.FILTER_LZMA1, "dict_size": large}]
    streams = {
        Compression.XZ: lzma.compress(PLAIN, filters=xz),
        Compression.LZMA: lzma.compress(PLAIN, lzma.FORMAT_ALONE, filters=alone),
        # Of content whose size is known the window is no larger than that.
        Compression.ZSTD: b"".join(
            [
                (z := zstandard.ZstdCompressor(compression_params=window_of(large)).compressobj()).compress(PLAIN),
                z.flush(),
            ]
        ),
    }
    for kind, packed in streams.items():
        assert run(packed, kind, allowance=Allowance(ExpansionLimits(dictionary=large))) == (PLAIN, None)
        output, damage = run(packed, kind, allowance=Allowance(ExpansionLimits(dictionary=2**20)))
        assert output == b""
        assert damage is not None and "more than 1 MiB of memory" in damage.what and damage.hint


@KINDS
def test_what_comes_out_is_limited(kind: Compression) -> None:
    packed = COMPRESS[kind](bytes(1_000_000))
    limits = ExpansionLimits(ratio=10, free=300_000)
    output, damage = run(packed, kind, allowance=Allowance(limits, len(packed)))
    assert damage is not None and damage.hint
    assert 300_000 < len(output) <= 1_000_000
    assert run(packed, kind, allowance=Allowance(ExpansionLimits(ratio=10, free=1_000_000), len(packed)))[1] is None


def test_zstd_bomb_comes_in_bounded_pieces() -> None:
    # Blocks of one byte said 131,072 times, in four bytes each.
    blocks = b"".join(((131_072 << 3) | 2).to_bytes(3, "little") + b" " for _ in range(1000))
    allowance = Allowance(ExpansionLimits(free=2**20, ratio=1))
    output, damage = run(b"\x28\xb5\x2f\xfd\0\x38" + blocks, Compression.ZSTD, 10_000, allowance)
    assert damage is not None and damage.hint
    assert len(output) <= 3 * 2**20


def test_skippable_zstd_frame_is_recognised() -> None:
    skippable = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"abcd"
    assert compression_of(skippable) is Compression.ZSTD
    assert run(skippable + zstd(PLAIN), Compression.ZSTD) == (PLAIN, None)


def test_plain_content_has_no_compression() -> None:
    assert compression_of(b"") is None
    assert compression_of(PLAIN) is None
    assert compression_of(b"P*M\x18") is Compression.ZSTD
