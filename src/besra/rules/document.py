"""One rule as a file holds it, before and after it is checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from besra.problems import Problem, Severity
from besra.rules.location import FieldPath, Locations
from besra.rules.rule import Rule


@dataclass(frozen=True)
class RuleDocument:
    """A rule in API form, whatever the file's form was, with the places of its fields.

    `problems` are those met while bringing it into API form. `metadata` and `toml_only` as in `Rule`.
    """

    parameters: Mapping[str, Any]
    locations: Locations = field(default_factory=Locations)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    toml_only: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def problem(
        self, code: str, message: str, at: FieldPath, *, severity: Severity = Severity.ERROR, hint: str | None = None
    ) -> Problem:
        """A problem at a field of this rule."""
        return Problem(code, message, severity, self.locations.place(at), hint)


@dataclass(frozen=True)
class ParsedRule:
    """A rule file, line or object after reading: `rule` is None if a problem is an error."""

    document: RuleDocument
    rule: Rule | None = None
    problems: tuple[Problem, ...] = ()

    def text(self, name: str) -> str | None:
        """A string field as written, also of a rule that is not valid; None if it is no string."""
        value = self.document.parameters.get(name)
        return value if isinstance(value, str) else None


def failed(problem: Problem, document: RuleDocument | None = None) -> ParsedRule:
    """Something that should be a rule and cannot be read as one."""
    return ParsedRule(document or RuleDocument({}), problems=(problem,))


def field_text(at: FieldPath) -> str:
    """A field path as shown in messages: `threat[0].tactic.id`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in at)
    return "".join(parts).removeprefix(".")
