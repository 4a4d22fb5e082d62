"""One rule as a page to read in a terminal."""

import json
import re
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.rule import Rule as Ruler

from besra.cli.alert_rows import techniques_of
from besra.cli.tables import plain
from besra.rules.loaded import LoadedRule


def rule_text(console: Console, loaded: LoadedRule) -> None:
    """Facts, query, false positives and guide of a rule; its problems if it has some."""
    console.print(Ruler(plain(loaded.name or "?"), align="left"))
    for name, value in facts(loaded):
        console.print(plain(f"{name + ':':14}{value}"))
    for problem in loaded.problems:
        console.print(plain(problem.render()))
    if loaded.rule is None:
        return
    parameters = loaded.rule.parameters
    console.print()
    console.print(plain(str(parameters.get("description", "")).strip()))
    if loaded.rule.query:
        console.print(plain(f"\nQuery ({loaded.rule.query.language})\n"))
        console.print(plain(loaded.rule.query.text.strip("\n")))
    for item in parameters.get("false_positives") or ():
        console.print(plain(f"\nFalse positive: {str(item).strip()}"))
    if parameters.get("note"):
        console.print()
        console.print(Markdown(readable_guide(str(parameters["note"]))))
    console.print()


PLUGIN = re.compile(r"!\{(?:investigate|osquery|insight)(?=\{)")


def readable_guide(note: str) -> str:
    """The guide with its plugins, which are JSON for Kibana (detection-engine.md 6.5), as label and text."""
    parts: list[str] = []
    position = 0
    for found in PLUGIN.finditer(note):
        try:
            plugin, end = json.JSONDecoder().raw_decode(note, found.end())
        except ValueError:
            continue
        parts += [note[position : found.start()], _plugin_text(plugin)]
        position = end + len("}")
    return "".join([*parts, note[position:]])


def _plugin_text(plugin: dict[str, Any]) -> str:
    label, text, query = (str(plugin.get(name, "")) for name in ("label", "description", "query"))
    return ": ".join(part for part in (f"*{label}*", text or (f"`{query}`" if query else "")) if part)


def facts(loaded: LoadedRule) -> list[tuple[str, str]]:
    """The rule's short facts, in the order a reader wants them."""
    rows = [("Rule id", loaded.rule_id or "-"), ("Status", str(loaded.status)), ("Type", loaded.type or "-")]
    rule = loaded.rule
    if rule is not None:
        schedule = rule.schedule
        rows += [
            ("Severity", f"{rule.severity} (risk score {rule.risk_score})"),
            ("Index", ", ".join(rule.index) or "any"),
            ("Schedule", f"every {schedule.interval} over {schedule.start} to {schedule.end}"),
            ("Max alerts", f"{rule.max_signals} an execution"),
            *([("Building block", "yes: its alerts are input for other rules")] if rule.building_block else []),
            ("ATT&CK", ", ".join(techniques_of(rule.parameters.get("threat") or ())) or "-"),
            ("Tags", ", ".join(rule.tags) or "-"),
            ("Version", str(rule.version)),
            ("Licence", str(rule.parameters.get("license", "-"))),
        ]
    return [*rows, ("File", loaded.path or "-")]
