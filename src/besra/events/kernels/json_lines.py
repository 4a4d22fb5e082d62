"""Lines of JSON straight to field values: one pass over the bytes, no Python object made.

A line is walked as a strict JSON reader would, and the place of its values in the projection is followed along. The
tokens of projected fields are noted; once the whole line has proved sound they are interned. Whatever is not surely
read as orjson would read it makes the line *slow*: nothing of it is kept, and it is left to orjson.
"""

from typing import NamedTuple

from besra.events.kernels.interning import Table, hash_of_field, intern, slot_address
from besra.events.kernels.kernel import inlined, kernel
from besra.events.kernels.key_tree import (
    ACTION,
    ENTRY,
    ENVELOPE,
    FIELD,
    KEY,
    MARK,
    NODE,
    NOWHERE,
    Tree,
    find_key,
)
from besra.events.kernels.lines import SPACE, is_blank, line_end
from besra.events.kernels.machine import (
    BLOCK,
    byte_at,
    copy_block,
    half_at,
    prefetch,
    put_byte,
    put_half,
    put_word,
    word_at,
)
from besra.events.kernels.tokens import BAD, NOTHING, NUMBER, PLAIN, QUOTE, RESPELL, respell, scalar_end, string_end
from besra.events.kernels.utf8 import is_utf8
from besra.events.value_table import TAIL

COMMA, COLON = (ord(char) for char in ",:")
OBJECT, OBJECT_END, ARRAY, ARRAY_END = (ord(char) for char in "{}[]")
OBJECT_BIT = 0x20
"""What an opening brace has more than an opening bracket; no other byte becomes a brace with it."""

DEEPEST = 60
"""Levels of nesting the kernel follows."""

LEVEL = 24
L_NODE, L_FIELD, L_SERIAL = range(0, LEVEL, 8)
"""Bytes of a level of nesting: its node, the field of its elements or IN_OBJECT, the serial number of the object."""

IN_OBJECT = -2

TOKEN = 32
T_PLACE, T_LENGTH, T_USE, T_HASH = range(0, TOKEN, 8)
"""Bytes of a token: its address, its length, its field and how to take it, its hash."""

SPELLING_BITS = 3
SPELLING = (1 << SPELLING_BITS) - 1

DONE, FULL, CROWDED, LONG = range(4)
"""Why `decode` came back: at the end; no room in the output; none in the table; a line longer than the room to work."""


class Work(NamedTuple):
    """Addresses of room to work in.

    `seen`: the serial number of the last object, then for every entry of the tree that of the last object with this
    key. `levels`: DEEPEST times LEVEL bytes. `tokens` and `scratch`: for lines of `longest` bytes, TOKEN bytes for
    every two of them and one byte for each.
    """

    seen: int
    levels: int
    tokens: int
    scratch: int
    longest: int


class Output(NamedTuple):
    """Addresses where the output goes, and for how many `lines` and `places` there is room.

    Of a line: `starts` and `ends` (int64, addresses), `before` (int32: how many lines stand before it, blank ones too),
    `slow` (bytes). Of a value: `fields`, `rows` (number of the line) and `values` (ids), all int32. Of a number left to
    Python: `numbers`, its place among the values (int64), and in `texts` what it is written as, with a comma.

    `counts` (int64): lines, values, numbers left to Python and bytes of their texts so far; when the table has no room,
    the number of tokens in the line that needs it, and its length; the lines seen, blank ones too.
    """

    starts: int
    ends: int
    before: int
    slow: int
    fields: int
    rows: int
    values: int
    numbers: int
    texts: int
    counts: int
    lines: int
    places: int


