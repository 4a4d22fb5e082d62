"""What has to hold once a service has come to its end, whatever befell it: nothing lost, nothing doubled.

Acknowledged events are in the event store, and the alerts are those of a batch scan: of what is stored, and of what was
acknowledged as it was sent.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from deltalake import DeltaTable
from sqlalchemy import create_engine, text

import besra
from besra.storage.alert_store import AlertStore
from tests.crash.shipper import Sent
from tests.crash.stories import Document

ID = "kibana.alert.uuid"
OF_A_RUN = (
    "@timestamp",
    "kibana.alert.intended_timestamp",
    "kibana.alert.start",
    "kibana.alert.last_detected",
    "kibana.alert.rule.execution",
    "event.ingested",
    "kibana.alert.original_event.ingested",
)
"""Fields of an alert that say when a rule was run, by how their names begin. When an event came is here for those that
came twice, of which a scan takes one."""
OF_ITS_EVENTS = ("besra.events", "besra.indicators")
WHERE_READ = ("file", "line", "record")
SEEN_BY_A_RUN = ("besra.total_matches", "besra.suppressed_matches", "besra.history")
"""What an alert says of the run that made it: how many matches it saw, how far back the events went."""


@dataclass
class Verdict:
    """How many there were, and what is wrong: each fault a sentence."""

    events: int = 0
    alerts: int = 0
    twice: int = 0
    """Documents stored twice that were sent twice without a word that a known id is to be refused."""
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Verdict") -> None:
        """Take another one's into account."""
        self.events += other.events
        self.alerts += other.alerts
        self.twice += other.twice
        self.faults += other.faults

    def say(self, what: str, ids: Iterable[object]) -> None:
        """Note a fault if there are any ids."""
        found = sorted(map(str, ids))
        if found:
            self.faults.append(f"{len(found)} {what}: {', '.join(found[:5])}")


def verdict_on(sent: Sent, data: Path, rules: besra.RuleSet, alerts: str | None = None) -> Verdict:
    """Compare what was sent with what a stopped service has in its folder; `alerts` is the URL of its alerts."""
    verdict = Verdict(faults=list(sent.faults))
    rows = stored_rows(data / "events")
    _events(verdict, sent, rows)
    _alerts(verdict, sent, rows, rules, data, alerts)
    left = journal_batches(data)
    if left:
        verdict.faults.append(f"{left} batches are left in the journal")
    return verdict


def stored_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of an event store, as any reader of Delta Lake finds them."""
    columns = ["_index", "_id", "_source", "batch", "place"]
    rows: list[dict[str, Any]] = DeltaTable(str(folder)).to_pyarrow_table(columns=columns).to_pylist()
    return sorted(rows, key=lambda row: (row["batch"], row["place"]))


def journal_batches(data: Path) -> int:
    """How many batches a journal holds, once its service is gone."""
    connection = sqlite3.connect(data / "journal.sqlite")
    try:
        return int(connection.execute("SELECT count(*) FROM batch").fetchone()[0])
    finally:
        connection.close()


def _events(verdict: Verdict, sent: Sent, rows: Sequence[Mapping[str, Any]]) -> None:
    counts = Counter((row["_index"], row["_id"]) for row in rows)
    documents = {(row["_index"], row["_id"]): orjson.loads(row["_source"]) for row in rows}
    places = Counter((row["batch"], row["place"]) for row in rows)
    verdict.events = len(sent.acknowledged)
    verdict.say("acknowledged events are lost", sent.acknowledged.keys() - counts.keys())
    verdict.say("events are there that nobody sent", counts.keys() - sent.acknowledged.keys() - sent.unanswered.keys())
    doubled = {key for key, count in counts.items() if count > 1}
    verdict.say("events are doubled", doubled - sent.again)
    verdict.twice = len(doubled & sent.again)
    verdict.say("places of the journal are stored twice", (place for place, count in places.items() if count > 1))
    changed = (key for key, given in sent.acknowledged.items() if key in documents and not _same(given, documents[key]))
    verdict.say("events are not what was sent", changed)


def _same(given: Document, stored: Document) -> bool:
    stored = dict(stored)
    stored.pop("event.ingested", None)
    if isinstance(stored.get("event"), dict):
        stored, given = _without_ingested(stored), _without_ingested({"event": {}, **given})
    return stored == given


def _without_ingested(document: Mapping[str, Any]) -> Document:
    """A document without the time it came, where that is a member of its `event`."""
    if not isinstance(event := document.get("event"), dict):
        return dict(document)
    return {**document, "event": {name: value for name, value in event.items() if name != "ingested"}}


def _alerts(
    verdict: Verdict,
    sent: Sent,
    rows: Sequence[Mapping[str, Any]],
    rules: besra.RuleSet,
    data: Path,
    url: str | None,
) -> None:
    stored = {(row["_index"], row["_id"]) for row in rows}
    given = {key: d for key, d in {**sent.unanswered, **sent.acknowledged}.items() if key in stored}
    acknowledged = [{"_index": index, "_id": id_, "_source": document} for (index, id_), document in given.items()]
    of_sent = {alert[ID]: alert for alert in besra.detect(rules, acknowledged)}
    of_stored = {alert[ID]: alert for alert in besra.scan([data / "events"], rules)}
    found = stored_alerts(data, url, set(of_sent) | set(of_stored))
    names = {id_: f"{alert['kibana.alert.rule.name']} {id_[:12]}" for id_, alert in (of_sent | of_stored).items()}
    verdict.alerts = len(of_sent)
    verdict.say("alerts of a scan of what was sent are lost", map(names.__getitem__, of_sent.keys() - found.keys()))
    verdict.say("alerts of a scan of what is stored are lost", map(names.__getitem__, of_stored.keys() - found.keys()))
    known = set(of_sent)
    more = [alert for id_, alert in found.items() if id_ not in known]
    verdict.say("alerts are there that no scan makes", (f"{a['kibana.alert.rule.name']} {a[ID][:12]}" for a in more))
    changed = (
        f"{names[id_]} in {', '.join(differing)}"
        for id_, alert in of_stored.items()
        if id_ in found and (differing := differences(alert, found[id_]))
    )
    verdict.say("alerts are not what a scan makes", changed)


def differences(scanned: Mapping[str, Any], kept: Mapping[str, Any]) -> list[str]:
    """The fields in which two alerts differ, of those that are not about the run that made them."""
    one, other = _compared(scanned), _compared(kept)
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _compared(alert: Mapping[str, Any]) -> dict[str, Any]:
    # An alert has the fields of its event, in the form the event has them.
    parts = {**_without_ingested(alert), **{f"besra.{name}": value for name, value in alert["besra"].items()}}
    left_out = ("besra", *SEEN_BY_A_RUN)
    found = {n: value for n, value in parts.items() if n not in left_out and not n.startswith(OF_A_RUN)}
    for name in OF_ITS_EVENTS:
        if name in found:
            found[name] = [{n: v for n, v in event.items() if n not in WHERE_READ} for event in found[name]]
    return found


def stored_alerts(data: Path, url: str | None, likely: Iterable[str]) -> dict[str, dict[str, Any]]:
    """All alerts of a store, by id."""
    place = url or data / "alerts.sqlite"
    address = url.replace("postgresql://", "postgresql+psycopg://") if url else f"sqlite:///{place}"
    engine = create_engine(address)
    with engine.connect() as connection:
        ids = [row[0] for row in connection.execute(text("SELECT id FROM alert"))]
    engine.dispose()
    assert len(ids) == len({*ids})
    with AlertStore(place) as store:
        return {id_: dict(alert) for id_, alert in store.alerts({*ids, *likely}).items()}
