"""What rules find in one space is what they find where there are no others, whatever runs there."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulation import MINUTE, SECOND, START, World, document, rule_text, rules_of
from tests.spaced import by_space, spaced

QUIET = '{group_by = ["host.name"], duration = {value = 2, unit = "m"}, missing_fields_strategy = "suppress"}'
HISTORY = '{field = "history_window_start", value = "now-1h"}'
KINDS = {
    "each": rule_text("each", 'process where process.name == "evil"', interval="1m"),
    "pair": rule_text(
        "pair", "sequence by host.name with maxspan=1m [any where true] [any where true]", start="now-3m"
    ),
    "many": rule_text(
        "many",
        "*",
        type="threshold",
        language="kuery",
        threshold='{field = ["host.name"], value = 2}',
        start="now-2m",
        interval="1m",
    ),
    "quiet": rule_text("quiet", "*", type="query", language="kuery", alert_suppression=QUIET, interval="1m"),
    "first": rule_text(
        "first",
        "*",
        type="new_terms",
        language="kuery",
        new_terms=f'{{field = "new_terms_fields", value = ["process.name"], history_window_start = [{HISTORY}]}}',
    ),
    "over": rule_text("over", "any where true").replace('["logs-*"]', '[".alerts-security.alerts-*"]'),
}
CHANGED = {name: text.replace("risk_score = 21", "risk_score = 7") for name, text in KINDS.items()}
CHOSEN = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4, unique=True)
EVENTS = st.lists(
    st.tuples(st.sampled_from([0, 1, 20, 60, 100]), st.sampled_from("ab"), st.sampled_from(["evil", "good"])),
    max_size=12,
)


@given(own=CHOSEN, others=CHOSEN, parts=st.lists(EVENTS, min_size=1, max_size=3), is_live=st.booleans())
@settings(max_examples=6)
def test_a_space_is_as_if_there_were_no_others(
    own: list[str],
    others: list[str],
    parts: list[list[tuple[int, str, str]]],
    is_live: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder: Path = tmp_path_factory.mktemp("spaces")
    mine = rules_of(folder / "mine", *(KINDS[name] for name in own))
    theirs = rules_of(folder / "theirs", *(CHANGED[name] for name in others))
    found = []
    for number, rules in enumerate([spaced(default=mine), spaced(default=mine, soc=theirs, lab=mine)]):
        world = World(folder / str(number), rules, is_live=is_live)
        at = START
        for part in parts:
            arriving = []
            for later, host, name in part:
                at += later * SECOND
                arriving.append((at, document(at, **{"host.name": host, "process.name": name})))
            with world.up() as process:
                process.passes(max(at - world.now, 0) + SECOND, 30 * SECOND, arriving)
        with world.up() as process:
            process.passes(6 * MINUTE)
            found.append(by_space(process.found()))
    alone, beside = found
    assert beside.get("default", {}) == alone.get("default", {})
    # The same rules elsewhere find the same, under other ids.
    assert len(beside.get("lab", {})) == len(beside.get("default", {}))
    assert beside.get("lab", {}).keys().isdisjoint(beside.get("default", {}))
