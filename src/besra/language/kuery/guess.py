"""What the author of a token that fits nowhere probably wanted: habits from EQL, Lucene and programming languages."""

from collections.abc import Mapping

from besra.language.kuery.lexer import Kind, Token

KEYWORDS = frozenset({"and", "or", "not"})
EQUALS = "equality is written with a colon: `field: value`"
DIFFERS = "write `not field: value`"
LIST = 'a list is written `field: ("a" or "b")`'
OPERATORS: Mapping[str, str] = {
    "=": EQUALS,
    "==": EQUALS,
    "!=": DIFFERS,
    "in": LIST,
    "in~": LIST,
    "like": "write `field: value*`, where `*` is any text",
    "like~": "write `field: value*`, where `*` is any text",
    "regex": "KQL has no regular expressions: write `field: value*`, where `*` is any text",
    "regex~": "KQL has no regular expressions: write `field: value*`, where `*` is any text",
    "&&": "write `and`",
    "||": "write `or`",
}
"""What to write for the operator of another language."""


def guess(token: Token, previous: Token) -> str | None:
    """What to write instead of a token that cannot stand behind the one before; None if nobody can tell."""
    if token.kind is Kind.END:
        return None
    if previous.kind is Kind.UNQUOTED and (found := foreign_operator(previous.text)):
        return found
    if token.text[0] in ",[" or previous.text.endswith("["):
        return LIST
    if token.kind is Kind.KEYWORD:
        return _keyword(token, previous)
    return _symbol(token, previous) if token.kind is Kind.SYMBOL else _literal(token, previous)


def foreign_operator(text: str) -> str | None:
    """The hint for the last operator of another language in words that were taken for a value."""
    words = text.split()
    if "where" in words:
        return "this looks like EQL, which is another language; KQL has no event categories: `event.category: process`"
    return next((OPERATORS[word] for word in reversed(words) if word in OPERATORS), None)


def _keyword(token: Token, previous: Token) -> str:
    if token.text != "not":
        return f"quote the word, or write \\{token.text}, if it is meant as a value"
    second = "a second `not` needs parentheses: `not (not …)`"
    return second if previous.text == "not" else "write `and not` or `or not`"


def _symbol(token: Token, previous: Token) -> str | None:
    last, _, word = previous.text.rpartition(" ")
    is_behind_value = previous.kind in (Kind.QUOTED, Kind.UNQUOTED)
    match token.text:
        case ":" if last and previous.kind is Kind.UNQUOTED:
            return f"is `and` missing before `{word}`? Or quote the value in front of it"
        case ":" if is_behind_value:
            return 'a colon inside of a value is written \\:, or the value quoted: "a:b"'
        case ":" if previous.text == ":" and previous is not token:
            return "one colon is enough: `field: value`"
        case "(" if word.lower() in KEYWORDS:
            return f"`{word}` needs white space behind it"
        case "{":
            return "conditions on the objects of a field are written `field: { … }`"
        case ")" | "}" if is_behind_value:
            return f"this `{token.text}` closes nothing: remove it, or add what opens it"
        case ">" if previous.text == "<":
            return DIFFERS
        case "<" | "<=" | ">" | ">=" if previous.text == ":":
            return f"write `field {token.text} value`, without the colon"
    return None


def _literal(token: Token, previous: Token) -> str:
    first = token.text.partition(" ")[0].lower()
    if first in KEYWORDS:
        return f"`{first}` needs white space around it"
    if token.kind is Kind.QUOTED and previous.kind is Kind.UNQUOTED and " " not in previous.text:
        return f"is a colon missing: `{previous.text}: {token.text}`?"
    return "is `and` or `or` missing in between?"
