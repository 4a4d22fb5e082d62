"""The tokens of JSON: where a string or number ends, and whether it is spelled as a canonical writer would.

Strict to RFC 8259 and, beyond it, as strict as orjson: a lone surrogate is no string, a number beyond the doubles is no
number. `p` is always the address of a byte; the line it is in ends at `end` with a byte that no token contains.
Canonical spelling is that of `orjson.dumps`: only what must be escaped is, by the shortest escape.
"""

from besra.events.kernels.kernel import inlined, inner
from besra.events.kernels.machine import BLOCK, byte_at, first_bit, put_byte, string_stops, word_at

BAD = -1
"""In place of an address: this is no token, or one the kernel leaves to others."""

PLAIN = 0
ESCAPED = 1
RESPELL = 2
NUMBER = 3
NOTHING = 4
"""How to take a token: its bytes as they are (with canonical escapes), its string spelled anew, its number read by
Python, not at all."""

QUOTE = ord('"')
BACKSLASH = ord("\\")
MINUS = ord("-")
POINT = ord(".")
PLUS = ord("+")
SLASH = ord("/")
ZERO = ord("0")
NINE = ord("9")
SMALL_A, SMALL_B, SMALL_E, SMALL_F, SMALL_N, SMALL_R, SMALL_T, SMALL_U = (ord(char) for char in "abefnrtu")

TRUE = int.from_bytes(b"true", "little")
FALSE = int.from_bytes(b"fals", "little")
NULL = int.from_bytes(b"null", "little")
FOUR_BYTES = 0xFFFFFFFF

LONGEST_NUMBER = 40
"""With at most two digits in the exponent, no number of this length is beyond the doubles."""

SURE_INTEGER = 18
"""Digits an integer may have without being near the end of 64 bits."""

SURE_DECIMAL = 15
"""Significant digits a double keeps, so that no other spelling of as few digits is the same double."""


@inlined
def scalar_end(p: int, end: int) -> tuple[int, int]:
    """The address after the string, number or literal at `p`, or BAD; and how to take it."""
    byte = byte_at(p)
    if byte == QUOTE:
        close, spelling = string_end(p + 1, end)
        return (BAD if close == BAD else close + 1), spelling
    if byte == MINUS or ZERO <= byte <= NINE:
        return number_end(p)
    word = word_at(p) & FOUR_BYTES
    if word == TRUE:
        return p + 4, PLAIN
    if word == NULL:
        return p + 4, NOTHING
    return (p + 5 if word == FALSE and byte_at(p + 4) == SMALL_E else BAD), PLAIN


@inlined
def string_end(p: int, end: int) -> tuple[int, int]:
    """The address of the closing quote of the string whose first character is at `p`; PLAIN, ESCAPED or RESPELL."""
    spelling = PLAIN
    while p < end:
        stops = string_stops(p)
        taken = BLOCK
        while stops:
            bit = first_bit(stops)
            at = p + bit
            if at >= end:
                return BAD, spelling
            if byte_at(at) == QUOTE:
                return at, min(spelling, RESPELL)
            length = escape_length(at)
            if length == 0:
                return BAD, spelling
            spelling |= RESPELL if length > 2 or byte_at(at + 1) == SLASH else ESCAPED
            if bit + length >= BLOCK:
                taken = bit + length
                break
            stops = (stops >> (bit + length)) << (bit + length)
        p += taken
    return BAD, spelling


@inner
def escape_length(p: int) -> int:
    """The length of the escape whose backslash is at `p`, a pair of surrogates being one; 0 if it is none."""
    letter = byte_at(p + 1)
    if letter == BACKSLASH:
        return 2
    if letter in (QUOTE, SLASH):
        return 2
    if letter != SMALL_U:
        return 2 if character_of(letter) else 0
    unit = code_unit(p + 2)
    if unit < 0 or 0xDC00 <= unit < 0xE000:
        return 0
    if unit < 0xD800 or unit >= 0xE000:
        return 6
    if byte_at(p + 6) != BACKSLASH or byte_at(p + 7) != SMALL_U:
        return 0
    return 12 if 0xDC00 <= code_unit(p + 8) < 0xE000 else 0


@inner
def character_of(letter: int) -> int:
    """The control character that an escape of one letter stands for, or 0."""
    if letter == SMALL_B:
        return 8
    if letter == SMALL_T:
        return 9
    if letter == SMALL_N:
        return 10
    if letter == SMALL_F:
        return 12
    return 13 if letter == SMALL_R else 0


