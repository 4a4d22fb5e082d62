"""What lowering knows while it walks a query: the text, the field catalogue, the time, the problems found so far."""

from dataclasses import dataclass, field

from besra.language.eql.scope import MAX_PROBLEMS
from besra.problems import Problem, Severity, Span, place_of
from besra.schema.catalogue import Catalogue


@dataclass
class Scope:
    """The context of one lowering; `problems` grows while it runs. `now` is in nanoseconds since 1970."""

    text: str
    catalogue: Catalogue
    now: int | None = None
    problems: list[Problem] = field(default_factory=list)

    def error(self, span: Span, message: str, *, hint: str | None = None, code: str = "kql-semantic") -> None:
        """Note an error; lowering goes on, so that all errors of a query are found."""
        self._note(Severity.ERROR, span, message, hint, code)

    def warn(self, span: Span, message: str, *, hint: str | None = None, code: str = "kql-never") -> None:
        """Note something the author should know; the query remains usable."""
        self._note(Severity.WARNING, span, message, hint, code)

    def _note(self, severity: Severity, span: Span, message: str, hint: str | None, code: str) -> None:
        noted = sum(problem.severity is severity for problem in self.problems)
        if noted < MAX_PROBLEMS:
            problem = Problem(code, message, severity, place_of(self.text, span), hint)
            if problem not in self.problems:
                self.problems.append(problem)
        elif noted == MAX_PROBLEMS:
            self.problems.append(
                Problem("kql-limit", f"more {severity}s follow; only {MAX_PROBLEMS} are shown", severity)
            )

    @property
    def errors(self) -> list[Problem]:
        """The problems that make the query unusable."""
        return [problem for problem in self.problems if problem.severity is Severity.ERROR]

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that do not."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)
