"""What `--profile` shows for made-up costs, word for word, at several widths."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
from rich.table import Table
from tests.golden.compare import check

from besra import api
from besra.cli.profile_table import ProfileView, profile_parts
from besra.cli.tables import print_table
from besra.cli.terminal import console_on
from besra.detection.rule_cost import RuleCost
from besra.engine.leaf_cost import LeafCost
from besra.engine.pack import Entry, RulePack
from besra.engine.profile import ClauseCosts, Costs, FieldCost, Phase, Profile
from besra.events.columns import Projection
from besra.rules.ruleset import load_rules
from besra.schema.catalogue import bundled_catalogue

QUERIES = (
    'process where process.command_line : ("*-enc *", "*-e *", "*frombase64string*", "*hidden*") and process.pid > 4',
    'sequence by host.id [process where process.name : "cmd.exe"] [file where file.path : "C:\\\\Users\\\\*\\\\a.exe"]',
)


def view() -> ProfileView:
    pack = RulePack(tuple(Entry(api.plan_query(query, bundled_catalogue())) for query in QUERIES))
    projection = Projection(("file.path", "process.command_line", "process.pid"))
    fields = {
        0: FieldCost(9_553, 0.5, {"not ASCII": 12}),
        1: FieldCost(1_205_811, 2.5, {"not ASCII": 3_000, "regex": 17}),
        2: FieldCost(0, 0.0, {}),
    }
    clauses = ClauseCosts(np.array([4, 3, 0]), np.array([12, 70_000, 0]), np.array([3.0, 1.0, 0.0]), np.zeros(3))
    phases = {phase: 0.25 * number for number, phase in enumerate(Phase)}
    profile = Profile(pack, projection, Costs(phases, clauses, fields, 4), 2)
    first, second = (loaded.rule for loaded in load_rules() if loaded.rule)
    rules = [
        RuleCost(first, 2, 0.375, 70_000, 12, 3, 0.00004, 0.0, 0.0, 0.0128, 1.25),
        RuleCost(second, 1, 1.0, 12, 12, 12, 0.001, 0.5, 0.002, 0.0, 0.0),
    ]
    globs = [leaf for leaf in pack.leaves if leaf.field.name in ("process.command_line", "file.path")]
    leaves = [LeafCost(leaf, 234e-9, 1_205_811, 0.0123) for leaf in globs]
    return ProfileView(profile, rules, leaves, 1.25)


def lines(width: int) -> Iterator[str]:
    out = io.StringIO()
    console = console_on(out, no_color=True, width=width)
    for part in profile_parts(view(), width):
        if isinstance(part, Table):
            print_table(console, part)
        else:
            console.print(part, soft_wrap=False)
    yield from (line.rstrip() for line in out.getvalue().splitlines())


@pytest.mark.parametrize("width", [60, 100, 140])
def test_tables(width: int, update_golden: bool) -> None:
    shown = list(lines(width))
    assert max(map(len, shown)) <= width
    check("".join(f"{line}\n" for line in shown), f"profile/{width}.txt", update=update_golden)


def test_without_events_there_is_nothing_to_divide_by() -> None:
    pack = view().profile.pack
    empty = Profile(pack, Projection(()), Costs({}, ClauseCosts.none(3)))
    parts = list(profile_parts(ProfileView(empty, [], [], 0.0), 100))
    assert "of 3 clauses 0 could fire in every batch, 3 in none (0 batches)" in "".join(map(str, parts))
