"""KQL trees back to text. The text parses to the same tree, spans aside; quotes stay where the author had them."""

from besra.language.kuery import tree
from besra.language.kuery.literals import quote, unquoted

# How tightly a node binds; an operand that binds less tightly than its place asks for is parenthesised.
OR, AND, NOT, OPERAND = range(4)


def print_kuery(query: tree.Query) -> str:
    """The text of a query."""
    return "" if query.condition is None else _print(query.condition, OR)


def _print(node: tree.Node, wanted: int) -> str:
    text, level = _text_and_level(node)
    return text if level >= wanted else f"({text})"


def _text_and_level(node: tree.Node) -> tuple[str, int]:
    match node:
        case tree.Test():
            return f"{_name(node.name)}: {_print(node.value, OPERAND)}", OPERAND
        case tree.Range():
            return f"{_name(node.name)} {node.operator} {_value(node.value)}", OPERAND
        case tree.Nested():
            return f"{_name(node.name)}: {{ {_print(node.condition, OR)} }}", OPERAND
        case tree.Not():
            return f"not {_print(node.operand, OPERAND)}", NOT
        case tree.And():
            return " and ".join(_print(operand, NOT) for operand in node.operands), AND
        case tree.Or():
            return " or ".join(_print(operand, AND) for operand in node.operands), OR
        case _:
            return _value(node), OPERAND


def _value(value: tree.Value) -> str:
    match value:
        case tree.Text():
            return quote(value.value) if value.quoted else unquoted((value.value,))
        case tree.Constant():
            return {True: "true", False: "false", None: "null"}[value.value]
        case tree.Pattern():
            return unquoted(value.glob.parts)


def _name(name: tree.Name) -> str:
    match name:
        case tree.Text():
            text = unquoted((name.value,))
            # What quotes alone can hold: nothing, or white space at an end.
            return text if text and name.value == name.value.strip() else quote(name.value)
        case tree.Pattern():
            return unquoted(name.glob.parts)
