"""Which tactics and techniques of ATT&CK there are rules for, and which of these rules run.

As a list, and as a layer of the ATT&CK Navigator. Source: detection-engine.md 1.4, 10.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from besra.rules.rule import RuleStatus
from besra.service.rule_book import Entry

LAYER_VERSION = "4.5"
"""Of the Navigator's file format."""
MOST_NAMED = 20
"""Rules named in a comment of a layer."""
SHADE = "#66b1ff"


class CoverageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which rules."""

    running: Annotated[bool, Meta(description="only rules that run")] = False


class CoveringRule(Struct, frozen=True):
    """A rule, and whether it runs: `running`, switched `off`, or `unsupported` or `invalid`."""

    rule_id: str
    name: str
    state: Literal["running", "off", "unsupported", "invalid"]


class CoveredTechnique(Struct, frozen=True):
    """A technique or sub-technique below a tactic, with the rules that name it."""

    id: str
    name: str
    running: int
    rules: tuple[CoveringRule, ...]


class CoveredTactic(Struct, frozen=True):
    """A tactic: `rules` counts those that name it, with or without a technique."""

    id: str
    name: str
    framework: str
    rules: int
    running: int
    techniques: tuple[CoveredTechnique, ...]


class RuleCounts(Struct, frozen=True):
    """How many rules there are, by whether they run; `untagged` name no tactic."""

    total: int
    running: int
    off: int
    unsupported: int
    invalid: int
    untagged: int


class Coverage(Struct, frozen=True):
    """What rules are for."""

    rules: RuleCounts
    tactics: tuple[CoveredTactic, ...]


@dataclass(frozen=True, slots=True)
class _Named:
    """A tactic a rule names, and a technique below it, if it names one."""

    framework: str
    tactic: tuple[str, str]
    technique: tuple[str, str] | None


def coverage(entries: Iterable[Entry], *, only_running: bool = False) -> Coverage:
    """The coverage by some rules. Pure."""
    rules = [(covering(entry), entry) for entry in entries]
    counts = {state: sum(rule.state == state for rule, _ in rules) for state in ("running", "off")}
    cannot = {state: sum(rule.state == state for rule, _ in rules) for state in ("unsupported", "invalid")}
    shown = [(rule, list(_named(entry.parameters))) for rule, entry in rules]
    untagged = sum(not named for _, named in shown)
    if only_running:
        shown = [(rule, named) for rule, named in shown if rule.state == "running"]
    return Coverage(RuleCounts(len(rules), **counts, **cannot, untagged=untagged), tuple(_tactics(shown)))


def covering(entry: Entry) -> CoveringRule:
    """A rule, as it is told."""
    state: Literal["running", "off", "unsupported", "invalid"]
    match entry.loaded.status:
        case RuleStatus.READY:
            state = "running" if entry.is_enabled else "off"
        case RuleStatus.UNSUPPORTED:
            state = "unsupported"
        case RuleStatus.INVALID:
            state = "invalid"
    return CoveringRule(entry.rule_id, entry.name, state)


def _named(parameters: Mapping[str, Any]) -> Iterator[_Named]:
    """What a rule names; whatever has another form is passed over."""
    for threat in _objects(parameters.get("threat")):
        tactic = _words(threat.get("tactic"))
        if tactic is None:
            continue
        framework = str(threat.get("framework") or "MITRE ATT&CK")
        yield _Named(framework, tactic, None)
        for technique in _objects(threat.get("technique")):
            for one in (technique, *_objects(technique.get("subtechnique"))):
                if words := _words(one):
                    yield _Named(framework, tactic, words)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, Sequence) else []


def _words(value: Any) -> tuple[str, str] | None:
    """The id and the name of a tactic or technique."""
    if not isinstance(value, Mapping) or not isinstance(value.get("id"), str):
        return None
    return value["id"], str(value.get("name") or value["id"])


def _tactics(shown: Sequence[tuple[CoveringRule, list[_Named]]]) -> Iterator[CoveredTactic]:
    tactics: dict[tuple[str, str], dict[str, CoveringRule]] = {}
    techniques: dict[tuple[str, str], dict[str, dict[str, CoveringRule]]] = {}
    names: dict[str, str] = {}
    for rule, named in shown:
        for one in named:
            key = one.framework, one.tactic[0]
            names.setdefault(one.tactic[0], one.tactic[1])
            tactics.setdefault(key, {})[rule.rule_id] = rule
            if one.technique is not None:
                names.setdefault(*one.technique)
                techniques.setdefault(key, {}).setdefault(one.technique[0], {})[rule.rule_id] = rule
    for key in sorted(tactics):
        framework, id_ = key
        rules = tactics[key].values()
        below = tuple(
            CoveredTechnique(name, names[name], _running(held.values()), tuple(held.values()))
            for name, held in sorted(techniques.get(key, {}).items())
        )
        yield CoveredTactic(id_, names[id_], framework, len(rules), _running(rules), below)


def _running(rules: Iterable[CoveringRule]) -> int:
    return sum(rule.state == "running" for rule in rules)


def navigator_layer(found: Coverage) -> dict[str, Any]:
    """The coverage as a layer: a score for each technique of each tactic, the rules that run and name it."""
    cells = [(tactic, technique) for tactic in found.tactics for technique in tactic.techniques]
    most = max((technique.running for _, technique in cells), default=0)
    return {
        "name": "besra",
        "versions": {"layer": LAYER_VERSION},
        "domain": "enterprise-attack",
        "description": f"{found.rules.running:,} of {found.rules.total:,} rules run",
        "techniques": [
            {
                "techniqueID": technique.id,
                "tactic": re.sub(r"\W+", "-", tactic.name.lower()),
                "score": technique.running,
                "comment": _comment(technique.rules),
                "enabled": True,
                "showSubtechniques": False,
            }
            for tactic, technique in cells
            if tactic.framework == "MITRE ATT&CK"
        ],
        "gradient": {"colors": ["#ffffff", SHADE], "minValue": 0, "maxValue": max(most, 1)},
    }


def _comment(rules: Sequence[CoveringRule]) -> str:
    told = [rule.name if rule.state == "running" else f"{rule.name} ({rule.state})" for rule in rules[:MOST_NAMED]]
    more = len(rules) - MOST_NAMED
    return "\n".join([*told, f"and {more:,} more"] if more > 0 else told)
