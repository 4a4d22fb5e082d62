"""A clock that is set back and forward while the service runs."""

import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from random import Random

from tests.crash.load import Load
from tests.crash.outcome import Outcome
from tests.crash.rules import loaded, write_rules
from tests.crash.serving import Serving
from tests.crash.shipper import Sent
from tests.crash.verdict import verdict_on

HOUR = 3600 * 10**9


def set_clock(folder: Path, hours: float, seed: int, *, under_load: bool = True) -> Outcome:
    """Set the clock by so many hours under load, kill the service, start it again, and set the clock right.

    Without `under_load` all shippers come to an end before the clock is set, and others begin after it. What a service
    is in the middle of it forgets if its clock leaps further than rules look back: the events are old then.
    """
    folder.mkdir(parents=True)
    rules, data, clock = write_rules(folder), folder / "data", folder / "clock"
    random = Random(seed)
    sent = Sent()
    with Serving(folder, rules, data) as serving, ExitStack() as loads:
        numbers = count(seed * 10)

        def shippers(*, are_first: bool = False) -> Load:
            return loads.enter_context(Load(serving.port, next(numbers), tells_demo=are_first))

        plan = {"clock": str(clock)}
        serving.start(plan)
        serving.wait_up()
        load = shippers(are_first=True)
        waiting = _let_run(serving, load)
        for offset in (round(hours * HOUR), 0):
            if not under_load:
                sent.add(load.finish())
            _write(clock, offset)
            if not under_load:
                load = shippers()
            waiting = max(waiting, _let_run(serving, load))
            serving.kill()
            serving.start(plan)
            serving.wait_up()
            time.sleep(random.uniform(0, 1))
        sent.add(load.finish())
        serving.stop()
    verdict = verdict_on(sent, data, loaded(rules))
    if waiting:
        verdict.faults.append(f"{waiting:.0f} batches waited for the event store, longer than it takes to write it")
    return Outcome(f"set by {hours:+g} hours and back", verdict)


def _write(clock: Path, offset: int) -> None:
    new = clock.with_suffix(".new")
    new.write_text(str(offset), "utf-8")
    new.replace(clock)


def _let_run(serving: Serving, load: Load) -> float:
    """Let it run for a while; how many batches the store has not got that it should have."""
    before = load.acknowledged
    time.sleep(1)
    last = serving.metric("besra_batches_waiting")
    until = time.monotonic() + 20
    while time.monotonic() < until:
        waiting = serving.metric("besra_batches_waiting")
        if waiting < last:
            serving.wait_for(lambda: load.acknowledged > before, "it goes on taking events", 60)
            return 0
        last = waiting
        time.sleep(0.2)
    return last
