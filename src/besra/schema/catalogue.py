"""Which type a field has: the bundled table of ECS and Elastic Defend fields, and what a caller lays over it."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import resources
from types import MappingProxyType

from besra.schema.fieldtype import FieldType, family_of


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One row of the catalogue: the mapping type as Elasticsearch spells it, its family, and whether ECS says array."""

    name: str
    mapping: str
    type: FieldType
    is_array: bool = False


@dataclass(frozen=True)
class Catalogue:
    """Field name to `FieldInfo`. A name it does not hold is *unknown*; `type_of` then answers DYNAMIC."""

    fields: Mapping[str, FieldInfo] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def type_of(self, name: str) -> FieldType:
        """The comparison family of a field; DYNAMIC for a field in no mapping.

        A multi-field (`process.name.caseless`, `.text`) is looked up under its own name only.
        """
        info = self.fields.get(name)
        return info.type if info else FieldType.DYNAMIC

    def is_array(self, name: str) -> bool:
        """Whether ECS defines the field as a list of values."""
        info = self.fields.get(name)
        return info is not None and info.is_array

    @cached_property
    def strict(self) -> frozenset[str]:
        """The names not every scalar fits: those that hold other fields, and those of numbers, dates and the like."""
        types = (FieldType.LONG, FieldType.DOUBLE, FieldType.IP, FieldType.DATE, FieldType.BOOLEAN)
        return self.objects.union(name for name, info in self.fields.items() if info.type in types)

    @cached_property
    def objects(self) -> frozenset[str]:
        """The names that hold other fields (`host`, `host.os`) and no value; multi-fields do not make one."""
        holders = {name[:end] for name in self.fields for end, char in enumerate(name) if char == "."}
        kinds = (FieldType.OBJECT, FieldType.NESTED)
        declared = {name for name, info in self.fields.items() if info.type in kinds}
        return frozenset(declared | {name for name in holders if name not in self.fields})

    def with_types(self, types: Mapping[str, str]) -> "Catalogue":
        """A catalogue with these mapping types laid over it (`{"process.pid": "keyword"}`)."""
        added = {name: FieldInfo(name, mapping, family_of(mapping)) for name, mapping in types.items()}
        return Catalogue(MappingProxyType({**self.fields, **added}))


EMPTY = Catalogue()


@cache
def bundled_catalogue() -> Catalogue:
    """The catalogue shipped with besra: ECS 9.5-dev and the fields of the Elastic Defend package."""
    text = resources.files("besra.schema").joinpath("fields.csv").read_text("utf-8")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    fields = {name: FieldInfo(name, mapping, family_of(mapping), array == "array") for name, mapping, array in rows}
    return Catalogue(MappingProxyType(fields))
