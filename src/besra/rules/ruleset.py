"""Load rules from files and folders, and say of each whether besra can run it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from besra.problems import Place, Problem, Severity
from besra.rules.build import derived_problem
from besra.rules.document import ParsedRule, RuleDocument, failed
from besra.rules.exception_build import parse_exceptions
from besra.rules.exception_toml import parse_exception_toml
from besra.rules.loaded import LoadedRule, RuleSet
from besra.rules.ndjson import Json, exception_items, exception_lists, parse_ndjson
from besra.rules.planner import plan_rule
from besra.rules.rule import Rule, RuleStatus
from besra.rules.rule_file import SUFFIXES, RuleFile, RuleFileContent, read_files, rule_files
from besra.rules.shipped import packs_in, shipped_texts
from besra.rules.toml import parse_toml

__all__ = ["LoadedRule", "RuleSet", "load_files", "load_rules", "loaded_rule"]


def load_rules(*paths: str | Path) -> RuleSet:
    """The rules of files (`.toml`, `.ndjson`, `.json`) and of folders with all folders in them.

    `bundled` as a path means the rules that come with besra, and so does no path at all; `examples` those that show how
    rules are written. A file that cannot be used is a
    problem of the set, and the others are loaded. Of several rules with one id a user's file wins over a bundled one,
    then the first in the order of paths. Raises `RuleFileError` for a path that does not exist.
    """
    return load_files(read_files(rule_files(*paths)), packs=packs_in(paths))


def load_files(files: Iterable[RuleFileContent], *, packs: Iterable[str] = ()) -> RuleSet:
    """As `load_rules`, of files that have been read and packs that come with besra."""
    contents = [_read(file, content) for file, content in files]
    contents += [_Content((parse_toml(text, path),)) for pack in packs for path, text in shipped_texts(pack)]
    return _rule_set(contents)


@dataclass(frozen=True, slots=True)
class _Content:
    """What one file held."""

    rules: tuple[ParsedRule, ...] = ()
    problems: tuple[Problem, ...] = ()
    deprecated: int = 0
    exceptions: tuple[RuleDocument, ...] = ()
    connectors: tuple[Json, ...] = ()


def _read(file: RuleFile, data: bytes | OSError) -> _Content:
    if isinstance(data, OSError):
        return _Content(problems=(Problem("file-unreadable", f"{data.strerror}", place=Place(file.path)),))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text: {error.reason} at byte {error.start}"
        return _Content((failed(Problem("file-not-text", message, place=Place(file.path))),))
    content = _read_json(file, text) if _is_json(file.path, text) else _read_toml(file, text)
    if file.is_named:
        return content
    kept = tuple(parsed for parsed in content.rules if not (file.is_deprecated or _is_deprecated(parsed)))
    return replace(content, rules=kept, deprecated=len(content.rules) - len(kept))


def _is_json(path: str, text: str) -> bool:
    suffix = Path(path).suffix
    return suffix != ".toml" if suffix in SUFFIXES else text.lstrip("\ufeff \t\r\n").startswith("{")


def _is_deprecated(parsed: ParsedRule) -> bool:
    return parsed.document.metadata.get("maturity") == "deprecated"


def _read_toml(file: RuleFile, text: str) -> _Content:
    parsed = parse_toml(text, file.path)
    if not any(problem.code == "rule-not-a-rule" for problem in parsed.problems):
        return _Content((parsed,))
    other = parse_exception_toml(text, file.path)
    if other.is_meant:
        return _Content(problems=other.problems, exceptions=other.documents, connectors=other.connectors)
    if file.is_named:
        return _Content((parsed,))
    return _Content(problems=(_no_rules(file.path, "there is no [rule] table in it"),))


def _read_json(file: RuleFile, text: str) -> _Content:
    export = parse_ndjson(text, file.path)
    problems = export.unknown
    if not (export.rules or export.exceptions or export.connectors or export.summary):
        problem = _no_rules(file.path, f"{len(problems)} other objects" if problems else "it is empty")
        # A folder may hold other files beside its rules; a file named as one of rules should hold some.
        problems = (replace(problem, severity=Severity.ERROR) if file.is_named else problem,)
    return _Content(
        rules=export.rules,
        problems=problems,
        exceptions=export.exceptions,
        connectors=export.connectors,
    )


def _no_rules(path: str, why: str) -> Problem:
    return Problem("rule-file-skipped", f"no rules found: {why}", Severity.WARNING, Place(path))


def _rule_set(contents: Sequence[_Content]) -> RuleSet:
    parsed = [rule for content in contents for rule in content.rules]
    counted: dict[str, ParsedRule] = {}
    duplicates: dict[str, list[ParsedRule]] = {}
    for item in parsed:
        if item.rule and counted.setdefault(item.rule.rule_id, item) is not item:
            duplicates.setdefault(item.rule.rule_id, []).append(item)
    rules = []
    for item in parsed:
        if not item.rule:
            rules.append(_invalid(item))
        elif counted[item.rule.rule_id] is item:
            rules.append(_planned(item.rule, item, duplicates.get(item.rule.rule_id, [])))
    documents = [document for content in contents for document in content.exceptions]
    exceptions = parse_exceptions(documents)
    problems = [problem for content in contents for problem in content.problems]
    return RuleSet(
        rules=tuple(rules),
        file_problems=(*problems, *exceptions.problems),
        deprecated=sum(content.deprecated for content in contents),
        superseded=sum(map(len, duplicates.values())),
        exceptions=exceptions,
        exception_lists=exception_lists(documents),
        exception_items=exception_items(documents),
        connectors=tuple(item for content in contents for item in content.connectors),
    )


def loaded_rule(parsed: ParsedRule) -> LoadedRule:
    """One rule by itself, with whether besra can run it."""
    return _planned(parsed.rule, parsed, ()) if parsed.rule else _invalid(parsed)


def _invalid(parsed: ParsedRule) -> LoadedRule:
    path = next((problem.place.path for problem in parsed.problems), None)
    texts = (parsed.text("rule_id"), parsed.text("name"), parsed.text("type"))
    return LoadedRule(None, *texts, RuleStatus.INVALID, parsed.problems, path)


def _planned(rule: Rule, parsed: ParsedRule, others: Sequence[ParsedRule]) -> LoadedRule:
    planned = plan_rule(rule)
    problems = [*parsed.problems, *(_duplicate(parsed, other) for other in others)]
    problems += [derived_problem(problem, parsed.document) for problem in planned.problems]
    problems += [found.problem.at(parsed.document.locations.place(found.at)) for found in planned.field_problems]
    status = RuleStatus(planned.status)
    return LoadedRule(rule, rule.rule_id, rule.name, rule.type, status, tuple(problems), rule.path, planned.plan)


def _duplicate(counts: ParsedRule, other: ParsedRule) -> Problem:
    here = counts.document.locations.place(("rule_id",))
    there = other.document.locations.place(("rule_id",))
    versions = [item.document.parameters.get("version") for item in (counts, other)]
    shown = [f"version {version}" if version else "no version stated" for version in versions]
    message = (
        f"rule id {counts.text('rule_id')} is also in {there}; {here.path} counts ({shown[0]}),"
        f" the other is not used ({shown[1]})"
    )
    hint = "give one of them another rule_id, or leave one file out"
    return Problem("rule-duplicate", message, Severity.WARNING, here, hint)
