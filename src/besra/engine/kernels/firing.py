"""Clauses over rows as bitmaps: 64 rows at a time, whatever the clause.

Every leaf that holds somewhere in a batch has a bitmap of its rows. A clause is a short program over such bitmaps, run
only if each of its groups of leaves (`implied`) has a leaf that holds somewhere.
"""

from typing import NamedTuple

from besra.engine.programs import AND, AND_LEAF, CONSTANT, LOAD, NOT, OR, OR_LEAF
from besra.events.kernels.kernel import inlined, kernel
from besra.events.kernels.machine import first_bit, half_at, put_half, put_word, word_at

WORD = 64
"""Rows of a word."""


class Maps(NamedTuple):
    """Bitmaps of leaves: `width` words each. One is valid if its leaf's stamp (int64) is `stamp`, else it is empty."""

    words: int
    width: int
    stamps: int
    stamp: int


class Programs(NamedTuple):
    """Clauses, as addresses of int32 arrays.

    `steps` holds an instruction and a leaf for each step, `step_starts` where each clause begins in it. `leaves` holds
    the leaves of all groups, `group_starts` where each group begins, `clause_groups` where the groups of each clause
    begin.
    """

    steps: int
    step_starts: int
    leaves: int
    group_starts: int
    clause_groups: int
    clauses: int


class Fired(NamedTuple):
    """Where the outcome goes: for each clause found its number and the end of its rows (int64 each), and all rows.

    `counts`: clauses found, rows. There is room for all clauses, and for `room` rows. `stack` has room for the bitmaps
    of the deepest program.
    """

    found: int
    rows: int
    counts: int
    room: int
    stack: int


@kernel
def spread(rows: int, ids: int, count: int, verdicts: int, starts: int, leaves: int, maps: Maps) -> None:  # noqa: PLR0913, PLR0917
    """Sets the bits of all leaves that the values of `count` cells (row and value id, int32) satisfy.

    `verdicts` holds the set of each value id, `starts` (int64) where the leaves of a set begin in `leaves` (all int32).
    """
    for cell in range(0, 4 * count, 4):
        verdict = half_at(verdicts + 4 * half_at(ids + cell))
        if verdict == 0:
            continue
        row = half_at(rows + cell)
        word, bit = 8 * (row >> 6), 1 << (row & 63)
        for place in range(word_at(starts + 8 * verdict), word_at(starts + 8 * verdict + 8)):
            leaf = half_at(leaves + 4 * place)
            bitmap = maps.words + 8 * maps.width * leaf
            if word_at(maps.stamps + 8 * leaf) != maps.stamp:
                put_word(maps.stamps + 8 * leaf, maps.stamp)
                for at in range(bitmap, bitmap + 8 * maps.width, 8):
                    put_word(at, 0)
            put_word(bitmap + word, word_at(bitmap + word) | bit)


@kernel
def fire(first: int, programs: Programs, maps: Maps, fired: Fired) -> int:
    """Runs the clauses from `first` on; the one it came to: it goes on from there, given room."""
    for clause in range(first, programs.clauses):
        if not can_fire(clause, programs, maps):
            continue
        count = word_at(fired.counts + 8)
        if count + WORD * maps.width > fired.room:
            return clause
        if not run(clause, programs, maps, fired.stack):
            continue
        count = write_rows(count, maps, fired)
        place = word_at(fired.counts)
        put_word(fired.found + 16 * place, clause)
        put_word(fired.found + 16 * place + 8, count)
        put_word(fired.counts, place + 1)
        put_word(fired.counts + 8, count)
    return programs.clauses


@kernel
def fire_again(clause: int, times: int, programs: Programs, maps: Maps, fired: Fired) -> bool:
    """Runs one clause so many times, to be timed; whether it can fire. What has been found is overwritten."""
    can = False
    for _ in range(times):
        can = can_fire(clause, programs, maps)
        if can and run(clause, programs, maps, fired.stack):
            write_rows(0, maps, fired)
    return can


@inlined
def write_rows(count: int, maps: Maps, fired: Fired) -> int:
    """Writes the rows of the lowest bitmap of the stack behind those there are; the number of all."""
    for word in range(maps.width):
        bits = word_at(fired.stack + 8 * word)
        while bits:
            put_half(fired.rows + 4 * count, WORD * word + first_bit(bits))
            count += 1
            bits &= bits - 1
    return count


@inlined
def can_fire(clause: int, programs: Programs, maps: Maps) -> bool:
    """Whether each group of the clause has a leaf that holds somewhere."""
    for group in range(half_at(programs.clause_groups + 4 * clause), half_at(programs.clause_groups + 4 * clause + 4)):
        alive = False
        for at in range(half_at(programs.group_starts + 4 * group), half_at(programs.group_starts + 4 * group + 4)):
            if word_at(maps.stamps + 8 * half_at(programs.leaves + 4 * at)) == maps.stamp:
                alive = True
                break
        if not alive:
            return False
    return True


@inlined
def run(clause: int, programs: Programs, maps: Maps, stack: int) -> bool:
    """Runs a program; whether a row is left. Its rows are the lowest bitmap of the stack."""
    size = 8 * maps.width
    top = stack - size
    first, last = half_at(programs.step_starts + 4 * clause), half_at(programs.step_starts + 4 * clause + 4)
    for step in range(first, last):
        code, leaf = half_at(programs.steps + 8 * step), half_at(programs.steps + 8 * step + 4)
        if code in (AND, OR):
            top -= size
            for at in range(top, top + size, 8):
                left, right = word_at(at), word_at(at + size)
                put_word(at, left & right if code == AND else left | right)
        elif code == NOT:
            for at in range(top, top + size, 8):
                put_word(at, ~word_at(at))
        elif code == CONSTANT:
            top += size
            for at in range(top, top + size, 8):
                put_word(at, -leaf)
        else:
            holds = word_at(maps.stamps + 8 * leaf) == maps.stamp
            with_leaf(code, top, maps.words + size * leaf, size, holds)
            top += size if code == LOAD else 0
        if top == stack and is_empty(top, size):
            return False
    return True


@inlined
def with_leaf(code: int, top: int, bitmap: int, size: int, holds: bool) -> None:
    """Combines the topmost bitmap with that of a leaf, or pushes it."""
    if code == LOAD:
        for at in range(0, size, 8):
            put_word(top + size + at, word_at(bitmap + at) if holds else 0)
    elif code == AND_LEAF:
        for at in range(0, size, 8):
            put_word(top + at, word_at(top + at) & word_at(bitmap + at) if holds else 0)
    elif holds and code == OR_LEAF:
        for at in range(0, size, 8):
            put_word(top + at, word_at(top + at) | word_at(bitmap + at))
    elif holds:
        for at in range(0, size, 8):
            put_word(top + at, word_at(top + at) & ~word_at(bitmap + at))


@inlined
def is_empty(bitmap: int, size: int) -> bool:
    """Whether no bit is set."""
    for at in range(bitmap, bitmap + size, 8):  # noqa: SIM110  generators cannot be compiled
        if word_at(at):
            return False
    return True
