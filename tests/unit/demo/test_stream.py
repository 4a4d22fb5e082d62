"""The merged stream: reproducible, in order, as long as asked for, with harmless noise."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from besra.demo import DEFAULT_BASE, demo_documents
from besra.demo.activity import Activity, Connection, DnsLookup, FileChange, LibraryLoad, ProcessEnd, ProcessStart
from besra.demo.background import background
from besra.demo.benign import BENIGN
from besra.demo.document import to_nanos
from besra.demo.machine import workstation
from besra.demo.stream import AROUND, ATTACKS
from besra.errors import InputError
from besra.schema.timestamp import NANOS, format_timestamp, parse_timestamp


def noise(minutes: int = 3, host: int = 0, seed: int = 20) -> list[Activity]:
    return list(background(workstation(host, DEFAULT_BASE, seed), DEFAULT_BASE, minutes, seed))


def test_same_seed_same_documents_other_seed_others() -> None:
    first = list(demo_documents(minutes=1, hosts=2))
    assert first == list(demo_documents(minutes=1, hosts=2))
    assert first != list(demo_documents(seed=21, minutes=1, hosts=2))


def test_no_document_shares_a_list_or_object_with_another() -> None:
    first, second = islice(demo_documents(minutes=1), 2)
    first["event"]["type"].append("changed")
    first["host"]["os"]["type"] = "changed"
    assert "changed" not in second["event"]["type"]
    assert second["host"]["os"]["type"] == "windows"
    assert "changed" not in next(demo_documents(minutes=1))["event"]["type"]


def test_the_default_base_is_the_documented_instant() -> None:
    assert format_timestamp(DEFAULT_BASE, digits=7) == "2026-03-17T09:41:07.2318456Z"


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 17, 9, 41, 7, 231845),
        datetime(2026, 3, 17, 9, 41, 7, 231845, UTC),
        datetime(2026, 3, 17, 11, 41, 7, 231845, timezone(timedelta(hours=2))),
    ],
    ids=["naive", "utc", "zone"],
)
def test_a_datetime_base_is_that_instant(moment: datetime) -> None:
    assert to_nanos(moment) == 1_773_740_467_231_845_000
    assert next(demo_documents(base=moment)) == next(demo_documents(base=1_773_740_467_231_845_000))


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    base=st.integers(1_000_000_000 * NANOS, 4_000_000_000 * NANOS),
    minutes=st.integers(0, 2),
    hosts=st.integers(2, 5),
)
def test_documents_are_in_order_after_the_base_and_as_many_as_promised(
    seed: int, base: int, minutes: int, hosts: int
) -> None:
    documents = list(demo_documents(seed=seed, base=base, minutes=minutes, hosts=hosts))
    times = [parse_timestamp(document["@timestamp"]) or 0 for document in documents]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert base - 100 < times[0]
    assert times[-1] < base + max(minutes * 60, 190) * NANOS
    assert len(documents) == minutes * hosts * 131 + len(list(demo_documents(minutes=0, hosts=hosts)))


@pytest.mark.parametrize(("minutes", "hosts"), [(1, 1), (1, 0), (-1, 4)])
def test_an_impossible_size_is_refused_at_once(minutes: int, hosts: int) -> None:
    with pytest.raises(InputError) as caught:
        demo_documents(minutes=minutes, hosts=hosts)
    assert caught.value.problem.code == "demo-size"


def test_every_benign_story_is_told_once_and_attacks_on_different_hosts() -> None:
    assert sorted(entry.name for entry in AROUND) == sorted(BENIGN)
    assert all(BENIGN[entry.name] is entry.play for entry in AROUND)
    assert len({entry.host for entry in ATTACKS}) == 2


def test_the_default_demo_is_small_but_not_tiny() -> None:
    assert 2_000 < sum(1 for _ in demo_documents()) < 4_000


def test_noise_has_the_promised_mix_each_minute() -> None:
    activities = noise(minutes=2)
    for minute in range(2):
        start = DEFAULT_BASE + minute * 60 * NANOS
        inside = Counter(type(found) for found in activities if start <= found.time < start + 60 * NANOS)
        assert inside[LibraryLoad] == 60
        assert inside[FileChange] == 20
        assert inside[Connection] == 12
        assert inside[DnsLookup] == 8
        assert inside[ProcessStart] + inside[ProcessEnd] == 6
        assert sum(inside.values()) == 131


def test_noise_never_involves_the_installer() -> None:
    for host in range(4):
        for found in noise(host=host):
            line = [found.process, *found.process.ancestors]
            assert not any("msiexec" in process.executable.lower() for process in line)
            assert not any("/v" in process.command_line.lower().split() for process in line)


def test_a_process_of_the_noise_does_nothing_before_it_starts_or_after_it_ends() -> None:
    activities = noise()
    started = {found.process.entity_id: found.time for found in activities if isinstance(found, ProcessStart)}
    ended = {found.process.entity_id: found.time for found in activities if isinstance(found, ProcessEnd)}
    assert started.keys() == ended.keys()
    assert len(started) == 9
    for found in activities:
        identity = found.process.entity_id
        assert started.get(identity, found.process.started) <= found.time <= ended.get(identity, found.time)


def test_a_parent_started_before_its_child() -> None:
    for found in noise():
        line = [found.process, *found.process.ancestors]
        assert all(child.started > parent.started for child, parent in pairwise(line))


def test_noise_is_varied() -> None:
    activities = [found for host in range(4) for found in noise(5, host)]
    assert len({found.process.name for found in activities}) >= 12
    assert len({found.path for found in activities if isinstance(found, FileChange)}) > 100
    assert len({found.name for found in activities if isinstance(found, DnsLookup)}) >= 15


def test_templates_are_filled_in() -> None:
    for found in noise(5):
        texts = [found.process.command_line, getattr(found, "path", ""), getattr(found, "key", "")]
        texts += getattr(found, "strings", ())
        assert not any(word in text for text in texts for word in ("{user}", "{sid}", "{hex}", "{number}", "{path}"))
