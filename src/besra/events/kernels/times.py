"""Times as sensors write them, read by a kernel: `2025-01-31T23:59:59.123456789Z`, the fraction being optional."""

from besra.events.kernels.kernel import inlined, inner, kernel
from besra.events.kernels.machine import byte_at, half_at, put_word, word_at
from besra.events.kernels.tokens import NINE, POINT, QUOTE, ZERO
from besra.events.value_table import TAIL

UNREAD = -(2**63)
"""Stands for a time that is not of this form."""

SECOND = 1_000_000_000
DAY = 86_400
FIRST_YEAR, LAST_YEAR = 1680, 2260
"""Years whose nanoseconds fit 64 bits."""

DASH, COLON, TEE, ZULU = (ord(char) for char in "-:TZ")


@kernel
def read_times(arena: int, offsets: int, ids: int, count: int, times: int) -> None:
    """Writes the nanoseconds since 1970 (int64) of `count` values by their ids (int32), UNREAD for what it cannot."""
    for place in range(count):
        number = half_at(ids + 4 * place)
        start, end = word_at(offsets + 8 * number), word_at(offsets + 8 * number + 8) - TAIL
        put_word(times + 8 * place, time_of(arena + start, end - start))


@inner
def time_of(p: int, length: int) -> int:
    """The time a JSON token stands for, or UNREAD."""
    if length < 22 or length > 32 or byte_at(p) != QUOTE or byte_at(p + length - 2) != ZULU:
        return UNREAD
    p += 1
    year, month, day = digits(p, 4), digits(p + 5, 2), digits(p + 8, 2)
    hour, minute, second = digits(p + 11, 2), digits(p + 14, 2), digits(p + 17, 2)
    if min(year, month, day, hour, minute, second) < 0:
        return UNREAD
    if byte_at(p + 4) != DASH or byte_at(p + 7) != DASH or byte_at(p + 10) != TEE:
        return UNREAD
    if byte_at(p + 13) != COLON or byte_at(p + 16) != COLON:
        return UNREAD
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12 and 1 <= day <= days_in(year, month)):
        return UNREAD
    if hour > 23 or minute > 59 or second > 59:
        return UNREAD
    fraction, width = 0, length - 23
    if length > 22:
        fraction = digits(p + 20, width)
        if byte_at(p + 19) != POINT or fraction < 0 or width == 0:
            return UNREAD
        for _ in range(9 - width):
            fraction *= 10
    return ((days_before(year, month) + day - 1) * DAY + hour * 3600 + minute * 60 + second) * SECOND + fraction


@inlined
def digits(p: int, count: int) -> int:
    """The number that `count` digits are, or -1."""
    number = 0
    for at in range(p, p + count):
        byte = byte_at(at)
        if byte < ZERO or byte > NINE:
            return -1
        number = number * 10 + byte - ZERO
    return number


@inlined
def days_in(year: int, month: int) -> int:
    """The days of a month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@inlined
def days_before(year: int, month: int) -> int:
    """Days from 1970 to the first of a month. Years begin in March here, so that the leap day is their last."""
    if month <= 2:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 - 719468
