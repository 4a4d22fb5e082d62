"""The rules of a service: those its options name, loaded at the start and again when their files change, and those of
its API."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from besra.cli.exceptions import exception_line
from besra.cli.loading import load_named, telling
from besra.cli.summary import counted
from besra.cli.terminal import Terminal
from besra.detection.detect import Job
from besra.problems import Problem
from besra.rules.exception_loading import ExceptionFiles
from besra.rules.loaded import RuleSet
from besra.rules.space import DEFAULT
from besra.service.space_rules import rules_of_spaces
from besra.service.spaces import Spaces


def paths_by_space(paths: Sequence[str], elsewhere: object) -> dict[str, tuple[str, ...]]:
    """The paths of rules by space: those of the default one, and pairs of a space and a path."""
    found = {DEFAULT: tuple(paths)}
    for space, path in elsewhere if isinstance(elsewhere, Iterable) else ():
        found[space] = (*found.get(space, ()), path)
    return found


@dataclass
class ServedRules:
    """Rules that may be loaded again. What is wrong with them, or to be told of them, is shown when it is new."""

    paths: Mapping[str, tuple[str, ...]]
    """By space."""
    exceptions: ExceptionFiles
    match_index: bool
    terminal: Terminal
    spaces: Spaces
    _shown: frozenset[Problem] = field(default=frozenset())
    _said: frozenset[str] = field(default=frozenset())
    _has_exceptions: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """The files beside those of rules."""
        return (*self.exceptions.exceptions, *(path for _, path in self.exceptions.value_lists))

    def ends(self) -> bool:
        """Whether something of them may end at some time, as exceptions do."""
        return self._has_exceptions

    def read(self, space: str) -> RuleSet:
        """The rules of files of a space as they are now. Raises BesraError."""
        paths = self.paths.get(space)
        return RuleSet() if paths is None else load_named(paths)

    def load(self) -> Job:
        """The job of the rules that are switched on. Raises BesraError."""
        now = time.time_ns()
        files = {space: load_named(paths) for space, paths in self.paths.items()}
        excepted = rules_of_spaces(self.spaces, files, self.exceptions, now).excepted
        loaded = excepted.rules
        self._has_exceptions = bool(excepted.items or excepted.expired)
        problems = tuple(telling(loaded))
        for problem in problems:
            if problem not in self._shown:
                self.terminal.show(problem)
        self._shown = frozenset(problems)
        lines = [line] if (line := exception_line(excepted)) else []
        on = tuple((rule, plan) for rule, plan in loaded.runnable if rule.enabled)
        if off := len(loaded.runnable) - len(on):
            lines.append(f"{counted(off, 'rule')} switched off (enabled: false)")
        for line in lines:
            if line not in self._said:
                self.terminal.say(line)
        self._said = frozenset(lines)
        return Job(on, self.match_index, fingerprint=loaded.fingerprint, now=now)
