"""What lowering knows while it walks a query: the text, the field catalogue, and the problems found so far."""

import difflib
from dataclasses import dataclass
from enum import Enum

from besra.language.eql import tree
from besra.language.expr import FieldRef
from besra.language.findings import Findings
from besra.problems import Severity, Span
from besra.schema.catalogue import Catalogue
from besra.schema.fieldtype import FieldType


class UnknownFields(Enum):
    """What a field in no mapping is (eql.md 2.2).

    MISSING: mapped and absent from every document, `?` or not; what an engine without mappings should assume.
    STRICT: as Elasticsearch does: an error, or with `?` the constant null.
    """

    MISSING = "missing"
    STRICT = "strict"


UNSEARCHABLE = frozenset({FieldType.NESTED, FieldType.OBJECT, FieldType.UNSUPPORTED})


@dataclass
class Scope(Findings):
    """The context of one lowering; `problems` grows while it runs."""

    catalogue: Catalogue
    unknown_fields: UnknownFields = UnknownFields.MISSING

    def error(self, span: Span, message: str, *, hint: str | None = None, code: str = "eql-semantic") -> None:
        """Note an error; lowering goes on, so that all errors of a query are found."""
        self.note(Severity.ERROR, span, message, hint, code)

    def warn(self, span: Span, message: str, *, hint: str | None = None, code: str = "eql-semantic") -> None:
        """Note something the author should know; the query remains usable."""
        self.note(Severity.WARNING, span, message, hint, code)

    def resolve(self, node: tree.Field) -> FieldRef | None:
        """The field with its mapped type; None where it is the constant null (strict, optional, mapped nowhere)."""
        if node.name not in self.catalogue and self.unknown_fields is UnknownFields.STRICT:
            if not node.optional:
                self.error(
                    node.span, f"unknown field `{node.name}`", hint=self._suggestion(node), code="eql-unknown-field"
                )
            return None
        kind = self.catalogue.type_of(node.name)
        if kind is FieldType.TEXT:
            return self._keyword_of(node)
        if kind in UNSEARCHABLE:
            message = f"`{node.name}` is of type {self.catalogue.fields[node.name].mapping}, which EQL cannot search"
            hint = "use a field of another type" if kind is FieldType.UNSUPPORTED else "name one of its sub-fields"
            self.error(node.span, message, hint=hint, code="eql-field-type")
        return FieldRef(node.name, kind)

    def _keyword_of(self, node: tree.Field) -> FieldRef:
        """A text field is searched through its keyword sub-field (eql.md 2.1)."""
        for name in (f"{node.name}.keyword", f"{node.name}.raw"):
            if self.catalogue.type_of(name) is FieldType.KEYWORD:
                return FieldRef(name, FieldType.KEYWORD)
        message = f"`{node.name}` is of type text, which EQL cannot search"
        self.error(node.span, message, hint="use a keyword field, or a KQL rule", code="eql-field-type")
        return FieldRef(node.name, FieldType.KEYWORD)

    def _suggestion(self, node: tree.Field) -> str:
        near = difflib.get_close_matches(node.name, self.catalogue.fields, n=3)
        meant = f"did you mean {', '.join(f'`{name}`' for name in near)}? " if near else ""
        return f"{meant}write `?{node.name}` for a field that may be in no mapping"
