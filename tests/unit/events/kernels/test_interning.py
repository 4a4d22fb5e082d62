"""The table of tokens: nobody can prepare tokens that collide."""

import random

import orjson
import pytest

from besra.engine.join_hash import hashes_of
from besra.events.columns import LineDecoder, Projection, ValueTable

pytest.importorskip("numba")

FIELDS = Projection(("f",))

NEIGHBOUR = b"\xa5xl*\xcc\x8d5-"
"""Differs from the multiplier of the hash in one bit, and can stand in UTF-8 behind 0xC2."""


def rotated(number: int, bits: int) -> int:
    return ((number << bits) | (number >> (64 - bits))) & (2**64 - 1)


def prepared(count: int) -> list[bytes]:
    """Strings whose hashes were equal under every seed, when only the seed was secret.

    A step with such a word turned what came before by 31 bits and did nothing else, so that a difference in one step
    could be taken back in the next.
    """
    first, second = (int.from_bytes(text, "little") for text in (b'"abcdef\xc2', b"ABCDEFG\xc2"))
    drawn, found = random.Random(1), set[bytes]()
    while len(found) < count:
        change = drawn.getrandbits(64) & drawn.getrandbits(64) & 0x001F1F1F1F1F1F00
        ahead = (first ^ change).to_bytes(8, "little")
        behind = (second ^ rotated(change, 31)).to_bytes(8, "little")
        if behind[7] == 0xC2 and all(0x23 <= byte < 0x7F and byte != 0x5C for byte in ahead[1:7] + behind[:7]):
            found.add(ahead + NEIGHBOUR + behind + NEIGHBOUR + b'"')
    return sorted(found)


def test_prepared_tokens_do_not_share_a_hash() -> None:
    texts = prepared(300)
    values = ValueTable()
    LineDecoder(FIELDS, values).decode(b"".join(b'{"f":%b}\n' % text for text in texts))
    assert len(values) == len(texts)
    heads = values.interned.slots[::2]
    assert len(set((heads[heads != 0] >> 32).tolist())) == len(texts)


def test_prepared_join_keys_stay_apart() -> None:
    values = [orjson.loads(text) for text in prepared(200)]
    assert len({tuple(pair) for pair in hashes_of(values).tolist()}) == len(values)
