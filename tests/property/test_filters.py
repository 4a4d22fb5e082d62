"""Filters are any JSON: nothing may come of it but a predicate or a problem."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.query_dsl.clauses import FIELD_CLAUSES
from besra.rules.filters import lower_filters
from besra.schema.catalogue import EMPTY

CATALOGUE = EMPTY.with_types(
    {
        "k": "keyword",
        "t": "text",
        "n": "long",
        "ip": "ip",
        "@timestamp": "date",
        "o": "object",
        "o.k": "keyword",
        "b": "boolean",
    }
)
FIELD = st.sampled_from(["k", "t", "n", "ip", "@timestamp", "o", "o.k", "b", "nowhere", "", "*", "k*"])
SCALAR = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(
        ["a", "A b", "10.0.0.0/8", "now-1d", "2026-01-01", "*", "a?\\*", "\\", "k:a", "k:(a OR -b)", "NOT k:*", '"']
    ),
)
NAMES = st.one_of(
    FIELD,
    st.sampled_from(
        [
            *FIELD_CLAUSES,
            *("bool", "nested", "match_all", "constant_score", "must", "must_not", "should", "filter"),
            *("minimum_should_match", "query", "value", "gte", "lt", "format", "time_zone", "operator"),
            *("meta", "negate", "disabled", "params", "relation", "case_insensitive", "default_field"),
            *("type", "field", "path", "slop"),
        ]
    ),
)
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)


def clauses(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Clauses that are nearly right, and whatever else."""
    about_field = st.builds(
        lambda name, field, body: {name: {field: body}}, st.sampled_from([*FIELD_CLAUSES]), FIELD, JSON
    )
    joined = st.builds(
        lambda occurrence, parts, least: {"bool": {occurrence: parts, "minimum_should_match": least}},
        st.sampled_from(["must", "should", "must_not", "filter"]),
        st.lists(inner, max_size=3),
        st.one_of(st.none(), st.integers(-3, 4), st.sampled_from(["50%", "-1", "x"])),
    )
    strings = st.builds(lambda query: {"query_string": {"query": query}}, SCALAR)
    nested = st.builds(lambda clause: {"nested": {"path": "o", "query": clause}}, inner)
    return about_field | joined | strings | nested


CLAUSES = st.recursive(clauses(JSON), clauses, max_leaves=6)
META = st.none() | st.dictionaries(st.sampled_from(["negate", "disabled", "type", "params"]), st.booleans() | JSON)
FILTERS = st.lists(st.builds(lambda meta, clause: {"meta": meta, "query": clause}, META, CLAUSES) | JSON, max_size=3)
DOCUMENTS = st.fixed_dictionaries({}, optional=dict.fromkeys(("k", "t", "n", "ip", "@timestamp", "b"), SCALAR))


@given(FILTERS, DOCUMENTS)
def test_any_json_gives_a_predicate_or_problems(filters: list[Any], document: dict[str, Any]) -> None:
    found = lower_filters(filters, "filters", CATALOGUE)
    assert holds(found.predicate, Fields(document)) in (True, False)
    assert all(problem.at[0] == "filters" for problem in found.problems)
    assert hash(found.predicate) is not None


@given(CLAUSES, DOCUMENTS)
def test_negate_is_the_opposite(clause: Any, document: dict[str, Any]) -> None:
    plain, negated = (
        lower_filters([{"meta": {"negate": negate}, "query": clause}], "filters", CATALOGUE) for negate in (False, True)
    )
    if plain.is_usable:
        assert holds(plain.predicate, Fields(document)) is not holds(negated.predicate, Fields(document))
