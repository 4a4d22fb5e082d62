"""More rules than there are: the same rules with other constants."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from besra.language.expr import And, Equals, InNetwork, Like, Not, Or, Predicate, Range, Regex
from besra.language.glob import Glob, Wild
from besra.language.plan import Plan
from besra.rules.rule import Rule

CATEGORICAL = frozenset(
    ("event.category", "event.type", "event.kind", "event.outcome", "event.module", "host.os.type", "host.os.family")
)
"""Fields with few values, which all rules share: another constant would make a rule that no event can match."""

Planned = tuple[Rule, Plan]


def multiplied(rules: Sequence[Planned], count: int) -> tuple[Planned, ...]:
    """So many rules: these, then variations of them, round after round."""
    return tuple(varied_rule(rules[number % len(rules)], number // len(rules)) for number in range(count))


def varied_rule(planned: Planned, number: int) -> Planned:
    """The rule with its constants changed; number 0 is the rule itself."""
    rule, plan = planned
    if number == 0:
        return planned
    clauses = tuple(replace(clause, predicate=varied(clause.predicate, number)) for clause in plan.clauses)
    return replace(rule, rule_id=f"{rule.rule_id}-{number}"), replace(plan, clauses=clauses)


def varied(predicate: Predicate, number: int, *, negated: bool = False) -> Predicate:
    """The predicate with the constants of its leaves changed; scripts and categorical fields stay.

    Below `not` the new constants join the old ones: a rule that lost its exclusions would match everywhere, and what is
    measured would be the making of alerts.
    """
    match predicate:
        case And() | Or():
            return type(predicate)(tuple(varied(operand, number, negated=negated) for operand in predicate.operands))
        case Not():
            return Not(varied(predicate.operand, number, negated=not negated))
        case Equals() if predicate.field.name not in CATEGORICAL:
            values = frozenset(varied_constant(value, number) for value in predicate.values)
            return replace(predicate, values=values | predicate.values if negated else values)
        case Like():
            globs = tuple(varied_glob(glob, number) for glob in predicate.globs)
            return replace(predicate, globs=(*predicate.globs, *globs) if negated else globs)
        case Regex() if not negated:
            return replace(predicate, patterns=tuple(f"(?:{pattern}){number}" for pattern in predicate.patterns))
        case Range() if not negated:
            return replace(predicate, value=varied_constant(predicate.value, number))
        case InNetwork() if not negated:
            moved = tuple((first + (number << 16), last + (number << 16)) for first, last in predicate.networks)
            return replace(predicate, networks=moved)
        case _:
            return predicate


def varied_constant(value: Any, number: int) -> Any:
    """Another constant of the same type, of about the same length."""
    if isinstance(value, str):
        return f"{value[: len(value) // 2]}{number}{value[len(value) // 2 :]}"
    return value + number if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def varied_glob(glob: Glob, number: int) -> Glob:
    """The glob with a number in the middle of its longest literal part."""
    literals = [part for part in glob.parts if not isinstance(part, Wild)]
    longest = max(literals, key=len, default=None)
    return Glob(tuple(varied_constant(part, number) if part is longest else part for part in glob.parts))
