"""Whether a glob covers a text: literal pieces found byte by byte, `?` takes a code point, an automaton may decide."""

from besra.engine.kernels.automaton import ASCII
from besra.engine.kernels.layout import Tests
from besra.engine.kernels.room import Room, add
from besra.engine.kernels.tables import ONE
from besra.events.kernels.kernel import inlined, inner
from besra.events.kernels.machine import byte_at, half_at, put_word, word_at


@inner
def try_glob(glob: int, start: int, end: int, text: int, tests: Tests, room: Room) -> None:
    """Adds the atom of a glob if it covers the text and its automaton, if any, agrees."""
    if word_at(room.tried + 8 * glob) == text:
        return
    put_word(room.tried + 8 * glob, text)
    atom = half_at(tests.atoms + 4 * glob)
    if word_at(room.satisfied + 8 * atom) == text:
        return
    first = half_at(tests.firsts + 4 * glob)
    last = half_at(tests.firsts + 4 * glob + 4) - 1
    position = fits(start, end, first, tests)
    if position < 0:
        return
    if first == last:
        if position != end:
            return
    else:
        stop = fits_before(position, end, last, tests)
        if stop < 0:
            return
        for piece in range(first + 1, last):
            position = find(position, stop, piece, tests)
            if position < 0:
                return
    state = half_at(tests.states + 4 * glob)
    if state:
        atom = decided(state, start, end, atom, half_at(tests.asking + 4 * glob), tests)
        if atom < 0:
            return
    add(atom, text, room)


@inner
def decided(state: int, start: int, end: int, atom: int, asking: int, tests: Tests) -> int:
    """The atom if the automaton takes the text, -1 if not; `asking` if the text is not ASCII."""
    for p in range(start, end):
        byte = byte_at(p)
        if byte >= ASCII:
            return asking
        state = half_at(tests.following + 4 * (state * ASCII + byte))
        if state == 0:
            return -1
    return atom if byte_at(tests.accepting + state) else -1


@inlined
def fits(position: int, end: int, piece: int, tests: Tests) -> int:
    """Where the piece ends if it stands at `position`, else -1."""
    for k in range(half_at(tests.starts + 4 * piece), half_at(tests.starts + 4 * piece + 4)):
        if position >= end:
            return -1
        element = half_at(tests.elements + 4 * k)
        if element == ONE:
            position += 1
            while position < end and (byte_at(position) & 0xC0) == 0x80:
                position += 1
        elif byte_at(position) != element:
            return -1
        else:
            position += 1
    return position


@inlined
def fits_before(start: int, position: int, piece: int, tests: Tests) -> int:
    """Where the piece starts, at or behind `start`, if it ends at `position`, else -1."""
    for k in range(half_at(tests.starts + 4 * piece + 4) - 1, half_at(tests.starts + 4 * piece) - 1, -1):
        if position <= start:
            return -1
        element = half_at(tests.elements + 4 * k)
        position -= 1
        if element == ONE:
            while position > start and (byte_at(position) & 0xC0) == 0x80:
                position -= 1
        elif byte_at(position) != element:
            return -1
    return position


@inlined
def find(position: int, end: int, piece: int, tests: Tests) -> int:
    """Where the first occurrence of the piece in `position` to `end` ends, or -1."""
    first = half_at(tests.starts + 4 * piece)
    size = half_at(tests.starts + 4 * piece + 4) - first
    if size == 0:
        return position
    element = half_at(tests.elements + 4 * first)
    while position + size <= end:
        byte = byte_at(position)
        if byte == element or (element == ONE and (byte & 0xC0) != 0x80):
            stop = fits(position, end, piece, tests)
            if stop >= 0:
                return stop
        position += 1
    return -1
