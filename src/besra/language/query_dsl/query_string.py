r"""The clause `query_string`, as far as filters use it: Lucene's classic query syntax.

    sequence = item { [ AND | OR | && | || ] item }        one kind of joint in a sequence; none is the default operator
    item     = [ NOT | ! | - ] ( "(" sequence ")" | field ":" value | value )
    value    = word | "phrase" | "(" sequence ")"          a word may hold `*` and `?`; `\` makes a character plain

Lucene mixes AND, OR and NOT in ways nobody expects, so what depends on that is refused and wants parentheses, as are
ranges, regular expressions, fuzziness and boosts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from besra.language.expr import Predicate
from besra.language.glob import Wild, escaped_glob
from besra.language.kuery import tree
from besra.language.kuery.alternatives import any_alternative
from besra.language.kuery.field_tests import value_test
from besra.language.query_dsl.field_clauses import presence
from besra.language.query_dsl.scope import DslScope, Path
from besra.language.simplify import FALSE, all_of, negated

MEMBERS = frozenset(
    {"query", "default_field", "default_operator", "analyze_wildcard", "allow_leading_wildcard", "lenient"}
)
MAX_TOKENS = 1_000
MAX_PARENTHESES = 50


def query_string(scope: DslScope, at: Path, body: Any) -> Predicate:
    """The predicate of a `query_string` clause."""
    held = scope.object_of(at, body, MEMBERS)
    if held is None:
        return FALSE
    text, default = held.get("query"), held.get("default_field")
    operator = str(held.get("default_operator", "or")).upper()
    if not isinstance(text, str) or not text.strip() or operator not in ("AND", "OR"):
        return scope.refuse(at, "`query_string` takes a query, and AND or OR as its default operator")
    try:
        return _Parser(scope, (*at, "query"), list(_tokens(text)), operator).whole(
            default if isinstance(default, str) and default != "*" else None
        )
    except _NotUnderstoodError as error:
        return scope.refuse((*at, "query"), error.message, error.hint)


class _NotUnderstoodError(Exception):
    """What of a query is not read, and what to write."""

    def __init__(self, message: str, hint: str) -> None:
        self.message, self.hint = message, hint
        super().__init__(message)


# --- tokens -----------------------------------------------------------------------------------------------------------

TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
        (?P<open>\() | (?P<close>\))
      | (?P<joint>AND(?=[\s(]|$) | OR(?=[\s(]|$) | && | \|\|)
      | (?P<not>NOT(?=[\s(]) | !(?=\S) | -(?=[^\s\d]))
      | "(?P<phrase>(?:[^"\\]|\\.)*)"
      | (?P<field>(?:[^\s():"\\*?~^<>{}\[\]/!+&|]|\\.)+):
      | (?P<word>(?:[^\s():"\\~^<>{}\[\]/+&|]|\\.)+)
    )""",
    re.VERBOSE | re.DOTALL,
)
JOINTS = {"AND": "AND", "&&": "AND", "OR": "OR", "||": "OR"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> Iterator[_Token]:
    position, count = 0, 0
    while text[position:].strip(" \t\r\n"):
        found = TOKEN.match(text, position)
        if not found or found.lastgroup is None:
            rest = text[position:].strip()
            raise _NotUnderstoodError(f"`{rest[:20]}` is not understood in a query string", SYNTAX)
        count += 1
        if count > MAX_TOKENS:
            raise _NotUnderstoodError(f"a query string of more than {MAX_TOKENS:,} words", "make several filters of it")
        yield _Token(found.lastgroup, found[found.lastgroup])
        position = found.end()


SYNTAX = 'besra knows field:value, field:"phrase", `*` and `?`, AND, OR, NOT and parentheses'
ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _plain(text: str) -> str:
    return ESCAPE.sub(r"\1", text)


# --- sequences --------------------------------------------------------------------------------------------------------


@dataclass
class _Parser:
    """Tokens to a predicate, by recursive descent; `field` is that of the values without one."""

    scope: DslScope
    at: Path
    tokens: list[_Token]
    default: str
    position: int = 0
    depth: int = 0

    def whole(self, field: str | None) -> Predicate:
        found = self.sequence(field)
        if self.kind:
            raise _NotUnderstoodError("a `)` closes nothing", "remove it")
        return found

    @property
    def kind(self) -> str:
        return self.tokens[self.position].kind if self.position < len(self.tokens) else ""

    def take(self) -> _Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def sequence(self, field: str | None) -> Predicate:
        joints: set[str] = set()
        negations: list[bool] = []
        items: list[Predicate] = []
        while True:
            negations.append(self.kind == "not")
            items.append(self.item(field))
            if not self.kind or self.kind == "close":
                break
            joints.add(JOINTS[self.take().text] if self.kind == "joint" else self.default)
        if len(joints) > 1:
            raise _NotUnderstoodError("AND and OR beside each other", "put parentheses around one of them")
        if "OR" not in joints:
            return all_of(items)
        if any(negations):
            raise _NotUnderstoodError("NOT beside OR", "put parentheses around what NOT is about, or write AND NOT")
        return any_alternative(items)

    def item(self, field: str | None) -> Predicate:
        if self.kind == "not":
            self.take()
            if self.kind == "not":
                raise _NotUnderstoodError("NOT behind NOT", "remove both")
            return negated(self.item(field))
        if self.kind == "open":
            return self.group(field)
        if self.kind == "field":
            return self.value(_plain(self.take().text))
        return self.value(field)

    def group(self, field: str | None) -> Predicate:
        self.take()
        self.depth += 1
        if self.depth > MAX_PARENTHESES:
            raise _NotUnderstoodError("parentheses are nested too deeply", "make several filters of it")
        found = self.sequence(field)
        if self.kind != "close":
            raise _NotUnderstoodError("a `(` is not closed", "add a `)`")
        self.take()
        self.depth -= 1
        return found

    def value(self, field: str | None) -> Predicate:
        if self.kind == "open" and field:
            return self.group(field)
        if self.kind not in ("word", "phrase"):
            raise _NotUnderstoodError("a value is missing", SYNTAX)
        if field is None:
            raise _NotUnderstoodError(
                f"`{self.take().text}` names no field", "write field:value; AND, OR, NOT in capitals"
            )
        token = self.take()
        if field == "_exists_":
            field, token = _plain(token.text), _Token("word", "*")
        return self.test(field, token)

    def test(self, field: str, token: _Token) -> Predicate:
        """The value of a token on a field. A word with wildcards is a pattern, `*` alone asks for any value."""
        if token.kind == "phrase":
            return self.ask(field, tree.Text(_plain(token.text), quoted=True))
        glob = escaped_glob(token.text)
        if glob.parts == (Wild.ANY,):
            return presence(self.scope, self.at, field)
        return self.ask(field, tree.Pattern(glob) if glob.literal is None else _constant(glob.literal))

    def ask(self, field: str, value: tree.Value) -> Predicate:
        return self.scope.ask(self.at, lambda inner: value_test(inner, field, value))


def _constant(word: str) -> tree.Value:
    return tree.Constant(word == "true") if word in ("true", "false") else tree.Text(word)
