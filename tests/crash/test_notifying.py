"""The crash test of notifications would notice what is lost, doubled or changed."""

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from random import Random

import orjson
import pytest

pytest.importorskip("sqlalchemy")

from besra.storage.alert_store import AlertStore
from besra.storage.outcome import Outcome
from tests.crash.launcher import NOTIFY_FUNCTIONS, NOTIFY_POINTS
from tests.crash.notifying import KEY, NTH, compare, lives
from tests.crash.verdict import ID, Verdict
from tests.sinks import Got, MailSink, WebSink
from tests.unit.storage.samples import alerts, run

IDS = ("a1", "a2", "a3")


def each(id_: str, key: str = "", more: str = "") -> Got:
    body = orjson.dumps({"alerts": [{ID: id_}], "count": 1, "more": more})
    return Got("POST", "/each", {KEY: key or f"key {id_}"}, body)


def mail(id_: str, key: str = "") -> EmailMessage:
    told = EmailMessage()
    told["Idempotency-Key"] = key or f"key {id_}"
    told.set_content(id_)
    return told


def digest(*ids: str, key: str = "d") -> Got:
    body = orjson.dumps({"alerts": [{ID: id_} for id_ in ids], "count": len(ids)})
    return Got("POST", "/digest", {KEY: key}, body)


def arrived() -> tuple[WebSink, MailSink]:
    """What should arrive, some of it twice."""
    web = WebSink(got=[*map(each, IDS), each("a2"), digest("a1", "a2"), digest("a3", key="e"), digest("a3", key="e")])
    return web, MailSink(got=[*map(mail, IDS), mail("a1")])


Change = Callable[[WebSink, MailSink], object]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda web, mails: None, ""),
        (lambda web, mails: web.got.pop(0), "alerts have no webhooks: a1"),
        (lambda web, mails: mails.got.pop(1), "alerts have no mails: a2"),
        (lambda web, mails: web.got.append(each("a1", "another")), "alerts have webhooks under two keys: a1"),
        (lambda web, mails: mails.got.append(mail("a1", "another")), "alerts have mails under two keys: a1"),
        (lambda web, mails: web.got.append(each("a1", more="x")), "webhooks have another content"),
        (lambda web, mails: web.got.append(each("a9")), "webhooks are about no alert there is: a9"),
        (lambda web, mails: web.got.pop(4), "digests are about 1 alerts, of which there are 3"),
        (lambda web, mails: web.got.append(digest("a3", key="f")), "alerts are in two digests: a3"),
    ],
)
def test_what_is_lost_or_doubled_is_said(tmp_path: Path, change: Change, said: str) -> None:
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        store.commit(Outcome(run(), alerts(1, 2, 3)))
    web, mails = arrived()
    change(web, mails)
    verdict = Verdict()
    told = compare(verdict, tmp_path, web, mails)
    assert any(said in fault for fault in verdict.faults) if said else not verdict.faults, verdict.faults
    if not said:
        again = "(1 again under the same key)"
        assert told == f"3 webhooks {again}, 3 mails {again}, 2 digests of 3 alerts (1 again)"


def test_a_seed_makes_the_same_lives_and_half_of_them_end_at_points() -> None:
    made = lives(Random(3), 200)
    assert made == lives(Random(3), 200)
    assert 70 < sum(bool(life.name) for life in made) < 130
    assert {point.partition(":")[0] for point in NOTIFY_POINTS} == {*NOTIFY_FUNCTIONS} >= {*NTH}
