"""What lowering knows while it walks a clause: the field catalogue, and the problems found, each with its place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from besra.errors import QuerySemanticError
from besra.language.expr import Predicate
from besra.language.kuery import tree
from besra.language.kuery.scope import Budget, Scope
from besra.language.simplify import FALSE
from besra.problems import Problem, Severity
from besra.schema.catalogue import Catalogue
from besra.schema.fieldtype import to_text

Path = tuple[str | int, ...]
"""Names and list positions down to a part of a clause: `("filters", 0, "query", "term")`."""

MAX_DEPTH = 100
"""Longest path that is followed."""

WITHOUT_EFFECT = frozenset({"boost", "_name"})
"""Members of any clause that change scores and answers, not what is found."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A problem about the part of a rule at a path."""

    at: Path
    problem: Problem


@dataclass(frozen=True, slots=True)
class FieldClause:
    """A clause about one field: where that stands, the field's name, and the parameters."""

    at: Path
    name: str
    given: dict[str, Any]


@dataclass
class DslScope:
    """The context of one lowering; `problems` grows while it runs."""

    catalogue: Catalogue
    problems: list[FieldProblem] = field(default_factory=list)
    budget: Budget = field(default_factory=Budget)

    def refuse(self, at: Path, message: str, hint: str | None = None) -> Predicate:
        """Note what is not understood; lowering goes on, so that all of it is found."""
        self.problems.append(FieldProblem(at, Problem("unsupported-filters", message, hint=hint)))
        return FALSE

    def ask(self, at: Path, test: Callable[[Scope], Predicate]) -> Predicate:
        """What KQL makes of a field and a value, with what it has to say about them noted at `at`."""
        if self.budget.left < 0:
            return FALSE  # which has been said
        inner = Scope("", self.catalogue, budget=self.budget)
        try:
            found = test(inner)
        except QuerySemanticError as error:
            return self.refuse(at, error.message, error.hint)
        for problem in inner.problems:
            if problem.severity is Severity.ERROR:
                self.refuse(at, problem.message, problem.hint)
            else:
                self.never(at, problem.message, problem.hint)
        return found

    def never(self, at: Path, message: str, hint: str | None = None) -> None:
        """Note what can never hold."""
        self.problems.append(FieldProblem(at, Problem("filter-never", message, Severity.WARNING, hint=hint)))

    def object_of(self, at: Path, value: Any, known: frozenset[str]) -> dict[str, Any] | None:
        """A JSON object with known members only; None, after a problem, for anything else."""
        if not isinstance(value, dict):
            self.refuse(at, f"`{_last(at)}` takes an object here")
            return None
        unknown = sorted(str(name) for name in value if name not in known and name not in WITHOUT_EFFECT)
        if unknown:
            self.refuse((*at, unknown[0]), f"`{_last(at)}` with {_listed(unknown)} is not supported")
            return None
        return value

    def one_field(self, at: Path, body: Any) -> tuple[str, Any] | None:
        """The field a clause is about and what it says of it; None, after a problem, if it is not about one field."""
        names = [name for name in body if name not in WITHOUT_EFFECT] if isinstance(body, dict) else []
        if len(names) == 1 and isinstance(names[0], str) and names[0]:
            return names[0], body[names[0]]
        self.refuse(at, f"`{_last(at)}` takes one field, found {len(names)}", 'write {"name.of.field": …}')
        return None

    def field_clause(self, at: Path, body: Any, main: str, known: frozenset[str]) -> FieldClause | None:
        """A clause about one field, whose main parameter may stand alone; None, after a problem, if it is none."""
        found = self.one_field(at, body)
        if found is None:
            return None
        name, said = found
        here = (*at, name)
        given = self.object_of(here, said, known | {main}) if isinstance(said, dict) else {main: said}
        return None if given is None else FieldClause(here, name, given)

    def value_of(self, at: Path, value: Any) -> tree.Text | tree.Constant | None:
        """A JSON scalar as a value of KQL, texts as phrases; None, after a problem, for anything else."""
        match value:
            case bool():
                return tree.Constant(value)
            case str() | int() | float():
                return tree.Text(to_text(value), quoted=True)
            case _:
                self.refuse(at, f"`{_last(at)}` takes a text, a number or a boolean")
                return None


def _last(at: Path) -> str:
    return next((part for part in reversed(at) if isinstance(part, str)), "filter")


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
