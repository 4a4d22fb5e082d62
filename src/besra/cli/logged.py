"""What a command would say at a terminal, in the log of a service instead."""

from dataclasses import dataclass

from besra.cli.terminal import Terminal
from besra.problems import Problem
from besra.service.log import say


@dataclass(frozen=True)
class LoggedTerminal(Terminal):
    """A terminal whose lines go to the log, as those of one part of the service."""

    part: str = "service"

    def say(self, text: str = "") -> None:
        """See Terminal."""
        say(self.part, text)

    def show(self, problem: Problem) -> None:
        """See Terminal."""
        place = problem.place
        known = {"code": problem.code, "path": place.path, "line": place.line, "hint": problem.hint}
        fields = {name: value for name, value in known.items() if value is not None}
        say(self.part, problem.message, str(problem.severity), **fields)
