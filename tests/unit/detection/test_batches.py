from collections.abc import Mapping
from typing import Any

from besra.detection.batches import EACH, in_batches, size_of, unparsed
from besra.events.event import Event, Origin, written
from besra.events.raw_event import RawEvent


def test_documents_deeper_than_python_recurses_are_batched() -> None:
    deep: dict[str, Any] = {"x": "four"}
    for _ in range(5000):
        deep = {"x": deep}
    assert size_of(deep) == 5001 * EACH + 4
    events = [Event(str(number), (), {"args": ["a"] * 400_000}) for number in range(4)]
    assert [len(batch) for batch in in_batches(events)] == [2, 2]


def test_written_events_wait_as_text_and_are_the_same_when_they_are_wanted() -> None:
    document: Mapping[str, Any] = {"process": {"name": "a\u00e9.exe", "pid": 2**63, "args": ["b", 1.5, None, True]}}
    event = Event("1", ("logs-a", "b"), document, Origin("log.evtx", record="7"), 3, written(document))
    (batch,) = in_batches(unparsed([event]))
    assert isinstance(batch, list)
    assert isinstance(batch[0], RawEvent)
    assert batch[0].event() == event
    assert batch[0].source == document


def test_events_that_are_not_written_stay_what_they_are() -> None:
    event = Event("1", ("logs-a",), {"x": 1})
    assert list(unparsed([event])) == [event]
