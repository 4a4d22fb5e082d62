"""Load rules from files and folders, and say of each whether besra can run it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from besra.errors import RuleFileError
from besra.problems import Place, Problem, Severity
from besra.rules.build import derived_problem
from besra.rules.bundled import bundled_texts
from besra.rules.document import ParsedRule, failed
from besra.rules.ndjson import Json, parse_ndjson
from besra.rules.planner import plan_rule
from besra.rules.rule import Rule, RuleStatus
from besra.rules.toml import parse_toml

SUFFIXES = (".toml", ".ndjson", ".json")
BUNDLED = "bundled"
DEPRECATED = "_deprecated"


@dataclass(frozen=True)
class LoadedRule:
    """A rule of a file, with what stands in its way. `rule` is None if it is invalid, `plan` unless it is ready.

    `rule_id`, `name` and `type` are as written, so that an invalid rule can be named too; None where it says nothing.
    """

    rule: Rule | None
    rule_id: str | None
    name: str | None
    type: str | None
    status: RuleStatus
    problems: tuple[Problem, ...] = ()
    path: str | None = None
    plan: Any = None


@dataclass(frozen=True)
class RuleSet:
    """The rules of some files, in the order of their paths; each rule id once.

    `file_problems` are those of files rather than rules. `deprecated` counts the rules left out because their authors
    retired them, `superseded` those of which another copy counts. Exception lists, their items and connectors are as
    exports hold them.
    """

    rules: tuple[LoadedRule, ...] = ()
    file_problems: tuple[Problem, ...] = ()
    deprecated: int = 0
    superseded: int = 0
    exception_lists: tuple[Json, ...] = ()
    exception_items: tuple[Json, ...] = ()
    connectors: tuple[Json, ...] = ()

    def __iter__(self) -> Iterator[LoadedRule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be used and why: the problems of all rules, and those of files."""
        return (*(problem for rule in self.rules for problem in rule.problems), *self.file_problems)

    @property
    def ready(self) -> tuple[LoadedRule, ...]:
        """The rules that can run."""
        return tuple(rule for rule in self.rules if rule.status is RuleStatus.READY)

    def get(self, rule_id: str) -> LoadedRule | None:
        """The valid rule of that id."""
        return self._by_id.get(rule_id)

    @cached_property
    def _by_id(self) -> dict[str, LoadedRule]:
        return {loaded.rule.rule_id: loaded for loaded in self.rules if loaded.rule}


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file to read. `is_named`: the user gave this very path, so what it holds is meant to be rules."""

    path: str
    is_named: bool
    is_deprecated: bool = False


def load_rules(*paths: str | Path) -> RuleSet:
    """The rules of files (`.toml`, `.ndjson`, `.json`) and of folders with all folders in them.

    `bundled` as a path means the rules shipped with besra, and so does no path at all. A file that cannot be used is a
    problem of the set, and the others are loaded. Of several rules with one id a user's file wins over a bundled one,
    then the first in the order of paths. Raises `RuleFileError` for a path that does not exist.
    """
    contents = [_read(file) for file in rule_files(*paths)]
    if not paths or BUNDLED in map(str, paths):
        contents += [_Content((parse_toml(text, path),)) for path, text in bundled_texts()]
    return _rule_set(contents)


def rule_files(*paths: str | Path) -> list[RuleFile]:
    """The files `load_rules` reads, by path and each once, without the bundled ones. Raises as it does."""
    files = [file for path in map(str, paths) if path != BUNDLED for file in _files(path)]
    unique: dict[Path, RuleFile] = {}
    for file in sorted(files, key=lambda file: (not file.is_named, file.path)):
        unique.setdefault(Path(file.path).resolve(), file)
    return sorted(unique.values(), key=lambda file: file.path)


@dataclass(frozen=True, slots=True)
class _Content:
    """What one file held."""

    rules: tuple[ParsedRule, ...] = ()
    problems: tuple[Problem, ...] = ()
    deprecated: int = 0
    exception_lists: tuple[Json, ...] = ()
    exception_items: tuple[Json, ...] = ()
    connectors: tuple[Json, ...] = ()


def _files(path: str) -> Iterator[RuleFile]:
    root = Path(path)
    if not root.exists():
        message, hint = f"there is no file or folder {path}", f"{BUNDLED} names the rules that come with besra"
        raise RuleFileError.of("path-not-found", message, path=path, hint=hint)
    if root.is_file():
        yield RuleFile(path, is_named=True)
        return
    for file in sorted(root.rglob("*")):
        inner = file.relative_to(root).parts
        if file.suffix in SUFFIXES and file.is_file() and not any(part.startswith(".") for part in inner):
            yield RuleFile(str(file), is_named=False, is_deprecated=DEPRECATED in inner)


def _read(file: RuleFile) -> _Content:
    try:
        text = Path(file.path).read_bytes().decode("utf-8")
    except OSError as error:
        return _Content(problems=(Problem("file-unreadable", f"{error.strerror}", place=Place(file.path)),))
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
    if not file.is_named and any(problem.code == "rule-not-a-rule" for problem in parsed.problems):
        return _Content(problems=(_no_rules(file.path, "there is no [rule] table in it"),))
    return _Content((parsed,))


def _read_json(file: RuleFile, text: str) -> _Content:
    export = parse_ndjson(text, file.path)
    problems = export.unknown
    if not (export.rules or export.exception_lists or export.exception_items or export.summary):
        problem = _no_rules(file.path, f"{len(problems)} other objects" if problems else "it is empty")
        # A folder may hold other files beside its rules; a file named as one of rules should hold some.
        problems = (replace(problem, severity=Severity.ERROR) if file.is_named else problem,)
    return _Content(
        rules=export.rules,
        problems=problems,
        exception_lists=export.exception_lists,
        exception_items=export.exception_items,
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
    return RuleSet(
        rules=tuple(rules),
        file_problems=tuple(problem for content in contents for problem in content.problems),
        deprecated=sum(content.deprecated for content in contents),
        superseded=sum(map(len, duplicates.values())),
        exception_lists=tuple(item for content in contents for item in content.exception_lists),
        exception_items=tuple(item for content in contents for item in content.exception_items),
        connectors=tuple(item for content in contents for item in content.connectors),
    )


def _invalid(parsed: ParsedRule) -> LoadedRule:
    path = next((problem.place.path for problem in parsed.problems), None)
    texts = (parsed.text("rule_id"), parsed.text("name"), parsed.text("type"))
    return LoadedRule(None, *texts, RuleStatus.INVALID, parsed.problems, path)


def _planned(rule: Rule, parsed: ParsedRule, others: Sequence[ParsedRule]) -> LoadedRule:
    planned = plan_rule(rule)
    problems = [*parsed.problems, *(_duplicate(parsed, other) for other in others)]
    problems += [derived_problem(problem, parsed.document) for problem in planned.problems]
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
