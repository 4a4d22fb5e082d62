"""Exception lists and their items as frozen values (detection-engine.md 4.1).

An item names events a rule shall not fire on: all its entries hold, and one of its operating systems is the event's.
What becomes of such an event is the item's scope, which is besra's own; Elastic knows the first one only.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import Any

from besra.problems import Place, Problem, Severity


class Operator(StrEnum):
    """Whether an entry holds if its test does, or if it does not (then also where the field is missing)."""

    INCLUDED = "included"
    EXCLUDED = "excluded"


class Namespace(StrEnum):
    """Where a list is known: in one space, or in all. Lists of both kinds may have the same id."""

    SINGLE = "single"
    AGNOSTIC = "agnostic"


# --- entries ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MatchEntry:
    """The field has this value: as it stands and with its case; on a text field, this phrase."""

    field: str
    value: str
    operator: Operator = Operator.INCLUDED


@dataclass(frozen=True, slots=True)
class MatchAnyEntry:
    """The field has one of these values, each as in a `MatchEntry`. There is at least one."""

    field: str
    values: tuple[str, ...]
    operator: Operator = Operator.INCLUDED


@dataclass(frozen=True, slots=True)
class WildcardEntry:
    """A value of the field is covered by the pattern, in which `*` and `?` are wildcards; case counts."""

    field: str
    pattern: str
    operator: Operator = Operator.INCLUDED


@dataclass(frozen=True, slots=True)
class ExistsEntry:
    """The field has a value."""

    field: str
    operator: Operator = Operator.INCLUDED


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A value of the field is in a value list, known by its id. `list_type` is what the entry takes the list for."""

    field: str
    list_id: str
    list_type: str
    operator: Operator = Operator.INCLUDED


FlatEntry = MatchEntry | MatchAnyEntry | WildcardEntry | ExistsEntry


@dataclass(frozen=True, slots=True)
class NestedEntry:
    """One object of the field satisfies all entries. Their fields are relative to this one. There is at least one."""

    field: str
    entries: tuple[FlatEntry, ...]


Entry = FlatEntry | ListEntry | NestedEntry


# --- scopes -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventScope:
    """An event the item matches does not exist for the rule: no step, no `until`, no missing event sees it."""


@dataclass(frozen=True, slots=True)
class StepScope:
    """An event the item matches cannot serve this step of a sequence, counted from 0. Other steps may use it."""

    step: int


@dataclass(frozen=True, slots=True)
class SequenceScope:
    """A sequence whose events together satisfy the item is no match: one may satisfy one entry, another the rest."""


Scope = EventScope | StepScope | SequenceScope


# --- lists and items --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ListKey:
    """What a rule names a list by."""

    list_id: str
    namespace: Namespace = Namespace.SINGLE

    def __str__(self) -> str:
        return self.list_id


@dataclass(frozen=True, slots=True)
class ExceptionItem:
    """A condition that silences rules: all of `entries`, and one of `os_types` if there are any.

    `expire_time` is in nanoseconds since 1970. `document` is the item as it was written, `place` where.
    """

    key: ListKey
    entries: tuple[Entry, ...]
    item_id: str | None = None
    name: str = ""
    scope: Scope = EventScope()
    os_types: tuple[str, ...] = ()
    expire_time: int | None = None
    tags: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    place: Place = field(default=Place(), compare=False)
    document: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def label(self) -> str:
        """What to call the item in a message."""
        return f"item {self.item_id or self.name or 'without a name'}, list {self.key}"

    def is_expired(self, now: int | None) -> bool:
        """Whether its time is past at `now`, in nanoseconds since 1970; an expired item silences nothing.

        Where no time is known an item that ends at some time counts as expired: it might silence what it no longer may.
        """
        return self.expire_time is not None and (now is None or self.expire_time < now)


