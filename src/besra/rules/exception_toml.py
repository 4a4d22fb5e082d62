"""Exception lists as TOML, `[[exceptions]]` with a `container` and `items`, and connectors, `[[action_connectors]]`.

It is the form of the command line of Elastic's rule repository (detection-engine.md 14, `exception.py`). An item that
leaves out `list_id` is in the list of its container. `toml_exact` says what becomes of nulls.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from besra.problems import Place, Problem, Severity
from besra.rules.document import RuleDocument
from besra.rules.location import FieldPath, Locations
from besra.rules.ndjson import Json
from besra.rules.toml_content import decode_toml
from besra.rules.toml_exact import NULL, exact_problems, exact_table, nulls_in, put_nulls, without_nulls
from besra.rules.toml_exact import TABLE as EXACT
from besra.rules.tomltext import toml_table

TABLE = "exceptions"
CONNECTORS = "action_connectors"
TABLES = frozenset({"metadata", TABLE, CONNECTORS, EXACT})
"""`[metadata]`, as the repository has it, is about the file; nothing is made of it."""
HINT = "write [[exceptions]] with [exceptions.container] and [[exceptions.items]]"


@dataclass(frozen=True)
class TomlExceptions:
    """What a TOML file of exceptions held: documents as an export would hold them, in its order.

    `is_meant` is False if the file has no table of exceptions or connectors: it may be anything.
    """

    documents: tuple[RuleDocument, ...] = ()
    connectors: tuple[Json, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_meant: bool = True


def parse_exception_toml(text: str, path: str | None = None) -> TomlExceptions:
    """The exceptions of a TOML text. One that cannot be read is a problem; the others go on."""
    decoded = decode_toml(text, path)
    return TomlExceptions(problems=(decoded,)) if isinstance(decoded, Problem) else _content(*decoded)


def _content(content: Mapping[str, Any], locations: Locations) -> TomlExceptions:
    if TABLE not in content and CONNECTORS not in content:
        place = Place(locations.path, 1)
        problem = Problem("exception-file-empty", "there is no [[exceptions]] table", place=place, hint=HINT)
        return TomlExceptions(problems=(problem,), is_meant=False)
    lost = put_nulls(content, exact_table(content))
    found = [item for group, at in _tables(content.get(TABLE, []), (TABLE,)) for item in _group(group, at, locations)]
    connectors = [value for value, _ in _tables(content.get(CONNECTORS, []), (CONNECTORS,))]
    wrong = [at for value, at in _tables(connectors, (CONNECTORS,)) if not isinstance(value, dict)]
    return TomlExceptions(
        tuple(item for item in found if isinstance(item, RuleDocument)),
        tuple(value for value in connectors if isinstance(value, dict)),
        (
            *(item for item in found if isinstance(item, Problem)),
            *(_not_a_table(at, locations) for at in wrong),
            *_others(content, locations),
            *exact_problems(content, lost, locations),
        ),
    )


def _others(content: Mapping[str, Any], locations: Locations) -> Iterator[Problem]:
    for name in sorted(content.keys() - TABLES):
        message = f"[{name}] is not a table of a file of exceptions; it has no effect"
        yield Problem("exception-unknown-field", message, Severity.WARNING, locations.place((name,)), HINT)


def _tables(value: Any, at: FieldPath) -> Iterator[tuple[Any, FieldPath]]:
    """The tables of `[[name]]`, or the one of `[name]`."""
    if isinstance(value, list):
        yield from ((item, (*at, number)) for number, item in enumerate(value))
    else:
        yield value, at


def _group(group: Any, at: FieldPath, locations: Locations) -> Iterator[RuleDocument | Problem]:
    if not isinstance(group, dict):
        yield _not_a_table(at, locations)
        return
    container = group.get("container")
    if container is not None:
        yield _document(container, {}, (*at, "container"), locations)
    shared = {name: container[name] for name in SHARED if name in container} if isinstance(container, dict) else {}
    for item, here in _tables(group.get("items", []), (*at, "items")):
        names_list = isinstance(item, dict) and "list_id" in item
        yield _document(item, {} if names_list else shared, here, locations)
    for name in sorted(group.keys() - {"container", "items"}):
        message = f"{name} has no place in an [[exceptions]] table"
        yield Problem("exception-bad-field", message, place=locations.place((*at, name)), hint=HINT)


SHARED = ("list_id", "namespace_type")


def _document(value: Any, shared: Json, at: FieldPath, locations: Locations) -> RuleDocument | Problem:
    if not isinstance(value, dict):
        return _not_a_table(at, locations)
    return RuleDocument({**shared, **value}, replace(locations, root=at))


def _not_a_table(at: FieldPath, locations: Locations) -> Problem:
    return Problem("exception-bad-field", "this is not a table", place=locations.place(at), hint=HINT)


def exceptions_to_toml(containers: Sequence[Json], items: Sequence[Json]) -> str:
    """A list with its items as TOML text; parsing it gives the same objects. There may be items only."""
    groups: list[dict[str, Any]] = [{"container": dict(container)} for container in containers] or [{}]
    if items:
        groups[0]["items"] = list(items)
    return _text({TABLE: groups})


def connectors_to_toml(connectors: Sequence[Json]) -> str:
    """Connectors as TOML text; parsing it gives the same objects."""
    return _text({CONNECTORS: list(connectors)})


def _text(content: dict[str, Any]) -> str:
    nulls = nulls_in(content)
    plain = without_nulls(content)
    return toml_table({**plain, EXACT: {NULL: nulls}} if nulls else plain) + "\n"
