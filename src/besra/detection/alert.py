"""Matches to alert documents: alerts on one event or on a bucket, and the shell and building blocks of sequences.

Fields and ids are those of detection-engine.md 3 and 2.5. What the original lacks stands beside them under `besra`
(`detection.provenance`).
"""

from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from besra.detection.alert_id import Ancestor, block_ids, new_term_id, shell_id, single_id
from besra.detection.bucket_document import bucket_body, bucket_id, threshold_result
from besra.detection.enrichment import DEFAULT_PATH, enriched, indicator_story
from besra.detection.match import Bucket, Indicators, Match, NewTerm, key_texts
from besra.detection.provenance import counted_events, newness, provenance, story
from besra.detection.reason import reason_text
from besra.detection.rule_copy import rule_fields, rule_uuid
from besra.detection.run import RunInfo
from besra.detection.source_document import clean, common_fields, originals, without_field
from besra.engine.hits import Hit
from besra.events.document import Fields
from besra.language.plan import Plan, Sample, Sequence
from besra.rules.rule import Rule
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import Scalar
from besra.schema.timestamp import format_timestamp
from besra.version import __version__

Alert = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """Whose alerts are built: a rule, its plan and the run. What all its alerts share is made once."""

    rule: Rule
    plan: Plan
    run: RunInfo

    @cached_property
    def rule_uuid(self) -> str:
        """The identity of the rule inside alert ids."""
        return rule_uuid(self.rule)

    @cached_property
    def created(self) -> str:
        """When the alerts are created, as text."""
        return format_timestamp(self.run.started)

    @cached_property
    def rule_fields(self) -> dict[str, Any]:
        """The copy of the rule."""
        return rule_fields(self.rule, self.run)


def prepare_alerts() -> None:
    """Load what building the first alert would load: worth it where there is time to spare, and before forking."""
    catalogue = bundled_catalogue()
    _ = catalogue.strict, catalogue.objects


def build_alerts(source: Source, match: Match) -> list[Alert]:
    """The alerts of a match: one for an event or bucket; else the building blocks in order and then the shell.

    None at all if an event of the match descends from an alert of the same rule: a rule never feeds itself.
    """
    if feeds_itself(source, match):
        return []
    if isinstance(source.plan.correlation, Sequence | Sample):
        return _group(source, match)
    alert = _alone(source, match)
    if source.rule.building_block:
        alert["kibana.alert.building_block_type"] = "default"
    return [alert]


def feeds_itself(source: Source, match: Match) -> bool:
    """Whether an event of the match descends from an alert of the rule: then it is no match of its."""
    return any(_comes_from(hit, source.rule_uuid) for hit in match.present)


def _alone(source: Source, match: Match) -> Alert:
    hit = match.present[0]
    match match.finding:
        case Bucket() as bucket:
            return _on_bucket(source, match, bucket)
        case NewTerm() as new:
            return _on_new_term(source, match, new)
        case Indicators() as indicators:
            return _on_indicators(source, hit, indicators)
        case _:
            ancestors = _ancestors(hit)
            return _on_event(source, hit, ancestors, single_id(ancestors[-1], source.rule_uuid, source.rule.space))


def _on_event(source: Source, hit: Hit, ancestors: Items[Ancestor], alert_id: str) -> Alert:
    cleaned = clean(hit.event.source, bundled_catalogue())
    alert = _alert_of_event(source, cleaned.body, _alert_fields(source, alert_id, ancestors, hit.time))
    alert["besra"] = provenance(hit, cleaned.removed)
    return alert


def _on_new_term(source: Source, match: Match, new: NewTerm) -> Alert:
    """The alert on the first event of a term (detection-engine.md 5.3)."""
    hit = match.present[0]
    ancestors, terms = _ancestors(hit), [str(text) for _, text in key_texts(source.plan, match)]
    alert_id = new_term_id(ancestors[-1], source.rule_uuid, source.rule.space, terms)
    alert = _on_event(source, hit, ancestors, alert_id)
    alert["kibana.alert.new_terms"] = terms
    alert["besra"] |= newness(new, source.run)
    return alert


def _on_indicators(source: Source, hit: Hit, indicators: Indicators) -> Alert:
    """The alert on an event that indicators match (detection-engine.md 5.4)."""
    ancestors = _ancestors(hit)
    path = source.rule.parameters.get("threat_indicator_path") or DEFAULT_PATH
    told = replace(hit, event=replace(hit.event, source=enriched(hit, indicators, source.plan, path)))
    alert = _on_event(source, told, ancestors, single_id(ancestors[-1], source.rule_uuid, source.rule.space))
    alert["besra"] |= indicator_story(indicators)
    return alert


def _on_bucket(source: Source, match: Match, bucket: Bucket) -> Alert:
    """The alert on a bucket, whose one ancestor stands for all its events (detection-engine.md 5.2)."""
    ancestor = Ancestor(bucket_id(source.plan, match, bucket, source.rule_uuid), "")
    alert_id = single_id(ancestor, source.rule_uuid, source.rule.space)
    shown = replace(ancestor, index=",".join(source.rule.index))
    body = clean(bucket_body(source.plan, match), bundled_catalogue()).body
    alert = _alert_of_event(source, body, _alert_fields(source, alert_id, [shown], bucket.last))
    alert["kibana.alert.threshold_result"] = threshold_result(source.plan, match, bucket)
    alert["besra"] = counted_events(match, bucket)
    return alert


