"""Hits to executions: rules over events first, then those over alerts, stage by stage."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from besra.detection.alert import Alert, prepare_alerts
from besra.detection.alert_event import event_of_alert, names_read
from besra.detection.batches import in_batches
from besra.detection.detect import Gathered, Job
from besra.detection.execution import Execution, Scope, execute
from besra.detection.run import RunInfo
from besra.detection.stages import Cycle
from besra.engine.forked import answers, can_fork
from besra.engine.hits import Hit
from besra.language.relative import resolved
from besra.rules.rule import Rule


def conclude(job: Job, gathered: Gathered, run: RunInfo) -> Iterator[Execution]:
    """The execution of every rule that has hits: the most severe first, then by risk score and name."""
    executions = in_stages(job, gathered, run)
    # Without rules over alerts they come in this order, one by one.
    return iter(most_severe_first(executions)) if gathered.stages.readers else executions


MOST_FED = 200
"""Alerts evaluated together: they are much larger than events, and so are columns of them."""

WORTH_FORKING = 100
"""Alerts that take longer to make than processes take to begin."""

MOST_SENT = 2_000
"""Alerts of a rule that another process may make: for a moment they take three times their memory."""


def most_severe_first(executions: Iterable[Execution]) -> list[Execution]:
    """Executions in the order in which they are shown."""
    return sorted(executions, key=lambda execution: _rank(execution.rule))


def _rank(rule: Rule) -> tuple[int, int, str, str]:
    return -rule.severity.rank, -rule.risk_score, rule.name, rule.rule_id


def in_stages(job: Job, gathered: Gathered, run: RunInfo) -> Iterator[Execution]:
    """The execution of every rule that has hits, in an order in which rules over alerts find the alerts they are about.

    Alerts become events of the same evaluation. What a rule read from files and what it reads of alerts are hits alike.
    """
    waiting = gathered.stages.readers
    alerts: list[Alert] = []
    ranked = sorted(range(len(job.rules)), key=lambda position: _rank(job.rules[position][0]))
    for execution in _executed(job, gathered, [p for p in ranked if p not in waiting and gathered.hits[p]], run):
        if waiting:
            alerts.extend(execution.alerts)
        if len(alerts) >= MOST_FED:
            # Others may still be under way in processes of their own.
            _feed(gathered, alerts, waiting)
            alerts.clear()
        yield execution
    _feed(gathered, alerts, waiting)
    for cycle in gathered.stages.cycles:
        waiting -= set(cycle)
        yield from _turns(job, gathered, run, cycle, waiting)


def _executed(job: Job, gathered: Gathered, positions: Sequence[int], run: RunInfo) -> Iterator[Execution]:
    """The executions of rules that read no alerts, in their order, by several processes if that is worth it."""
    most = {position: _most_alerts(job, gathered, position) for position in positions}
    sent = [position for position in positions if most[position] <= MOST_SENT]
    workers = min(job.resources.workers, len(sent)) if can_fork() and not job.resources.profile else 1
    if workers < 2 or sum(most[position] for position in sent) < WORTH_FORKING:
        yield from (_execute(job, position, gathered.hits[position], run) for position in positions)
        return

    def execution(position: int) -> Execution:
        return _execute(job, position, gathered.hits[position], run)

    prepare_alerts()
    done = answers(workers, sent, execution, "besra-conclude")
    with closing(done):
        for position in positions:
            # Not a copy of the rule: whoever has the job may look for its own.
            is_sent = most[position] <= MOST_SENT
            yield replace(next(done), rule=job.rules[position][0]) if is_sent else execution(position)


def _most_alerts(job: Job, gathered: Gathered, position: int) -> int:
    """The most matches of a rule that can become alerts."""
    hits, limit = len(gathered.hits[position]), job.limits.of(job.rules[position][0])
    return hits if limit is None else min(hits, limit)


def _turns(job: Job, gathered: Gathered, run: RunInfo, cycle: Cycle, waiting: Collection[int]) -> Iterator[Execution]:
    """The executions of rules that may read each other's alerts; `waiting` are the rules of later stages.

    In each turn all of them run over all they have, and what is new is fed to them. No alert comes from a rule twice,
    so as many turns as there are rules follow every line of descent to its end.
    """
    found: dict[int, Execution] = {}
    for turns_left in reversed(range(len(cycle))):
        awaiting = {*waiting, *cycle} if turns_left else waiting
        hits = gathered.evaluator.hits(awaiting).by_entry
        fresh: list[Alert] = []
        for position in cycle:
            if hits[position]:
                found[position], new = _joined(found.get(position), _execute(job, position, hits[position], run))
                fresh.extend(new)
        if not fresh:
            break
        _feed(gathered, fresh, awaiting)
    yield from found.values()


def _execute(job: Job, position: int, hits: Collection[Hit], run: RunInfo) -> Execution:
    rule, plan = job.rules[position]
    plan = plan if job.now is None else resolved(plan, job.now)
    return execute(rule, plan, hits, run, scope=Scope(job.window), limits=job.limits)


def _joined(earlier: Execution | None, later: Execution) -> tuple[Execution, list[Alert]]:
    """A rule's executions of two turns as one, and the alerts that are new in the later."""
    if earlier is None:
        return later, list(later.alerts)
    known = {alert["kibana.alert.uuid"] for alert in earlier.alerts}
    new = [alert for alert in later.alerts if alert["kibana.alert.uuid"] not in known]
    return replace(later, alerts=(*earlier.alerts, *new)), new


def _feed(gathered: Gathered, alerts: Iterable[Alert], awaiting: Collection[int]) -> None:
    if awaiting:
        read = names_read(gathered.evaluator.pack.fields)
        for batch in in_batches((event_of_alert(alert, read) for alert in alerts), MOST_FED):
            assert isinstance(batch, list)
            gathered.evaluator.add(batch)
