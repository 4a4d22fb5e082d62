"""Clauses of the Query DSL to predicates: what combines others, and the choice among those about a field.

As in KQL everything is two-valued, and a leaf is false where its field is missing. Values are read by the type of their
field, as KQL reads them (eql.md 8.2); case counts. Scores do not matter here, so what changes only them is passed over.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

from besra.language.expr import And, Nested, Not, Or, Predicate
from besra.language.kuery.alternatives import any_alternative
from besra.language.kuery.scope import MAX_LEAVES
from besra.language.query_dsl.field_clauses import exists, match, match_phrase, prefix, term, terms, wildcard
from besra.language.query_dsl.query_string import query_string
from besra.language.query_dsl.ranges import date_or_number_range
from besra.language.query_dsl.scope import MAX_DEPTH, DslScope, Path
from besra.language.simplify import FALSE, TRUE, all_of, any_of, negated, some_object

MAX_COMBINATIONS = 1_000
"""Most ways to choose clauses that `minimum_should_match` may leave: each of them is written out."""

Clause = Callable[[DslScope, Path, Any], Predicate]

FIELD_CLAUSES: Mapping[str, Clause] = {
    "term": term,
    "terms": terms,
    "match": match,
    "match_phrase": match_phrase,
    "prefix": prefix,
    "wildcard": wildcard,
    "range": date_or_number_range,
    "exists": exists,
    "query_string": query_string,
}


def lower_clause(scope: DslScope, at: Path, value: Any) -> Predicate:
    """The predicate of one clause, any JSON. What is not understood is a problem of the scope."""
    if len(at) > MAX_DEPTH:
        return scope.refuse(at, "clauses are nested too deeply")
    if not isinstance(value, dict) or len(value) != 1:
        return scope.refuse(at, "a clause is an object with one member", 'write {"match_phrase": {…}}')
    ((name, body),) = value.items()
    here = (*at, name)
    match name:
        case "match_all" | "match_none":
            known = scope.object_of(here, body, frozenset())
            return FALSE if known is None or name == "match_none" else TRUE
        case "bool":
            return _bool(scope, here, body)
        case "constant_score":
            held = scope.object_of(here, body, frozenset({"filter"}))
            return FALSE if held is None else lower_clause(scope, (*here, "filter"), held.get("filter"))
        case "nested":
            return _nested(scope, here, body)
        case _ if name in FIELD_CLAUSES:
            return FIELD_CLAUSES[name](scope, here, body)
        case _:
            known_ones = ", ".join(("bool", "match_all", *FIELD_CLAUSES))
            return scope.refuse(here, f"the clause `{name}` is not supported", f"besra knows {known_ones}")


OCCURRENCES = ("must", "filter", "should", "must_not")
BOOL_MEMBERS = frozenset({*OCCURRENCES, "minimum_should_match", "adjust_pure_negative"})


def _bool(scope: DslScope, at: Path, body: Any) -> Predicate:
    held = scope.object_of(at, body, BOOL_MEMBERS)
    if held is None:
        return FALSE
    must, narrowing, should, must_not = (_clauses(scope, (*at, name), held.get(name)) for name in OCCURRENCES)
    required = [*must, *narrowing]
    least = _least(scope, (*at, "minimum_should_match"), held.get("minimum_should_match"), len(should))
    if least is None:
        least = 1 if should and not required else 0
    if not (required or should or must_not):
        return TRUE
    chosen = _at_least(scope, (*at, "minimum_should_match"), least, should)
    return all_of([*required, chosen, *(negated(clause) for clause in must_not)])


def _clauses(scope: DslScope, at: Path, value: Any) -> list[Predicate]:
    """A clause or a list of them."""
    if value is None:
        return []
    if isinstance(value, list):
        return [lower_clause(scope, (*at, number), item) for number, item in enumerate(value)]
    return [lower_clause(scope, at, value)]


PERCENT = re.compile(r"(-?)(\d{1,3})%")
WHOLE = re.compile(r"-?\d{1,9}")


def _least(scope: DslScope, at: Path, value: Any, count: int) -> int | None:
    """How many of `count` optional clauses have to hold; None if nothing is said."""
    if value is None:
        return None
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if percent := PERCENT.fullmatch(text):
        part = count * int(percent[2]) // 100
        return count - part if percent[1] else part
    if not WHOLE.fullmatch(text):
        scope.refuse(at, "`minimum_should_match` takes a whole number or a percentage", 'write 1 or "75%"')
        return 0
    return int(text) if int(text) >= 0 else max(0, count + int(text))


def _at_least(scope: DslScope, at: Path, least: int, predicates: Sequence[Predicate]) -> Predicate:
    """So many of the predicates hold."""
    if least <= 0:
        return TRUE
    if least == 1:
        return any_alternative(predicates)
    if least > len(predicates):
        return FALSE
    if math.comb(len(predicates), least) > MAX_COMBINATIONS:
        message = f"{least} of {len(predicates)} clauses are more combinations than besra writes out"
        return scope.refuse(at, message, "use 1, or all of them")
    # Each of the clauses is written out in so many of them, and they may hold the same again.
    scope.budget.left -= math.comb(len(predicates) - 1, least - 1) * sum(map(_size, predicates))
    if scope.budget.left < 0:
        message = f"{least} of {len(predicates)} clauses, written out, come to more than {MAX_LEAVES:,} tests"
        return scope.refuse(at, message, "use 1, or all of them")
    return any_of(all_of(chosen) for chosen in combinations(predicates, least))


def _size(predicate: Predicate) -> int:
    """The tests of a predicate."""
    match predicate:
        case Not() | Nested():
            return _size(predicate.operand)
        case And() | Or():
            return sum(map(_size, predicate.operands))
        case _:
            return 1


NESTED_MEMBERS = frozenset({"path", "query", "score_mode", "ignore_unmapped"})


def _nested(scope: DslScope, at: Path, body: Any) -> Predicate:
    """One object at the path satisfies the clause, in which fields have their full names."""
    held = scope.object_of(at, body, NESTED_MEMBERS)
    path = held and held.get("path")
    if not held or not isinstance(path, str) or not path:
        return scope.refuse(at, "`nested` takes the path of objects, and a query about one of them")
    return some_object(path, lower_clause(scope, (*at, "query"), held.get("query")))
