"""Row groups nobody has to read, by the statistics in the file's index."""

from typing import Any

import pyarrow as pa

from besra.events.parquet.field_columns import FieldColumns
from besra.events.parquet.file import ParquetFile
from besra.events.parquet.foreign import NANOS
from besra.events.wanted import Wanted

CATEGORY, TIMESTAMP = "event.category", "@timestamp"


def may_hold_time(file: ParquetFile, group: int, wanted: Wanted) -> bool:
    """Whether a row group may have an event of the wanted times. False only if its statistics rule that out."""
    if wanted.start is None and wanted.end is None:
        return True
    kind = _type_of(file, TIMESTAMP)
    statistics = _statistics(file, group, TIMESTAMP)
    if kind is None or not pa.types.is_timestamp(kind) or statistics is None or not statistics.has_min_max:
        return True
    # A time may be missing here and yet be in the document.
    if not (file.layout and file.layout.has_all_times) and statistics.null_count != 0:
        return True
    low, high = statistics.min_raw * NANOS[kind.unit], statistics.max_raw * NANOS[kind.unit]
    return (wanted.end is None or low <= wanted.end) and (wanted.start is None or high >= wanted.start)


def may_hold_category(file: ParquetFile, group: int, columns: FieldColumns, wanted: Wanted) -> bool:
    """Whether a row group may have an event of a wanted category. False only if its statistics rule that out."""
    kind = _type_of(file, CATEGORY)
    statistics = _statistics(file, group, CATEGORY)
    if wanted.categories is None or statistics is None or not statistics.has_min_max or kind is None:
        return True
    if file.layout is not None and not file.is_text_field(CATEGORY):
        return True
    if len(columns.holders_of(CATEGORY)) > 1:
        return True  # a column of that name, and a member of a struct
    low, high = statistics.min, statistics.max
    if not isinstance(low, str) or not isinstance(high, str):
        return True
    return any(low <= category <= high for category in wanted.categories)


def _type_of(file: ParquetFile, column: str) -> pa.DataType | None:
    number = file.schema.get_field_index(column)
    return None if number < 0 else file.schema.field(number).type


def _statistics(file: ParquetFile, group: int, column: str) -> Any:
    """The statistics of a top-level column in a row group; None if there are none."""
    for path in (column, f"{column}.list.element"):
        number = file.leaf_numbers.get(path)
        if number is not None:
            found = file.metadata.row_group(group).column(number)
            return found.statistics if found.is_stats_set else None
    return None
