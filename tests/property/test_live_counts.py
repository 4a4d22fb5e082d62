"""Events cut in any way into steps, restarts and windows of scheduled runs give the buckets that a scan gives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.simulation import MINUTE, SECOND, START, World, document, rule_text, rules_of

import besra
from besra.events.index_name import index_names

Json = dict[str, Any]


@dataclass(frozen=True)
class Counting:
    """What a rule counts: events by host, within so many minutes."""

    least: int = 2
    minutes: int = 3
    users: int = 0
    interval: str = "1m"
    override: bool = False

    def rule(self) -> str:
        """The rule."""
        cardinality = f', cardinality = [{{field = "user.name", value = {self.users}}}]' if self.users else ""
        asked = f'{{field = ["host.name"], value = {self.least}{cardinality}}}'
        more = {"timestamp_override": '"event.ingested"'} if self.override else {}
        return rule_text(
            "counted",
            "*",
            interval=self.interval,
            start=f"now-{self.minutes}m",
            type="threshold",
            language="kuery",
            threshold=asked,
            **more,
        )


COUNTING = st.builds(
    Counting,
    least=st.integers(1, 4),
    minutes=st.integers(1, 6),
    users=st.sampled_from([0, 0, 1, 2]),
    interval=st.sampled_from(["1m", "2m"]),
    override=st.booleans(),
)
"""With the time of ingest as their clock runs on a schedule see late events, too."""


@dataclass(frozen=True)
class Part:
    """Some events, each with the seconds since the one before, and how long the process is down after them."""

    events: Sequence[tuple[int, str, str]]
    down: int = 0
    step: int = 60


PARTS = st.lists(
    st.builds(
        Part,
        events=st.lists(
            st.tuples(st.sampled_from([0, 1, 20, 60, 61, 100]), st.sampled_from("ab"), st.sampled_from("uv")),
            max_size=12,
        ),
        down=st.sampled_from([0, 0, 30, 200]),
        step=st.sampled_from([7, 30, 60, 150]),
    ),
    min_size=1,
    max_size=4,
)


def buckets(alerts: Iterable[Json]) -> list[tuple[Any, ...]]:
    """What alerts say of buckets, and their ids."""
    results = ((alert, alert["kibana.alert.threshold_result"]) for alert in alerts)
    return sorted(
        (
            result["from"][11:19],
            alert["kibana.alert.original_time"][11:19],
            result["terms"][0]["value"],
            result["count"],
            [part["value"] for part in result.get("cardinality", ())],
            alert["kibana.alert.uuid"],
        )
        for alert, result in results
    )


@given(counting=COUNTING, parts=PARTS, is_live=st.booleans())
@settings(max_examples=8)
@example(counting=Counting(1, 2), parts=[Part([(0, "a", "u"), *[(100, "a", "u")] * 6], down=30)] * 3, is_live=True)
def test_live_and_scheduled_runs_find_the_buckets_of_a_scan(
    counting: Counting, parts: Sequence[Part], is_live: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not is_live:
        assume(counting.override or not any(part.down for part in parts))
        assume(counting.minutes > 1 or counting.interval == "1m")
    folder: Path = tmp_path_factory.mktemp("counts")
    rules = rules_of(folder / "rules", counting.rule())
    world = World(folder / "data", rules, is_live=is_live)
    at = START
    for part in parts:
        arriving = []
        for later, host, user in part.events:
            at += later * SECOND
            arriving.append((at, document(at, **{"host.name": host, "user.name": user})))
        with world.up() as process:
            process.passes(max(at - world.now, 0) + SECOND, part.step * SECOND, arriving)
            found = process.found()
        world.now += part.down * SECOND
    with world.up() as process:
        process.passes(3 * MINUTE, MINUTE)
        found = process.found()
    hits = [
        {"_index": index_names(sent)[0], "_id": str(number), "_source": sent}
        for number, sent in enumerate(world.arrived)
    ]
    scanned = besra.detect(rules, hits, now=world.now, max_alerts=0)
    assert buckets(found.values()) == buckets(scanned)
