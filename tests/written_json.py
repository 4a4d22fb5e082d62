"""JSON written as one may and not as one would, and damaged: for whatever reads it by itself."""

import json
from random import Random
from typing import Any

import orjson
from hypothesis import strategies as st

NAMES = ("a", "b", "a.b", "ab", "é", "", "a_key_of_more_than_16_bytes", "index", "x\\y")

keys = st.sampled_from(NAMES)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-1000, 1000),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1.0, 1.5, 1e16, 1e22, 1e-7, 0.1, 123456.789]),
    st.text(max_size=80),
    st.sampled_from(["", "x", "\\", "C:\\Windows\\x", "/", '"', "\x00\x1f\x7f", "😀", "é" * 33, "1", "true"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)
documents = st.dictionaries(keys, values, max_size=5)


class Writer:
    """Writes JSON as one may, not as one would: spaces, escapes, numbers in any spelling, keys that come twice."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def choice(self, *options: str) -> str:
        return options[self.draw(st.integers(0, len(options) - 1))]

    def space(self) -> str:
        return self.choice("", "", "", " ", "  ")

    def string(self, text: str) -> str:
        return '"' + "".join(map(self.character, text)) + '"'

    def character(self, char: str) -> str:
        plain = orjson.dumps(char).decode()[1:-1]
        units = char.encode("utf-16-be")
        escaped = "".join(f"\\u{units[at]:02x}{units[at + 1]:02X}" for at in range(0, len(units), 2))
        return self.choice(plain, plain, plain, escaped, "\\/" if char == "/" else plain)

    def number(self, number: float) -> str:
        plain = repr(number)
        if "e" in plain or isinstance(number, int):
            return plain
        return self.choice(plain, plain + "0", f"{plain}e0", f"{plain}E+01", plain + "00000000000000")

    def write(self, value: Any) -> str:
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, dict):
            pairs = [f"{self.space()}{self.key(key)}{self.space()}:{self.write(held)}" for key, held in value.items()]
            if pairs and self.draw(st.integers(0, 9)) == 0:
                pairs.append(pairs[0])
            return self.wrap("{", pairs, "}")
        if isinstance(value, list):
            return self.wrap("[", [self.write(held) for held in value], "]")
        text = self.number(value) if isinstance(value, (int, float)) and value is not bool(value) else json.dumps(value)
        return f"{self.space()}{text}{self.space()}"

    def key(self, key: str) -> str:
        return self.string(key) if self.draw(st.integers(0, 9)) == 0 else orjson.dumps(key).decode()

    def wrap(self, opening: str, parts: list[str], closing: str) -> str:
        return f"{self.space()}{opening}{self.space()}{','.join(parts)}{self.space()}{closing}{self.space()}"


SIGNS = b'{}[]:,"\\ \t\r0-.e1u/\x80\xff'


def damaged(line: bytes, random: Random) -> bytes:
    """The line with one to three bytes replaced, removed, doubled or put in, or its end cut off."""
    damaged = bytearray(line)
    for _ in range(random.choice((1, 1, 2, 3))):
        if not damaged:
            break
        place = random.randrange(len(damaged))
        match random.randrange(6):
            case 0:
                del damaged[place:]
            case 1:
                del damaged[place]
            case 2:
                damaged[place] = random.randrange(256)
            case 3:
                damaged.insert(place, damaged[place])
            case 4:
                damaged.insert(place, random.choice(SIGNS))
            case _:
                damaged[place] = random.choice(SIGNS)
    return bytes(damaged).replace(b"\n", b" ")
