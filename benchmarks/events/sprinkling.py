"""Constants of the rules under test put into some of the events, so that rules match.

What is put in is read from the rules' plans when events are made; no rule's constants are part of this repository.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from besra.language.expr import And, Equals, Like, Or, Predicate
from besra.language.glob import Glob, Wild
from besra.language.plan import Plan

FIXED = ("host.os.", "event.category", "event.kind", "@timestamp", "host.id", "agent.", "data_stream.")
"""Fields that keep what the event says."""


@dataclass(frozen=True, slots=True)
class Sprinkling:
    """Predicates to fulfil, by operating system and category; None stands for any."""

    predicates: dict[tuple[str | None, str | None], tuple[Predicate, ...]]
    share: float = 0.005
    """Of all events, how many get constants of some rule."""

    @classmethod
    def of(cls, plans: Iterable[Plan]) -> "Sprinkling":
        """From the clauses of plans."""
        found: dict[tuple[str | None, str | None], list[Predicate]] = {}
        for plan in plans:
            for clause in plan.clauses:
                found.setdefault(_where(clause.predicate), []).append(clause.predicate)
        return cls({where: tuple(predicates) for where, predicates in found.items()})

    def sprinkle(self, random: Random, document: dict[str, Any]) -> dict[str, Any]:
        """The event; now and then a copy that fulfils some rule as far as single values can."""
        if not self.predicates or random.random() >= self.share:
            return document
        system, category = document["host"]["os"]["type"], document["event"]["category"][0]
        places = ((system, category), (None, category), (system, None), (None, None))
        fitting = [predicate for where in places for predicate in self.predicates.get(where, ())]
        if not fitting:
            return document
        changed: dict[str, Any] = orjson.loads(orjson.dumps(document))
        for name, value in wanted(random, random.choice(fitting)):
            put(changed, name, value)
        return changed


def _where(predicate: Predicate) -> tuple[str | None, str | None]:
    leaves = predicate.operands if isinstance(predicate, And) else (predicate,)
    found: dict[str, str] = {}
    for leaf in leaves:
        if isinstance(leaf, Equals) and len(leaf.values) == 1:
            found[leaf.field.name] = str(next(iter(leaf.values)))
    return found.get("host.os.type"), found.get("event.category")


def wanted(random: Random, predicate: Predicate) -> Iterator[tuple[str, object]]:
    """Field values that fulfil the positive part of a predicate; of alternatives, one."""
    match predicate:
        case And():
            for operand in predicate.operands:
                yield from wanted(random, operand)
        case Or():
            yield from wanted(random, random.choice(predicate.operands))
        case Equals() if not predicate.field.name.startswith(FIXED):
            # Sets of texts have another order in every process.
            yield predicate.field.name, random.choice(sorted(predicate.values, key=repr))
        case Like() if not predicate.field.name.startswith(FIXED):
            yield predicate.field.name, text_of(random, random.choice(predicate.globs))


def text_of(random: Random, glob: Glob) -> str:
    """A text the glob covers."""
    fillings = {Wild.ANY: ("", "x", "Data", "tmp"), Wild.ONE: ("C",)}
    return "".join(part if isinstance(part, str) else random.choice(fillings[part]) for part in glob.parts)


def put(document: dict[str, Any], name: str, value: object) -> None:
    """Set a field; a list gets one value more. Left alone where an object is in the way."""
    *path, last = name.split(".")
    held: Any = document
    for key in path:
        held = held.setdefault(key, {})
        if not isinstance(held, dict):
            return
    present = held.get(last)
    # Kinds are told by one word; other lists, such as arguments, get one value more.
    if isinstance(present, list) and name.startswith("event."):
        held[last] = [value]
    elif isinstance(present, list):
        held[last] = [*present, value]
    elif not isinstance(present, dict):
        held[last] = value
