"""Which section of a field's numbers, addresses or dates a token is in: read exactly, or left to Python."""

from besra.engine.kernels.layout import F_CUTS, F_CUTS_END, F_SECTIONS, Tests
from besra.engine.kernels.tables import ADDRESSES, DATES, INTEGERS
from besra.events.kernels.addresses import address_of
from besra.events.kernels.kernel import inlined, inner
from besra.events.kernels.machine import byte_at, double_at, half_at, word_at
from besra.events.kernels.times import UNREAD, time_of
from besra.events.kernels.tokens import MINUS, NINE, POINT, ZERO

LEFT = -1
"""The verdict of a value that is left to Python."""

EXACT_DIGITS = 15
"""Digits of which a double is surely the nearest to the number they are."""

MOST_DIGITS = 18
"""Digits that fit 64 bits."""

SLACK = 4e-15
"""How near to a cut, by its share, a number of more digits, or a date, may come that is not read exactly here."""


@inner
def number_verdict(p: int, end: int, kind: int, row: int, tests: Tests) -> int:
    """The set of leaves that a number, address or date satisfies, or LEFT if it is none that is read exactly here."""
    if kind == ADDRESSES:
        address = address_of(p, end)
        return LEFT if address < 0 else section_verdict(float(address), 0.0, row, tests)
    if kind == DATES:
        time = time_of(p, end - p)
        return LEFT if time == UNREAD else section_verdict(float(time), abs(float(time)) * SLACK, row, tests)
    is_negative = byte_at(p) == MINUS
    p += 1 if is_negative else 0
    mantissa, digits, decimals = 0, 0, -1
    while p < end and digits < MOST_DIGITS:
        byte = byte_at(p)
        if byte == POINT and decimals < 0:
            decimals = 0
        elif ZERO <= byte <= NINE:
            mantissa = mantissa * 10 + byte - ZERO
            digits += 1
            decimals += 1 if decimals >= 0 else 0
        else:
            return LEFT
        p += 1
    if p < end or (decimals >= 0 and kind == INTEGERS) or (decimals < 0 and digits > EXACT_DIGITS):
        return LEFT
    number = float(-mantissa if is_negative else mantissa)
    scale = 1.0
    for _ in range(decimals):
        scale *= 10.0
    number /= scale
    return section_verdict(number, abs(number) * SLACK if digits > EXACT_DIGITS else 0.0, row, tests)


@inlined
def section_verdict(number: float, slack: float, row: int, tests: Tests) -> int:
    """The set of leaves of the section a number is in; LEFT if a cut is no farther away than the slack, if any."""
    first = low = word_at(row + F_CUTS)
    last = high = word_at(row + F_CUTS_END)
    while low < high:
        middle = (low + high) >> 1
        if double_at(tests.cuts + 8 * middle) < number:
            low = middle + 1
        else:
            high = middle
    if slack > 0.0:
        if low < last and double_at(tests.cuts + 8 * low) - number <= slack:
            return LEFT
        if low > first and number - double_at(tests.cuts + 8 * (low - 1)) <= slack:
            return LEFT
    section = 2 * (low - first)
    if low < last and double_at(tests.cuts + 8 * low) == number:
        section += 1
    return half_at(tests.sections + 4 * (word_at(row + F_SECTIONS) + section))
