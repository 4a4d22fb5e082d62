"""When a mapping is about a record: values its fields must have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from besra.events.document import field_values
from besra.language.glob import Glob, glob_matches
from besra.schema.fieldtype import to_text


@dataclass(frozen=True, slots=True)
class Condition:
    """A field of the record and the patterns of which one of its values has to fit one; without any it has to exist."""

    field: str
    patterns: tuple[Glob, ...] = ()

    def holds(self, record: Mapping[str, Any]) -> bool:
        """Whether the record is so. Letters have to agree in case."""
        values = field_values(record, self.field)
        if not self.patterns:
            return bool(values)
        texts = [to_text(value) for value in values]
        return any(glob_matches(pattern, text) for text in texts for pattern in self.patterns)


def all_hold(conditions: tuple[Condition, ...], record: Mapping[str, Any]) -> bool:
    """Whether every condition holds."""
    return all(condition.holds(record) for condition in conditions)
