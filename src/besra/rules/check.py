"""What `besra rules check` reports, as plain data (interfaces.md 3)."""

from collections import Counter
from typing import Any

from besra.problems import Problem, Severity
from besra.rules.loaded import LoadedRule, RuleSet
from besra.rules.rule import RuleStatus


def check_report(rule_set: RuleSet) -> dict[str, Any]:
    """Every rule with its status and problems, the problems of files, and counts by status, type and problem code.

    JSON-ready. `line` and `column` count from 1 and are null where a problem has no place.
    """
    return {
        "rules": [_rule_entry(rule) for rule in rule_set],
        "files": [{"path": problem.place.path, **_problem_entry(problem)} for problem in rule_set.file_problems],
        "summary": _summary(rule_set),
    }


def _rule_entry(rule: LoadedRule) -> dict[str, Any]:
    return {
        "rule_id": rule.rule_id,
        "name": rule.name,
        "type": rule.type,
        "path": rule.path,
        "status": str(rule.status),
        "problems": [_problem_entry(problem) for problem in rule.problems],
    }


def _problem_entry(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "message": problem.message,
        "hint": problem.hint,
        "line": problem.place.line,
        "column": problem.place.column,
    }


def _summary(rule_set: RuleSet) -> dict[str, Any]:
    by_type: dict[str, list[LoadedRule]] = {}
    for rule in rule_set:
        by_type.setdefault(rule.type or "unknown", []).append(rule)
    problems = rule_set.problems
    return {
        "rules": len(rule_set),
        "status": _status_counts(list(rule_set)),
        "types": {str(name): _status_counts(by_type[name]) for name in sorted(by_type)},
        "errors": sum(problem.severity is Severity.ERROR for problem in problems),
        "warnings": sum(problem.severity is Severity.WARNING for problem in problems),
        "codes": dict(sorted(Counter(problem.code for problem in problems).items())),
        "deprecated": rule_set.deprecated,
        "superseded": rule_set.superseded,
    }


def _status_counts(rules: list[LoadedRule]) -> dict[str, int]:
    counts = Counter(rule.status for rule in rules)
    return {str(status): counts[status] for status in RuleStatus}
