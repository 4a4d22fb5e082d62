"""Conditions on fields of type text, written out as regular expressions for whole values (eql.md 8.2)."""

from besra.language.expr import FieldRef, Predicate, Regex
from besra.language.kuery import tree
from besra.language.kuery.analyser import SCRIPT_BLOCK, STANDARD, Analyser
from besra.language.kuery.scope import Scope
from besra.language.simplify import FALSE
from besra.problems import Span
from besra.schema.catalogue import Catalogue
from besra.schema.fieldtype import FieldType, to_text

SCRIPT_BLOCK_FIELDS = frozenset({"powershell.file.script_block_text"})
"""The field the Windows integration maps with an analyser of its own. No bundled mapping holds it."""


def analyser_of(catalogue: Catalogue, name: str) -> Analyser | None:
    """How a field's values are split into words; None for a field that is not of type text.

    A field in no mapping is text if it is known to be, or is called `.text` below a keyword, as multi-fields are.
    """
    kind = catalogue.type_of(name)
    if kind not in (FieldType.TEXT, FieldType.DYNAMIC):
        return None
    if name in SCRIPT_BLOCK_FIELDS:
        return SCRIPT_BLOCK
    parent, dot, last = name.rpartition(".")
    is_multi_field = dot and last == "text" and catalogue.type_of(parent) is FieldType.KEYWORD
    return STANDARD if kind is FieldType.TEXT or is_multi_field else None


def text_test(scope: Scope, name: str, analyser: Analyser, value: tree.Value) -> Predicate:
    """Quoted: the words one behind the other. Unquoted: any of the words. With `*`: a word the pattern covers."""
    if isinstance(value, tree.Pattern):
        pattern = analyser.glob(value.glob)
        if pattern is None:
            message = f"`{value.glob}` covers no word of `{name}`, so this condition is never true"
            hint = "on text a pattern is held against single words; quote a phrase"
            scope.warn(value.span, message, hint=hint)
        return _regex(name, [pattern] if pattern else [])
    is_phrase = isinstance(value, tree.Text) and value.quoted
    words = analyser.words(value.value if isinstance(value, tree.Text) else to_text(value.value or False))
    if not words:
        _warn_of_no_words(scope, name, value.span)
    return _regex(
        name, [analyser.phrase(part) for part in ([words] if is_phrase else [[word] for word in words]) if part]
    )


def _warn_of_no_words(scope: Scope, name: str, span: Span) -> None:
    message = f"this value holds no word to look for in the text of `{name}`, so this condition is never true"
    scope.warn(span, message, hint="punctuation is no part of text; name a word beside it")


def _regex(name: str, patterns: list[str]) -> Predicate:
    if not patterns:
        return FALSE
    return Regex(FieldRef(name, FieldType.KEYWORD), tuple(dict.fromkeys(patterns)), ignore_case=True)
