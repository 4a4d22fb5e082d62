"""KQL queries to trees: recursive descent over the grammar of eql.md 8.1, with messages that say what to write instead.

The first syntax error ends the parse. Parentheses and braces recurse, and `MAX_DEPTH` bounds them.
"""

from besra.errors import QuerySyntaxError
from besra.language.kuery.guess import guess
from besra.language.kuery.lexer import Kind, Token, has_wildcard, syntax_error, tokenize
from besra.language.kuery.literals import kuery_glob
from besra.language.kuery.tree import (
    And,
    Constant,
    Name,
    Nested,
    Node,
    Not,
    Or,
    Pattern,
    Query,
    Range,
    Test,
    Text,
    Value,
)
from besra.language.query_text import MAX_DEPTH
from besra.problems import Problem, place_of

CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
VALUES = 'name a value, such as `field: value` or `field: ("a" or "b")`'
CONDITIONS = "write `field: value`"
RANGES = frozenset({"<", "<=", ">", ">="})


def parse_kuery(text: str) -> Query:
    """The tree of a query. Raises QuerySyntaxError."""
    return _Parser(text).query()


class _Parser:
    """Tokens and a position in them. `in_list`: inside the parentheses of a list of values."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokenize(text)
        self._index = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._index]

    @property
    def previous(self) -> Token:
        return self._tokens[max(0, self._index - 1)]

    def advance(self) -> Token:
        token = self.token
        if token.kind is not Kind.END:
            self._index += 1
        return token

    def accept(self, kind: Kind, text: str) -> bool:
        if self.token.kind is kind and self.token.text == text:
            self.advance()
            return True
        return False

    def query(self) -> Query:
        """The whole text."""
        if self.at_end():
            return Query(None, self.text)
        condition = self.either(in_list=False)
        if not self.at_end():
            raise self.unexpected("`and`, `or` or the end of the query", "join conditions by `and` or `or`")
        return Query(condition, self.text)

    def at_end(self) -> bool:
        return self.token.kind is Kind.END

    def either(self, *, in_list: bool) -> Node:
        """Operands of `or`."""
        first = self.both(in_list=in_list)
        operands = [first]
        while self.accept(Kind.KEYWORD, "or"):
            operands.append(self.both(in_list=in_list))
        return first if len(operands) == 1 else Or(tuple(operands), first.span.to(operands[-1].span))

    def both(self, *, in_list: bool) -> Node:
        """Operands of `and`."""
        first = self.negation(in_list=in_list)
        operands = [first]
        while self.accept(Kind.KEYWORD, "and"):
            operands.append(self.negation(in_list=in_list))
        return first if len(operands) == 1 else And(tuple(operands), first.span.to(operands[-1].span))

    def negation(self, *, in_list: bool) -> Node:
        """An operand, with or without `not`."""
        start = self.token
        if not self.accept(Kind.KEYWORD, "not"):
            return self.operand(in_list=in_list)
        operand = self.operand(in_list=in_list)
        return Not(operand, start.span.to(operand.span))

    def operand(self, *, in_list: bool) -> Node:
        """What `and`, `or` and `not` join: something in parentheses, a condition, or in a list a value."""
        if self.token.kind is Kind.SYMBOL and self.token.text == "(":
            return self.enclosed(")", in_list=in_list)
        literal = self.literal("a value" if in_list else "a condition", VALUES if in_list else CONDITIONS)
        if in_list or self.token.kind is not Kind.SYMBOL:
            return _value(literal)
        if self.token.text in RANGES:
            operator = self.advance().text
            value = _value(
                self.literal(f"a value behind `{operator}`", "a range takes one value, such as `field > 10`")
            )
            return Range(_name(literal), operator, value, literal.span.to(value.span))
        if self.accept(Kind.SYMBOL, ":"):
            return self.behind_colon(literal)
        return _value(literal)

    def behind_colon(self, literal: Token) -> Node:
        """`{ conditions }`, `( values )` or a value; `not value` is read too, as the public rules' own parser does."""
        name = _name(literal)
        if self.token.kind is Kind.SYMBOL and self.token.text == "{":
            condition = self.enclosed("}", in_list=False)
            return Nested(name, condition, literal.span.to(self.previous.span))
        value = self.negation(in_list=True)
        return Test(name, value, literal.span.to(self.previous.span))

    def enclosed(self, closing: str, *, in_list: bool) -> Node:
        """What stands between the opening symbol at the position and the closing one."""
        opening = self.advance()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep"
            place = place_of(self.text, opening.span)
            raise QuerySyntaxError(Problem("kql-limit", message, place=place, hint="remove redundant parentheses"))
        node = self.either(in_list=in_list)
        if not self.accept(Kind.SYMBOL, closing):
            wanted = f"`{closing}` for the `{opening.text}` in column {self.column(opening)}"
            if in_list and self.token.text == ":":
                message = f"expected {wanted}, found `:`"
                hint = f"a list holds values: is `{closing}` missing? A colon inside of a value is written \\:"
                raise syntax_error(self.text, self.token.span, message, hint)
            raise self.unexpected(wanted, f"add the missing `{closing}`")
        self._depth -= 1
        return node

    def column(self, token: Token) -> str:
        place = place_of(self.text, token.span)
        here = place_of(self.text, self.token.span)
        return str(place.column) if place.line == here.line else f"{place.column} of line {place.line}"

    def literal(self, wanted: str, hint: str) -> Token:
        """The literal at the position, which moves behind it."""
        if self.token.kind not in (Kind.QUOTED, Kind.UNQUOTED):
            raise self.unexpected(wanted, hint)
        return self.advance()

    def unexpected(self, wanted: str, hint: str) -> QuerySyntaxError:
        """The error for a token that is not the one wanted, with the best guess at what was meant, else the hint."""
        token = self.token
        better = guess(token, self.previous)
        return syntax_error(self.text, token.span, f"expected {wanted}, found {token.describe()}", better or hint)


def _value(token: Token) -> Value:
    parts = token.parts
    if token.kind is Kind.UNQUOTED and has_wildcard(parts):
        return Pattern(kuery_glob(parts), token.span)
    text = "".join(part for part in parts if isinstance(part, str))
    if token.kind is Kind.UNQUOTED and text in CONSTANTS:
        return Constant(CONSTANTS[text], token.span)
    return Text(text, token.kind is Kind.QUOTED, token.span)


def _name(token: Token) -> Name:
    """A field may be called `true`; quotes around a name only protect what is in it."""
    if token.kind is Kind.UNQUOTED and has_wildcard(token.parts):
        return Pattern(kuery_glob(token.parts), token.span)
    return Text("".join(part for part in token.parts if isinstance(part, str)), span=token.span)
