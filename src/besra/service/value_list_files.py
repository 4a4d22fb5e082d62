"""The value lists of files a service was started with, as they are shown beside those of the API.

They are read when somebody asks: rules have them in a form of their own (`rules.value_import`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from besra.rules.exception_filter import ListName
from besra.rules.value_import import ValueLines
from besra.rules.value_list import ValueListType
from besra.schema.timestamp import format_timestamp
from besra.service.answering import RequestError

Document = Mapping[str, Any]


@dataclass
class ValueListFiles:
    """Value lists by id, each with the path of its file; the first file of an id counts."""

    paths: Mapping[str, str] = field(default_factory=dict)
    _types: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Collection[tuple[str, str]]) -> "ValueListFiles":
        """From ids and paths."""
        return cls(dict(reversed([*files])))

    def note(self, wanted: Collection[ListName], space: str) -> None:
        """Note which types exception items of a space take the lists for: a file does not say."""
        self._types[space] = {name: kind for name, kind in sorted(wanted) if name in self.paths}

    def documents(self) -> list[Document]:
        """All of them as they are told."""
        return [self.document(name) for name in self.paths]

    def document(self, name: str) -> Document:
        """One as it is told."""
        path = self.paths[name]
        return {
            "id": name,
            "name": name,
            "description": f"The values of the file {path}.",
            "type": next((known[name] for known in self._types.values() if name in known), ValueListType.KEYWORD),
            "immutable": True,
            "version": 1,
            **_written(path),
            "besra": {"source": "file", "path": path},
        }

    def texts(self, name: str) -> Iterator[str]:
        """The values of one, each once. Raises RequestError (503) if the file cannot be read."""
        seen: set[str] = set()
        try:
            with Path(self.paths[name]).open("rb") as file:
                for text in ValueLines(None).values(file, str):
                    if text not in seen:
                        seen.add(text)
                        yield text
        except OSError as error:
            raise RequestError(503, f"the file of the value list cannot be read: {error.strerror}") from error

    def refusal(self, name: str) -> RequestError:
        """That a list of a file is changed there."""
        return RequestError(403, f"the value list {name!r} is in the file {self.paths[name]}; change it there")


def _written(path: str) -> dict[str, str]:
    try:
        written = format_timestamp(Path(path).stat().st_mtime_ns)
    except (OSError, ValueError):
        return {}
    return {"created_at": written, "updated_at": written}
