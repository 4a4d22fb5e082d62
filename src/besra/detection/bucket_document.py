"""The alert on a bucket of events: who it is, what it says was counted, and the little it has for a body.

Source: detection-engine.md 5.2 and 2.5. Elastic's id of a bucket contains the time of the run, so the overlap of two
runs alerts twice; here the time of the bucket's first event stands in its place.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from besra.detection.match import Bucket, Match, key_texts
from besra.engine.hits import Key
from besra.events.normalise.nested_document import put
from besra.language.plan import Plan, Threshold
from besra.schema.fieldtype import FieldType, to_typed
from besra.schema.timestamp import format_timestamp, parse_timestamp

NAMESPACE = UUID("0684ec03-7201-4ee0-8ee0-3a3f6b2479b2")
"""That of Elastic's ids of buckets."""

PLAIN = frozenset({FieldType.LONG, FieldType.DOUBLE, FieldType.BOOLEAN})
"""Types whose values stand for themselves in a document."""


def bucket_id(plan: Plan, match: Match, bucket: Bucket, rule_uuid: str) -> str:
    """The id that stands for the events of a bucket.

    It changes with the rule's identity, the fields and values grouped by, and the time of the bucket's first event, and
    with nothing else: not with later events, nor with others of the first one's time.
    """
    first = None if bucket.first is None else format_timestamp(bucket.first)
    return str(uuid5(NAMESPACE, json.dumps([rule_uuid, first, sorted(key_texts(plan, match))])))


def bucket_body(plan: Plan, match: Match) -> dict[str, Any]:
    """The values grouped by, nested as in ECS: numbers and booleans as such, all others as text."""
    body: dict[str, Any] = {}
    for join, value, (name, text) in zip(plan.clauses[0].keys, match.key, key_texts(plan, match), strict=True):
        put(body, name, value if join.field.type in PLAIN else text)
    return body


def threshold_result(plan: Plan, match: Match, bucket: Bucket) -> dict[str, Any]:
    """What was counted (`kibana.alert.threshold_result`). Values are texts, as the field is mapped."""
    assert isinstance(plan.correlation, Threshold)
    terms = [{"field": name, "value": text} for name, text in key_texts(plan, match)]
    distinct = [
        {"field": plan.clauses[part.clause].keys[0].field.name, "value": number}
        for part, number in zip(plan.correlation.cardinality, bucket.cardinality, strict=True)
    ]
    return {
        "count": bucket.count,
        **({} if bucket.first is None else {"from": format_timestamp(bucket.first)}),
        "terms": terms,
        **({"cardinality": distinct} if distinct else {}),
    }


def bucket_told(plan: Plan, result: Mapping[str, Any]) -> tuple[Key, int | None] | None:
    """The key of a bucket and the time of its first event, by what an alert says of it (`threshold_result`).

    None if the alert is by other fields than the plan.
    """
    fields = [join.field for join in plan.clauses[0].keys]
    texts = {term["field"]: term["value"] for term in result["terms"]}
    if [*texts] != [field.name for field in fields]:
        return None
    key = tuple(to_typed(texts[field.name], field.type) for field in fields)
    return key, parse_timestamp(result["from"]) if "from" in result else None
