"""Decoding lines to columns: the cases that are easily got wrong, each by itself. Their mixtures: tests/property."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import zstandard
from tests.decoded import Fields, lines_of, rows_of, told, wanted
from tests.shared import SHARED, needs_shared

from besra.events import columns as module
from besra.events.columns import Projection, ValueTable, columns_of, decode_lines
from besra.events.document import flatten
from besra.schema.fieldtype import Scalar

pytest.importorskip("numba")

FIELDS = Projection(
    ("a", "a.b", "a.b.c", "a.b.d", "e", "long.name_of_a_field.that_goes_on", "f.g", "ü", "index", "", ".", "a.")
)


def decoded(
    text: bytes | str, projection: Projection = FIELDS, values: ValueTable | None = None
) -> list[Fields | None]:
    values = values or ValueTable()
    buffer = text.encode() if isinstance(text, str) else text
    return lines_of(decode_lines(buffer, projection, values), values)


def judged(line: bytes | str, projection: Projection = FIELDS) -> Fields:
    return wanted(orjson.loads(line), frozenset(projection.fields))


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "{ }",
        '{"a":1}',
        '{"a":{"b":{"c":"x"}}}',
        '{"a.b.c":"x"}',
        '{"a.b":{"c":"x"}}',
        '{"a":{"b.c":"x"}}',
        '{"a":{"b.c":1,"b":{"c":2,"d":3}},"a.b":{"c":4},"a.b.c":[5,6]}',
        '{"a":1,"a.b":2,"a.b.c":3}',
        '{"a":[1,{"b":2},[3,[4,{"b":{"c":5}}]],"x"]}',
        '{"a":{"b":[{"c":1,"d":2},{"c":[3,4]},{"d":null},{}]}}',
        '{"a":null,"e":[],"a.b":[null],"a.b.c":[[],{}],"f":{"g":""}}',
        '{"a":true,"e":[false,true,null]}',
        '{"a":"true","e":"null"}',
        '{"x":{"a":1},"y":[{"a":2}],"f":{"h":{"g":1}},"f.g":2}',
        '{"a":{"x":1},"a.b":{"x":{"c":2}},"a.b.c":{"x":3}}',
        '{"long":{"name_of_a_field":{"that_goes_on":1}},"long.name_of_a_field":{"that_goes_on":2}}',
        '{"long.name_of_a_field.that_goes_on":1,"long.name_of_a_field.that_goes_off":2}',
        '{"ü":"ä","":1}',
        '{"u":{"":2}, "":4}',
        '{"":{"":3},".":4,"a":{"":1}}',
        '  { "a" : [ 1 , 2 ] , "e" : { "x" : [ ] } }  ',
        '{"index":{"x":1},"a":1}',
        '{"index":1,"create":2}',
        '{"x":{"_source":1,"fields":2},"a":{"_id":1}}',
        '{"x":1,"x":2,"y":{"a":1,"a":2},"a":3}',
        '{"a":{"b":1},"e":{"b":2}}',
        '{"x":{"\\ud83d\\ude00":1}}',
    ],
)
def test_a_document_in_any_shape(line: str) -> None:
    assert decoded(line) == [judged(line)]


@pytest.mark.parametrize(
    "text",
    [
        *('"a\\/b"', '"a/b"', '"\\u0061"', '"\\u00e9"', '"é"', '"\\uD83D\\uDE00"', '"😀"', '"C:\\\\Windows\\\\x.exe"'),
        *('"\\u0000\\u001F\\u007f"', '"\\b\\f\\n\\r\\t\\"\\\\"', '"\\u0008\\u000C\\u000a\\u000d\\u0009\\u0022\\u005c"'),
        *('"\\uFFFF\\uffff\\u0800\\u07ff\\u0080\\u007F"', '"' + "\\\\" * 100 + '"', '"' + "x\\/" * 100 + '"'),
        *("0", "-0", "-0.0", "0.0", "1", "-1", "1.0", "1.50", "1.5", "15e-1", "0.15E+1", "1e5", "1E5", "1e+05", "0e5"),
        *("0.1", "0.01", "0.001", "1e-7", "0.0000001", "123456789012345678", "1234567890123456789"),
        *("9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616"),
        *("-9223372036854775808", "-9223372036854775809", "1" * 40, "4.834803930314755", "0.30000000000000004"),
        *("1e22", "1e16", "10000000000000000.0", "123456789012345.6", "1e-99", "1.7976931348623157e99"),
        *('"' + "x" * size + '"' for size in (0, 1, 5, 6, 7, 13, 14, 15, 29, 30, 31, 32, 33, 61, 62, 63, 64, 65, 200)),
    ],
)
def test_a_value_however_spelled(text: str) -> None:
    line = f'{{"e":{text},"a":[{text} , {text}]}}'
    assert decoded(line) == [judged(line)]


@pytest.mark.parametrize(
    "line",
    [
        *("", '{"a":1', '{"a":', '{"a"', '{"a', "{", '{"a":1}}', '{"a":1}x', '{"a":1} {"a":1}', '{"a":1},'),
        *("[]", "1", "null", '"x"'),
        *('{"a":1,}', '{,"a":1}', '{"a":[1,]}', '{"a":[,1]}', '{"a":[1 2]}', '{"a" 1}', '{"a"::1}', "{a:1}", "{'a':1}"),
        *(
            '{"a":[1}',
            '{"a":{"b":1]',
            '{"a":1]',
            '{"a":[}',
            '{"a":{]}',
            "{1:2}",
            '{"a":1 "b":2}',
            '{"a":"x"y}',
            '{"a":}',
        ),
        *('{"x":01}', '{"x":1.}', '{"x":.5}', '{"x":+1}', '{"x":-}', '{"x":1e}', '{"x":1e+}', '{"x":0x1}', '{"x":--1}'),
        *(
            '{"x":NaN}',
            '{"x":Infinity}',
            '{"x":tru}',
            '{"x":truex}',
            '{"x":nul}',
            '{"x":fals3}',
            '{"x":True}',
            '{"x":-a}',
        ),
        *('{"x":1e999}', '{"x":-1e999}', '{"x":1.0.0}', '{"x":1-2}'),
        *('{"x":"\\x"}', '{"x":"\\"}', '{"x":"\\u12"}', '{"x":"\\u12G4"}', '{"x":"\\ud800"}', '{"x":"\\udc00"}'),
        *(
            '{"x":"\\ud800\\ud800"}',
            '{"x":"\\ud800x"}',
            '{"x":"\\ud800\\n"}',
            '{"x":"\t"}',
            '{"x":"\x00"}',
            '{"x":"\x1f"}',
        ),
        *('{"\\x":1}', '{"x', '{"x\\":1}', '{"\t":1}', "\ufeff{}", '{"a":1}\x0b', "nonsense", "#"),
    ],
)
def test_what_is_no_document_is_slow(line: str) -> None:
    for text in (line, line.replace('"x"', '"a"'), line.replace('"x"', '"a.b.c"')):
        lines = decoded(f'{{"e":1}}\n{text}\n{{"e":2}}')
        first, *middle, last = lines
        assert first == {"e": [told(1)]}
        assert last == {"e": [told(2)]}
        assert middle == ([None] if text else [])


@pytest.mark.parametrize(
    "bad", [b"\xff", b"\xc0\x80", b"\xc3", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80"]
)
@pytest.mark.parametrize("before", [0, 1, 27, 28, 29, 30, 31, 100])
def test_bytes_that_are_not_utf8_make_their_line_slow(bad: bytes, before: int) -> None:
    text = b'{"e":1}\n{"a":"%b%b"}\n{"x":"%b"}\n{"e":2}' % (b"x" * before, bad, bad)
    assert decoded(text) == [{"e": [told(1)]}, None, None, {"e": [told(2)]}]


@pytest.mark.parametrize(
    "line",
    [
        *(
            '{"_source":{"a":1}}',
            '{"a":1,"_index":"x"}',
            '{"_id":1,"a":1}',
            '{"fields":{"a":[1]}}',
            '{"hits":{"hits":[]}}',
        ),
        *('{"rawResponse":{}}', '{"Records":[]}', '{"records":[]}'),
        *('{"index":{}}', '{"create":{"_index":"x"}}', '{ "update" : 1 }', '{"delete":{"_id":"1"}}'),
        *(
            '{"a":1,"a":2}',
            '{"a":{"b":1,"b":2}}',
            '{"a.b":1,"x":2,"a.b":3}',
            '{"f":1,"f":{"g":2}}',
            '{"a":[{"b":1,"b":2}]}',
        ),
        *('{"\\u0061":1}', '{"a":{"\\u0062":1}}', '{"a":1,"x\\n":1}'),
        *('{"a":"x"\t}', '{"x":' + "[" * 60 + "]" * 60 + "}", '{"x":1e100}'),
    ],
)
def test_what_is_left_to_others_is_slow_and_leaves_no_value(line: str) -> None:
    orjson.loads(line)
    values = ValueTable()
    assert decoded(line, values=values) == [None]
    assert len(values) == 0


def test_one_key_twice_is_fine_where_it_is_not_one_object_or_leads_nowhere() -> None:
    line = '{"a":[{"b":1},{"b":2}],"a.b":3,"x":{"b":1,"b":2},"y":1,"y":2}'
    assert decoded(line) == [{"a.b": [told(1), told(2), told(3)]}]


def test_lines_are_counted_without_the_blank_ones_and_located() -> None:
    text = b'\n{"a":1}\r\n  \n\r\n \t \n{"a":2}\n\n{"a":3}\r\r\n{"a":4}'
    values = ValueTable()
    found = decode_lines(text, FIELDS, values)
    assert [text[start:end] for start, end in zip(found.starts, found.ends, strict=True)] == [
        *(b'{"a":1}', b'{"a":2}', b'{"a":3}', b'{"a":4}'),
    ]
    assert found.starts.dtype == found.ends.dtype == np.int64
    assert found.slow.tolist() == [False] * 4
    assert (found.before.tolist(), found.seen) == ([1, 5, 7, 8], 9)
    assert found.columns["a"].rows.tolist() == [0, 1, 2, 3]
    assert values.scalars(range(4)) == [1, 2, 3, 4]


@pytest.mark.parametrize("text", [b"", b"\n", b"\r\n\r\n", b"   "])
def test_nothing_gives_nothing(text: bytes) -> None:
    found = decode_lines(text, FIELDS, ValueTable())
    assert (found.columns, len(found.starts)) == ({}, 0)


def test_a_memoryview_and_an_empty_projection() -> None:
    text = b'{"a":1,"x":[1,{"y":2}]}\n{"a":\n'
    found = decode_lines(memoryview(text)[:], Projection(()), ValueTable())
    assert (found.columns, found.slow.tolist()) == ({}, [False, True])


def test_equal_values_of_a_field_have_one_id_by_both_ways() -> None:
    values = ValueTable()
    text = r'{"a":["x/y","x\/y"],"e":"x\/y","a.b":1,"a.b.c":1.0,"a.b.d":"1","f.g":true,"index":[1.50,1.5,15e-1]}'
    found = decode_lines(text.encode(), FIELDS, values).columns
    ids = {name: column.values.tolist() for name, column in found.items()}

    def known(name: str, scalar: Scalar) -> int:
        return values.ids_of(FIELDS.numbers[name], [scalar])[0]

    assert ids["a"] == [known("a", "x/y")] * 2
    assert ids["e"] == [known("e", "x/y")] != ids["a"][:1]
    assert ids["a.b"] == [known("a.b", 1)]
    assert ids["a.b.c"] == [known("a.b.c", 1.0)]
    assert ids["a.b.d"] == [known("a.b.d", "1")]
    assert ids["f.g"] == [known("f.g", True)]
    assert ids["index"] == [known("index", 1.5)] * 3
    assert len(values) == 7
    names = [FIELDS.fields[number] for number in values.fields_of(np.arange(7)).tolist()]
    assert sorted(names) == ["a", "a.b", "a.b.c", "a.b.d", "e", "f.g", "index"]
    judge = columns_of([orjson.loads(text)], FIELDS, values)
    assert {name: column.values.tolist() for name, column in judge.items()} == ids


def test_values_of_python_documents_that_json_cannot_hold() -> None:
    values = ValueTable()
    odd = [float("nan"), float("inf"), -float("inf"), 2**70, "\ud800", "x", 1, 2**70 + 1, "\ud800"]
    ids = values.ids_of(3, odd)
    assert ids[4] == ids[8]
    assert list(map(told, values.scalars(ids))) == list(map(told, odd))
    assert told(values[ids[4]]) == told("\ud800")
    assert values.fields_of(np.array(ids)).tolist() == [3] * len(odd)
    assert values.scalars([]) == []
    assert values.ids_of(4, odd) != ids


def test_a_table_grows_and_can_be_cleared() -> None:
    values = ValueTable()
    text = "".join(f'{{"a":"value {number}","e":{number % 7}}}\n' for number in range(50_000)).encode()
    first = decode_lines(text, FIELDS, values)
    assert len(values) == 50_007
    again = decode_lines(text, FIELDS, values)
    assert len(values) == 50_007
    assert all((first.columns[name].values == again.columns[name].values).all() for name in ("a", "e"))
    assert values.scalars(range(50_005, 50_007)) == ["value 49998", "value 49999"]
    assert values.ids_of(0, ["value 17"]) == [first.columns["a"].values[17]]
    before = values.nbytes
    values.clear()
    assert len(values) == 0
    assert values.nbytes < before
    assert values.ids_of(0, ["value 17"]) == [0]
    assert lines_of(decode_lines(text, FIELDS, values), values)[17] == {"a": [told("value 17")], "e": [told(3)]}


def test_very_long_things() -> None:
    documents: list[dict[str, Any]] = [
        {"a": "x" * 2**20, "e": "\\" * 2**18},
        {"a": list(range(100_000)), "e": [{"x": 1}] * 1000},
        {"a": [str(number) for number in range(100_000)]},
        {"x": ["y" * 100_000, {"a": 1}], "a": {"b": {"c": ["é" * 2**16]}}},
        {f"key{number}": number for number in range(20_000)} | {"a": 1},
    ]
    text = b"\n".join(map(orjson.dumps, documents))
    for whole in (text, text + b"\n" + b'{"a":1}\n' * 100):
        assert decoded(whole)[: len(documents)] == [
            wanted(document, frozenset(FIELDS.fields)) for document in documents
        ]
    escaped = json.dumps({"a": "é😀" * 2**16})
    assert decoded(escaped) == [judged(escaped)]


@pytest.mark.parametrize("depth", [10, 58, 59])
def test_deep_nesting_up_to_the_bound(depth: int) -> None:
    line = '{"a":' + "[" * depth + "1" + "]" * depth + ',"x":' + '{"y":' * depth + "1" + "}" * depth + "}"
    assert decoded(line) == [judged(line)]


def test_nesting_beyond_the_bound_is_slow() -> None:
    for depth in (60, 1000, 100_000):
        assert decoded('{"x":' + "[" * depth + "]" * depth + "}\n{}") == [None, {}]
        assert decoded('{"x":' + "[" * depth) == [None]


def test_without_numba_every_line_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "kernels_work", lambda: False)
    monkeypatch.setattr("besra.events.value_table.kernels_work", lambda: False)
    values = ValueTable()
    text = b'{"a":1}\r\n\n{"a":2}\n'
    found = decode_lines(text, FIELDS, values)
    assert found.slow.tolist() == [True, True]
    assert (found.before.tolist(), found.seen) == ([0, 2], 3)
    assert [text[start:end] for start, end in zip(found.starts, found.ends, strict=True)] == [b'{"a":1}', b'{"a":2}']
    documents = [{"a": f"x{number}", "e": [number, 1.5, "é\n"]} for number in range(20_000)]
    columns = columns_of(documents, FIELDS, values)
    assert rows_of(columns, values, len(documents)) == [
        wanted(document, frozenset(FIELDS.fields)) for document in documents
    ]


def test_importing_the_reader_does_not_import_numba() -> None:
    code = "import sys, besra, besra.api, besra.events.reader, besra.events.columns; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_where_the_cache_cannot_be_written_kernels_are_compiled_all_the_same(tmp_path: Path) -> None:
    # numba looks for a folder to write to: none here is one.
    environment = os.environ | {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null", "PYTHONPATH": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    code = (
        "import numba.core.caching as caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "from besra.events.kernels.kernel import kernel\n"
        "assert kernel(lambda number: number + 1)(1) == 2\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def shared_fields(documents: Iterable[dict[str, Any]], count: int) -> Projection:
    names = sorted({name for document in documents for name in flatten(document)})
    return Projection(tuple(sorted(random.Random(1).sample(names, min(count, len(names))))))


@needs_shared
@pytest.mark.parametrize("share", [20, 10_000])
def test_shared_events_decode_as_the_judge_has_them(share: int) -> None:
    with zstandard.open(SHARED / "data" / "ecs-events.ndjson.zst", "rb") as file:
        text = file.read(6_000_000)
    agree(text[: text.rindex(b"\n") + 1], share, slow=0)


@needs_shared
def test_shared_rule_events_decode_as_the_judge_has_them() -> None:
    paths = sorted((SHARED / "data" / "rule-events" / "positive").rglob("*.ndjson"))
    text = b"\n".join(path.read_bytes() for path in paths)
    assert text.count(b"\n") > 100
    agree(text, 10_000)


def agree(text: bytes, share: int, slow: int | None = None) -> None:
    """Decodes text whole and cut anywhere, and compares every line that is not slow."""
    lines = [line for line in text.split(b"\n") if line.strip()]
    documents = [orjson.loads(line) for line in lines]
    projection = shared_fields(documents, share)
    expected = [wanted(document, frozenset(projection.fields)) for document in documents]
    found = decoded(text, projection)
    assert len(found) == len(expected)
    assert all(got is None or got == want for got, want in zip(found, expected, strict=True))
    assert found.count(None) == (slow if slow is not None else found.count(None))
    values, start, pieces = ValueTable(), 0, []
    while start < len(text):
        end = text.find(b"\n", start + random.Random(start).randrange(50_000)) + 1 or len(text)
        pieces += lines_of(decode_lines(memoryview(text)[start:end], projection, values), values)
        start = end
    assert pieces == found
