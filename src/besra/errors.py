"""Every exception besra raises on purpose.

    BesraError                  root: catch this one
    ├── QueryError              a query that cannot be used; `problems` holds all of them, the attributes the first
    │   ├── QuerySyntaxError    it does not parse
    │   └── QuerySemanticError  it parses but has no meaning (types, unknown functions, unsupported constructs)
    └── InputError              a path, option or document that cannot be used
        ├── RuleFileError       a rule file that cannot be read at all
        ├── SeveralError        input with several things wrong, all of them in `problems`
        │   ├── MappingError    a mapping file
        │   └── SettingsError   settings in a file or in variables
        ├── UnreadError         a part of a file that cannot be read any more (`events.file_lines`)
        ├── AlertStoreError     the alert store cannot be used, or refuses a change or a search (`storage.database`)
        └── DateMathError       a text that is no date; also a ValueError

A rule or record that is merely bad does not raise: it becomes a `Problem` and the rest goes on.
"""

from typing import Self

from besra.problems import Place, Problem


class BesraError(Exception):
    """Root of all errors besra raises on purpose."""

    def in_words(self) -> str:
        """What is wrong and what to do, in one line for answers to programs; `str` is laid out for a terminal."""
        return str(self)


class QueryError(BesraError):
    """A query that cannot be used. `message`, `line`, `column` and `hint` are those of the first problem."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        first = problems[0]
        self.message: str = first.message
        self.line: int | None = first.place.line
        self.column: int | None = first.place.column
        self.hint: str | None = first.hint
        super().__init__("\n".join(problem.render() for problem in problems))

    def in_words(self) -> str:
        """See BesraError; with places in the query, and codes."""
        return "; ".join(_in_query(problem) for problem in self.problems)

    def __reduce__(self) -> tuple[type["QueryError"], tuple[Problem, ...]]:
        return type(self), self.problems


def _in_query(problem: Problem) -> str:
    place, hint = problem.place, f"; {problem.hint}" if problem.hint else ""
    where = f"line {place.line}:{place.column}: " if place.line else ""
    return f"{where}{problem.message} [{problem.code}]{hint}"


class QuerySyntaxError(QueryError):
    """The query does not parse."""


class QuerySemanticError(QueryError):
    """The query parses but cannot be evaluated: wrong types, unknown names, unsupported constructs."""


class InputError(BesraError):
    """A path, option or document that cannot be used; `problem` says where and what to do."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.render())

    def in_words(self) -> str:
        """See BesraError."""
        return self.problem.in_words()

    def __reduce__(self) -> tuple[type["InputError"], tuple[Problem, ...]]:
        return type(self), (self.problem,)

    @classmethod
    def of(cls, code: str, message: str, *, path: str | None = None, hint: str | None = None) -> Self:
        """An input error from its parts."""
        return cls(Problem(code, message, place=Place(path), hint=hint))


class RuleFileError(InputError):
    """A rule file or directory that cannot be read at all."""


class SeveralError(InputError):
    """Input with several things wrong. `problem` is the first of its `problems`."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(problems[0])

    def __str__(self) -> str:
        return "\n".join(problem.render() for problem in self.problems)

    def __reduce__(self) -> tuple[type["SeveralError"], tuple[Problem, ...]]:
        return type(self), self.problems


class MappingError(SeveralError):
    """A mapping file that cannot be used."""


class SettingsError(SeveralError):
    """Settings in a file or in variables that cannot be used."""


class DateMathError(InputError, ValueError):
    """A text that is neither a date nor date math (`now-9m`)."""