def _group(source: Source, match: Match) -> list[Alert]:
    """Blocks and shell (detection-engine.md 3.5)."""
    hits = match.present
    lineage = [_ancestors(hit) for hit in hits]
    ids = block_ids(lineage, source.rule_uuid)
    cleaned = [clean(hit.event.source, bundled_catalogue()) for hit in hits]
    blocks = [
        _alert_of_event(source, document.body, _alert_fields(source, alert_id, mine, hit.time))
        for document, alert_id, mine, hit in zip(cleaned, ids, lineage, hits, strict=True)
    ]
    ancestors = [
        ancestor
        for mine, alert_id in zip(lineage, ids, strict=True)
        for ancestor in (*mine, Ancestor(alert_id, "", "signal", mine[-1].depth + 1, source.rule_uuid))
    ]
    group_id = shell_id(ancestors, source.rule_uuid)
    first = min((hit.time for hit in hits if hit.time is not None), default=None)
    shell = _shell(source, blocks, _alert_fields(source, group_id, ancestors, first))
    shell["besra"] = story(source.plan, match)
    for index, (block, hit, document) in enumerate(zip(blocks, hits, cleaned, strict=True)):
        block["kibana.alert.building_block_type"] = "default"
        block["kibana.alert.group.id"] = group_id
        block["kibana.alert.group.index"] = index
        block["besra"] = provenance(hit, document.removed)
    return [*blocks, shell]


def _shell(source: Source, blocks: Items[Alert], fields: Mapping[str, Any]) -> Alert:
    shared = {key: value for key, value in common_fields(blocks).items() if not key.startswith("kibana.alert.")}
    shell = {**shared, **fields, "kibana.alert.group.id": fields["kibana.alert.uuid"]}
    shell["kibana.alert.reason"] = reason_text(shell, source.rule.name, source.rule.severity)
    if source.rule.building_block:
        shell["kibana.alert.building_block_type"] = "default"
    return shell


def _alert_of_event(source: Source, event: Mapping[str, Any], fields: Mapping[str, Any]) -> Alert:
    """An alert whose body is a cleaned event."""
    body = without_field(event, "event.kind")
    alert = {**without_field(body, "@timestamp"), **fields, **originals(event)}
    alert["kibana.alert.reason"] = reason_text(body, source.rule.name, source.rule.severity)
    return alert


def _alert_fields(source: Source, alert_id: str, ancestors: Items[Ancestor], original_time: int | None) -> Alert:
    """What every alert carries, whatever it came from (detection-engine.md 3.2)."""
    rule, created, copied = source.rule, source.created, source.rule_fields
    intended = source.run.intended
    return {
        "@timestamp": created,
        "event.kind": "signal",
        "kibana.version": __version__,
        "kibana.space_ids": [source.rule.space],
        "kibana.alert.uuid": alert_id,
        "kibana.alert.status": "active",
        "kibana.alert.workflow_status": "open",
        "kibana.alert.workflow_tags": [],
        "kibana.alert.workflow_assignee_ids": [],
        "kibana.alert.start": created,
        "kibana.alert.last_detected": created,
        "kibana.alert.intended_timestamp": created if intended is None else format_timestamp(intended),
        **({} if original_time is None else {"kibana.alert.original_time": format_timestamp(original_time)}),
        "kibana.alert.severity": str(rule.severity),
        "kibana.alert.risk_score": rule.risk_score,
        "kibana.alert.depth": 1 + max(ancestor.depth for ancestor in ancestors),
        "kibana.alert.ancestors": [ancestor.to_dict() for ancestor in ancestors],
        **copied,
        # Whoever changes one alert should not change another.
        "kibana.alert.rule.indices": [*copied["kibana.alert.rule.indices"]],
        "kibana.alert.rule.parameters": {**copied["kibana.alert.rule.parameters"]},
    }


def _ancestors(hit: Hit) -> list[Ancestor]:
    """The event's own ancestors, then the event; an event that is an alert has some."""
    event = hit.event
    own = [_recorded(ancestor) for ancestor in _recorded_ancestors(hit)]
    index = event.index[0] if event.index else ""
    fields = Fields(event.source)
    if not fields.scalars("kibana.alert.uuid"):
        return [*own, Ancestor(event.id, index)]
    depth, rule = _first(fields, "kibana.alert.depth"), _first(fields, "kibana.alert.rule.uuid")
    return [*own, Ancestor(event.id, index, "signal", _depth(depth) or 1, None if rule is None else str(rule))]


def _recorded_ancestors(hit: Hit) -> list[Mapping[str, Any]]:
    recorded = hit.event.source.get("kibana.alert.ancestors")
    return [a for a in recorded if isinstance(a, Mapping)] if isinstance(recorded, list) else []


def _recorded(ancestor: Mapping[str, Any]) -> Ancestor:
    identity, index, kind = (str(ancestor.get(name, "")) for name in ("id", "index", "type"))
    return Ancestor(identity, index, kind, _depth(ancestor.get("depth")), ancestor.get("rule"))


def _depth(value: object) -> int:
    return value if isinstance(value, int) else 0


def _first(fields: Fields, name: str) -> Scalar | None:
    return next(iter(fields.scalars(name)), None)


def _comes_from(hit: Hit, uuid: str) -> bool:
    fields = Fields(hit.event.source)
    return uuid in (*fields.scalars("kibana.alert.ancestors.rule"), *fields.scalars("kibana.alert.rule.uuid"))
