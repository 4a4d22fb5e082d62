"""Exceptions from files applied to loaded rules: the files of items, and those of the value lists that items name."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from besra.problems import Place, Problem, Severity
from besra.rules.exception_list import ExceptionSet
from besra.rules.loaded import Excepted, RuleSet

if TYPE_CHECKING:
    from besra.rules.exception_filter import ListName, ValueLists
    from besra.rules.value_list import ValueList

    KeptLists = Callable[[frozenset[ListName]], ValueLists]


@dataclass(frozen=True, slots=True)
class ExceptionFiles:
    """The files a user passes beside the rules: those of items, and of value lists with the ids items name them by."""

    exceptions: tuple[str, ...] = ()
    value_lists: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, exceptions: Iterable[str | Path], value_lists: Iterable[tuple[str, str | Path]]) -> "ExceptionFiles":
        """From paths."""
        return cls(tuple(map(str, exceptions)), tuple((name, str(path)) for name, path in value_lists))


NO_FILES = ExceptionFiles()


def load_exceptions(
    rules: RuleSet, files: ExceptionFiles = NO_FILES, *, now: int | None, kept: "KeptLists | None" = None
) -> Excepted:
    """The rules with their exceptions applied (`excepted.with_exceptions`).

    `kept` gives the value lists there are beside those of files, of the names that exceptions have for lists.
    Raises `RuleFileError` and `InputError` for files that cannot be read. What cannot be used of them is a problem of
    the set.
    """
    if not (files.exceptions or files.value_lists or rules.has_exceptions):
        return Excepted(rules)
    # Parsers and lowering take a tenth of a second to import, which rules without exceptions do without.
    from besra.rules.excepted import with_exceptions  # noqa: PLC0415
    from besra.rules.exception_file import read_exceptions  # noqa: PLC0415
    from besra.rules.exception_filter import value_lists_of  # noqa: PLC0415

    given = read_exceptions(*files.exceptions) if files.exceptions else ExceptionSet()
    wanted = value_lists_of([*given.items, *rules.exceptions.items]) if files.value_lists or kept else frozenset()
    value_lists, problems = _value_lists(files, wanted)
    if kept:
        value_lists = {**kept(wanted), **value_lists}
    found = with_exceptions(rules, given, value_lists, now=now)
    if not problems:
        return found
    return replace(found, rules=replace(found.rules, file_problems=(*found.rules.file_problems, *problems)))


def _value_lists(files: ExceptionFiles, wanted: "frozenset[ListName]") -> "tuple[ValueLists, list[Problem]]":
    """The lists of the files, each as the types that entries take it for."""
    from besra.rules.value_import import import_value_list  # noqa: PLC0415
    from besra.rules.value_list import ValueListType  # noqa: PLC0415

    found: dict[ListName, ValueList] = {}
    problems: list[Problem] = []
    for list_id, path in files.value_lists:
        types = sorted(kind for name, kind in wanted if name == list_id and kind in list(ValueListType))
        if not types:
            problems.append(_unused(list_id, path))
        for kind in types:
            read = import_value_list(path, kind, list_id)
            found.setdefault((list_id, kind), read.list)
            problems += read.problems
    return found, problems


def _unused(list_id: str, path: str) -> Problem:
    hint = "an entry names a list by its id, by default the name of its file; for another write --value-list ID=FILE"
    message = f"no exception names the value list {list_id}"
    return Problem("value-list-unused", message, Severity.WARNING, Place(path), hint)
