"""What the learning kernel works in: room for a text, and for the atoms found in it, each once."""

from typing import NamedTuple

from besra.events.kernels.kernel import inlined
from besra.events.kernels.machine import put_half, put_word, word_at


class Room(NamedTuple):
    """Addresses of room to work in.

    `plain` and `folded`: bytes for a text, with BLOCK bytes before and behind it. `found`: the atoms found (int32).
    `satisfied` and `tried` (int64): for every atom and every glob the number of the text it was last met in; `counts`
    holds the number of texts so far. `longest`: the bytes a text may have.
    """

    plain: int
    folded: int
    found: int
    satisfied: int
    tried: int
    counts: int
    longest: int


@inlined
def add(atom: int, text: int, room: Room) -> None:
    """Adds an atom to those found in a text, once."""
    if word_at(room.satisfied + 8 * atom) != text:
        put_word(room.satisfied + 8 * atom, text)
        count = word_at(room.counts + 8)
        put_half(room.found + 4 * count, atom)
        put_word(room.counts + 8, count + 1)
