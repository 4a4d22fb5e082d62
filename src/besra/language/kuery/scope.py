"""What lowering knows while it walks a query: the text, the field catalogue, the time, the problems found so far."""

from dataclasses import dataclass, field

from besra.errors import QuerySemanticError
from besra.language.findings import Findings
from besra.problems import Problem, Severity, Span, place_of
from besra.schema.catalogue import Catalogue

MAX_LEAVES = 50_000
"""Tests of one field each that a query may come to. A value without a field is 4,000 of them; the largest public rule
comes to 1,300."""
LOOK = 400
"""What looking through the names of all fields counts as: it takes as long as so many tests."""


@dataclass
class Budget:
    """The tests that a query may still come to."""

    left: int = MAX_LEAVES


@dataclass
class Scope(Findings):
    """The context of one lowering; `problems` grows while it runs. `now` is in nanoseconds since 1970."""

    catalogue: Catalogue
    now: int | None = None
    budget: Budget = field(default_factory=Budget, kw_only=True)

    def spend(self, span: Span, leaves: int) -> None:
        """Count tests, before they are made. Raises QuerySemanticError (`kql-limit`) beyond `MAX_LEAVES`."""
        self.budget.left -= leaves
        if self.budget.left < 0:
            message = f"the query comes to more than {MAX_LEAVES:,} tests of a field"
            hint = "name fields in full: a value without a field, or a name with `*`, is tested on each field there is"
            problem = Problem("kql-limit", message, place=place_of(self.text, span), hint=hint)
            raise QuerySemanticError(*self.errors, problem)

    def error(self, span: Span, message: str, *, hint: str | None = None, code: str = "kql-semantic") -> None:
        """Note an error; lowering goes on, so that all errors of a query are found."""
        self.note(Severity.ERROR, span, message, hint, code)

    def warn(self, span: Span, message: str, *, hint: str | None = None, code: str = "kql-never") -> None:
        """Note something the author should know; the query remains usable."""
        self.note(Severity.WARNING, span, message, hint, code)
