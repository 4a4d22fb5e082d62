"""What `besra doctor` says of events: what was read, sources, hosts, rules, clocks. As a value, and as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from besra.cli.reading import ScanCounts
from besra.detection.readiness import Evidence, Readiness, RulesOnEvidence, rules_on
from besra.events.inventory import Inventory, SourceFound, Span
from besra.problems import Problem
from besra.rules.loaded import RuleSet
from besra.schema.timestamp import format_timestamp


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """The findings. `by_source` has what rules can do with the events of each source alone, in the same order."""

    counts: ScanCounts
    rules: RuleSet
    sources: tuple[SourceFound, ...]
    hosts: tuple[tuple[str | None, Span], ...]
    together: RulesOnEvidence
    by_source: tuple[RulesOnEvidence, ...]
    clocks: tuple[Problem, ...]

    @classmethod
    def of(
        cls,
        inventory: Inventory,
        counts: ScanCounts,
        rules: RuleSet,
        clocks: tuple[Problem, ...],
        *,
        match_index: bool = True,
    ) -> "EvidenceReport":
        """The findings on what has been read. Hosts come with the most events first."""
        sources = inventory.sources()
        alone = tuple(rules_on(Evidence(source.kinds, match_index=match_index), rules.runnable) for source in sources)
        everything = Evidence((kind for source in sources for kind in source.kinds), match_index=match_index)
        hosts = sorted(inventory.hosts.items(), key=lambda item: (-item[1].events, item[0] or ""))
        return cls(counts, rules, sources, tuple(hosts), rules_on(everything, rules.runnable), alone, clocks)


def as_json(report: EvidenceReport) -> dict[str, Any]:
    """The report as `--format json` writes it (docs/cli.md)."""
    return {
        "read": _read(report.counts),
        "sources": [
            {
                "index": source.home,
                "names": list(dict.fromkeys(name for kind in source.kinds for name in kind.names)),
                "events": source.events,
                "kinds": len(source.kinds),
                "rules": on_it.counts[Readiness.READY],
                "fields": sorted(source.fields),
            }
            for source, on_it in zip(report.sources, report.by_source, strict=True)
        ],
        "hosts": [
            {"host": host, "events": span.events, "first": _time(span.first), "last": _time(span.last)}
            for host, span in report.hosts
        ],
        "rules": _rules(report),
        "clocks": [_problem(problem) for problem in report.clocks],
    }


def _read(counts: ScanCounts) -> Mapping[str, Any]:
    first = counts.first_unknown
    return {
        "files": counts.files,
        "events": counts.events,
        "skipped_records": counts.skipped,
        "without_time": counts.without_time,
        "files_without_events": list(counts.unread),
        "unknown_shape": {"events": counts.unknown, "first": None if first is None else str(first)},
    }


def _rules(report: EvidenceReport) -> Mapping[str, Any]:
    counts = report.together.counts
    return {
        "loaded": len(report.rules),
        "ready": len(report.rules.ready),
        "can_run": counts[Readiness.READY],
        "lacking": {key: counts[lack] for lack, key in LACKING.items()},
        "missing_fields": [{"field": field.name, "rules": field.rules} for field in report.together.missing],
        "cannot_run": [
            {
                "rule_id": rule.rule_id,
                "name": rule.name,
                "lacks": LACKING[verdict.readiness],
                "fields": sorted(verdict.missing),
            }
            for rule, verdict in report.together.verdicts
            if verdict.readiness is not Readiness.READY
        ],
    }


LACKING = {
    Readiness.INDEX: "index",
    Readiness.KIND: "kind_of_event",
    Readiness.FIELD: "one_field",
    Readiness.FIELDS: "several_fields",
}


def _problem(problem: Problem) -> Mapping[str, Any]:
    return {"code": problem.code, "message": problem.message, "place": str(problem.place), "hint": problem.hint}


def _time(nanos: int | None) -> str | None:
    return None if nanos is None else format_timestamp(nanos)
