"""Loading rules for a command: which of their problems are shown, and what they mean for the exit code."""

from collections.abc import Iterator, Sequence

from besra.problems import Problem, Severity
from besra.rules.cache import load_remembered
from besra.rules.loaded import RuleSet
from besra.rules.rule import RuleStatus

COUNTED = "unsupported-rule-type"
"""Told as a number in summaries: a line for each such rule would bury the other problems."""


def load_named(paths: Sequence[str]) -> RuleSet:
    """The rules of the paths, by default the bundled ones."""
    return load_remembered(*(paths or ("bundled",)))


def telling(rules: RuleSet) -> Iterator[Problem]:
    """The problems to show one by one."""
    return (problem for problem in rules.problems if problem.code != COUNTED)


def has_bad_rule(rules: RuleSet) -> bool:
    """Whether a rule is invalid, or a file that should hold rules cannot be used. Unsupported rules are not bad."""
    is_bad = any(rule.status is RuleStatus.INVALID for rule in rules)
    return is_bad or any(problem.severity is Severity.ERROR for problem in rules.file_problems)
