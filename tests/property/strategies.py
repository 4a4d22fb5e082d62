"""Hypothesis strategies for EQL trees of every node kind, and for predicates."""

from datetime import timedelta

from hypothesis import strategies as st

from besra.language.eql import tree
from besra.language.eql.lexer import KEYWORDS

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
NAMES = st.sampled_from(["a", "_b", "@timestamp", "runs", "head", "Ä1", "process"])
PARTS = st.one_of(NAMES, st.sampled_from(sorted(KEYWORDS)), st.sampled_from(["1", "a-b", "x y", "``", "a`b", "/", "`"]))
FUNCTIONS = ["length", "concat", "startsWith", "cidrMatch", "substring", "number", "nosuch", "between", "CONCAT"]

LITERALS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(0, 2**63 - 1),
    st.floats(0, allow_nan=False, allow_infinity=False),
    TEXT,
    st.sampled_from(["*", "a*b?", "C:\\", '"', "\u202e", "\n", "10.0.0.0/8", "[a-z]+"]),
).map(tree.Literal)
FIELDS = st.builds(
    lambda parts, optional: tree.Field(".".join(parts), optional),
    st.lists(PARTS, min_size=1, max_size=3),
    st.booleans(),
)


def some(nodes: st.SearchStrategy[tree.Node], least: int = 1) -> st.SearchStrategy[tuple[tree.Node, ...]]:
    return st.lists(nodes, min_size=least, max_size=3).map(tuple)


def _above(nodes: st.SearchStrategy[tree.Node]) -> st.SearchStrategy[tree.Node]:
    patterns = st.lists(LITERALS, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(tree.Call, st.sampled_from(FUNCTIONS), some(nodes, 0), st.booleans()),
        st.builds(tree.Sign, st.sampled_from("+-"), nodes),
        st.builds(tree.Arithmetic, st.sampled_from("+-*/%"), nodes, nodes),
        st.builds(tree.Comparison, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), nodes, nodes),
        st.builds(tree.In, nodes, some(nodes), st.booleans(), st.booleans()),
        st.builds(tree.Like, nodes, st.sampled_from([":", "like", "like~", "regex", "regex~"]), patterns),
        st.builds(tree.Not, nodes),
        st.builds(tree.And, some(nodes, 2)),
        st.builds(tree.Or, some(nodes, 2)),
    )


EXPRESSIONS: st.SearchStrategy[tree.Node] = st.recursive(LITERALS | FIELDS, _above, max_leaves=12)

CATEGORIES = st.one_of(st.none(), NAMES, st.sampled_from(["any", "sequence", "fork", "join", "my-category", ""]), TEXT)
EVENTS = st.builds(tree.EventQuery, CATEGORIES, EXPRESSIONS)
KEYS = st.lists(FIELDS | EXPRESSIONS.filter(lambda node: isinstance(node, tree.Call)), max_size=2).map(tuple)
TERMS = st.builds(tree.Term, EVENTS, KEYS, st.integers(0, 101), st.booleans())
SPANS = st.none() | st.integers(1, 10**9).map(lambda count: timedelta(milliseconds=count))
SEQUENCES = st.builds(tree.Sequence, KEYS, SPANS, st.lists(TERMS, min_size=1, max_size=3).map(tuple), st.none() | TERMS)
SAMPLES = st.builds(tree.Sample, KEYS, st.lists(TERMS, min_size=1, max_size=3).map(tuple))
PIPES = st.builds(
    tree.Pipe, st.sampled_from(["head", "tail", "count", "unique", "hed"]), st.lists(EXPRESSIONS, max_size=2).map(tuple)
)
QUERIES = st.builds(tree.Query, EVENTS | SEQUENCES | SAMPLES, st.lists(PIPES, max_size=2).map(tuple))
