"""The parameters of a search, from its body and from its address: each is used, known to change nothing, or refused."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from besra.service.search_error import SearchError, malformed, not_supported

WITHOUT_EFFECT = frozenset(
    {
        "allow_partial_search_results",
        "allow_partial_sequence_results",
        "analyze_wildcard",
        "batched_reduce_size",
        "ccs_minimize_roundtrips",
        "error_trace",
        "filter_path",
        "human",
        "ignore_throttled",
        "lenient",
        "max_concurrent_shard_requests",
        "pre_filter_shard_size",
        "preference",
        "pretty",
        "request_cache",
        "search_type",
        "track_scores",
        "typed_keys",
    }
)
"""What changes how Elasticsearch goes about it, and nothing about a whole answer."""

REFUSED = frozenset(
    {
        "aggregations",
        "aggs",
        "collapse",
        "docvalue_fields",
        "explain",
        "ext",
        "highlight",
        "indices_boost",
        "keep_on_completion",
        "knn",
        "min_score",
        "pit",
        "post_filter",
        "profile",
        "project_routing",
        "rank",
        "rescore",
        "rest_total_hits_as_int",
        "retriever",
        "routing",
        "runtime_mappings",
        "script_fields",
        "scroll",
        "seq_no_primary_term",
        "slice",
        "stats",
        "stored_fields",
        "suggest",
        "terminate_after",
        "version",
    }
)
"""What Elasticsearch knows and besra does not. Where it is empty or false nothing is asked for."""

LONGEST_QUERY = 1 << 16
"""Characters of a query in KQL or EQL that is searched with; those of rules may be longer."""

NOTHING = (None, False, "false", "", 0)
DURATION = re.compile(r"(\d{1,9})(ms|s|m|h)")
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def check_query(text: str) -> str:
    """A query that is no longer than it may be. Raises SearchError."""
    if len(text) > LONGEST_QUERY:
        raise malformed(f"a query of a search has {LONGEST_QUERY:,} characters at most")
    return text


class Params:
    """What was given. Every `take` uses a parameter up; `finish` refuses what nobody took. All raise SearchError."""

    def __init__(self, body: object, address: Mapping[str, str]) -> None:
        if not isinstance(body, dict):
            raise malformed("the body is no JSON object")
        self._body: dict[str, Any] = dict(body)
        self._address = dict(address)

    def take(self, name: str, default: Any = None) -> Any:
        """A parameter, that of the address if both have it; `default` if neither does, or it is null."""
        held = self._body.pop(name, None)
        given = self._address.pop(name, None)
        value = held if given is None else given
        return default if value is None else value

    def text(self, name: str, default: str | None = None) -> str | None:
        """A text."""
        value = self.take(name, default)
        if value is not None and (not isinstance(value, str) or not value):
            raise malformed(f"`{name}` is a text")
        return value if isinstance(value, str) else None

    def number(self, name: str, default: int, least: int = 0) -> int:
        """A whole number."""
        value = self.take(name, default)
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise malformed(f"`{name}` is a number, {least} or more")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """True or false; a bare name in an address is true."""
        value = self.take(name, default)
        known = {"true": True, "": True, "false": False}
        if isinstance(value, str) and value in known:
            return known[value]
        if not isinstance(value, bool):
            raise malformed(f"`{name}` is true or false")
        return value

    def seconds(self, name: str) -> float | None:
        """A duration such as `500ms`."""
        value = self.take(name)
        if value is None:
            return None
        found = DURATION.fullmatch(value) if isinstance(value, str) else None
        if not found:
            raise malformed(f"`{name}` is a duration such as 5s or 500ms")
        return int(found[1]) * SECONDS[found[2]]

    def names(self, name: str) -> tuple[str, ...] | None:
        """Names, as a list or one text with commas between them."""
        value = self.take(name)
        if value is None:
            return None
        listed = value.split(",") if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(item, str) and item for item in listed):
            raise malformed(f"`{name}` is a list of names")
        return tuple(listed)

    def finish(self) -> None:
        """Refuse what is left."""
        for name, value in [*self._body.items(), *self._address.items()]:
            if name in WITHOUT_EFFECT or (name in REFUSED and _is_nothing(value)):
                continue
            if name in REFUSED:
                raise not_supported(f"`{name}`", "leave it out")
            raise _unknown(name)


def _is_nothing(value: object) -> bool:
    return value in NOTHING or (isinstance(value, Mapping | Sequence) and not value)


def _unknown(name: str) -> SearchError:
    return malformed(f"unknown parameter [{name}]")
