"""Rules of several spaces for tests, and what a scan says of one of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import besra
from besra.events.index_name import index_names
from besra.service.rule_book import in_space

Json = dict[str, Any]


def spaced(**sets: besra.RuleSet) -> besra.RuleSet:
    """Rules of spaces, by their ids, as one set as a service has it."""
    rules = tuple(in_space(loaded, space) for space, rules in sets.items() for loaded in rules)
    return replace(next(iter(sets.values())), rules=rules, fingerprint="")


def scanned(rules: besra.RuleSet, space: str, documents: Iterable[Mapping[str, Any]], now: int) -> dict[str, Json]:
    """The alerts a scan of all documents gives where the rules are those of a space and there are no others."""
    hits = [
        {"_index": index_names(document)[0], "_id": str(number), "_source": document}
        for number, document in enumerate(documents)
    ]
    alerts = besra.detect(spaced(**{space: rules}), hits, now=now)
    return {alert["kibana.alert.uuid"]: alert for alert in alerts}


def by_space(alerts: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    """Alerts by their spaces and ids."""
    found: dict[str, dict[str, Json]] = {}
    for id_, alert in alerts.items():
        (space,) = alert["kibana.space_ids"]
        found.setdefault(space, {})[id_] = alert
    return found
