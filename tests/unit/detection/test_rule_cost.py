"""The cost of rules: the counts are those of the scan, however many workers, and every second is somebody's."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from besra.demo import write_demo
from besra.detection.conclude import conclude
from besra.detection.detect import Gathered, Job, Resources, gather
from besra.detection.execution import Execution
from besra.detection.rule_cost import RuleCost, rule_costs, timed
from besra.detection.run import RunInfo
from besra.engine.leaf_cost import LeafCost
from besra.engine.profile import Phase
from besra.events.event import Event
from besra.events.file_read import ReadOptions
from besra.events.files import InputFile, find_files
from besra.events.line_block import Decoder, LineBlock
from besra.events.reader import read_file
from besra.events.table_part import TablePart
from besra.rules.ruleset import load_rules

Item = Event | LineBlock | TablePart


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[InputFile]:
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder, minutes=0)
    return [file for file in find_files([str(folder)]) if isinstance(file, InputFile)]


def read(files: list[InputFile], decoder: Decoder | None) -> Iterator[Item]:
    options = ReadOptions(decoder=decoder)
    for file in files:
        yield from (item for item in read_file(file, options) if isinstance(item, Event | LineBlock | TablePart))


def scanned(files: list[InputFile], workers: int) -> tuple[Job, Gathered, list[RuleCost]]:
    job = Job(tuple(load_rules().runnable), resources=Resources(workers, profile=True))
    gathered = gather(job, partial(read, files))
    assert gathered.profile is not None
    concluded = list(timed(partial(conclude, job, gathered, RunInfo(0))))
    return job, gathered, rule_costs(job, gathered.profile, gathered.hits, concluded, [])


def counts(costs: list[RuleCost]) -> dict[str, tuple[int, int, int, int]]:
    return {cost.rule.name: (cost.clauses, cost.found, cost.left, cost.matches) for cost in costs}


def test_counts_do_not_depend_on_workers(files: list[InputFile]) -> None:
    _, one, alone = scanned(files, 1)
    _, two, together = scanned(files, 2)
    assert counts(alone) == counts(together)
    assert one.profile is not None
    assert two.profile is not None
    assert one.profile.costs.clauses.rows.tolist() == two.profile.costs.clauses.rows.tolist()
    assert one.profile.costs.batches == two.profile.costs.batches
    assert {phase for phase, seconds in two.profile.phases.items() if seconds} >= {
        Phase.START,
        Phase.DECODE,
        Phase.KEEP,
    }


def test_every_second_is_somebodys(files: list[InputFile]) -> None:
    job, gathered, _ = scanned(files, 1)
    assert gathered.profile is not None
    # So few events may be too quick for the clock: as if each clause had taken its time.
    measured = gathered.profile.costs
    clauses = replace(measured.clauses, alone=np.array([3.0, 2.0, 1.0]))
    profile = replace(gathered.profile, costs=replace(measured, clauses=clauses))
    concluded = list(timed(partial(conclude, job, gathered, RunInfo(0))))
    costs, phases = rule_costs(job, profile, gathered.hits, concluded, []), profile.phases
    assert sum(cost.fire for cost in costs) == pytest.approx(phases[Phase.FIRE])
    assert sum(cost.keep for cost in costs) == pytest.approx(phases[Phase.KEEP])
    assert sum(cost.scripts for cost in costs) == pytest.approx(phases.get(Phase.SCRIPTS, 0.0))
    assert [cost.seconds for cost in costs] == sorted((cost.seconds for cost in costs), reverse=True)
    assert all(0 <= cost.candidates <= 1 for cost in costs)
    sequence = next(cost for cost in costs if cost.clauses == 2)
    assert sequence.found > sequence.left >= 2 * sequence.matches > 0


def test_what_a_leaf_adds_is_divided_among_its_rules(files: list[InputFile]) -> None:
    job, gathered, _ = scanned(files, 1)
    assert gathered.profile is not None
    users = gathered.profile.users
    shared = next(leaf for leaf, entries in users.items() if len(entries) == 2)
    own = next(leaf for leaf, entries in users.items() if entries == (0,))
    leaves = [LeafCost(shared, 0.5, 4, 0.0), LeafCost(own, 1.0, 3, 0.0)]
    costs = {cost.rule.rule_id: cost for cost in rule_costs(job, gathered.profile, gathered.hits, [], leaves)}
    assert [costs[rule.rule_id].patterns for rule, _ in job.rules] == [4.0, 1.0]
    assert all(cost.conclude == 0 and cost.matches == 0 for cost in costs.values())


def test_executions_come_as_they_are(files: list[InputFile]) -> None:
    job, gathered, _ = scanned(files, 1)
    made: list[Execution] = list(conclude(job, gathered, RunInfo(0)))
    again = list(timed(lambda: iter(made)))
    assert [done.execution for done in again] == made
    assert all(done.seconds >= 0 for done in again)
    assert not list(timed(lambda: iter([])))
