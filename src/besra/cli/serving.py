"""The rules of a service: those its options name, loaded at the start and again when their files change, and those of
its API."""

import time
from dataclasses import dataclass, field

from besra.cli.exceptions import exception_line
from besra.cli.loading import load_named, telling
from besra.cli.summary import counted
from besra.cli.terminal import Terminal
from besra.detection.detect import Job
from besra.problems import Problem
from besra.rules.exception_loading import ExceptionFiles, load_exceptions
from besra.rules.loaded import RuleSet
from besra.service.exception_book import ExceptionBook
from besra.service.rule_book import RuleBook
from besra.service.value_list_book import ValueListBook

SPACE = "default"


@dataclass
class ServedRules:
    """Rules that may be loaded again. What is wrong with them is shown when it is new."""

    paths: tuple[str, ...]
    exceptions: ExceptionFiles
    match_index: bool
    terminal: Terminal
    book: RuleBook
    own: ExceptionBook
    """The exceptions made over the API."""
    lists: ValueListBook
    """The value lists made over the API."""
    _shown: frozenset[Problem] = field(default=frozenset())
    _has_exceptions: bool = False

    @property
    def files(self) -> tuple[str, ...]:
        """The files beside those of rules."""
        return (*self.exceptions.exceptions, *(path for _, path in self.exceptions.value_lists))

    def ends(self) -> bool:
        """Whether something of them may end at some time, as exceptions do."""
        return self._has_exceptions

    def read(self, _: str) -> RuleSet:
        """The rules of files as they are now. Raises BesraError."""
        return load_named(self.paths)

    def load(self) -> Job:
        """The job of the rules that are switched on. Raises BesraError."""
        now = time.time_ns()
        rules = self.own.merged(self.book.merged(load_named(self.paths)))
        excepted = load_exceptions(rules, self.exceptions, now=now, kept=lambda names: self.lists.found(names, SPACE))
        loaded = excepted.rules
        self._has_exceptions = bool(excepted.items or excepted.expired)
        problems = tuple(telling(loaded))
        for problem in problems:
            if problem not in self._shown:
                self.terminal.show(problem)
        self._shown = frozenset(problems)
        if line := exception_line(excepted):
            self.terminal.say(line)
        on = tuple((rule, plan) for rule, plan in loaded.runnable if rule.enabled)
        if off := len(loaded.runnable) - len(on):
            self.terminal.say(f"{counted(off, 'rule')} switched off (enabled: false)")
        return Job(on, self.match_index, fingerprint=loaded.fingerprint, now=now)