@dataclass(frozen=True, slots=True)
class ExceptionList:
    """A container of items. `type` is `detection`, `rule_default` or one of the endpoint's; others are kept too."""

    key: ListKey
    type: str = "detection"
    name: str = ""
    os_types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    place: Place = field(default=Place(), compare=False)
    document: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def label(self) -> str:
        """What to call the list in a message."""
        return f"list {self.key}"

    @property
    def is_endpoint(self) -> bool:
        """Whether the endpoint enforces it, so that rules leave it out (detection-engine.md 4.2)."""
        return is_of_endpoint(self.key, self.type)


ENDPOINT_LIST = "endpoint_list"


def is_of_endpoint(key: ListKey, list_type: str) -> bool:
    """Whether a list of that key and type is the endpoint's."""
    return key.list_id == ENDPOINT_LIST or list_type.startswith("endpoint")


@dataclass(frozen=True)
class ExceptionSet:
    """The exception lists and items of some files, in their order.

    `broken` are the lists of which something could not be used, for a reason that `problems` tells: a rule that relies
    on one is not silenced as its author meant.
    """

    lists: tuple[ExceptionList, ...] = ()
    items: tuple[ExceptionItem, ...] = ()
    problems: tuple[Problem, ...] = ()
    broken: frozenset[ListKey] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.lists or self.items or self.problems)

    @classmethod
    def of(
        cls,
        lists: Iterable[ExceptionList],
        items: Iterable[ExceptionItem],
        problems: Iterable[Problem] = (),
        broken: Iterable[ListKey] = (),
    ) -> "ExceptionSet":
        """A set in which every list and item is known once: of several with one id the first counts.

        That another one has other content is a warning; the same list comes with every export of a rule that uses it.
        """
        known: dict[object, ExceptionList | ExceptionItem] = {}
        found = list(problems)
        everything: Iterable[ExceptionList | ExceptionItem] = chain(lists, items)
        for value in everything:
            counts = known.setdefault(_identity(value), value)
            if counts is not value and counts.document != value.document:
                found.append(_duplicate(counts, value))
        return cls(
            tuple(value for value in known.values() if isinstance(value, ExceptionList)),
            tuple(value for value in known.values() if isinstance(value, ExceptionItem)),
            tuple(found),
            frozenset(broken),
        )

    def merged(self, other: "ExceptionSet") -> "ExceptionSet":
        """Both sets as one, this one first."""
        return ExceptionSet.of(
            (*self.lists, *other.lists),
            (*self.items, *other.items),
            (*self.problems, *other.problems),
            self.broken | other.broken,
        )

    def knows(self, key: ListKey) -> bool:
        """Whether the list is here: its container, or items that name it."""
        return key in self._lists or key in self._items

    def list_of(self, key: ListKey) -> ExceptionList | None:
        """The container of that key."""
        return self._lists.get(key)

    def items_of(self, key: ListKey) -> tuple[ExceptionItem, ...]:
        """The items of a list, expired ones too."""
        return self._items.get(key, ())

    @cached_property
    def _lists(self) -> dict[ListKey, ExceptionList]:
        return {found.key: found for found in self.lists}

    @cached_property
    def _items(self) -> dict[ListKey, tuple[ExceptionItem, ...]]:
        found: dict[ListKey, list[ExceptionItem]] = {}
        for item in self.items:
            found.setdefault(item.key, []).append(item)
        return {key: tuple(items) for key, items in found.items()}


NO_EXCEPTIONS = ExceptionSet()


def _identity(value: ExceptionList | ExceptionItem) -> object:
    if isinstance(value, ExceptionList):
        return value.key
    return (value.key.namespace, value.item_id) if value.item_id else id(value)


def _duplicate(counts: ExceptionList | ExceptionItem, other: ExceptionList | ExceptionItem) -> Problem:
    name = "item_id" if isinstance(other, ExceptionItem) else "list_id"
    where = f" ({counts.place})" if str(counts.place) else ""
    message = f"exception {other.label}: another one with this {name} and other content came before{where}; that counts"
    return Problem("exception-duplicate", message, Severity.WARNING, other.place, "leave one of the two out")
