"""A service that tells of its alerts and is killed again and again: each is told of, none under two keys.

A web server and a mail server stay up all the while and keep what they get. What is sent twice has the same key and the
same content; who drops repeats has each alert once.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import orjson

from besra.storage.alert_store import AlertStore
from tests.crash.kills import AT_START, LONGEST, Killed, Life
from tests.crash.launcher import NOTIFY_POINTS
from tests.crash.load import Load
from tests.crash.outcome import Outcome, SkippedError
from tests.crash.rules import loaded, write_rules
from tests.crash.serving import Serving
from tests.crash.verdict import ID, Verdict, stored_alerts, verdict_on
from tests.sinks import Got, MailSink, Reply, WebSink, mail_sink, web_sink

FAILS = 0.003
"""The share of requests that are answered with 503."""
PATIENCE = 300
"""Seconds until all that waits has been sent, once there are no kills any more."""
NTH = {"notify entries": 5, "notify gather": 4}
"""The most calls after which a process dies at a point, where it is not MOST_CALLS."""
MOST_CALLS = 15
FIRST_WITHIN, AT_POINT_WITHIN = 20.0, 4.0
"""Seconds until a process is killed though nothing it sent has arrived, and though it has not come to its point."""
PAUSE = 0.6
"""Seconds between two requests of a shipper: mails are sent one by one."""
KEY = "idempotency-key"
CONNECTORS = """
[outgoing]
allow_private = ["127.0.0.1"]
ports = [{web}, {mail}]
per_minute = 60000

[[connector]]
id = "web"
type = ".webhook"
config.url = "http://127.0.0.1:{web}/each"

[[connector]]
id = "mail"
type = ".email"
config = {{ from = "besra@example.com", host = "127.0.0.1", port = {mail} }}

[[connector]]
id = "digests"
type = ".webhook"
config.url = "http://127.0.0.1:{web}/digest"

[[notify]]
connector = "web"

[[notify]]
connector = "mail"
params = {{ to = ["soc@example.com"], subject = "{{{{rule.name}}}}", message = "{{{{alert.id}}}}" }}

