"""Bodies in the clear: whole or refused, never cut off in silence and never larger than allowed."""

import gzip
import zlib

import pytest
import zstandard

from besra.service.body import BodyError, in_the_clear

TEXT = b'{"index":{}}\n{"a":1}\n' * 500
LIMIT = 1 << 20
ENCODERS = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}


@pytest.mark.parametrize("encoding", ENCODERS)
def test_decompressed(encoding: str) -> None:
    assert in_the_clear(ENCODERS[encoding](TEXT), encoding.upper(), LIMIT) == TEXT


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_all_members(encoding: str) -> None:
    encode = ENCODERS[encoding]
    assert in_the_clear(encode(TEXT) + encode(TEXT), encoding, LIMIT) == TEXT * 2


@pytest.mark.parametrize("encoding", ENCODERS)
def test_cut_off(encoding: str) -> None:
    with pytest.raises(BodyError) as refused:
        in_the_clear(ENCODERS[encoding](TEXT)[:-5], encoding, LIMIT)
    assert refused.value.status == 400


@pytest.mark.parametrize("encoding", ENCODERS)
def test_too_large_in_the_clear(encoding: str) -> None:
    with pytest.raises(BodyError) as refused:
        in_the_clear(ENCODERS[encoding](bytes(LIMIT * 40)), encoding, LIMIT)
    assert refused.value.status == 413


def test_no_encoding() -> None:
    assert in_the_clear(TEXT, None, LIMIT) == TEXT
    with pytest.raises(BodyError):
        in_the_clear(bytes(LIMIT + 1), None, LIMIT)
