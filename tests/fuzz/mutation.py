"""Damage done to sound inputs: to bytes as a bad disk or an attacker would, to records as a sloppy product would."""

import copy
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

WORDS = (
    *(b"\0", b"\xff", b"\n", b"\r\n", b'"', b"'", b",", b";", b"{", b"}", b"[", b"]", b"<", b">", b"\\", b"=", b":"),
    *(
        b"<Event",
        b"</Event>",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
        b"&a;",
        b"<![CDATA[",
        b"msg=audit(",
        b"type=",
        b"\x1d",
    ),
    *(b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"),
    *(b"ElfFile\0", b"ElfChnk\0", b"**\0\0", b"PAR1", b"ustar", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"),
    *(b"-1", b"0", b"4294967296", b"18446744073709551616", b"1e309", b"null", b"NaN", b"\\u0000", b"\\ud800"),
)
"""What readers look for, and what upsets them."""

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1 << 31, 1 << 64, -(1 << 70), 1e308, 0.5, "", " ", "-", "0x1f", "0x", "%%1234"),
    *("\ud800", "\0", "a\\b\\c.exe", "\\\\", '"', '"a b" c', "::1", "10.0.0.1", "999.1.1.1", "HKLM\\x", "\\REGISTRY\\"),
    *(
        "2025-01-01T00:00:00Z",
        "0000-00-00",
        "9999999999999999999",
        "/Date(1)/",
        "a" * 5000,
        "=",
        "k=v",
        ";;",
        "{",
        "[]",
    ),
    *(
        [],
        {},
        [None],
        [[]],
        [{}],
        [1, "a", None],
        {"a": {"b": {}}},
        {"": ""},
        {"#text": []},
        {"Value": 1},
        [{"Key": 1}],
    ),
)


def damaged(raw: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """A few random changes to some bytes."""
    data = bytearray(raw)
    for _ in range(1 << random.randrange(5)):
        random.choice(CHANGES)(data, random, others)
    return bytes(data)


def _flip(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _set(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] = random.choice((0, 0xFF, 0x7F, 0x80, random.randrange(256)))


def _insert(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = random.choice(WORDS)


def _cut(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    start = random.randrange(len(data) + 1)
    del data[start : start + random.choice((1, 2, 8, 64, 4096))]


def _truncate(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    del data[random.randrange(len(data) + 1) :]


def _repeat(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    start = random.randrange(len(data) + 1)
    piece = bytes(data[start : start + random.choice((1, 4, 32, 512))])
    data[start:start] = piece * random.choice((1, 2, 50))


def _splice(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    other = random.choice(others)
    at, start = random.randrange(len(data) + 1), random.randrange(len(other) + 1)
    data[at:] = other[start : start + 4096]


def _number(data: bytearray, random: Random, _: Sequence[bytes]) -> None:
    size = random.choice((1, 2, 4, 8))
    if len(data) >= size:
        at = random.randrange(len(data) - size + 1)
        value = random.choice((0, 1, (1 << (8 * size)) - 1, 1 << (8 * size - 1), len(data)))
        data[at : at + size] = (value & ((1 << (8 * size)) - 1)).to_bytes(size, "little")


CHANGES: tuple[Callable[[bytearray, Random, Sequence[bytes]], None], ...] = (
    *(_flip, _set, _insert, _cut, _truncate, _repeat, _splice, _number),
)


def confused(record: dict[str, Any], random: Random) -> dict[str, Any]:
    """A record with a few of its values replaced, removed or wrapped, at any depth."""
    changed = copy.deepcopy(record)
    for _ in range(1 << random.randrange(4)):
        holder, key = _place(changed, random)
        if holder is None:
            break
        match random.randrange(5):
            case 0:
                del holder[key]
            case 1:
                holder[key] = [holder[key]]
            case 2:
                holder[key] = {"a": holder[key]}
            case _:
                holder[key] = copy.deepcopy(random.choice(VALUES))
    return changed


def _place(value: Any, random: Random) -> tuple[Any, Any]:
    """A random member somewhere below a value; None if it has none."""
    if not isinstance(value, (dict, list)) or not value:
        return None, None
    key = random.choice(list(value)) if isinstance(value, dict) else random.randrange(len(value))
    inner = value[key]
    if isinstance(inner, (dict, list)) and inner and random.random() < 0.7:
        return _place(inner, random)
    return value, key
