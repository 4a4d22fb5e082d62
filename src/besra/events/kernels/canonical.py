"""Documents on their way in, by one pass over their bytes: canonical text, time, fields, and a stamp put into them.

A line is walked as the decoder walks it (`json_lines`), and written as `orjson.dumps` with sorted keys would write what
`orjson.loads` reads: the id of a document is made of that text (`events.identity`). Members of an object are sorted
when it is closed; they are the last that has been written then. What is not surely read and written as orjson would
makes the line *slow*. So does a key that comes twice in an object, and a document without just one time.
"""

from typing import NamedTuple

from besra.events.kernels.json_lines import (
    ARRAY_END,
    COLON,
    COMMA,
    DEEPEST,
    DONE,
    FULL,
    IN_OBJECT,
    LONG,
    OBJECT,
    OBJECT_BIT,
    OBJECT_END,
    spaces_end,
)
from besra.events.kernels.kernel import inlined, kernel
from besra.events.kernels.key_tree import FIELD, KEY, NODE, NOWHERE, Tree, find_key
from besra.events.kernels.lines import NEWLINE, line_end
from besra.events.kernels.machine import byte_at, put_byte, put_word, word_at
from besra.events.kernels.members import M_LENGTH, M_PLACE, MEMBER, copied, sort_members
from besra.events.kernels.times import UNREAD, time_of
from besra.events.kernels.tokens import BAD, NOTHING, NUMBER, PLAIN, QUOTE, RESPELL, respell, scalar_end, string_end
from besra.events.kernels.utf8 import is_utf8

LEVEL = 32
L_NODE, L_FIELD, L_FIRST, L_FROM = range(0, LEVEL, 8)
"""Bytes of a level of nesting: its node, the field of its elements or IN_OBJECT, its first member, its text."""

TIME, STAMPED = 0, 1
"""The numbers of the fields with the time of a document and with the stamp, which is a member of the object `event`."""

EVENT = int.from_bytes(b"event", "little")
EVENT_LENGTH = 5
EVENT_BYTES = (1 << 8 * EVENT_LENGTH) - 1

INSTEAD, BEHIND, ALONE, LAST, ONLY = range(5)
"""Where a stamp goes: in place of a value; behind the members of `event` or as its only one; the same of a document
that has no such object."""

S_KIND, S_FROM, S_TO, S_TIME, S_TIMES, S_FIELDS = range(0, 48, 8)
"""Bytes of what is found in a document: where a stamp goes, which part of the text it replaces, the time, how many
times there are, and a bit for every field that has a value."""


class Work(NamedTuple):
    """Addresses of room to work in, for lines of `longest` bytes.

    `levels`: DEEPEST times LEVEL bytes. `members`: a MEMBER for every four bytes of a line. `order`: as `sort_members`
    needs it. `scratch`: a line. `found`: what S_KIND and so on say. `stamps`: five times address and length of the
    text a stamp is written as.
    """

    levels: int
    members: int
    order: int
    scratch: int
    found: int
    stamps: int
    longest: int


class Output(NamedTuple):
    """Addresses where the output goes, and for how many `lines` there is room.

    Of a line (int64): where its canonical text and its stamped text end, each of which begins where that of the line
    before ends; its time and its fields. `slow` is bytes: such a line has no texts. `counts` (int64): lines so far, and
    the addresses behind both texts. A stamped text ends with a line break.
    """

    texts: int
    stamped: int
    times: int
    fields: int
    slow: int
    counts: int
    lines: int


@kernel
def canonise(p: int, stop: int, tree: Tree, work: Work, output: Output) -> tuple[int, int]:
    """Takes the lines from `p` to `stop`; where it came to and why it ended: it goes on from there, given room.

    Every line must end with a line break before `stop`, and PADDING bytes behind it be readable. It fails no input.
    """
    while p < stop:
        line = word_at(output.counts)
        if line == output.lines:
            return p, FULL
        end, after, is_ascii, is_clean = line_end(p)
        if end - p > work.longest:
            return p, LONG
        text, stamped = word_at(output.counts + 8), word_at(output.counts + 16)
        written = BAD
        if is_clean and (is_ascii or is_utf8(p, end)):
            written = walk(p, end, tree, text, work)
        is_slow = written == BAD or word_at(work.found + S_TIMES) != 1
        if not is_slow:
            text = written
            stamped = put_stamped(p, end, stamped, work)
        place = 8 * line
        put_word(output.texts + place, text)
        put_word(output.stamped + place, stamped)
        put_word(output.times + place, word_at(work.found + S_TIME))
        put_word(output.fields + place, word_at(work.found + S_FIELDS))
        put_byte(output.slow + line, 1 if is_slow else 0)
        put_word(output.counts, line + 1)
        put_word(output.counts + 8, text)
        put_word(output.counts + 16, stamped)
        p = after
    return p, DONE