@inner
def code_unit(p: int) -> int:
    """The value of four hexadecimal digits, or -1. Reads no further than the first byte that is none."""
    unit = 0
    for at in range(p, p + 4):
        byte = byte_at(at)
        if ZERO <= byte <= NINE:
            digit = byte - ZERO
        elif SMALL_A <= byte | 0x20 <= SMALL_F:
            digit = (byte | 0x20) - SMALL_A + 10
        else:
            return -1
        unit = unit * 16 + digit
    return unit


@inner
def respell(p: int, length: int, target: int) -> int:
    """Writes the string at `p`, quotes included, to `target` in canonical spelling; the length there, never more."""
    put_byte(target, QUOTE)
    stop = p + length - 1
    p += 1
    to = target + 1
    while p < stop:
        byte = byte_at(p)
        if byte != BACKSLASH:
            put_byte(to, byte)
            p += 1
            to += 1
            continue
        size = escape_length(p)
        if size == 2:
            letter = byte_at(p + 1)
            char = character_of(letter) or letter
        else:
            char = code_unit(p + 2)
            if size == 12:
                char = 0x10000 + ((char - 0xD800) << 10) + (code_unit(p + 8) - 0xDC00)
        p += size
        to = put_character(to, char)
    put_byte(to, QUOTE)
    return to + 1 - target


@inner
def put_character(to: int, char: int) -> int:
    """Writes one character as a JSON string holds it; the address after it."""
    if char < 0x20 or char in (QUOTE, BACKSLASH):
        return put_escape(to, char)
    if char < 0x80:
        put_byte(to, char)
        return to + 1
    if char < 0x800:
        put_byte(to, 0xC0 | (char >> 6))
        put_byte(to + 1, 0x80 | (char & 0x3F))
        return to + 2
    if char < 0x10000:
        put_byte(to, 0xE0 | (char >> 12))
        put_byte(to + 1, 0x80 | ((char >> 6) & 0x3F))
        put_byte(to + 2, 0x80 | (char & 0x3F))
        return to + 3
    put_byte(to, 0xF0 | (char >> 18))
    put_byte(to + 1, 0x80 | ((char >> 12) & 0x3F))
    put_byte(to + 2, 0x80 | ((char >> 6) & 0x3F))
    put_byte(to + 3, 0x80 | (char & 0x3F))
    return to + 4


@inner
def put_escape(to: int, char: int) -> int:
    """Writes a character escaped as short as can be; the address after it."""
    letter = char if char >= 0x20 else 0
    for short in (SMALL_B, SMALL_T, SMALL_N, SMALL_F, SMALL_R):
        if character_of(short) == char:
            letter = short
    put_byte(to, BACKSLASH)
    if letter:
        put_byte(to + 1, letter)
        return to + 2
    put_byte(to + 1, SMALL_U)
    put_byte(to + 2, ZERO)
    put_byte(to + 3, ZERO)
    put_byte(to + 4, ZERO + (char >> 4))
    low = char & 15
    put_byte(to + 5, ZERO + low if low < 10 else SMALL_A + low - 10)
    return to + 6


@inlined
def digits_end(p: int) -> int:
    """The address after the decimal digits at `p`."""
    while ZERO <= byte_at(p) <= NINE:
        p += 1
    return p


@inlined
def number_end(start: int) -> tuple[int, int]:
    """The address after the number at `start`; PLAIN if its spelling is surely canonical, else NUMBER.

    A number that might be beyond the doubles is BAD: it is not for the kernel to tell.
    """
    negative = byte_at(start) == MINUS
    whole = start + negative
    p = digits_end(whole)
    length = p - whole
    if length == 0 or (length > 1 and byte_at(whole) == ZERO):
        return BAD, NUMBER
    spelling = PLAIN
    if length > SURE_INTEGER or (negative and byte_at(whole) == ZERO):
        spelling = NUMBER
    if byte_at(p) == POINT:
        fraction = p + 1
        p = digits_end(fraction)
        if p == fraction:
            return BAD, NUMBER
        spelling = decimal_spelling(whole, fraction, p)
    if byte_at(p) | 0x20 == SMALL_E:
        spelling = NUMBER
        p += 1
        if byte_at(p) == MINUS or byte_at(p) == PLUS:
            p += 1
        exponent = p
        p = digits_end(exponent)
        if p == exponent or p - exponent > 2:
            return BAD, NUMBER
    return (BAD if p - start > LONGEST_NUMBER else p), spelling


@inlined
def decimal_spelling(whole: int, fraction: int, end: int) -> int:
    """PLAIN for a decimal without exponent that has few digits, none of them idle, and is not tiny."""
    if end - whole - 1 > SURE_DECIMAL:
        return NUMBER
    if end - fraction > 1 and byte_at(end - 1) == ZERO:
        return NUMBER
    is_tiny = byte_at(whole) == ZERO and byte_at(fraction) == ZERO and end - fraction > 1
    return NUMBER if is_tiny else PLAIN
