"""Which source a record is from, told by its shape, and the event it becomes (sources.md 1 to 7).

Records of a known source become ECS documents. ECS documents stay as they are, and so do records nobody recognises,
which are counted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from besra.events.document import field_values
from besra.events.envelope import Document, event_of
from besra.events.event import Event, Origin, written
from besra.events.index_name import names_of_index
from besra.events.normalise.source import Normaliser
from besra.events.normalise.sources import SOURCES


class HasRows(Protocol):
    """A column: the rows in which its field has a value."""

    @property
    def rows(self) -> NDArray[np.int32]:
        """See above."""


class Recognisable(Protocol):
    """A kind of records: what `normalise.source.Source` is. A mapping file makes others."""

    @property
    def name(self) -> str:
        """The word for it."""

    @property
    def markers(self) -> tuple[str, ...]:
        """Fields of which a record of this source has at least one."""

    @property
    def unless(self) -> tuple[str, ...]:
        """Fields of which it has none."""

    @property
    def also(self) -> tuple[str, ...]:
        """Names its events answer to beside their data stream."""

    @property
    def normaliser(self) -> Normaliser:
        """What turns its records into ECS."""


ECS_FIELDS = (
    "event.category",
    "event.kind",
    "event.action",
    "event.code",
    "event.type",
    "event.dataset",
    "data_stream.dataset",
    "ecs.version",
    "host.os.type",
    "process.name",
    "process.executable",
    "file.path",
    "registry.path",
    "source.ip",
    "destination.ip",
    "user.name",
    "dns.question.name",
    "agent.type",
    "host.name",
    "url.full",
    "url.domain",
    "network.transport",
    "http.request.method",
    "winlog.event_id",
    "dll.path",
    "threat.indicator.type",
    "kibana.alert.uuid",
)
"""A document with a value at none of these is of an unknown shape."""


class Recogniser:
    """Tells the source of records. Sources are tried in their order."""

    def __init__(self, sources: Iterable[Recognisable]) -> None:
        self.sources = tuple(sources)
        self.markers = frozenset(marker for source in self.sources for marker in source.markers)
        """The fields of which a record of any source has one."""
        self.fields = self.markers.union(ECS_FIELDS, *(source.unless for source in self.sources))
        """The fields that tell the shape of a record."""
        # A marker lies behind one of these keys, whatever the arrangement of its name.
        self._keys = {key for marker in self.markers for key in _beginnings(marker)}

    def source_of(self, record: Mapping[str, Any]) -> Recognisable | None:
        """The source of a record; None for ECS documents and records of an unknown shape."""
        if self._keys.isdisjoint(record):
            return None
        for source in self.sources:
            is_candidate = _has_any(record, source.markers) and not _has_any(record, source.unless)
            if is_candidate and source.normaliser.recognises(record):
                return source
        return None

    def foreign_rows(self, columns: Mapping[str, HasRows], size: int) -> NDArray[np.bool_]:
        """Which rows of a batch may be records of a source: those `source_of` has to see."""
        foreign = np.zeros(size, np.bool_)
        for source in self.sources:
            marked = _rows_with(source.markers, columns, size)
            if marked is not None:
                barred = _rows_with(source.unless, columns, size)
                foreign |= marked if barred is None else marked & ~barred
        return foreign


def _beginnings(field: str) -> Iterator[str]:
    steps = field.split(".")
    return (".".join(steps[:end]) for end in range(1, len(steps) + 1))


def _has_any(record: Mapping[str, Any], fields: Sequence[str]) -> bool:
    return any(field_values(record, field) for field in fields)


def _rows_with(fields: Sequence[str], columns: Mapping[str, HasRows], size: int) -> NDArray[np.bool_] | None:
    found = [columns[field].rows for field in fields if field in columns]
    if not found:
        return None
    rows = np.zeros(size, np.bool_)
    for held in found:
        rows[held] = True
    return rows


def is_known_shape(document: Mapping[str, Any]) -> bool:
    """Whether a document has any field that says it is ECS."""
    return _has_any(document, ECS_FIELDS)


def unknown_rows(columns: Mapping[str, HasRows], size: int) -> NDArray[np.bool_]:
    """Which rows of a batch are not `is_known_shape`."""
    known = _rows_with(ECS_FIELDS, columns, size)
    return np.ones(size, np.bool_) if known is None else ~known


def recogniser_with(sources: Iterable[Recognisable]) -> Recogniser:
    """The recogniser of these sources, which are tried first, and of those besra knows."""
    own = tuple(sources)
    return Recogniser((*own, *SOURCES)) if own else bundled_recogniser()


@lru_cache(maxsize=1)
def bundled_recogniser() -> Recogniser:
    """The recogniser of the sources besra knows."""
    return Recogniser(SOURCES)


@dataclass(frozen=True, slots=True)
class Intake:
    """How documents become events: the home of those that do not say where they belong, and the sources known."""

    default_index: str | None = None
    recogniser: Recogniser = field(default_factory=bundled_recogniser)

    def event_of(self, document: Document, origin: Origin, position: int) -> Event:
        """The event a document is, in ECS if its source is known.

        Its home is the index its envelope names, else the data stream of its source. It answers to both, and to the
        names its source is known by.
        """
        source = self.recogniser.source_of(document.source)
        if source is None:
            return event_of(document, origin, position, default_index=self.default_index)
        ecs = source.normaliser.to_ecs(document.source)
        event = event_of(Document(ecs, None, document.id), origin, position, default_index=self.default_index)
        own = names_of_index(document.index) if document.index else ()
        index = tuple(dict.fromkeys((*own, *event.index, *source.also)))
        return replace(event, index=index, written=written(ecs))


DEFAULTS = Intake()
