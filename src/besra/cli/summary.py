"""What a scan says about itself at the end: files, events, speed, memory, rules, skipped records, alerts."""

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from besra.cli.alert_rows import Shown, severity_of
from besra.cli.reading import ScanCounts
from besra.detection.execution import Execution
from besra.events.index_name import LAST_NAME
from besra.rules.loaded import RuleSet
from besra.rules.rule import RuleSeverity, RuleStatus

FEATURES = {
    "query": "KQL query",
    "saved_query": "saved query",
    "threshold": "threshold",
    "new_terms": "new terms",
    "threat_match": "indicator match",
    "esql": "ES|QL",
    "machine_learning": "machine learning",
}


def summary_lines(
    counts: ScanCounts, rules: RuleSet, running: int, executions: Sequence[Execution], shown: Shown
) -> Iterator[str]:
    """The summary, a line a topic."""
    yield read_line(counts)
    yield from source_lines(counts)
    yield f"rules: {running:,} ran of {len(rules):,} loaded{_not_evaluable(rules)}"
    yield from not_used_lines(counts)
    yield alert_line(executions, shown)


def read_line(counts: ScanCounts) -> str:
    """What was read, and how quickly."""
    elapsed = max(time.perf_counter() - counts.started - counts.indicator_seconds, 1e-6)
    memory = f", peak memory {peak}" if (peak := peak_memory()) else ""
    speed = f"{counts.events / elapsed:,.0f} events/s"
    read = f"{counted(counts.files, 'file')}, {counted(counts.events, 'event')}"
    passed = f"; passed over {counted(counts.passed_over, 'event')} of other times" if counts.passed_over else ""
    known = ""
    if counts.indicators is not None:
        known = f"; before that {counted(counts.indicators, 'indicator')} in {counts.indicator_seconds:.1f} s"
    return f"read {read} in {elapsed:.1f} s ({speed}{memory}){passed}{known}"


SOURCES_WIDTH = 90
"""Characters of the line of sources; `besra doctor` names all."""

STREAM = re.compile(r"logs-(.+)-default", re.DOTALL)


def source_lines(counts: ScanCounts) -> Iterator[str]:
    """Which sources the events are from, the most frequent first, and how many are of an unknown shape."""
    known = Counter({STREAM.sub(r"\1", home): count for home, count in counts.homes.items() if home != LAST_NAME})
    if known:
        ranked = sorted(known.items(), key=lambda item: (-item[1], item[0]))
        named = [f"{name} {count:,}" for name, count in ranked]
        ends = accumulate(len(name) + len(", ") for name in named)
        shown = [name for name, end in zip(named, ends, strict=True) if end <= SOURCES_WIDTH] or named[:1]
        more = len(named) - len(shown)
        yield f"sources: {', '.join(shown)}{f' and {more} more' if more else ''}"
    if counts.unknown:
        which = f"{counted(counts.unknown, 'event')} of an unknown shape, first: {counts.first_unknown}"
        yield f"{which} (kept as they are)"


def not_used_lines(counts: ScanCounts) -> Iterator[str]:
    """What was not used, if anything."""
    if counts.skipped or counts.unread or counts.without_time:
        yield "not used: " + ", ".join(_not_used(counts))


def _not_used(counts: ScanCounts) -> Iterator[str]:
    if counts.skipped:
        yield f"{counted(counts.skipped, 'record')} skipped"
    if counts.unread:
        yield f"{counted(len(counts.unread), 'file')} without events"
    if counts.without_time:
        yield f"{counted(counts.without_time, 'event')} without a time (no part in sequences)"


def _not_evaluable(rules: RuleSet) -> str:
    """Why rules cannot run, by reason."""
    unsupported = Counter(str(rule.type) for rule in rules if rule.status is RuleStatus.UNSUPPORTED)
    invalid = sum(rule.status is RuleStatus.INVALID for rule in rules)
    reasons = [f"{FEATURES.get(kind, kind)} {count:,}" for kind, count in unsupported.most_common()]
    if invalid:
        reasons.append(f"invalid {invalid:,}")
    if not reasons:
        return ""
    return f"; not evaluable: {sum(unsupported.values()) + invalid:,} ({', '.join(reasons)})"


def alert_line(executions: Sequence[Execution], shown: Shown) -> str:
    """How many alerts of how many rules, by severity.

    Suppressed matches apart, and the alerts of building block rules, unless they are shown.
    """
    visible = [shown.of(execution.alerts) for execution in executions]
    counts = [(execution, len(alerts)) for execution, alerts in zip(executions, visible, strict=True)]
    by_severity = Counter(severity_of(alert) for alerts in visible for alert in alerts)
    total = sum(by_severity.values())
    everything = Shown(building_blocks=True)
    hidden = [more for execution, count in counts if (more := len(everything.of(execution.alerts)) - count)]
    text = counted(total, "alert")
    if total:
        text += f" of {counted(sum(count > 0 for _, count in counts), 'rule')}"
        parts = [f"{by_severity[s]:,} {s}" for s in reversed(RuleSeverity) if by_severity[s]]
        text += f": {', '.join(parts)}"
    if suppressed := sum(execution.suppressed for execution in executions):
        text += f"; {counted(suppressed, 'match', 'matches')} suppressed"
    if hidden:
        blocks = f"{counted(sum(hidden), 'alert')} of {counted(len(hidden), 'building block rule')}"
        text += f"; {blocks} not shown (--building-blocks)"
    return text


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun: `1 event`, `2,000 events`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def peak_memory() -> str | None:
    """The most memory the process has held, or None where the system does not tell."""
    try:
        import resource  # noqa: PLC0415  not on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return f"{peak / (1 << 20 if sys.platform == 'darwin' else 1 << 10):,.0f} MB"
