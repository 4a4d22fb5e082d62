"""Warnings of what parses and is seldom meant: signs of other languages that are plain characters of a value here."""

import re

from besra.language.kuery import tree
from besra.language.kuery.scope import Scope

EDGE_KEYWORD = re.compile(r"^(?:and|or|not)(?=\s|$)|(?<=\s)(?:and|or|not)$", re.IGNORECASE)
SIGN = re.compile(r"(?<!\S)(?:&&|\|\||#|//)(?!\S)|,(?=\s)")
SIGN_HINTS = {"&&": "join conditions by `and`", "||": "join conditions by `or`", ",": "join values by `or`"}


def warn_of_slips(scope: Scope, value: tree.Value) -> None:
    """Warn of a value that holds what its author may have meant for more than characters."""
    if not isinstance(value, tree.Text) or value.quoted:
        return
    found = EDGE_KEYWORD.search(value.value)
    written = scope.text[value.span.start : value.span.end]
    if found and "\\" not in written:
        # Kibana too takes a keyword without white space around it for a part of the value.
        message = f"`{found[0]}` is part of the value `{value.value}` here, and joins nothing"
        scope.warn(value.span, message, hint="write something behind it, or quote the value", code="kql-keyword")
    elif len(value.value) > 1 and value.value[0] == value.value[-1] == "'":
        message = f"the single quotes are part of the value {value.value}"
        scope.warn(value.span, message, hint=f'write "{value.value[1:-1]}"', code="kql-keyword")
    elif sign := SIGN.search(value.value):
        message = f"`{sign[0]}` is part of the value `{value.value}` here"
        hint = SIGN_HINTS.get(sign[0], "KQL has no comments: remove it") + ", or quote the value if it is meant so"
        scope.warn(value.span, message, hint=hint, code="kql-keyword")


def warn_of_name(scope: Scope, name: tree.Name) -> None:
    """Warn of a field name with white space in it that no known field has."""
    if isinstance(name, tree.Text) and name.value not in scope.catalogue and re.search(r"\s", name.value):
        written = scope.text[name.span.start : name.span.end]
        if not written.startswith('"'):
            message = f"this is the field `{' '.join(name.value.split())}`, white space included"
            hint = "is `and` or `or` missing in it? Quote the name if it is meant so"
            if SIGN.search(name.value):
                hint = "KQL has no comments: remove it"
            scope.warn(name.span, message, hint=hint, code="kql-keyword")
