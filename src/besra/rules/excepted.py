"""Exceptions applied to the plans of loaded rules: a pure pass, so that remembered rules stay what their files say.

An item of scope `event` removes events before any clause sees them, as Elastic does (detection-engine.md 4.3). An item
that cannot be applied is told, and its rules run without it: they may give more alerts than meant, never fewer.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from besra.language.expr import Predicate
from besra.language.kuery.alternatives import any_alternative
from besra.language.plan import Plan, Sample
from besra.language.plan import Sequence as Steps
from besra.language.simplify import negated
from besra.problems import Problem
from besra.rules import exception_problems as problems
from besra.rules.exception_filter import LoweredItem, ValueLists, lower_item, value_lists_of
from besra.rules.exception_list import EventScope, ExceptionItem, ExceptionSet, ListKey, StepScope, is_of_endpoint
from besra.rules.loaded import Excepted, LoadedRule, RuleSet
from besra.rules.plans.narrowing import narrowed, narrowed_step
from besra.rules.rule import RuleStatus
from besra.rules.value_list import Addresses, AddressRanges, Texts, ValueList
from besra.schema.catalogue import Catalogue, bundled_catalogue

NO_LISTS: ValueLists = MappingProxyType({})

REMEMBERED = 10_000
"""Values of lists up to which packs with them are worth remembering on disk."""


def with_exceptions(
    rules: RuleSet, given: ExceptionSet, value_lists: ValueLists = NO_LISTS, *, now: int | None
) -> Excepted:
    """The rules with the exceptions they name, from their own files and from those given beside them.

    A list that was given and that no rule names is for all rules, unless it is some rule's own (`rule_default`). Items
    whose time is past at `now`, in nanoseconds since 1970, silence nothing, and without `now` those whose time may be.
    To be called once: applied again, items are told again.
    """
    known = given.merged(rules.exceptions)
    application = _Application(known, given, value_lists, now)
    everywhere = application.for_all_rules(rules)
    changed = tuple(application.applied(loaded, everywhere) for loaded in rules)
    told = [problem for problem in known.problems if problem not in rules.exceptions.problems]
    told += application.afterwards(everywhere)
    return Excepted(
        replace(
            rules,
            rules=changed,
            file_problems=(*rules.file_problems, *dict.fromkeys(told)),
            fingerprint=application.fingerprint(rules.fingerprint),
        ),
        items=len(application.used),
        silenced=len(application.silenced),
        expired=sum(len(application.expired(key)) for key in application.keys if key in application.asked),
    )


@dataclass
class _Application:
    """Exceptions on their way into rules. Items are known by their place among all."""

    known: ExceptionSet
    given: ExceptionSet
    value_lists: ValueLists
    now: int | None
    catalogue: Catalogue = field(default_factory=bundled_catalogue)
    told: list[Problem] = field(default_factory=list)
    asked: set[ListKey] = field(default_factory=set)
    used: dict[int, ExceptionItem] = field(default_factory=dict)
    silenced: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _lowered: dict[int, LoweredItem] = field(default_factory=dict)
    _conditions: dict[tuple[int, ...], Predicate] = field(default_factory=dict)

    # --- lists and items ----------------------------------------------------------------------------------------------

    @cached_property
    def keys(self) -> tuple[ListKey, ...]:
        """All lists there are."""
        lists = (container.key for container in self.known.lists)
        return tuple(dict.fromkeys([*lists, *(item.key for item in self.known.items)]))

    @cached_property
    def numbers(self) -> dict[int, int]:
        """The place of every item, by its identity."""
        return {id(item): number for number, item in enumerate(self.known.items)}

    def for_all_rules(self, rules: RuleSet) -> tuple[ListKey, ...]:
        """The given lists that no rule names; lists that are for no rule are told."""
        named = {reference.key for loaded in rules if loaded.rule for reference in loaded.rule.exceptions}
        found = []
        for key in self.keys:
            container = self.known.list_of(key)
            kind = container.type if container else "detection"
            if is_of_endpoint(key, kind):
                self.told += [problems.of_endpoint(self.known, key)] if self.given.knows(key) else []
            elif key not in named and self.given.knows(key) and kind != "rule_default":
                found.append(key)
            elif key not in named:
                self.told.append(problems.unnamed(self.known, key))
        return tuple(found)

    def expired(self, key: ListKey) -> list[ExceptionItem]:
        """The items of a list whose time is past."""
        return [item for item in self.known.items_of(key) if item.is_expired(self.now)]

    def predicate(self, item: ExceptionItem) -> Predicate | None:
        """What an item silences, None if that cannot be told."""
        number = self.numbers[id(item)]
        found = self._lowered.get(number)
        if found is None:
            found = self._lowered[number] = lower_item(item, self.value_lists, self.catalogue)
            self.told += found.problems
        return found.predicate

    def none_of(self, items: Sequence[ExceptionItem]) -> Predicate:
        """That an event satisfies none of the items."""
        numbers = tuple(self.numbers[id(item)] for item in items)
        found = self._conditions.get(numbers)
        if found is None:
            predicates = [self.predicate(item) for item in items]
            alternatives = any_alternative(predicate for predicate in predicates if predicate is not None)
            found = self._conditions[numbers] = negated(alternatives)
        return found

    # --- rules --------------------------------------------------------------------------------------------------------

    def applied(self, loaded: LoadedRule, everywhere: tuple[ListKey, ...]) -> LoadedRule:
        """A rule with its exceptions in its plan."""
        rule = loaded.rule
        if rule is None or loaded.status is not RuleStatus.READY or not (rule.exceptions or everywhere):
            return loaded
        keys = dict.fromkeys([*(reference.key for reference in rule.exceptions), *everywhere])
        self.asked.update(keys)
        items = [item for key in keys for item in self.known.items_of(key) if not item.is_expired(self.now)]
        items = [item for item in items if self.predicate(item) is not None]
        events = [item for item in items if isinstance(item.scope, EventScope)]
        plan: Plan = narrowed(loaded.plan, self.none_of(events)) if events else loaded.plan
        used, told = list(events), list(problems.missing(self.known, rule.exceptions))
        for item in items:
            narrow = None if isinstance(item.scope, EventScope) else self._in_scope(plan, item)
            if narrow is not None:
                plan = narrow
                used.append(item)
            elif not isinstance(item.scope, EventScope) and item.key not in everywhere:
                told.append(problems.out_of_scope(rule.exceptions, item))
        self._note(rule.rule_id, used)
        return replace(loaded, plan=plan, problems=(*loaded.problems, *told))

    def _in_scope(self, plan: Plan, item: ExceptionItem) -> Plan | None:
        """The plan with an item applied to a step, or to sequences as a whole; None if the plan has no such thing."""
        predicate = self.predicate(item)
        if predicate is None or not isinstance(plan.correlation, Steps | Sample):
            return None
        if isinstance(item.scope, StepScope):
            return narrowed_step(plan, item.scope.step, negated(predicate))
        return replace(plan, exclusions=(*plan.exclusions, predicate))

    def _note(self, rule_id: str, items: Sequence[ExceptionItem]) -> None:
        if items:
            numbers = tuple(self.numbers[id(item)] for item in items)
            self.silenced[rule_id] = numbers
            self.used.update(zip(numbers, items, strict=True))

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def afterwards(self, everywhere: tuple[ListKey, ...]) -> Iterator[Problem]:
        """What is to be said about lists and items, once all rules are done."""
        yield from self.told
        for key in self.keys:
            if key in self.asked and (expired := self.expired(key)):
                yield problems.expired(self.known, key, len(expired), self.now)
        for number, lowered in self._lowered.items():
            item = self.known.items[number]
            if number not in self.used and lowered.predicate is not None and item.key in everywhere:
                yield problems.unused(item)

    def fingerprint(self, of_rules: str) -> str:
        """The fingerprint of the rules with what is applied to them; none if that takes long lists."""
        used = [self.used[number] for number in sorted(self.used)]
        lists = {name: self.value_lists[name] for name in value_lists_of(used) if name in self.value_lists}
        if not of_rules or sum(map(len, lists.values())) > REMEMBERED:
            return ""
        told: list[object] = [of_rules, self.silenced]
        told += [(number, item.entries, item.os_types, item.scope) for number, item in sorted(self.used.items())]
        told += [(name, _sorted(values)) for name, values in sorted(lists.items())]
        return hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _sorted(values: ValueList) -> Sequence[object]:
    match values.values:
        case Texts(texts):
            return sorted(texts)
        case Addresses(addresses):
            return sorted(addresses)
        case AddressRanges(ranges):
            return ranges
