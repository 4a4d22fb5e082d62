"""Which parts of a document an answer shows: `_source` with its patterns, and `fields`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from besra.events.document import flatten
from besra.schema.star_pattern import StarPattern
from besra.service.search_error import malformed, not_supported
from besra.service.search_params import Params


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a document is shown: nothing, or what `includes` name (all, if there are none) without `excludes`.

    `fields` are patterns of fields to be told flat beside it; None if nobody asked for any.
    """

    has_source: bool = True
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None

    def of(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The members of a hit that show a document."""
        shown: dict[str, Any] = {}
        if self.has_source:
            is_whole = not self.includes and not self.excludes
            shown["_source"] = document if is_whole else self._part(document, "", self._is_included(""))
        if self.fields is not None:
            leaves = flatten(document)
            found = {name: values for name, values in leaves.items() if _covers(self.fields, name)}
            if found:
                shown["fields"] = found
        return shown

    def _is_included(self, path: str) -> bool:
        return not self.includes or _covers(self.includes, path)

    def _part(self, value: Mapping[str, Any], path: str, is_included: bool) -> dict[str, Any]:
        kept = {}
        for name, inner in value.items():
            at = f"{path}{name}"
            if _covers(self.excludes, at):
                continue
            within = is_included or self._is_included(at)
            part = self._within(inner, at, within)
            if part is not NOTHING:
                kept[name] = part
        return kept

    def _within(self, value: Any, at: str, is_included: bool) -> Any:
        if isinstance(value, Mapping):
            part = self._part(value, f"{at}.", is_included)
            return part if part or is_included else NOTHING
        if isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
            parts = [part for item in value if (part := self._within(item, at, is_included)) is not NOTHING]
            return parts if parts or is_included else NOTHING
        return value if is_included else NOTHING


NOTHING = object()


def _covers(patterns: tuple[str, ...], path: str) -> bool:
    """Whether a pattern covers a path or something above it."""
    return bool(patterns) and _covering(patterns)(path)


MOST_PATHS = 1024
"""Paths remembered of a set of patterns: those of one document are mostly those of the next."""


@lru_cache(maxsize=256)
def _covering(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    told = tuple(StarPattern.of(f"{pattern}.*") for pattern in patterns)

    @lru_cache(maxsize=MOST_PATHS)
    def covers(path: str) -> bool:
        # With a dot behind both, a pattern covers what it covers and all that stands below it.
        return any(pattern.covers(f"{path}.") for pattern in told)

    return covers


def shown_of(params: Params) -> Shown:
    """What a search wants to be shown. Raises SearchError."""
    fields = fields_of(params)
    source = params.take("_source", True)
    includes, excludes = params.names("_source_includes") or (), params.names("_source_excludes") or ()
    if source in (True, "true"):
        return Shown(True, includes, excludes, fields)
    if source in (False, "false"):
        return Shown(False, fields=fields)
    if isinstance(source, dict):
        known = {"includes": (), "include": (), "excludes": (), "exclude": ()}
        if set(source) - set(known):
            raise malformed("`_source` has `includes` and `excludes`")
        given = {name: _patterns(value) for name, value in source.items()}
        return Shown(
            True,
            (*given.get("includes", ()), *given.get("include", ()), *includes),
            (*given.get("excludes", ()), *given.get("exclude", ()), *excludes),
            fields,
        )
    return Shown(True, (*_patterns(source), *includes), excludes, fields)


def _patterns(value: Any) -> tuple[str, ...]:
    listed: Iterable[Any] = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
        raise malformed("`_source` is true, false, or a list of fields")
    return tuple(listed)


def fields_of(params: Params) -> tuple[str, ...] | None:
    """The patterns of `fields`; None if it is not asked for. Raises SearchError."""
    given = params.take("fields")
    if given is None:
        return None
    if not isinstance(given, list):
        raise malformed("`fields` is a list of fields")
    names = []
    for item in given:
        name = item.get("field") if isinstance(item, dict) else item
        if not isinstance(name, str):
            raise malformed("`fields` holds names of fields")
        if isinstance(item, dict) and any(value is not None for key, value in item.items() if key != "field"):
            raise not_supported("a format of `fields`", "values come as they are in the document")
        names.append(name)
    return tuple(names)
