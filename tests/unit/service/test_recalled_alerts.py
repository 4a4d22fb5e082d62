"""Rules over alerts read an alert whose process died before they could, whatever else was dealt with by then."""

from itertools import chain, repeat
from pathlib import Path

from tests.unit.service.test_pump import NOW, OVER_ALERTS, Kept, record, scanned

import besra
from besra.api import runnable
from besra.demo.stream import demo_documents
from besra.detection.detect import Job
from besra.errors import BesraError
from besra.service.detector import Detector
from besra.service.pump import Pump
from besra.service.runs import Runs

COUNTED = """
type = "threshold"

[rule.threshold]
field = ["kibana.alert.rule.rule_id"]
value = 3
"""


def test_alerts_of_a_run_that_died_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "over.toml"
    path.write_text(OVER_ALERTS.replace('type = "query"\n', "") + COUNTED, "utf-8")
    rules = besra.load_rules("bundled", path)
    assert len(rules.ready) == 3
    documents = list(demo_documents(minutes=1))
    # The second process to die does so when the alerts on events are kept, and not yet what is to be said of them.
    kept = Kept(tmp_path / "data", chain(repeat(False, 5), [True], repeat(False)))
    clock = iter(range(NOW, NOW + 10**15, 10**9)).__next__

    def started() -> Pump:
        runs = Runs(Detector(Job(runnable(rules), now=NOW), NOW), kept, clock)
        return Pump(kept.journal, kept.store, runs, kept, clock)

    pump = started()
    records = [record(number, document) for number, document in enumerate(documents)]
    kept.journal.submit(records[:1], NOW).result()
    pump.step()
    kept.journal.submit(records[1:], NOW).result()
    try:
        pump.step()
    except BesraError:
        pump = started()
    assert kept.position == 1
    assert kept.alerts
    pump.finish()
    kept.journal.close()
    assert set(kept.alerts) == scanned(rules, documents)
