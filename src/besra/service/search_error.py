"""What is wrong with a search that cannot be answered, in Elasticsearch's words for the kind of error."""

from collections.abc import Mapping
from typing import Any

from besra.errors import QueryError, QuerySyntaxError
from besra.problems import Problem

ILLEGAL = "illegal_argument_exception"
PARSING = "parsing_exception"
VERIFICATION = "verification_exception"


class SearchError(Exception):
    """A search that is not answered: an HTTP status, Elasticsearch's type of error, and what to do about it."""

    def __init__(self, status: int, type_: str, reason: str, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.type = type_
        self.more = dict(more or {})


def not_supported(what: str, hint: str = "") -> SearchError:
    """Something Elasticsearch knows and besra does not: it is not passed over."""
    return SearchError(
        400, ILLEGAL, told(Problem("search-not-supported", f"{what} is not supported", hint=hint or None))
    )


def malformed(reason: str, type_: str = PARSING) -> SearchError:
    """A request that says something nobody understands, or asks for too much."""
    return SearchError(400, type_, told(Problem("search-request", reason)))


def of_query(error: QueryError) -> SearchError:
    """A query that cannot be used."""
    if isinstance(error, QuerySyntaxError):
        return SearchError(400, PARSING, told(error.problems[0]))
    lines = [f"Found {len(error.problems)} problem(s)", *map(told, error.problems)]
    return SearchError(400, VERIFICATION, "\n".join(lines))


def told(problem: Problem) -> str:
    """A problem as the reason of an error: in one line, with its code, which has no other place there."""
    hint = f" ({problem.hint})" if problem.hint else ""
    where = f"line {problem.place.line}:{problem.place.column}: " if problem.place.line else ""
    return f"{where}{problem.message}{hint} [{problem.code}]"


def no_such_index(name: str) -> SearchError:
    """An index that does not exist."""
    more = {"resource.type": "index_or_alias", "resource.id": name, "index": name}
    return SearchError(404, "index_not_found_exception", f"no such index [{name}]", more)
