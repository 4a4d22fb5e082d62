"""A kind of telemetry that is not ECS: how its records are known, and what turns one into an ECS document.

The normaliser of a source is a module with two functions, found here by its name so that a scan loads only those whose
records it meets: `recognises(record) -> bool`, asked of records that have a marker of the source, and
`to_ecs(record) -> Document`, which never raises, whatever JSON the record is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from besra.events.normalise.nested_document import Document


class Normaliser(Protocol):
    """What a source's module offers."""

    def recognises(self, record: Mapping[str, Any]) -> bool:
        """Whether a record that has a marker of the source is one of its records."""

    def to_ecs(self, record: Mapping[str, Any]) -> Document:
        """The ECS document of a record, with its data stream (`put_stream`). The record given is not changed."""


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of telemetry.

    `name` is the word for it in counts, `title` the product's name. `module` is the module of its normaliser within
    this package. A record with a value at one of the `markers`, and at none of `unless`, may be of this source: dotted
    names, matched whatever the arrangement of the record, none of which an ECS document has. `also` are the names its
    events answer to beside their data stream.
    """

    name: str
    title: str
    module: str
    markers: tuple[str, ...]
    unless: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def normaliser(self) -> Normaliser:
        """The module, imported on first use."""
        return cast("Normaliser", import_module(f"{__package__}.{self.module}"))
