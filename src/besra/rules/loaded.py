"""Rules as they were loaded, each with whether besra can run it. How they are loaded is the matter of `ruleset`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from besra.language.plan import Plan
from besra.problems import Problem
from besra.rules.exception_list import NO_EXCEPTIONS, ExceptionSet
from besra.rules.rule import Rule, RuleStatus


@dataclass(frozen=True)
class LoadedRule:
    """A rule of a file, with what stands in its way. `rule` is None if it is invalid, `plan` unless it is ready.

    `rule_id`, `name` and `type` are as written, so that an invalid rule can be named too; None where it says nothing.
    """

    rule: Rule | None
    rule_id: str | None
    name: str | None
    type: str | None
    status: RuleStatus
    problems: tuple[Problem, ...] = ()
    path: str | None = None
    plan: Any = None


@dataclass(frozen=True)
class RuleSet:
    """The rules of some files, in the order of their paths; each rule id once.

    `file_problems` are those of files rather than rules. `deprecated` counts the rules left out because their authors
    retired them, `superseded` those of which another copy counts. `exceptions` are the exception lists and items that
    can be used; `exception_lists`, `exception_items` and `connectors` are all there were, as exports hold them.
    `fingerprint` tells the content of the files, if whoever loaded them has worked it out.
    """

    rules: tuple[LoadedRule, ...] = ()
    file_problems: tuple[Problem, ...] = ()
    deprecated: int = 0
    superseded: int = 0
    exceptions: ExceptionSet = NO_EXCEPTIONS
    exception_lists: tuple[Mapping[str, Any], ...] = ()
    exception_items: tuple[Mapping[str, Any], ...] = ()
    connectors: tuple[Mapping[str, Any], ...] = ()
    fingerprint: str = field(default="", compare=False)

    def __iter__(self) -> Iterator[LoadedRule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be used and why: the problems of all rules, and those of files."""
        return (*(problem for rule in self.rules for problem in rule.problems), *self.file_problems)

    @property
    def has_exceptions(self) -> bool:
        """Whether there are exceptions in the files, or rules that name some."""
        return bool(self.exceptions) or any(loaded.rule and loaded.rule.exceptions for loaded in self.rules)

    @property
    def ready(self) -> tuple[LoadedRule, ...]:
        """The rules that can run."""
        return tuple(rule for rule in self.rules if rule.status is RuleStatus.READY)

    @property
    def runnable(self) -> tuple[tuple[Rule, Plan], ...]:
        """The ready rules with their plans."""
        return tuple((loaded.rule, loaded.plan) for loaded in self.ready if loaded.rule and loaded.plan)

    def get(self, rule_id: str) -> LoadedRule | None:
        """The valid rule of that id."""
        return self._by_id.get(rule_id)

    @cached_property
    def _by_id(self) -> dict[str, LoadedRule]:
        return {loaded.rule.rule_id: loaded for loaded in self.rules if loaded.rule}


@dataclass(frozen=True, slots=True)
class Excepted:
    """Rules with their exceptions applied: so many items silence events of so many rules, and so many have expired."""

    rules: RuleSet
    items: int = 0
    silenced: int = 0
    expired: int = 0
