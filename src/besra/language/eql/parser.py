"""EQL queries to trees: recursive descent over the grammar of eql.md 1.3, with messages that say what to write instead.

The first syntax error ends the parse. Only parentheses, calls and lists recurse, and `MAX_DEPTH` bounds them; chains of
`not`, signs and operators are loops, and the depth of the tree they make is checked afterwards.
"""

from besra.errors import QuerySyntaxError
from besra.language.eql.expressions import ExpressionParser, guess
from besra.language.eql.lexer import Kind, tokenize
from besra.language.eql.spans import parse_maxspan
from besra.language.eql.tree import EventQuery, Node, Pipe, Query, Sample, Sequence, Term

UNSUPPORTED_FORMS = {"join": "sequence` or `sample", "fork": "sequence"}


def parse_query(text: str) -> Query:
    """The tree of a query. Raises QuerySyntaxError."""
    parser = QueryParser(text)
    body = parser.body()
    pipes = parser.pipes()
    parser.expect_end()
    return Query(body, pipes, text)


def parse_expression(text: str) -> Node:
    """The tree of a bare expression (no category, no `where`). Raises QuerySyntaxError."""
    parser = QueryParser(text)
    node = parser.condition()
    parser.expect_end()
    return node


class QueryParser(ExpressionParser):
    """The part of the grammar around expressions: event queries, sequences, samples and pipes."""

    def __init__(self, text: str) -> None:
        super().__init__(text, tokenize(text))

    def body(self) -> EventQuery | Sequence | Sample:
        """The query without its pipes."""
        if self.at_keyword("sequence"):
            return self._sequence()
        if self.at_keyword("sample"):
            return self._sample()
        if self.token.text in UNSUPPORTED_FORMS and self.peek().text != "where":
            raise self._unsupported_form(self.token.text)
        return self._event()

    def expect_end(self) -> None:
        """Raise unless the whole text was read."""
        if self.token.kind is not Kind.END:
            raise self.unexpected("the end of the query")

    def _unsupported_form(self, word: str) -> QuerySyntaxError:
        return self.unsupported(f"`{word}` is not part of EQL", f"use `{UNSUPPORTED_FORMS[word]}`")

    def _event(self) -> EventQuery:
        start = self.token
        category = self._category()
        if not self.accept_keyword("where"):
            hint = "an event query is `category where condition`, such as `process where true`; `any` takes all events"
            if self.token.text.lower() == "where":
                hint = "keywords are lower case: `where`"
            raise self.unexpected("`where` after the event category", hint)
        condition = self.condition()
        return EventQuery(category, condition, start.span.to(self.previous.span))

    def _category(self) -> str | None:
        token = self.token
        if self.accept_keyword("any"):
            return None
        if token.kind in (Kind.IDENT, Kind.STRING):
            self.advance()
            return str(token.value)
        if self.at_keyword("where") or token.kind is Kind.END:
            raise self.error(
                token.span, "an event category is missing", "start with a category such as `process`, or `any`"
            )
        hint = 'write a name (process) or a double-quoted string ("my-category"), or `any`'
        raise self.error(token.span, f"{token.describe()} cannot be an event category", hint)

    def _sequence(self) -> Sequence:
        start = self.advance()
        by = self._by()
        maxspan = None
        if self.accept_keyword("with"):
            self.expect_keyword("maxspan", "`with maxspan=5m` is the only option of a sequence")
            self.expect_symbol("=")
            maxspan = parse_maxspan(self)
            if self.at_keyword("by"):
                raise self.error(self.token.span, "`by` comes before `with`", "write `sequence by … with maxspan=…`")
        terms = self._terms()
        until = None
        if self.accept_keyword("until"):
            until = self._term()
        return Sequence(by, maxspan, terms, until, start.span.to(self.previous.span))

    def _sample(self) -> Sample:
        start = self.advance()
        by = self._by()
        if self.at_keyword("with"):
            raise self.error(self.token.span, "a sample has no `with` options", "use `sequence` for maxspan")
        terms = self._terms()
        if self.at_keyword("until"):
            raise self.error(self.token.span, "a sample has no `until`", "use `sequence`")
        return Sample(by, terms, start.span.to(self.previous.span))

    def _terms(self) -> tuple[Term, ...]:
        terms = [self._term()]
        while self.at_symbol("[") or self.at_symbol("!["):
            terms.append(self._term())
        if self.token.text == "fork" and self.token.kind is Kind.IDENT:
            raise self._unsupported_form("fork")
        return tuple(terms)

    def _term(self) -> Term:
        start = self.token
        missing = self.accept_symbol("![")
        if not missing and not self.accept_symbol("["):
            raise self.unexpected("an event in brackets", "write `[process where …]`")
        event = self._event()
        if not self.accept_symbol("]"):
            raise self.unexpected("`]` after the condition", guess(self.token, self.previous) or "add the missing `]`")
        by = self._by()
        runs = self._runs() if self.at_keyword("with") else 1
        return Term(event, by, runs, missing, start.span.to(self.previous.span))

    def _runs(self) -> int:
        self.advance()
        if self.token.text == "maxspan":
            hint = "maxspan belongs to the sequence: `sequence by … with maxspan=…`"
            raise self.error(self.token.span, "`maxspan` cannot stand behind an item", hint)
        if self.token.text != "runs":
            raise self.unexpected("`runs`", "write `with runs=3`")
        self.advance()
        self.expect_symbol("=")
        token = self.token
        if token.kind is not Kind.INT:
            raise self.unexpected("a whole number of runs", "write `with runs=3`")
        self.advance()
        if self.at_keyword("by"):
            raise self.error(self.token.span, "`by` comes before `with`", "write `[…] by … with runs=…`")
        return int(token.value)

    def _by(self) -> tuple[Node, ...]:
        if not self.accept_keyword("by"):
            return ()
        keys = [self.value()]
        while self.accept_symbol(","):
            keys.append(self.value())
        return tuple(keys)

    def pipes(self) -> tuple[Pipe, ...]:
        """`| name arguments`, any number of times; names and arguments are judged by the check."""
        found = []
        while self.accept_symbol("|"):
            name = self.token
            if name.kind is not Kind.IDENT:
                raise self.unexpected("the name of a pipe", "the pipes are `head` and `tail`")
            self.advance()
            args: list[Node] = []
            if not self.at_symbol("|") and self.token.kind is not Kind.END:
                args.append(self.condition())
                while self.accept_symbol(","):
                    args.append(self.condition())
            found.append(Pipe(name.text, tuple(args), name.span.to(self.previous.span)))
        return tuple(found)
