"""The rules a measurement runs."""

import hashlib

from benchmarks.variation import Planned, multiplied
from besra.api import runnable
from besra.language.plan import Each
from besra.rules.cache import load_remembered
from besra.rules.rule import RuleType


def eql_rules(source: str) -> tuple[Planned, ...]:
    """The EQL rules of a folder (or `bundled`) that run, in an order that is arbitrary and always the same."""
    return tuple(planned for planned in every_rule(source) if planned[0].type is RuleType.EQL)


def every_rule(source: str) -> tuple[Planned, ...]:
    """The rules of every type that run, in the same order."""
    found = runnable(load_remembered(source))
    return tuple(sorted(found, key=lambda planned: hashlib.sha256(planned[0].rule_id.encode()).digest()))


def single_event(rules: tuple[Planned, ...]) -> tuple[Planned, ...]:
    """The rules of which every hit is a match: what engines without correlations can be asked for."""
    return tuple(planned for planned in rules if isinstance(planned[1].correlation, Each))


def rule_counts(available: int, many: int) -> list[int]:
    """The sizes of rule sets to compare: 64, 256, all, and many."""
    return sorted({count for count in (64, 256) if count < available} | {available, max(many, available)})


def of_size(rules: tuple[Planned, ...], count: int) -> tuple[Planned, ...]:
    """The first so many; beyond all there are, variations of them."""
    return rules[:count] if count <= len(rules) else multiplied(rules, count)