@kernel
def decode(p: int, stop: int, tree: Tree, table: Table, work: Work, output: Output) -> tuple[int, int]:
    """Decodes the lines from `p` to `stop`; where it came to and why it ended: it goes on from there, given room.

    Every line must end with a line break before `stop`, and PADDING bytes behind it be readable. It fails no input.
    """
    while p < stop:
        end, after, is_ascii, is_clean = line_end(p)
        seen = word_at(output.counts + 48)
        if byte_at(p) != OBJECT and is_blank(p, end):
            put_word(output.counts + 48, seen + 1)
            p = after
            continue
        size = end - p
        if size > work.longest:
            return p, LONG
        count = BAD
        if is_clean and (is_ascii or is_utf8(p, end)):
            count = walk(p, end, tree, table, work)
        line = word_at(output.counts)
        if line == output.lines or word_at(output.counts + 8) + count > output.places:
            return p, FULL
        if (
            word_at(table.counts) + count > table.room
            or word_at(table.counts + 8) + size + TAIL * count > table.bytes_room
        ):
            put_word(output.counts + 32, count)
            put_word(output.counts + 40, size)
            return p, CROWDED
        keep(count, table, work, output)
        put_word(output.starts + 8 * line, p)
        put_word(output.ends + 8 * line, end)
        put_half(output.before + 4 * line, seen)
        put_word(output.counts + 48, seen + 1)
        put_byte(output.slow + line, 1 if count == BAD else 0)
        put_word(output.counts, line + 1)
        p = after
    return p, DONE


@inlined
def walk(p: int, end: int, tree: Tree, table: Table, work: Work) -> int:
    """Notes the projected tokens of the document at `p`; how many, or BAD if the line is slow."""
    level = work.levels - LEVEL
    deepest = work.levels + (DEEPEST - 1) * LEVEL
    token = work.tokens
    node, field, keys, marks = 0, NOWHERE, 0, 0
    p = spaces_end(p)
    if byte_at(p) != OBJECT:
        return BAD
    while True:
        byte = byte_at(p)
        if byte | OBJECT_BIT == OBJECT:
            if level == deepest:
                return BAD
            level += LEVEL
            p = spaces_end(p + 1)
            put_word(level + L_NODE, node)
            if byte == OBJECT:
                serial = word_at(work.seen) + 1
                put_word(work.seen, serial)
                put_word(level + L_FIELD, IN_OBJECT)
                put_word(level + L_SERIAL, serial)
                is_empty = byte_at(p) == OBJECT_END
            else:
                put_word(level + L_FIELD, field)
                if byte_at(p) != ARRAY_END:
                    continue
                is_empty = True
            if is_empty:
                p, level = next_value(p, level, work.levels)
        else:
            stop, spelling = scalar_end(p, end)
            if stop == BAD:
                return BAD
            if field >= 0 and spelling != NOTHING:
                note(token, p, stop - p, (field << SPELLING_BITS) | spelling, table)
                token += TOKEN
            p, level = next_value(stop, level, work.levels)
        if level < work.levels:
            is_action = keys == 1 and marks & ACTION
            return (token - work.tokens) // TOKEN if p == end and not is_action else BAD
        node, field = word_at(level + L_NODE), word_at(level + L_FIELD)
        if field == IN_OBJECT:
            p, node, field, mark = step(p, end, tree, work.seen, node, word_at(level + L_SERIAL))
            if p == BAD or mark & ENVELOPE:
                return BAD
            keys += level == work.levels
            marks |= mark


@inlined
def spaces_end(p: int) -> int:
    """The address of the first byte that is no space. Other white space makes a line slow before it is walked."""
    while byte_at(p) == SPACE:
        p += 1
    return p


@inlined
def next_value(p: int, level: int, lowest: int) -> tuple[int, int]:
    """After a value: the address of what follows the next comma, and its level.

    At the end of the document, the address after it and a level below the lowest; where it goes wrong, BAD and such.
    """
    while True:
        p = spaces_end(p)
        byte = byte_at(p)
        if byte == COMMA:
            return spaces_end(p + 1), level
        if byte != (OBJECT_END if word_at(level + L_FIELD) == IN_OBJECT else ARRAY_END):
            return BAD, lowest - LEVEL
        p += 1
        level -= LEVEL
        if level < lowest:
            return spaces_end(p), level


