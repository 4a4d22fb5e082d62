"""What an alert tells of the indicators that matched its event: `threat.enrichments` (detection-engine.md 5.4)."""

from collections.abc import Iterator, Mapping
from typing import Any

from besra.detection.match import Indicator, Indicators
from besra.detection.provenance import event_story
from besra.detection.source_document import without_field
from besra.engine.hits import Hit
from besra.events.document import Fields
from besra.language.expr import FieldRef
from besra.language.plan import Plan, ThreatMatch
from besra.language.starred import covers
from besra.schema.fieldtype import Scalar, to_typed

DEFAULT_PATH = "threat.indicator"
"""Where indicators hold what is copied, if a rule does not say."""

ENRICHMENTS = "threat.enrichments"
FEED_NAME = "threat.feed.name"
MATCH_TYPE = "indicator_match_rule"

Document = Mapping[str, Any]


def enriched(event: Hit, indicators: Indicators, plan: Plan, path: str) -> dict[str, Any]:
    """The document of an event with its indicators behind the enrichments it has.

    `path` is where indicators hold what is copied (`threat_indicator_path`). There is one enrichment for every
    indicator and field of the event that it was compared with.
    """
    source = event.event.source
    added = [e for found in indicators.found for e in _enrichments(Fields(source), found, plan, path)]
    enrichments = [*_known(source), *added]
    body = without_field(source, ENRICHMENTS)
    threat = body.get("threat", {})
    if isinstance(threat, Mapping):
        return {**body, "threat": {**threat, "enrichments": enrichments}}
    return {**body, ENRICHMENTS: enrichments}


def indicator_story(indicators: Indicators) -> dict[str, Any]:
    """What stands under `besra`: how many indicators matched, and where those that are told were read."""
    return {
        "total_indicators": indicators.total,
        "indicators": [event_story(indicator.hit) for indicator in indicators.found],
    }


def _known(source: Document) -> list[Any]:
    """The enrichments a document has, one or several, wherever nested and dotted keys hold them."""
    found = [value for rest, value in _parts_at(source, ENRICHMENTS) if not rest and value is not None]
    return [part for value in found for part in (value if isinstance(value, list | tuple) else [value])]


def _enrichments(event: Fields, indicator: Indicator, plan: Plan, path: str) -> Iterator[dict[str, Any]]:
    hit = indicator.hit
    fields = Fields(hit.event.source)
    names = fields.scalars(FEED_NAME)
    for mine, theirs in _compared(indicator, plan):
        yield {
            "indicator": object_at(hit.event.source, path),
            "feed": {"name": names[0]} if names else {},
            "matched": {
                "atomic": _atomic(event, mine, fields, theirs),
                "field": mine.name,
                "id": hit.event.id,
                "index": hit.event.index[0] if hit.event.index else "",
                "type": MATCH_TYPE,
            },
        }


def _compared(indicator: Indicator, plan: Plan) -> list[tuple[FieldRef, FieldRef]]:
    """The fields by which an indicator matched, of the event and its own; each field of the event once."""
    assert isinstance(plan.correlation, ThreatMatch)
    found: dict[FieldRef, FieldRef] = {}
    for number in indicator.groups:
        wanted = plan.correlation.groups[number].wanted
        pairs = zip(plan.clauses[wanted.events].keys, plan.clauses[wanted.indicators].keys, strict=True)
        for mine, theirs in pairs:
            found.setdefault(mine.field, theirs.field)
    return list(found.items())


def _atomic(event: Fields, mine: FieldRef, indicator: Fields, theirs: FieldRef) -> Scalar | None:
    """The first value of the event that is the indicator's, as the event has it."""
    patterns = indicator.values(theirs.name, theirs.type)
    for value in event.scalars(mine.name):
        typed = to_typed(value, mine.type)
        if typed is not None and any(covers(pattern, typed) for pattern in patterns):
            return value
    return None


def object_at(source: Document, path: str) -> dict[str, Any]:
    """The object under a dotted name, put together of what nested and dotted keys hold; of a list the first."""
    found: dict[str, Any] = {}
    for rest, value in _parts_at(source, path):
        first = next(iter(value), None) if not rest and isinstance(value, list | tuple) else value
        part = {rest: value} if rest else first if isinstance(first, Mapping) else {}
        found = {**part, **found}
    return found


def _parts_at(source: Document, path: str) -> Iterator[tuple[str, Any]]:
    """What stands under a dotted name: values, each with what its own name has beyond that."""
    for key, value in source.items():
        if key == path or key.startswith(f"{path}."):
            yield key[len(path) + 1 :], value
        elif path.startswith(f"{key}."):
            for inner in value if isinstance(value, list | tuple) else (value,):
                if isinstance(inner, Mapping):
                    yield from _parts_at(inner, path.removeprefix(f"{key}."))
