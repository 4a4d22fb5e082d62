"""A connector: somewhere alerts are told of, and what is needed to get there (detection-engine.md 7.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT_SPACE = "default"
EVERY_SPACE = "*"
"""The space of a connector of a file that all spaces have."""


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector with its secrets, which are shown nowhere. `is_of_file` says that no request changes it."""

    id: str
    type: str
    name: str
    space: str = DEFAULT_SPACE
    config: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_of_file: bool = False
    lacks_secrets: bool = False

    def text(self, name: str) -> str:
        """A text of its configuration, empty if there is none."""
        value = self.config.get(name)
        return value if isinstance(value, str) else ""

    @property
    def per_minute(self) -> int | None:
        """How many are sent through it within a minute, where it says so itself."""
        value = self.config.get("maxPerMinute")
        return value if isinstance(value, int) else None


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: the parameters of its action as texts, under a key that is the same whenever it is sent again.

    `kind` is `alert`, `digest` or `test`.
    """

    key: str
    kind: str
    params: Mapping[str, Any]
