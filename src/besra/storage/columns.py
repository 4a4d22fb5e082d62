"""The types of columns, the same whichever database holds them.

Times are integers, nanoseconds since 1970: databases do not agree on what a date is, nor on whether it has a zone.
"""

import re

from sqlalchemy import JSON, BigInteger, Column, Integer, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB

from besra.rules.space import DEFAULT

METADATA = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)
"""All tables of the alert store."""

JSON_VALUE = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
TIME = BigInteger()
NUMBERED = BigInteger().with_variant(Integer(), "sqlite")
"""Keys a database counts by itself: SQLite does so for INTEGER only."""
NAME = Text().with_variant(Text(collation="C"), "postgresql")
"""Text, compared and ordered by its characters in every database."""


def of_space(*, primary_key: bool = False) -> Column[str]:
    """The column that says whose a row is: the id of a space. What is from before there were spaces is of `default`."""
    return Column("space", NAME, primary_key=primary_key, nullable=False, server_default=DEFAULT)


FIRST_TIME, LAST_TIME = -(1 << 63), (1 << 63) - 1
"""What 64 bits hold: the years 1677 to 2262."""

LONGEST_NAME = 256
"""Characters of a name that are kept in columns that are searched: an index takes no more than a few kilobytes."""

REPLACED = "\ufffd"
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def stored_time(time: int) -> int:
    """A time as a column holds it: those out of range are the first or the last one."""
    return max(FIRST_TIME, min(LAST_TIME, time))


def stored_name(text: str) -> str:
    """A text as a column holds it: no longer than it may be, without what databases refuse."""
    return stored_text(text[:LONGEST_NAME])


def stored_text(text: str) -> str:
    """A text of any length without what databases refuse."""
    return UNSTORABLE.sub(REPLACED, text)


def is_storable(value: object) -> bool:
    """Whether a value is a text that databases take; no other can be anybody's name or id there."""
    return isinstance(value, str) and not UNSTORABLE.search(value)


def is_whole(stored: str) -> bool:
    """Whether a stored name surely is what it was made of."""
    return len(stored) < LONGEST_NAME and REPLACED not in stored
