"""The keys on the way to the projected fields, as a hash table: (node, key as written) -> node, field.

A node stands for a prefix of dotted names that ends with a dot (node 0: the empty one). A key may hold dots itself, so
a field of three names is reached by four ways, and a node has an entry for each: no key is ever split.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from besra.events.kernels.interning import MULTIPLIER, is_same
from besra.events.kernels.kernel import inlined, kernel
from besra.events.kernels.machine import fold, put_word, word_at
from besra.events.value_table import PADDING

NOWHERE = -1
"""A node or field that the projection does not have."""

ENVELOPE = 1
ACTION = 2
"""What a key at the top of a document says about it, beside the field it may be."""

SLOT = 64
FIRST, LAST, KEY, NODE, FIELD, MARK, TEXT, ENTRY = range(0, SLOT, 8)
"""Bytes of a slot and where in it are: the key's first and last eight bytes, its node and length (0: free), the node it
leads to, its field, its mark, the address of its text, its number."""

LENGTH_BITS = 24


class Tree(NamedTuple):
    """The address of the slots, the number of bytes they take less one, and how many entries there are."""

    slots: int
    mask: int
    entries: int


@inlined
def find_key(tree: Tree, p: int, length: int, node: int) -> int:
    """The address of the slot of a key, or of the free one in its place. A quote must stand after the key."""
    size = max(1, min(length, 8))
    unused = 64 - 8 * size
    first = word_at(p) << unused
    last = word_at(p + max(length, 1) - size) << unused
    key = (node << LENGTH_BITS) + length + 1
    place = fold(first ^ (key * MULTIPLIER), last ^ MULTIPLIER) * SLOT
    while True:
        slot = tree.slots + (place & tree.mask)
        found = word_at(slot + KEY)
        if found == 0:
            return slot
        is_alike = found == key and word_at(slot + FIRST) == first and word_at(slot + LAST) == last
        if is_alike and (length <= 16 or is_same(p, word_at(slot + TEXT), length)):
            return slot
        place += SLOT


@kernel
def plant(tree: Tree, rows: int) -> None:
    """Fills the free slots; a row is six int64: node, address and length of the text, node led to, field, mark."""
    for number in range(tree.entries):
        row = rows + 48 * number
        node, p, length = word_at(row), word_at(row + 8), word_at(row + 16)
        slot = find_key(tree, p, length, node)
        size = max(1, min(length, 8))
        put_word(slot + FIRST, word_at(p) << (64 - 8 * size))
        put_word(slot + LAST, word_at(p + max(length, 1) - size) << (64 - 8 * size))
        put_word(slot + KEY, (node << LENGTH_BITS) + length + 1)
        put_word(slot + NODE, word_at(row + 24))
        put_word(slot + FIELD, word_at(row + 32))
        put_word(slot + MARK, word_at(row + 40))
        put_word(slot + TEXT, p)
        put_word(slot + ENTRY, number)


class KeyTree:
    """The tree of fields, numbered as they come; `marks` are those of keys at the top of a document.

    Keep it as long as its `addresses` are used.
    """

    def __init__(self, fields: Sequence[str], marks: dict[str, int]) -> None:
        steps = steps_of(fields)
        for key in marks:
            steps.setdefault(("", key), (None, NOWHERE))
        nodes: dict[str | None, int] = {None: NOWHERE, "": 0}
        for prefix, _ in steps:
            nodes.setdefault(prefix, len(nodes) - 1)
        keys = [key.encode("utf-8", "surrogatepass") for _, key in steps]
        self._texts = np.frombuffer(b'"'.join([*keys, bytes(PADDING)]), np.uint8)
        rows, p = [], self._texts.ctypes.data
        for text, ((prefix, name), (led_to, field)) in zip(keys, steps.items(), strict=True):
            mark = marks.get(name, 0) if prefix == "" else 0
            rows.append((nodes[prefix], p, len(text), nodes[led_to], field, mark))
            p += len(text) + 1
        places = 1 << (2 * len(rows)).bit_length()
        self._slots = np.zeros(places * SLOT, np.uint8)
        self.addresses = Tree(self._slots.ctypes.data, places * SLOT - 1, len(rows))
        table = np.array(rows, np.int64)
        plant(self.addresses, table.ctypes.data)


def steps_of(fields: Sequence[str]) -> dict[tuple[str, str], tuple[str | None, int]]:
    """Every (prefix, key) on a way to a field, with the prefix it leads to, if any, and the number of the field."""
    steps: dict[tuple[str, str], tuple[str | None, int]] = {}
    for number, name in enumerate(fields):
        dots = [place for place, char in enumerate(name) if char == "."]
        for start in (0, *(dot + 1 for dot in dots)):
            prefix = name[:start]
            for dot in dots:
                if dot >= start:
                    _, field = steps.get((prefix, name[start:dot]), (None, NOWHERE))
                    steps[prefix, name[start:dot]] = (name[: dot + 1], field)
            led_to, _ = steps.get((prefix, name[start:]), (None, NOWHERE))
            steps[prefix, name[start:]] = (led_to, number)
    return steps
