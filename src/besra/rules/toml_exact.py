"""What TOML cannot hold of a value from JSON: null. A table `[besra]` of the same file says where the nulls were.

`null` lists their paths, names and list positions from the top: `null = [["throttle"], ["meta", "seen", 0]]`. So what
was an export once can become the same export again.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from besra.problems import Problem, Severity
from besra.rules.location import FieldPath, Locations

TABLE = "besra"
NULL = "null"
FORM, API = "form", "api"
"""`form = "api"`: the rule of the file is as the API has it, not as the repository does."""


def nulls_in(value: Any) -> list[list[str | int]]:
    """The paths of all nulls in a value, in the order of names and positions."""
    return sorted(_nulls(value, ()))


def _nulls(value: Any, at: tuple[str | int, ...]) -> Iterator[list[str | int]]:
    match value:
        case None:
            yield list(at)
        case dict():
            for name, item in value.items():
                yield from _nulls(item, (*at, name))
        case list():
            for number, item in enumerate(value):
                yield from _nulls(item, (*at, number))


def without_nulls(value: Any) -> Any:
    """The value as TOML can hold it: members and items that are null left out."""
    match value:
        case Mapping():
            return {name: without_nulls(item) for name, item in value.items() if item is not None}
        case list():
            return [without_nulls(item) for item in value if item is not None]
    return value


def put_nulls(value: Any, exact: Mapping[str, Any]) -> list[int]:
    """Put the nulls that a table tells of back into a value, in place.

    A member that has a value by now keeps it. Gives the numbers of the paths that lead nowhere, as after an edit.
    """
    paths = exact.get(NULL)
    # A path may lead into the very list of paths.
    told = tuple(paths) if isinstance(paths, list) else ()
    return [number for number, path in enumerate(told) if not _put_null(value, path)]


def exact_table(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table `[besra]` of a file; empty without one."""
    found = content.get(TABLE)
    return found if isinstance(found, dict) else {}


def exact_problems(content: Mapping[str, Any], lost: list[int], locations: Locations) -> Iterator[Problem]:
    """What stands in the table and cannot be applied. `locations` are those from the top of the file."""
    table = exact_table(content)
    wrong = sorted(table.keys() - {FORM, NULL})
    wrong += [FORM] if table.get(FORM, API) != API else []
    wrong += [NULL] if not isinstance(table.get(NULL, []), list) else []
    for name in wrong:
        message = f"{TABLE}.{name} says nothing besra knows; it has no effect"
        yield _not_exact(message, locations, (TABLE, name), f'the table may hold {FORM} = "{API}" and {NULL} = [[…]]')
    for number in lost:
        message = f"{TABLE}.{NULL}[{number}] leads to no place in this file"
        yield _not_exact(
            message, locations, (TABLE, NULL, number), "remove it, if what it belonged to has been removed"
        )


def _put_null(value: Any, path: Any) -> bool:
    if not isinstance(path, list) or not path:
        return False
    *around, last = path
    for step in around:
        if not _leads_on(value, step):
            return False
        value = value[step]
    if isinstance(value, dict) and isinstance(last, str):
        value.setdefault(last, None)
        return True
    if isinstance(value, list) and type(last) is int and 0 <= last <= len(value):
        value.insert(last, None)
        return True
    return False


def _leads_on(value: Any, step: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(step, str) and step in value
    return isinstance(value, list) and type(step) is int and 0 <= step < len(value)


def _not_exact(message: str, locations: Locations, at: FieldPath, hint: str) -> Problem:
    return Problem("toml-exact", message, Severity.WARNING, locations.place(at), hint)