@inlined
def step(p: int, end: int, tree: Tree, seen: int, node: int, serial: int) -> tuple[int, int, int, int]:
    """Over the key at `p`: the address of its value or BAD, the node and the field it leads to, its mark.

    A key that comes twice in one object is BAD if it leads anywhere, as then the last of them counts. So is one with
    an escape in it.
    """
    if byte_at(p) != QUOTE:
        return BAD, NOWHERE, NOWHERE, 0
    key = p + 1
    close, spelling = string_end(key, end)
    if close == BAD:
        return BAD, NOWHERE, NOWHERE, 0
    p = spaces_end(close + 1)
    if byte_at(p) != COLON:
        return BAD, NOWHERE, NOWHERE, 0
    p = spaces_end(p + 1)
    if node < 0:
        return p, NOWHERE, NOWHERE, 0
    if spelling != PLAIN:
        return BAD, NOWHERE, NOWHERE, 0
    slot = find_key(tree, key, close - key, node)
    if word_at(slot + KEY) == 0:
        return p, NOWHERE, NOWHERE, 0
    last = seen + 8 + 8 * word_at(slot + ENTRY)
    if word_at(last) == serial:
        return BAD, NOWHERE, NOWHERE, 0
    put_word(last, serial)
    return p, word_at(slot + NODE), word_at(slot + FIELD), word_at(slot + MARK)


@inlined
def note(token: int, p: int, length: int, use: int, table: Table) -> None:
    """Remembers a token, and asks for the memory that `keep` will look it up in."""
    hashed = hash_of_field(table, p, length, use >> SPELLING_BITS)
    put_word(token + T_PLACE, p)
    put_word(token + T_LENGTH, length)
    put_word(token + T_USE, use)
    put_word(token + T_HASH, hashed)
    prefetch(slot_address(table, hashed))


@inlined
def keep(count: int, table: Table, work: Work, output: Output) -> None:
    """Writes the values of a line, their tokens interned."""
    row, place = word_at(output.counts), word_at(output.counts + 8)
    for token in range(work.tokens, work.tokens + count * TOKEN, TOKEN):
        p, length = word_at(token + T_PLACE), word_at(token + T_LENGTH)
        use, hashed = word_at(token + T_USE), word_at(token + T_HASH)
        spelling, field = use & SPELLING, use >> SPELLING_BITS
        put_half(output.fields + 4 * place, field)
        put_half(output.rows + 4 * place, row)
        if spelling == NUMBER:
            leave(output, place, p, length)
        else:
            if spelling == RESPELL:
                length = respell(p, length, work.scratch)
                p = work.scratch
                hashed = hash_of_field(table, p, length, field)
            put_half(output.values + 4 * place, intern(table, p, length, hashed, field))
        place += 1
    put_word(output.counts + 8, place)


@inlined
def leave(output: Output, place: int, p: int, length: int) -> None:
    """Leaves a number to Python."""
    left, used = word_at(output.counts + 16), word_at(output.counts + 24)
    put_word(output.numbers + 8 * left, place)
    for done in range(0, length, BLOCK):
        copy_block(output.texts + used + done, p + done)
    put_byte(output.texts + used + length, COMMA)
    put_word(output.counts + 16, left + 1)
    put_word(output.counts + 24, used + length + 1)


@kernel
def group(output: Output, ends: int, size: int, rows: int, values: int) -> None:
    """Sorts the values by field, those of a field as they came.

    `ends` holds `size` int64 of zero, one for each field: it becomes the end of the field's part.
    """
    count = word_at(output.counts + 8)
    for place in range(0, 4 * count, 4):
        end = ends + 8 * half_at(output.fields + place)
        put_word(end, word_at(end) + 1)
    start = 0
    for end in range(ends, ends + 8 * size, 8):
        size_of = word_at(end)
        put_word(end, start)
        start += size_of
    for place in range(0, 4 * count, 4):
        end = ends + 8 * half_at(output.fields + place)
        to = word_at(end)
        put_word(end, to + 1)
        put_half(rows + 4 * to, half_at(output.rows + place))
        put_half(values + 4 * to, half_at(output.values + place))
