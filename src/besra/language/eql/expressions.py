"""The expression part of the EQL grammar (eql.md 1.3), and the token cursor the whole parser stands on."""

from collections.abc import Callable

from besra.errors import QueryError, QuerySyntaxError
from besra.language.eql.lexer import Kind, Token, syntax_error
from besra.language.eql.tree import (
    And,
    Arithmetic,
    Call,
    Comparison,
    Field,
    In,
    Like,
    Literal,
    Node,
    Not,
    Or,
    Sign,
    deeper_than,
)
from besra.language.query_text import MAX_DEPTH
from besra.problems import Problem, Span, place_of

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})
PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2}
PATTERN_OPERATORS = frozenset({":", "like", "like~", "regex", "regex~"})
RELATIONS = frozenset({"descendant", "child", "event"})
CONSTANTS = {"true": True, "false": False, "null": None}
WRONG_CASE = frozenset({"and", "or", "not", "in", "like", "regex", "where", "by", "with", "until"})


class Cursor:
    """Tokens, a position in them, and errors that point at it."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self._tokens = tokens
        self._index = 0

    @property
    def token(self) -> Token:
        """The token at the position."""
        return self._tokens[self._index]

    @property
    def previous(self) -> Token:
        """The token before it."""
        return self._tokens[max(0, self._index - 1)]

    def peek(self) -> Token:
        """The token behind it."""
        return self._tokens[min(self._index + 1, len(self._tokens) - 1)]

    def advance(self) -> Token:
        """Move on; the token passed over."""
        token = self.token
        if token.kind is not Kind.END:
            self._index += 1
        return token

    def at_keyword(self, word: str) -> bool:
        """Whether the position is at this keyword."""
        return self.token.kind is Kind.KEYWORD and self.token.text == word

    def at_symbol(self, symbol: str) -> bool:
        """Whether the position is at this symbol."""
        return self.token.kind is Kind.SYMBOL and self.token.text == symbol

    def accept_keyword(self, word: str) -> bool:
        """Move over the keyword if it is there."""
        if self.at_keyword(word):
            self.advance()
            return True
        return False

    def accept_symbol(self, symbol: str) -> bool:
        """Move over the symbol if it is there."""
        if self.at_symbol(symbol):
            self.advance()
            return True
        return False

    def expect_keyword(self, word: str, hint: str | None = None) -> None:
        """Move over the keyword or raise."""
        if not self.accept_keyword(word):
            raise self.unexpected(f"`{word}`", hint)

    def expect_symbol(self, symbol: str, hint: str | None = None) -> None:
        """Move over the symbol or raise."""
        if not self.accept_symbol(symbol):
            raise self.unexpected(f"`{symbol}`", hint)

    def error(self, span: Span, message: str, hint: str | None = None) -> QuerySyntaxError:
        """A syntax error at a span."""
        return syntax_error(self.text, span, message, hint)

    def unsupported(self, message: str, hint: str | None = None, span: Span | None = None) -> QuerySyntaxError:
        """A construct that exists elsewhere and not here."""
        place = place_of(self.text, span or self.token.span)
        return QuerySyntaxError(Problem("eql-unsupported", message, place=place, hint=hint))

    def unexpected(self, wanted: str, hint: str | None = None) -> QueryError:
        """The error for a token that is not the one wanted, with the best guess at what was meant."""
        token = self.token
        if hint is None:
            hint = guess(token, self.previous)
        return self.error(token.span, f"expected {wanted}, found {token.describe()}", hint)


def guess(token: Token, previous: Token) -> str | None:
    """What the author of an unexpected token probably wanted."""
    word = token.text
    if word == "=":
        return "`=` is not an operator: use == (exact) or : (ignores case, takes wildcards)"
    if token.kind is Kind.IDENT and word.lower() in WRONG_CASE:
        return f"keywords are lower case: `{word.lower()}`"
    if token.kind is Kind.KEYWORD and previous.text == ".":
        return f"`{word}` is a keyword: quote that part of the name with back-ticks"
    if token.kind in (Kind.IDENT, Kind.QUOTED, Kind.STRING) and previous.kind in (Kind.IDENT, Kind.STRING, Kind.QUOTED):
        return "is an operator (`==`, `:`, `and`) missing in between?"
    if token.kind is Kind.FLOAT and word.startswith("."):
        return f"quote a numeric part of a name with back-ticks: .`{word[1:]}`"
    if word in (")", "]"):
        return f"this `{word}` closes nothing: remove it, or add what opens it"
    if word == "-":
        return "quote a name that holds `-` with back-ticks"
    return None


class ExpressionParser(Cursor):
    """`condition` and everything below it."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        super().__init__(text, tokens)
        self._depth = 0

    def condition(self) -> Node:
        """`or` over `and` over negated comparisons."""
        return self._bounded(self._condition)

    def _condition(self) -> Node:
        start = self.token.span
        alternatives: list[Node] = []
        while True:
            factors = [self._negated()]
            while self.accept_keyword("and"):
                factors.append(self._negated())
            span = Span(_start(factors[0]), self.previous.span.end)
            alternatives.append(factors[0] if len(factors) == 1 else And(tuple(factors), span))
            if not self.accept_keyword("or"):
                break
        if len(alternatives) == 1:
            return alternatives[0]
        return Or(tuple(alternatives), start.to(self.previous.span))

    def _negated(self) -> Node:
        starts: list[Span] = []
        while self.at_keyword("not"):
            starts.append(self.advance().span)
        node = self._comparison()
        for start in reversed(starts):
            node = Not(node, start.to(self.previous.span))
        return node

    def _comparison(self) -> Node:
        left = self.arithmetic()
        if self.token.kind is not Kind.SYMBOL or self.token.text not in COMPARISONS:
            self._refuse_common_slips()
            return left
        operator = self.advance().text
        right = self.arithmetic()
        if self.token.kind is Kind.SYMBOL and self.token.text in COMPARISONS:
            hint = "join two comparisons with `and`, or put one into parentheses"
            raise self.error(self.token.span, "comparisons cannot be chained", hint)
        self._refuse_common_slips()
        return Comparison(operator, left, right, Span(_start(left), self.previous.span.end))

    def _refuse_common_slips(self) -> None:
        token = self.token
        if token.text == "=" and token.kind is Kind.SYMBOL:
            raise self.error(
                token.span, "`=` is not an operator", "use == (exact) or : (ignores case, takes wildcards)"
            )
        if token.kind is Kind.IDENT and token.text.lower() in WRONG_CASE:
            raise self.error(
                token.span, f"`{token.text}` is not a keyword", f"keywords are lower case: `{token.text.lower()}`"
            )

    def value(self) -> Node:
        """Sums and what binds tighter, as a join key is read."""
        return self._bounded(self.arithmetic)

    def arithmetic(self, level: int = 1) -> Node:
        """Sums and products by precedence climbing: one stack frame a level of precedence."""
        left = self._signed()
        while self.token.kind is Kind.SYMBOL and PRECEDENCE.get(self.token.text, 0) >= level:
            operator = self.advance().text
            right = self.arithmetic(PRECEDENCE[operator] + 1)
            left = Arithmetic(operator, left, right, Span(_start(left), self.previous.span.end))
        return left

    def _signed(self) -> Node:
        signs: list[Token] = []
        while self.at_symbol("-") or self.at_symbol("+"):
            signs.append(self.advance())
        node = self._predicate(self._primary())
        for sign in reversed(signs):
            node = Sign(sign.text, node, sign.span.to(self.previous.span))
        return node

    def _predicate(self, operand: Node) -> Node:
        """`in`, `:`, `like` and `regex` bind to the primary on their left (eql.md 1.3, point 2)."""
        token = self.token
        if token.kind is Kind.KEYWORD and token.text == "not":
            if self.peek().text in ("in", "in~"):
                self.advance()
                return self._in(operand, negated=True)
            if self.peek().text in PATTERN_OPERATORS:
                word = self.peek().text
                raise self.error(token.span, f"`not` cannot stand before `{word}`", f"write `not x {word} …`")
        if token.kind is Kind.KEYWORD and token.text in ("in", "in~"):
            return self._in(operand, negated=False)
        if token.kind in (Kind.KEYWORD, Kind.SYMBOL) and token.text in PATTERN_OPERATORS:
            return self._patterns(operand)
        return operand

    def _in(self, operand: Node, *, negated: bool) -> Node:
        word = self.advance().text
        self.expect_symbol("(", f"write `{word} (…)`")
        self._enter()
        values = self._list(self.arithmetic)
        self._depth -= 1
        span = Span(_start(operand), self.previous.span.end)
        return In(operand, values, ignore_case=word.endswith("~"), negated=negated, span=span)

    def _patterns(self, operand: Node) -> Node:
        operator = self.advance().text
        if self.accept_symbol("("):
            patterns = self._list(lambda: self._pattern(operator))
        else:
            patterns = (self._pattern(operator),)
        constants = tuple(pattern for pattern in patterns if isinstance(pattern, Literal))
        return Like(operand, operator, constants, Span(_start(operand), self.previous.span.end))

    def _pattern(self, operator: str) -> Node:
        token = self.token
        constant = self._constant()
        if constant is None:
            if self.at_symbol("-") or self.at_symbol("+"):
                hint = "compare numbers with =="
            else:
                hint = "patterns are constants; two fields can only meet as arguments of a function"
            message = f"the right side of `{operator}` must be a string or a list of strings, found {token.describe()}"
            raise self.error(token.span, message, hint)
        return constant

    def _list(self, item: Callable[[], Node]) -> tuple[Node, ...]:
        """Items up to `)`, which is passed over; the `(` already was."""
        items = [item()]
        while self.accept_symbol(","):
            if self.at_symbol(")"):
                raise self.error(self.previous.span, "a list cannot end in a comma", "remove the comma")
            items.append(item())
        if not self.accept_symbol(")"):
            raise self.unexpected("`,` or `)`")
        return tuple(items)

    def _constant(self) -> Literal | None:
        token = self.token
        if token.kind in (Kind.STRING, Kind.INT, Kind.FLOAT):
            self.advance()
            return Literal(token.value, token.span)
        if token.kind is Kind.KEYWORD and token.text in CONSTANTS:
            self.advance()
            return Literal(CONSTANTS[token.text], token.span)
        return None

    def _primary(self) -> Node:
        constant = self._constant()
        if constant is not None:
            return constant
        token = self.token
        if self.at_symbol("("):
            return self._parenthesised()
        if token.kind in (Kind.IDENT, Kind.QUOTED) or self.at_symbol("?"):
            return self._call() if self._at_call() else self._field()
        if token.kind is Kind.KEYWORD and token.text not in ("and", "or", "where", "by"):
            hint = f"`{token.text}` is a keyword; quote a field of that name with back-ticks"
            raise self.unexpected("a value", hint)
        raise self.unexpected("a field, a constant, a function or `(`")

    def _parenthesised(self) -> Node:
        opening = self.advance()
        self._enter()
        node = self._condition()
        self._depth -= 1
        if not self.accept_symbol(")"):
            wanted = f"`)` to close the parenthesis of column {self._column(opening)}"
            raise self.unexpected(wanted, guess(self.token, self.previous) or "add the missing `)`")
        return node

    def _column(self, token: Token) -> str:
        place = place_of(self.text, token.span)
        return f"{place.column} (line {place.line})"

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._too_deep(self.token.span)

    def _bounded(self, parse: Callable[[], Node]) -> Node:
        """A whole expression, refused if its tree is too deep: `not`, signs and operator chains nest without limit."""
        node = parse()
        if deep := deeper_than(node, MAX_DEPTH):
            raise self._too_deep(deep.span)
        return node

    def _too_deep(self, span: Span) -> QuerySyntaxError:
        message = f"the query nests deeper than {MAX_DEPTH} levels"
        hint = "flatten it with `in (…)` or `: (…)`"
        return QuerySyntaxError(Problem("eql-limit", message, place=place_of(self.text, span), hint=hint))

    def _at_call(self) -> bool:
        if self.token.kind is not Kind.IDENT:
            return False
        behind = self.peek()
        if behind.text == "~" and behind.span.start == self.token.span.end:
            return True
        return behind.kind is Kind.SYMBOL and behind.text == "("

    def _call(self) -> Node:
        name = self.advance()
        ignore_case = self.accept_symbol("~")
        self.expect_symbol("(", f"`{name.text}~` is a function: write `{name.text}~(…)`")
        self._enter()
        args = () if self.accept_symbol(")") else self._list(self._condition)
        self._depth -= 1
        return Call(name.text, args, ignore_case, name.span.to(self.previous.span))

    def _field(self) -> Node:
        start = self.token.span
        optional = self.accept_symbol("?")
        parts = [self._field_part()]
        while self.accept_symbol("."):
            parts.append(self._field_part())
        if self.at_symbol("[") and self.peek().kind is Kind.INT:
            raise self.unsupported("array indexes are not supported", "a field with several values matches if any does")
        if self.token.kind is Kind.KEYWORD and self.token.text == "of" and parts[-1] in RELATIONS:
            hint = "use a sequence by process.entity_id / process.parent.entity_id"
            raise self.unsupported(f"`{parts[-1]} of` (process relationships) is not supported", hint, start)
        return Field(".".join(parts), optional, start.to(self.previous.span))

    def _field_part(self) -> str:
        if self.token.kind not in (Kind.IDENT, Kind.QUOTED):
            raise self.unexpected("the name of a field")
        return str(self.advance().value)


def _start(node: Node) -> int:
    return node.span.start
