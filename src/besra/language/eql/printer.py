"""EQL trees back to text. The text parses to the same tree (spans aside); layout is one item a line."""

import re

from besra.language.eql import tree
from besra.language.eql.lexer import KEYWORDS
from besra.language.eql.spans import format_span
from besra.language.eql.strings import quote

PLAIN_PART = re.compile(r"(?:[^\W\d]|@)\w*")

# How tightly a node binds; an operand that binds less tightly than its place asks for is parenthesised.
OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, PREDICATE, PRIMARY = range(9)
LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT}


def print_query(query: tree.Query) -> str:
    """The text of a query."""
    match query.body:
        case tree.EventQuery():
            text = _event(query.body)
        case tree.Sequence():
            text = _sequence(query.body)
        case tree.Sample():
            text = "\n".join([f"sample{_by(query.body.by)}", *(f"  {_term(term)}" for term in query.body.terms)])
    return "\n".join([text, *(_pipe(pipe) for pipe in query.pipes)])


def print_expression(node: tree.Node) -> str:
    """The text of an expression."""
    return _print(node, OR)


def _event(event: tree.EventQuery) -> str:
    return f"{_category(event.category)} where {_print(event.condition, OR)}"


def _category(category: str | None) -> str:
    if category is None:
        return "any"
    return category if _is_plain(category) else quote(category)


def _sequence(sequence: tree.Sequence) -> str:
    span = f" with maxspan={format_span(sequence.maxspan)}" if sequence.maxspan else ""
    lines = [f"sequence{_by(sequence.by)}{span}", *(f"  {_term(term)}" for term in sequence.terms)]
    if sequence.until:
        lines.append(f"until {_term(sequence.until)}")
    return "\n".join(lines)


def _term(term: tree.Term) -> str:
    runs = f" with runs={term.runs}" if term.runs != 1 else ""
    return f"{'!' if term.missing else ''}[{_event(term.event)}]{_by(term.by)}{runs}"


def _by(keys: tuple[tree.Node, ...]) -> str:
    return f" by {', '.join(_print(key, SUM) for key in keys)}" if keys else ""


def _pipe(pipe: tree.Pipe) -> str:
    return f"| {pipe.name} {', '.join(_print(arg, OR) for arg in pipe.args)}".rstrip()


def _print(node: tree.Node, wanted: int) -> str:
    text, level = _text_and_level(node)
    return text if level >= wanted else f"({text})"


def _text_and_level(node: tree.Node) -> tuple[str, int]:
    match node:
        case tree.Literal():
            return _literal(node.value), PRIMARY
        case tree.Field():
            return ("?" if node.optional else "") + _path(node.name), PRIMARY
        case tree.Call():
            args = ", ".join(_print(arg, OR) for arg in node.args)
            return f"{node.function}{'~' if node.ignore_case else ''}({args})", PRIMARY
        case tree.Sign():
            return f"{node.operator}{_print(node.operand, SIGN)}", SIGN
        case tree.Arithmetic():
            level = LEVELS[node.operator]
            return f"{_print(node.left, level)} {node.operator} {_print(node.right, level + 1)}", level
        case tree.Comparison():
            return f"{_print(node.left, SUM)} {node.operator} {_print(node.right, SUM)}", COMPARISON
        case tree.In():
            word = f"{'not ' if node.negated else ''}in{'~' if node.ignore_case else ''}"
            values = ", ".join(_print(value, SUM) for value in node.values)
            return f"{_print(node.operand, PRIMARY)} {word} ({values})", PREDICATE
        case tree.Like():
            patterns = ", ".join(_literal(pattern.value) for pattern in node.patterns)
            shown = patterns if len(node.patterns) == 1 else f"({patterns})"
            return f"{_print(node.operand, PRIMARY)} {node.operator} {shown}", PREDICATE
        case tree.Not():
            return f"not {_print(node.operand, NOT)}", NOT
        case tree.And():
            return " and ".join(_print(operand, NOT) for operand in node.operands), AND
        case tree.Or():
            return " or ".join(_print(operand, AND) for operand in node.operands), OR


def _literal(value: str | int | float | bool | None) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quote(value)
        case _:
            return repr(value)


def _is_plain(part: str) -> bool:
    return bool(PLAIN_PART.fullmatch(part)) and part not in KEYWORDS


def _path(name: str) -> str:
    parts = name.split(".")
    if not all(parts):  # `a..b` can only be one quoted part
        return _quoted(name)
    return ".".join(part if _is_plain(part) else _quoted(part) for part in parts)


def _quoted(part: str) -> str:
    return "`" + part.replace("`", "``") + "`"
