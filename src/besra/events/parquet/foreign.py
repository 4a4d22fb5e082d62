"""Values in Parquet files of any origin as the values JSON would have: a row becomes a document.

| Parquet                       | JSON                                                                                |
| ----------------------------- | ----------------------------------------------------------------------------------- |
| struct, map                   | object; null members and keys without a value are left out                          |
| timestamp, date, time of day  | ISO 8601 text; a timestamp in UTC, with the digits it needs, down to nanoseconds    |
| duration                      | a number of nanoseconds, as `event.duration` is                                     |
| decimal                       | a number                                                                            |
| binary                        | text if it is UTF-8, else Base64; a UUID as it is usually written                   |
| float that is not finite      | null                                                                                |
| 32-bit float                  | the shortest number that reads back as the same                                     |
"""

import base64
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from besra.schema.fieldtype import to_text
from besra.schema.timestamp import format_timestamp

NANOS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def documents_of(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a batch as documents."""
    return _objects(batch.schema.names, [values_of(column) for column in batch.columns], len(batch))


def values_of(array: pa.Array) -> list[Any]:
    """The values of a column as JSON has them, null being None."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        is_uuid = str(getattr(kind, "extension_name", "")) == "arrow.uuid"
        return _mapped(array.storage, _uuid) if is_uuid else values_of(array.storage)
    if pa.types.is_dictionary(kind):
        return values_of(array.dictionary_decode())
    if pa.types.is_struct(kind):
        members = [values_of(member) for member in array.flatten()]
        objects = _objects([member.name for member in kind], members, len(array))
        return [value if valid else None for value, valid in zip(objects, array.is_valid().to_pylist(), strict=True)]
    if pa.types.is_map(kind):
        return _maps(array)
    if _is_list(kind):
        return _lists(array)
    return _scalars(array)


def _objects(names: list[str], members: list[list[Any]], rows: int) -> list[dict[str, Any]]:
    objects: list[dict[str, Any]] = [{} for _ in range(rows)]
    for name, values in zip(names, members, strict=True):
        for held, value in zip(objects, values, strict=True):
            if value is not None:
                held[name] = value
    return objects


def _is_list(kind: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(kind) for test in tests)


def _lists(array: pa.Array) -> list[Any]:
    elements = values_of(array.flatten())
    lists: list[Any] = []
    start = 0
    for length in pc.list_value_length(array).to_pylist():
        if length is None:
            lists.append(None)
            continue
        lists.append(elements[start : start + length])
        start += length
    return lists


def _maps(array: pa.Array) -> list[Any]:
    offsets = array.offsets.to_pylist()
    keys, values = values_of(array.keys), values_of(array.items)
    maps: list[Any] = []
    for row, valid in enumerate(array.is_valid().to_pylist()):
        pairs = range(offsets[row], offsets[row + 1])
        maps.append({to_text(keys[i]): values[i] for i in pairs if values[i] is not None} if valid else None)
    return maps


def _scalars(array: pa.Array) -> list[Any]:
    kind = array.type
    if pa.types.is_timestamp(kind):
        return _mapped(array.cast(pa.int64()), lambda number: format_timestamp(number * NANOS[kind.unit]))
    if pa.types.is_duration(kind):
        return _mapped(array.cast(pa.int64()), lambda number: number * NANOS[kind.unit])
    if pa.types.is_date(kind):
        return array.cast(pa.date32(), safe=False).cast(pa.string()).to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_time(kind):
        return array.cast(pa.string()).to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_decimal(kind):
        return _mapped(array, lambda number: int(number) if kind.scale <= 0 and abs(number) < 2**63 else float(number))
    if pa.types.is_floating(kind):
        return _floats(array)
    if _is_binary(kind):
        return _mapped(array, _text_or_base64)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _texts(array)
    return array.to_pylist()  # type: ignore[no-any-return]


def _mapped(array: pa.Array, change: Callable[[Any], Any]) -> list[Any]:
    return [None if value is None else change(value) for value in array.to_pylist()]


def _floats(array: pa.Array) -> list[Any]:
    if not pa.types.is_float64(array.type):
        array = array.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
    finite = array.is_valid().to_numpy(zero_copy_only=False) & np.isfinite(array.to_numpy(zero_copy_only=False))
    return [value if good else None for value, good in zip(array.to_pylist(), finite.tolist(), strict=True)]


def _is_binary(kind: pa.DataType) -> bool:
    tests = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(test(kind) for test in tests)


def _texts(array: pa.Array) -> list[Any]:
    try:
        return array.to_pylist()  # type: ignore[no-any-return]
    except UnicodeDecodeError:  # as in JSON, wrong bytes become U+FFFD
        return _mapped(array.cast(pa.large_binary()), lambda raw: raw.decode("utf-8", "replace"))


def _text_or_base64(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode()


def _uuid(raw: bytes) -> str:
    return str(uuid.UUID(bytes=raw))
