"""What is found wrong with a query while it is lowered: noted and not raised, so that its author sees all of it."""

from dataclasses import dataclass, field

from besra.problems import Problem, Severity, Span, place_of

MAX_PROBLEMS = 100
"""Most errors, and most warnings, noted for one query: finding the line of each costs a pass over the text."""


@dataclass
class Findings:
    """The problems of one query text so far, in the order they were found, each once."""

    text: str
    problems: list[Problem] = field(default_factory=list, kw_only=True)

    def note(self, severity: Severity, span: Span, message: str, hint: str | None, code: str) -> None:
        """Note a problem; of more than `MAX_PROBLEMS` of a severity only that there are more."""
        noted = sum(problem.severity is severity for problem in self.problems)
        if noted < MAX_PROBLEMS:
            problem = Problem(code, message, severity, place_of(self.text, span), hint)
            if problem not in self.problems:
                self.problems.append(problem)
        elif noted == MAX_PROBLEMS:
            more = f"more {severity}s follow; only {MAX_PROBLEMS} are shown"
            self.problems.append(Problem("eql-limit" if code.startswith("eql-") else "kql-limit", more, severity))

    @property
    def errors(self) -> list[Problem]:
        """The problems that make the query unusable."""
        return [problem for problem in self.problems if problem.severity is Severity.ERROR]

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that do not."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)
