"""The kernel that documents come in by against orjson and the ordinary way: it agrees, or leaves a line to them."""

from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.written_json import Writer, damaged, documents

from besra.demo.stream import demo_documents
from besra.events.identity import document_id
from besra.events.recognise import DEFAULTS
from besra.service.admission import Admission, admitted, id_of, line_of, with_ingested
from besra.service.bulk import Put
from besra.storage.journal import Record

pytest.importorskip("numba")

from besra.events.canonical import Canoniser

STAMP = "2026-01-01T00:00:00.000Z"
NOW = 1_767_225_600 * 10**9
FIELDS = ("a", "a.b", "winlog.channel", "event.category")
TIME = "2025-12-31T23:59:59.123Z"

events = st.one_of(
    st.dictionaries(
        st.sampled_from(["ingested", "category", "b", "x", "ingestion"]),
        st.one_of(st.none(), st.just([]), st.just({}), st.just(["x"]), st.text(max_size=3), st.integers(0, 3)),
    ),
    st.sampled_from(["x", [], [{"ingested": "x"}], None]),
)
times = st.sampled_from([TIME, "2025-12-31", 1767225600, None, [TIME, TIME], [TIME], "x", "0001-01-01T00:00:00Z"])
arriving = st.builds(
    lambda document, more, order: {name: {**document, **more}[name] for name in order({**document, **more})},
    documents,
    st.fixed_dictionaries(
        {"@timestamp": st.one_of(st.just(TIME), times)},
        optional={
            "event": events,
            "event.ingested": st.sampled_from(["x", None, 1]),
            "event.category": st.just("process"),
            "winlog": st.sampled_from([{"channel": "Security"}, {"channel": None}, {}, "x"]),
            "EventID": st.just(1),
            "data_stream": st.just({"dataset": "x"}),
        },
    ),
    st.builds(lambda seed: lambda held: Random(seed).sample(sorted(held), len(held)), st.integers(0, 99)),
)


@st.composite
def written(draw: Any) -> bytes:
    return Writer(draw).write(draw(arriving)).encode()


@st.composite
def lines(draw: Any) -> list[bytes]:
    found = draw(st.lists(written(), min_size=1, max_size=4))
    if draw(st.booleans()):
        found = [damaged(line, Random(draw(st.integers(0, 10**6)))) for line in found]
    return [line_of(Put("", None, line, is_create=False)) for line in found]


CANONISER = Canoniser(FIELDS)
more = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@more
@given(lines())
@example([b'{"a":1,"a":1}', b'{"@timestamp":"2025-12-31T23:59:59.123Z"}'])
def test_what_is_vouched_for_is_what_orjson_writes(found: list[bytes]) -> None:
    gone_through = CANONISER.canonical(found, STAMP)
    for row, (line, stamped) in enumerate(zip(found, gone_through.lines(), strict=True)):
        if gone_through.slow[row]:
            assert (bytes(gone_through.text(row)), stamped) == (b"", b"")
            continue
        document = orjson.loads(line)
        assert bytes(gone_through.text(row)) == orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        assert id_of(gone_through.text(row)) == document_id(document)
        # In the same order, too: rules could not tell, but whoever compares texts could.
        assert orjson.dumps(orjson.loads(stamped)) == orjson.dumps(with_ingested(document, STAMP))


@more
@given(lines(), st.booleans(), st.sampled_from([None, "7"]))
def test_documents_are_admitted_as_one_by_one(found: list[bytes], is_create: bool, id_: str | None) -> None:
    puts = [Put("logs-x", id_, line, is_create) for line in found]
    for outcome, put in zip(Admission().admitted(puts, NOW), puts, strict=True):
        assert _told(outcome) == _told(admitted(put, DEFAULTS, NOW))


def _told(outcome: object) -> object:
    if not isinstance(outcome, Record):
        return outcome
    rest = (outcome.index, outcome.id, outcome.time, outcome.is_create, outcome.has_own_id)
    return orjson.loads(outcome.line), *rest


@pytest.mark.parametrize(
    ("line", "stamped"),
    [
        ('{"@timestamp":T}', '{"@timestamp":T,"event.ingested":S}'),
        ('{"@timestamp":T,"event":{}}', '{"@timestamp":T,"event":{"ingested":S}}'),
        ('{"event":{"a":{}} ,"@timestamp":T} ', '{"event":{"a":{},"ingested":S} ,"@timestamp":T} '),
        ('{"event":{"ingested":"x","a":1},"@timestamp":T}', '{"event":{"ingested":S,"a":1},"@timestamp":T}'),
        ('{"event":"x","@timestamp":T}', '{"event":"x","@timestamp":T,"event.ingested":S}'),
        ('{"a":{"event":{"a":1}},"@timestamp":T}', '{"a":{"event":{"a":1}},"@timestamp":T,"event.ingested":S}'),
        ('{"@timestamp":T,"@timestamp":T}', None),
        ('{"@timestamp":[T,T]}', None),
        ('{"@timestamp":T,"event":{"ingested":["x"]}}', None),
        ('{"@timestamp":T,"event.ingested":"x"}', None),
        ('{"@timestamp":T,"a":{"b":1,"b":2}}', None),
        ('{"@timestamp":T,"a":1.0e5}', None),
        ("{}", None),
    ],
)
def test_where_the_stamp_goes(line: str, stamped: str | None) -> None:
    def filled(text: str) -> bytes:
        return text.replace("T", f'"{TIME}"', 2).replace("S", f'"{STAMP}"').encode()

    gone_through = CANONISER.canonical([filled(line)], STAMP)
    assert list(gone_through.lines()) == [filled(stamped) if stamped else b""]
    assert gone_through.slow.tolist() == [stamped is None]


def test_long_lines_and_wide_objects() -> None:
    wide = {f"key {number:03}": number for number in Random(1).sample(range(256), 255)}
    wider = wide | {"one more": 1, "and one": 2}
    documents = [
        {"@timestamp": TIME, "a": wide},
        {"@timestamp": TIME, "a": wider},
        {"@timestamp": TIME, "b": "é" * 99_999},
    ]
    found = [orjson.dumps(document) for document in documents]
    gone_through = Canoniser(FIELDS).canonical(found, STAMP)
    assert gone_through.slow.tolist() == [False, True, False]
    for row in (0, 2):
        assert bytes(gone_through.text(row)) == orjson.dumps(documents[row], option=orjson.OPT_SORT_KEYS)


def test_most_ecs_documents_are_vouched_for() -> None:
    found = [orjson.dumps(document) for document in demo_documents(minutes=1)]
    gone_through = CANONISER.canonical(found, STAMP)
    assert gone_through.slow.mean() < 0.01


def test_a_line_break_in_a_line() -> None:
    with pytest.raises(ValueError, match="line break"):
        CANONISER.canonical([b"{}\n{}"], STAMP)