@inlined
def put_stamped(p: int, end: int, to: int, work: Work) -> int:
    """Writes a line with the stamp and a line break; the address behind it."""
    stamp = work.stamps + 16 * word_at(work.found + S_KIND)
    to = copied(p, word_at(work.found + S_FROM), to)
    to = copied(word_at(stamp), word_at(stamp) + word_at(stamp + 8), to)
    to = copied(word_at(work.found + S_TO), end, to)
    put_byte(to, NEWLINE)
    return to + 1


@inlined
def walk(p: int, end: int, tree: Tree, to: int, work: Work) -> int:  # noqa: PLR0915  one loop, kept together
    """Writes the document at `p` canonically and notes what is found in it; the address behind it, or BAD."""
    top, second = work.levels, work.levels + LEVEL
    level, member = top - LEVEL, work.members
    node, field, fields = 0, NOWHERE, 0
    is_event_key, is_event = False, False
    for place in range(work.found, work.found + S_FIELDS + 8, 8):
        put_word(place, 0)
    p = spaces_end(p)
    if byte_at(p) != OBJECT:
        return BAD
    while True:
        byte = byte_at(p)
        if byte | OBJECT_BIT == OBJECT:
            # Of a stamp that is no single value the ordinary way knows what to do.
            if level == top + (DEEPEST - 1) * LEVEL or field == STAMPED:
                return BAD
            level += LEVEL
            put_word(level + L_NODE, node)
            put_word(level + L_FIELD, IN_OBJECT if byte == OBJECT else field)
            put_word(level + L_FIRST, member)
            put_word(level + L_FROM, to)
            if level == second:
                is_event = is_event_key and byte == OBJECT
            put_byte(to, byte)
            to += 1
            p = spaces_end(p + 1)
            is_value = byte_at(p) == (OBJECT_END if byte == OBJECT else ARRAY_END)
            if not is_value and byte != OBJECT:
                continue
        else:
            stop, spelling = scalar_end(p, end)
            if stop == BAD or spelling == NUMBER:
                return BAD
            if field >= 0 and spelling != NOTHING:
                fields |= 1 << field
            if field == TIME:
                note_time(p, stop - p, work)
            if field == STAMPED:
                if level != second or not is_event:
                    return BAD
                note_place(INSTEAD, p, stop, work)
            to = to + respell(p, stop - p, to) if spelling == RESPELL else copied(p, stop, to)
            p = stop
            is_value = True
        while is_value:
            p = spaces_end(p)
            byte = byte_at(p)
            if byte == COMMA:
                put_byte(to, COMMA)
                to += 1
                p = spaces_end(p + 1)
                break
            is_object = word_at(level + L_FIELD) == IN_OBJECT
            if byte != (OBJECT_END if is_object else ARRAY_END):
                return BAD
            is_empty = to == word_at(level + L_FROM) + 1
            if is_object:
                first = word_at(level + L_FIRST)
                if not sort_members(first, member, to, work.order, work.scratch):
                    return BAD
                member = first
            put_byte(to, byte)
            to += 1
            if level == second and is_event:
                note_place(ALONE if is_empty else BEHIND, p, p, work)
            if level == top:
                note_place(ONLY if is_empty else LAST, p, p, work)
                put_word(work.found + S_FIELDS, fields)
                return to if spaces_end(p + 1) == end else BAD
            p += 1
            level -= LEVEL
        node, field = word_at(level + L_NODE), word_at(level + L_FIELD)
        if field != IN_OBJECT:
            continue
        key = p + 1
        if byte_at(p) != QUOTE:
            return BAD
        close, spelling = string_end(key, end)
        if close == BAD or spelling != PLAIN:
            return BAD
        p = spaces_end(close + 1)
        if byte_at(p) != COLON:
            return BAD
        p = spaces_end(p + 1)
        put_word(member + M_PLACE, to)
        put_word(member + M_LENGTH, close - key)
        member += MEMBER
        to = copied(key - 1, close + 1, to)
        put_byte(to, COLON)
        to += 1
        if level == top:
            is_event_key = close - key == EVENT_LENGTH and word_at(key) & EVENT_BYTES == EVENT
        field = NOWHERE
        if node >= 0:
            slot = find_key(tree, key, close - key, node)
            node = NOWHERE
            if word_at(slot + KEY) != 0:
                node, field = word_at(slot + NODE), word_at(slot + FIELD)


@inlined
def note_time(p: int, length: int, work: Work) -> None:
    """Notes the time of the document; one that cannot be read counts as if there were two."""
    time = time_of(p, length)
    put_word(work.found + S_TIME, time)
    put_word(work.found + S_TIMES, word_at(work.found + S_TIMES) + (2 if time == UNREAD else 1))


@inlined
def note_place(kind: int, start: int, stop: int, work: Work) -> None:
    """Notes where the stamp goes, unless that is known."""
    if word_at(work.found + S_FROM) == 0:
        put_word(work.found + S_KIND, kind)
        put_word(work.found + S_FROM, start)
        put_word(work.found + S_TO, stop)
