"""Is this a rule? Types, bounds, required fields, and what fields demand of each other (detection-engine.md 1.2, 1.3).

Every check returns problems; none raises. One error makes the rule invalid, a warning does not.
"""

from collections.abc import Iterator
from dataclasses import replace

from besra.problems import Problem, Severity
from besra.rules.combination import combination_problems
from besra.rules.document import RuleDocument
from besra.rules.field_check import did_you_mean, object_problems
from besra.rules.fields import Specs, owners_of, specs_of
from besra.rules.rule import RuleType


def validate(document: RuleDocument) -> list[Problem]:
    """All problems of a rule's fields, errors and warnings, in the order of the file where it is known."""
    rule_type = type_of(document)
    specs = specs_of(rule_type)
    problems = list(_unknown_fields(document, specs, rule_type))
    problems += object_problems(document, document.parameters, specs, ())
    if not any(problem.severity is Severity.ERROR for problem in problems):
        # Fields of other rule types were not looked at, so they may hold anything.
        own = {name: value for name, value in document.parameters.items() if name in specs}
        problems += combination_problems(replace(document, parameters=own))
    return sorted(problems, key=lambda problem: problem.place.line or 0)


def type_of(document: RuleDocument) -> RuleType | None:
    """The type of a rule, or None if what it says is none."""
    value = document.parameters.get("type")
    return RuleType(value) if value in list(RuleType) else None


def _unknown_fields(document: RuleDocument, specs: Specs, rule_type: RuleType | None) -> Iterator[Problem]:
    for name in document.parameters:
        owners = owners_of(name)
        if name in specs or (rule_type is None and owners):
            continue
        if owners and rule_type:
            message = f"{name} has no effect in {_article(rule_type)} rule"
            hint = f"it belongs to rules of type {', '.join(owners)}; remove it or change the type"
            yield document.problem("rule-field-not-used", message, (name,), severity=Severity.WARNING, hint=hint)
        else:
            message = f"{name} is not a field of a rule; it is kept, and has no effect"
            yield document.problem(
                "rule-unknown-field", message, (name,), severity=Severity.WARNING, hint=did_you_mean(name, specs)
            )


def _article(rule_type: RuleType) -> str:
    return f"an {rule_type}" if rule_type.value[0] in "aeiou" else f"a {rule_type}"
