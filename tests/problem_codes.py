"""The problem codes the library can emit, found in its syntax trees.

A code enters through a parameter called `code`: of `Problem` itself, of `InputError.of`, or of a function that hands
it on to one of those. So: find the functions that hand a `code` on, then look at what every call of one passes. A code
that is no literal, and cannot be traced to one in its function, is listed as unresolved rather than overlooked.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "besra"
SEEDS = {"Problem": 0, "of": 0}
"""`Problem(code, …)` and `InputError.of(code, …)`: the position of the code among the arguments of a call."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Codes:
    """Literal codes, and `file:line` of the calls whose code could not be told."""

    found: frozenset[str]
    unresolved: tuple[str, ...]


def codes_in(root: Path = SOURCE) -> Codes:
    """The codes of all modules below a folder."""
    trees = {path: ast.parse(path.read_text("utf-8")) for path in sorted(root.rglob("*.py"))}
    makers = _makers(list(trees.values()))
    found: set[str] = set()
    unresolved: list[str] = []
    for path, tree in trees.items():
        for function, call in _calls(tree):
            name = _called(call)
            if name not in makers:
                continue
            texts = _texts(_argument(call, makers[name]), function)
            if texts is None:
                unresolved.append(f"{path.relative_to(root)}:{call.lineno}")
            else:
                found |= texts
    found |= _defaults(trees.values(), makers)
    return Codes(frozenset(found), tuple(unresolved))


def _makers(trees: list[ast.Module]) -> dict[str, set[int | None]]:
    """Functions by name, with the positions their code may stand at (None: by keyword only). Grows to a fixed point."""
    makers: dict[str, set[int | None]] = {name: {position} for name, position in SEEDS.items()}
    functions = [function for tree in trees for function in _functions(tree)]
    while True:
        before = {name: set(positions) for name, positions in makers.items()}
        for function in functions:
            if _hands_on_code(function, makers):
                makers.setdefault(function.name, set()).add(_position_of_code(function))
        if makers == before:
            return makers


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _position_of_code(function: Function) -> int | None:
    names = [argument.arg for argument in function.args.args]
    if "code" not in names:
        return None
    return names.index("code") - (names[0] in ("self", "cls"))


def _hands_on_code(function: Function, makers: dict[str, set[int | None]]) -> bool:
    arguments = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call) and _called(node) in makers)
    return "code" in arguments and any(
        isinstance(value, ast.Name) and value.id == "code"
        for call in calls
        for value in [_argument(call, makers[_called(call)])]
    )


def _calls(tree: ast.Module) -> Iterator[tuple[Function | None, ast.Call]]:
    """Every call with the innermost function around it."""
    stack: list[tuple[Function | None, ast.AST]] = [(None, tree)]
    while stack:
        function, node = stack.pop()
        if isinstance(node, ast.Call):
            yield function, node
        inner = node if isinstance(node, Function) else function
        stack += [(inner, child) for child in ast.iter_child_nodes(node)]


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(value=ast.Name(id=owner), attr="of") if not owner.endswith("Error"):
            return ""  # the `of` of some other class
        case ast.Attribute(value=ast.Attribute(), attr="of"):
            return ""  # the `of` of a value
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _argument(call: ast.Call, positions: set[int | None]) -> ast.expr | None:
    """What a call passes as `code`; None if it passes nothing there."""
    for keyword in call.keywords:
        if keyword.arg == "code":
            return keyword.value
    given = [call.args[p] for p in positions if p is not None and p < len(call.args)]
    return given[0] if given else None


def _texts(value: ast.expr | None, function: Function | None) -> set[str] | None:
    """The codes an argument may be; empty if it was handed in or noted before, None if that cannot be told."""
    match value:
        case None:
            return set()
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=first, orelse=second):
            texts = [_texts(first, function), _texts(second, function)]
            return None if None in texts else {text for found in texts if found for text in found}
        case ast.Name(id=name) if function is not None:
            return _assigned(name, function)
        case _:
            return None


def _assigned(name: str, function: Function) -> set[str] | None:
    """The literals a local name may hold. A parameter's come from the callers, a loop's from problems noted before."""
    arguments = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    texts: set[str] = set()
    known = name in arguments
    for node in ast.walk(function):
        if isinstance(node, ast.For | ast.comprehension):
            known |= any(isinstance(target, ast.Name) and target.id == name for target in ast.walk(node.target))
        if not isinstance(node, ast.Assign):
            continue
        for target, value in _pairs(node):
            if isinstance(target, ast.Name) and target.id == name:
                if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
                    return None
                texts.add(value.value)
    return texts if texts or known else None


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=True)
        else:
            yield target, node.value


def _defaults(trees: Iterable[ast.Module], makers: dict[str, set[int | None]]) -> set[str]:
    """The codes functions fall back on: `code: str = "eql-semantic"`."""
    found: set[str] = set()
    for tree in trees:
        for function in _functions(tree):
            if function.name not in makers:
                continue
            named = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
            texts = [d.value for a, d in named if a.arg == "code" and isinstance(d, ast.Constant)]
            found |= {text for text in texts if isinstance(text, str)}
    return found
