"""Index patterns: which indices and data streams a rule reads.

A pattern is matched against whole names, case-sensitively; `*` stands for any run of characters (sources.md 1). Names
that begin with a dot are hidden: only patterns that begin with one reach them. So the backing indices of a data stream
(`.ds-…`) are not what rules name, but the stream is; and alerts are read by rules that name their index.
"""

from collections.abc import Iterable
from functools import lru_cache

from besra.schema.star_pattern import StarPattern


def matches(patterns: Iterable[str], names: Iterable[str]) -> bool:
    """Whether an event that answers to `names` is read by a rule with these index patterns.

    One included name is enough: an event of a Sysmon log is both the Agent's and Winlogbeat's. No pattern at all is no
    restriction, as in a search that names no index.
    """
    terms = split_patterns(tuple(patterns))
    return not terms or any(_includes(terms, name) for name in names)


@lru_cache(maxsize=4096)
def split_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The single patterns of a list whose members may be comma lists; remote cluster prefixes are dropped.

    Events of a file belong to no cluster, so `*:logs-*` and `eu-1:logs-*` read the same as `logs-*`.
    """
    terms = (term.strip() for pattern in patterns for term in pattern.split(","))
    return tuple(_without_cluster(term) for term in terms if term)


def _without_cluster(term: str) -> str:
    exclusion = "-" if term.startswith("-") else ""
    return exclusion + term.removeprefix("-").rpartition(":")[2] if ":" in term else term


@lru_cache(maxsize=65536)
def _includes(terms: tuple[str, ...], name: str) -> bool:
    """Terms apply from left to right, so an exclusion takes away only what stands before it, as in Elasticsearch."""
    included = seen_inclusion = False
    for term in terms:
        if term.startswith("-") and seen_inclusion:
            included = included and not _pattern(term[1:]).covers(name)
        else:
            # A dash in front of the first pattern belongs to the name: there is nothing yet to exclude from.
            seen_inclusion = True
            hidden = name.startswith(".") and not term.startswith(".")
            included = included or (not hidden and _pattern(term).covers(name))
    return included


@lru_cache(maxsize=4096)
def _pattern(term: str) -> StarPattern:
    return StarPattern.of("*" if term == "_all" else term)
