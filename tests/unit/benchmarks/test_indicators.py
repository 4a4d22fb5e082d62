"""The indicators and events that are made up for a measurement are what it says of them."""

import argparse
from pathlib import Path

from benchmarks.indicators import BAD, inputs

import besra


def test_one_in_a_thousand_events_is_known_to_be_bad(tmp_path: Path) -> None:
    made = inputs(tmp_path, argparse.Namespace(indicators=3_000, wildcards=10, events=5_000, seed=3))
    alerts = list(besra.scan([made.events], besra.load_rules(made.rule), indicators=[made.indicators]))
    assert len(alerts) == 5_000 / BAD
    assert {alert["besra"]["total_indicators"] for alert in alerts} == {1}
    fields = {told["matched"]["field"] for alert in alerts for told in alert["threat"]["enrichments"]}
    assert len(fields) > 1
