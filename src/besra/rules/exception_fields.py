"""The fields of exception lists, items and entries: kind, bounds, and what must be there (detection-engine.md 4.1).

Names and descriptions, which the rule API demands, may be left out: nothing depends on them. `besra` is
this project's own.
"""

from collections.abc import Mapping
from types import MappingProxyType

from besra.rules.fields import NAME, OBJECT, STRING, STRINGS, FieldSpec, Kind, Specs

NAMESPACES = ("single", "agnostic")
OPERATING_SYSTEMS = ("linux", "macos", "windows")

SERVER: Specs = {
    "id": STRING,
    "_version": STRING,
    "version": FieldSpec(Kind.INTEGER),
    "tie_breaker_id": STRING,
    "immutable": FieldSpec(Kind.BOOLEAN),
    "created_at": STRING,
    "created_by": STRING,
    "updated_at": STRING,
    "updated_by": STRING,
}
"""Set by a server and kept as they came."""

COMMON: Specs = {
    **SERVER,
    "list_id": NAME,
    "name": STRING,
    "description": STRING,
    "namespace_type": FieldSpec(Kind.STRING, choices=NAMESPACES),
    "os_types": FieldSpec(Kind.STRINGS),
    "tags": STRINGS,
    "meta": OBJECT,
}

LIST_FIELDS: Specs = MappingProxyType({**COMMON, "type": STRING})

BESRA_FIELDS: Specs = {"scope": STRING}

ITEM_FIELDS: Specs = MappingProxyType(
    {
        **COMMON,
        "item_id": STRING,
        "type": FieldSpec(Kind.STRING, choices=("simple",)),
        "entries": FieldSpec(Kind.OBJECTS, required=True),
        "expire_time": STRING,
        "comments": FieldSpec(
            Kind.OBJECTS,
            fields={
                "comment": FieldSpec(Kind.STRING, required=True),
                **dict.fromkeys(("id", "created_at", "created_by", "updated_at", "updated_by"), STRING),
            },
        ),
        "meta": FieldSpec(Kind.OBJECT, fields={"besra": FieldSpec(Kind.OBJECT, fields=BESRA_FIELDS)}),
        "besra": FieldSpec(Kind.OBJECT, fields=BESRA_FIELDS),
    }
)

OPERATOR = FieldSpec(Kind.STRING, required=True, choices=("included", "excluded"))
TESTED: Specs = {"field": NAME, "operator": OPERATOR}

ENTRY_FIELDS: Mapping[str, Specs] = MappingProxyType(
    {
        "match": {**TESTED, "value": NAME},
        "match_any": {**TESTED, "value": FieldSpec(Kind.STRINGS, required=True)},
        "wildcard": {**TESTED, "value": NAME},
        "exists": TESTED,
        "list": {**TESTED, "list": FieldSpec(Kind.OBJECT, required=True, fields={"id": NAME, "type": NAME})},
        "nested": {"field": NAME, "entries": FieldSpec(Kind.OBJECTS, required=True)},
    }
)
"""The fields of an entry by its type, besides the type."""

NESTED_ENTRY_TYPES = ("match", "match_any", "wildcard", "exists")
"""What may stand inside a nested entry."""


def entry_type_spec(*, is_nested: bool) -> FieldSpec:
    """The type of an entry, or of an entry inside a nested one."""
    return FieldSpec(Kind.STRING, required=True, choices=NESTED_ENTRY_TYPES if is_nested else tuple(ENTRY_FIELDS))
