"""A source that a mapping file describes: its records, and the ECS document made of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from besra.events.document import field_values
from besra.events.mapping.condition import Condition, all_hold
from besra.events.mapping.step import Split, Step, taken
from besra.events.normalise.nested_document import Document, nested, put
from besra.events.normalise.stream_fields import put_stream


@dataclass(frozen=True, slots=True)
class Fill:
    """One way to fill a field: with a `value`, or with those of the record's field `origin` after some steps."""

    origin: str | None = None
    value: Any = None
    steps: tuple[Step, ...] = ()
    when: tuple[Condition, ...] = ()

    def found(self, record: Mapping[str, Any]) -> Any:
        """What it fills the field with: one value or a list; None if it has nothing for this record."""
        if not all_hold(self.when, record):
            return None
        if self.origin is None:
            return list(self.value) if isinstance(self.value, list) else self.value
        values = field_values(record, self.origin)
        results = taken(self.steps, values)
        is_list = len(values) > 1 or any(isinstance(step, Split) for step in self.steps)
        return results or None if is_list else next(iter(results), None)


@dataclass(frozen=True, slots=True)
class MappedSource:
    """Records for which all of `when` holds. Each of `fields` is filled by the first of its ways that has something.

    The record as it was is kept below `keep`. It is what `normalise.source.Source` is, and its own normaliser.
    """

    name: str
    dataset: str
    when: tuple[Condition, ...]
    fields: tuple[tuple[str, tuple[Fill, ...]], ...]
    keep: str
    also: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    @property
    def markers(self) -> tuple[str, ...]:
        """The first field it asks for: without it, the conditions do not hold."""
        return (self.when[0].field,)

    @property
    def normaliser(self) -> "MappedSource":
        """Itself."""
        return self

    def recognises(self, record: Mapping[str, Any]) -> bool:
        """Whether all conditions hold."""
        return all_hold(self.when, record)

    def to_ecs(self, record: Mapping[str, Any]) -> Document:
        """The ECS document of a record."""
        document: Document = {}
        put(document, self.keep, nested(record))
        put_stream(document, self.dataset)
        for target, fills in self.fields:
            found = (fill.found(record) for fill in fills)
            put(document, target, next((value for value in found if value is not None), None))
        return document
