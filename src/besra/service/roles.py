"""Roles, and what they give in which space (detection-engine.md 9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from besra.service.endpoint import Right
from besra.storage.access_store import Roles

EVERYWHERE = "*"
"""Stands for all spaces."""
MOST_SPACES = 1000


class Role(StrEnum):
    """What somebody is, in a space."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ENGINEER = "engineer"
    ADMIN = "admin"
    INGEST = "ingest"


NAMES = frozenset(Role)
ALL = frozenset(Right)
RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.ANALYST: frozenset({Right.READ, Right.WORK}),
    Role.ENGINEER: frozenset({Right.READ, Right.WORK, Right.AUTHOR}),
    Role.ADMIN: ALL,
    Role.INGEST: frozenset({Right.INGEST}),
}


class RolesError(Exception):
    """What should be roles by space is none; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Grants:
    """Rights by space."""

    by_space: Mapping[str, frozenset[Right]]

    @classmethod
    def of(cls, roles: Roles) -> "Grants":
        """What roles give. Names that are no role's any more give nothing."""
        known = {
            space: [RIGHTS[Role(name)] for name in names if name in NAMES] if names else []
            for space, names in roles.items()
        }
        return cls({space: frozenset().union(*found) for space, found in known.items()})

    def give(self, right: Right, space: str) -> bool:
        """Whether there is a right in a space. What is administered is of all spaces, and takes an admin of all."""
        if right in self.by_space.get(EVERYWHERE, ()):
            return True
        return right is not Right.ADMINISTER and right in self.by_space.get(space, ())


def roles_of(given: object) -> dict[str, list[str]]:
    """Roles by space as a request or a command line gives them. Raises RolesError."""
    if not isinstance(given, dict) or not given or len(given) > MOST_SPACES:
        raise RolesError('roles are names of roles by space, such as {"default": ["analyst"]}; "*" is every space')
    return {_space(space): _names(names) for space, names in given.items()}


def _space(given: Any) -> str:
    is_name = isinstance(given, str) and 0 < len(given) <= 100
    if not is_name or not (given == EVERYWHERE or all(char.isalnum() or char in "-_" for char in given)):
        raise RolesError(f"{given!r:.100} is no name of a space")
    return str(given)


def _names(given: object) -> list[str]:
    known = ", ".join(Role)
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise RolesError(f"the roles in a space are a list, of {known}")
    for name in given:
        if not isinstance(name, str) or name not in NAMES:
            raise RolesError(f"{name!r:.100} is no role; there are {known}")
    return sorted(set(given))
