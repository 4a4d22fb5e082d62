"""The indices a search names: patterns, exclusions, what happens where there are none; and which of them are alerts."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from besra.events.index_name import alert_index, names_of_index
from besra.schema.indexpattern import matches, split_patterns
from besra.service.search_error import malformed, no_such_index, not_supported
from besra.service.search_params import Params
from besra.storage.event_rows import Snapshot

ALERT_NAMES = (".alerts-", ".internal.alerts-", ".siem-signals")
STATES = frozenset({"open", "closed", "hidden", "all"})
EVERY = ("_all", "*", "")


@dataclass(frozen=True, slots=True)
class Indices:
    """Patterns in their order, none being all; whether those are passed over that name nothing.

    With `needs_one`, of indices that are named without wildcards one at least has to exist.
    """

    patterns: tuple[str, ...]
    ignores_unavailable: bool
    allows_none: bool
    needs_one: bool = False

    @property
    def are_alerts(self) -> bool:
        """Whether they are those of alerts. Raises SearchError for alerts and events together."""
        included = [pattern for pattern in self.patterns if not pattern.startswith("-")]
        alerts = [pattern for pattern in included if pattern.startswith(ALERT_NAMES)]
        if alerts and len(alerts) < len(included):
            raise not_supported("a search of alerts and events together", "search them one after the other")
        return bool(alerts)

    def check(self, snapshot: Snapshot) -> None:
        """Raises SearchError where an index that is named does not exist, and that matters."""
        # Behind a wildcard a dash excludes; in front of all others it is part of a name.
        named = [pattern for place, pattern in enumerate(self.patterns) if not (place and pattern.startswith("-"))]
        single = [name for name in named if "*" not in name and name not in EVERY]
        missing = [name for name in single if not snapshot.has_index(name)]
        if missing and not self.ignores_unavailable:
            raise no_such_index(missing[0])
        if self.allows_none and not (self.needs_one and len(single) == len(named)):
            return
        if not (snapshot.has_index("*") if not named else any(map(snapshot.has_index, named))):
            raise no_such_index(",".join(self.patterns))

    def check_alerts(self, spaces: Iterable[str]) -> None:
        """The same of alerts, of which there is an index in each of some spaces."""
        known = {name for space in spaces for name in names_of_index(alert_index(space))}
        for name in self.patterns:
            is_missing = not name.startswith("-") and "*" not in name and name not in known
            if is_missing and not self.ignores_unavailable:
                raise no_such_index(name)

    def spaces_among(self, spaces: Iterable[str]) -> list[str]:
        """Those of some spaces whose alerts are among them."""
        return [space for space in spaces if matches(self.patterns, names_of_index(alert_index(space)))]


def indices_of(path: str | None, params: Params, *, is_eql: bool = False) -> Indices:
    """The indices of an address. Raises SearchError.

    An EQL search passes over those that do not exist unless it is told otherwise, as Elasticsearch does.
    """
    patterns = split_patterns((unquote(path),)) if path else ()
    for pattern in patterns:
        if pattern.startswith("<"):
            raise not_supported(f"date math in the name of an index ({pattern})", "write the name")
    states = params.names("expand_wildcards") or ()
    if set(states) - STATES:
        raise not_supported(f"`expand_wildcards` of {','.join(states)}", "leave it out")
    if not patterns and path:
        raise malformed("no index is named")
    return Indices(
        patterns if not set(patterns) & set(EVERY) or len(patterns) > 1 else ("*",),
        params.flag("ignore_unavailable", is_eql),
        params.flag("allow_no_indices", True),
        is_eql,
    )