[[notify]]
connector = "digests"
throttle = "2s"
"""


def lives(random: Random, count: int) -> list[Life]:
    """So many lives: half of them end at random times, the others at points."""
    return [_at_point(random) if random.random() < 0.5 else Life() for _ in range(count)]


def _at_point(random: Random) -> Life:
    point = random.choice(NOTIFY_POINTS)
    return Life({"point": point, "nth": random.randint(1, NTH.get(point.partition(":")[0], MOST_CALLS))}, name=point)


def killed_notifying(folder: Path, seed: int, kills: int, killed: Killed) -> Outcome:
    """Kill a service over a new folder so many times, let it come to its end, and compare."""
    try:
        import aiosmtpd  # noqa: F401, PLC0415
    except ImportError as error:
        raise SkippedError("the package aiosmtpd is not installed") from error
    folder.mkdir(parents=True)
    random, moody = Random(f"notify {seed}"), Random(seed)

    def reply(_: int, __: Got) -> Reply:
        return Reply(503 if moody.random() < FAILS else 200)

    rules, data, done = write_rules(folder), folder / "data", Killed()
    with web_sink(reply) as web, mail_sink() as mail:
        file = folder / "connectors.toml"
        file.write_text(CONNECTORS.format(web=web.port, mail=mail.port), "utf-8")
        options = ("--connectors", str(file))
        with Serving(folder, rules, data, options=options) as serving, Load(serving.port, seed, PAUSE) as load:
            for life in lives(random, kills):
                serving.start(life.plan)
                died = _live(serving, life, random, lambda: len(web.got) + len(mail.got))
                done.kills += 1
                done.points.update([died] if died else [])
            serving.start()
            serving.wait_up()
            sent = load.finish()
            serving.wait_for(lambda: serving.metric("besra_batches_waiting") == 0, "all is stored")
            serving.wait_for(
                lambda: serving.metric("besra_notifications_waiting") == 0, "all notifications are sent", PATIENCE
            )
            serving.stop()
            dead = _standings(data).get("dead", 0)
    done.verdict = verdict_on(sent, data, loaded(rules))
    told = compare(done.verdict, data, web, mail)
    if dead:
        done.verdict.faults.append(f"{dead} notifications are dead")
    killed.add(done)
    where = ", ".join(f"{count} {point}" for point, count in sorted(done.points.items()))
    return Outcome(f"{done.kills} kills, {done.points.total()} of them at points ({where}); {told}", done.verdict)


def _live(serving: Serving, life: Life, random: Random, arrived: Callable[[], int]) -> str:
    """Let a process die, mostly once something it has sent has arrived. The point it died at, if it was one."""
    before = arrived()
    if not life.name and random.random() < AT_START:
        time.sleep(random.uniform(0, LONGEST))
        return serving.kill()
    serving.wait_up_or_end()
    until = time.monotonic() + FIRST_WITHIN
    while arrived() == before and not serving.has_ended() and time.monotonic() < until:
        time.sleep(0.02)
    if life.name:
        serving.wait_end(AT_POINT_WITHIN)
    else:
        time.sleep(random.uniform(0, LONGEST))
    return serving.kill()


def compare(verdict: Verdict, data: Path, web: WebSink, mail: MailSink) -> str:
    """Note what is lost or doubled, and tell how many there were."""
    alerts = stored_alerts(data, None, ())
    expected = {id_ for id_, alert in alerts.items() if "kibana.alert.building_block_type" not in alert}
    each = [(got.headers[KEY], got.body) for got in web.got if got.path == "/each"]
    mails = [(str(got["Idempotency-Key"]), _text(got)) for got in mail.got]
    told = [
        _compare_each(verdict, "webhooks", each, expected, lambda body: orjson.loads(body)["alerts"][0][ID]),
        _compare_each(verdict, "mails", mails, expected, lambda body: body.strip()),
    ]
    digests = [(got.headers[KEY], got.body) for got in web.got if got.path == "/digest"]
    known = _by_key(verdict, "digests", digests)
    bodies = [orjson.loads(body) for body in known.values()]
    count = sum(body["count"] for body in bodies)
    if count != len(expected):
        verdict.faults.append(f"digests are about {count} alerts, of which there are {len(expected)}")
    named = Counter(alert[ID] for body in bodies for alert in body["alerts"])
    verdict.say("alerts are in two digests", (id_ for id_, times in named.items() if times > 1))
    told.append(f"{len(bodies)} digests of {count} alerts ({len(digests) - len(known)} again)")
    return ", ".join(told)


def _compare_each(verdict: Verdict, what: str, got: list[tuple[str, Any]], expected: Iterable[str], of: Any) -> str:
    known = _by_key(verdict, what, got)
    ids = Counter(of(body) for body in known.values())
    verdict.say(f"alerts have no {what}", {*expected} - {*ids})
    verdict.say(f"{what} are about no alert there is", {*ids} - {*expected})
    verdict.say(f"alerts have {what} under two keys", (id_ for id_, times in ids.items() if times > 1))
    return f"{len(known):,} {what} ({len(got) - len(known)} again under the same key)"


def _by_key(verdict: Verdict, what: str, got: Iterable[tuple[str, Any]]) -> Mapping[str, Any]:
    known: dict[str, Any] = {}
    for key, body in got:
        if known.setdefault(key, body) != body:
            verdict.say(f"{what} have another content when they are sent again", [key])
    return known


def _text(got: Any) -> str:
    body = got.get_body(("plain",))
    return str(body.get_content()) if body else ""


def _standings(data: Path) -> dict[str, int]:
    from besra.storage.outbox_pages import OutboxPages  # noqa: PLC0415

    with AlertStore(data / "alerts.sqlite") as store:
        return {str(standing): count for standing, count in OutboxPages(store.database).counts().items()}
