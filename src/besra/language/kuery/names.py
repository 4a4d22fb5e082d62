"""The fields a name stands for: itself, those a pattern covers, those of an object, or all (eql.md 8.1).

The IR has no leaf for "any field called like this", so patterns are held against the names in the catalogue: the same
as in Kibana, which holds them against its data view. What events hold beyond the catalogue no pattern finds.
"""

from collections.abc import Iterator

from besra.language.glob import Glob, glob_matches, normalised
from besra.language.kuery import tree
from besra.schema.catalogue import Catalogue
from besra.schema.fieldtype import FieldType

HOLDERS = frozenset({FieldType.NESTED, FieldType.OBJECT, FieldType.UNSUPPORTED})


def within(path: str | None, name: tree.Name) -> tree.Name:
    """A name relative to the path of the braces around it."""
    if path is None:
        return name
    if isinstance(name, tree.Text):
        return tree.Text(f"{path}.{name.value}", span=name.span)
    return tree.Pattern(normalised([f"{path}.", *name.glob.parts]), name.span)


def fields_like(catalogue: Catalogue, glob: Glob) -> Iterator[str]:
    """The searchable fields a pattern covers, in the order of the catalogue."""
    return (name for name in searchable(catalogue) if glob_matches(glob, name))


def fields_below(catalogue: Catalogue, name: str) -> Iterator[str]:
    """The searchable fields of an object."""
    return (field for field in searchable(catalogue) if field.startswith(f"{name}."))


def searchable(catalogue: Catalogue) -> Iterator[str]:
    """All fields that have values of their own."""
    return (name for name, info in catalogue.fields.items() if info.type not in HOLDERS)
