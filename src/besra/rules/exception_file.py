"""Files of exceptions: lists and items as NDJSON, as Kibana exports them, as a JSON list, or as TOML.

Source: detection-engine.md 1.1, 8.3.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from besra.errors import RuleFileError
from besra.problems import Place, Problem
from besra.rules.document import RuleDocument
from besra.rules.exception_build import parse_exceptions
from besra.rules.exception_list import ExceptionSet
from besra.rules.exception_toml import parse_exception_toml
from besra.rules.ndjson import parse_ndjson
from besra.rules.rule_file import RuleFile, read_files

PATH_HINT = "check the spelling and the current folder"


def read_exceptions(*paths: str | Path) -> ExceptionSet:
    """The exception lists and items of files; rules in them are passed over.

    What cannot be read or used is a problem of the set. Raises `RuleFileError` for a path that does not exist.
    """
    for path in paths:
        if not Path(path).exists():
            raise RuleFileError.of("path-not-found", f"there is no file {path}", path=str(path), hint=PATH_HINT)
    files = read_files(RuleFile(str(path), is_named=True) for path in paths)
    return _set(_read(file.path, data) for file, data in files)


def exceptions_in(text: str, path: str | None = None) -> ExceptionSet:
    """The exception lists and items of a text, JSON or TOML as its first characters tell."""
    return _set([_content(text, path)])


Content = tuple[Sequence[RuleDocument], Sequence[Problem]]
"""The objects of a file, and why others are none."""


def _set(contents: Iterable[Content]) -> ExceptionSet:
    found = list(contents)
    parsed = parse_exceptions(document for documents, _ in found for document in documents)
    problems = [problem for _, problems in found for problem in problems]
    return replace(parsed, problems=(*problems, *parsed.problems))


def _read(path: str, data: bytes | OSError) -> Content:
    if isinstance(data, OSError):
        return (), [Problem("file-unreadable", f"{data.strerror}", place=Place(path))]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text: {error.reason} at byte {error.start}"
        return (), [Problem("file-not-text", message, place=Place(path), hint="save it as UTF-8")]
    return _content(text, path)


def _content(text: str, path: str | None) -> Content:
    if not _is_json(text):
        toml = parse_exception_toml(text, path)
        return toml.documents, toml.problems
    export = parse_ndjson(text, path)
    broken = [problem for rule in export.rules for problem in rule.problems if problem.code == "json-syntax"]
    problems = [*broken, *export.unknown]
    if not export.exceptions and not broken:
        message, hint = "there is no exception list and no item in it", "export the lists that the rules name"
        problems.append(Problem("exception-file-empty", message, place=Place(path), hint=hint))
    return export.exceptions, problems


def _is_json(text: str) -> bool:
    start = text.lstrip("\ufeff \t\r\n")
    # `[[exceptions]]` and `[exceptions]` are TOML; a JSON list goes on with an object, or ends.
    return start.startswith("{") or (start.startswith("[") and start[1:].lstrip()[:1] in ("{", "]", ""))
