"""What there is to say about exceptions that are applied otherwise than their author may think, or not at all."""

from collections.abc import Iterable, Iterator

from besra.problems import Place, Problem, Severity
from besra.rules.exception_list import ExceptionItem, ExceptionSet, ListKey, StepScope
from besra.rules.rule import ExceptionReference


def missing(known: ExceptionSet, references: Iterable[ExceptionReference]) -> Iterator[Problem]:
    """The lists a rule names that are not there, or not as a whole."""
    for reference in references:
        key = reference.key
        if key in known.broken:
            message = f"exceptions of the list {key} are not applied: something in it cannot be used"
            yield _not_applied(message, reference.place, "see the problem of that list")
        elif not known.knows(key):
            message = f"exceptions are not applied: the list {key} is not there"
            hint = "export the rules with their exceptions, or pass the file of the list: --exceptions FILE"
            yield _not_applied(message, reference.place, hint)


def out_of_scope(references: Iterable[ExceptionReference], item: ExceptionItem) -> Problem:
    """An item about a step, or a sequence, for a rule that has none."""
    place = next((reference.place for reference in references if reference.key == item.key), Place())
    message = f"an exception is not applied: {item.label}, is about {_scope(item)}, and the rule has none"
    return _not_applied(message, place, "steps count from 0; without a scope an exception is about events")


def _not_applied(message: str, place: Place, hint: str) -> Problem:
    return Problem("rule-exceptions-not-applied", message, Severity.WARNING, place, hint)


def _scope(item: ExceptionItem) -> str:
    return f"step {item.scope.step} of a sequence" if isinstance(item.scope, StepScope) else "sequences"


def unused(item: ExceptionItem) -> Problem:
    """An item about a step, or a sequence, that no rule has."""
    message = f"{item.label}: it is about {_scope(item)}, and no rule has any; it silences nothing"
    hint = "steps count from 0; without a scope an exception is about events"
    return Problem("exception-unused", message, Severity.WARNING, item.place, hint)


def unnamed(known: ExceptionSet, key: ListKey) -> Problem:
    """A list that is for no rule."""
    message = f"no rule names the exception list {key}; its items silence nothing"
    hint = (
        "name it in the rule's exceptions_list; a list passed by --exceptions is for all rules unless it is one rule's"
    )
    return Problem("exception-unused", message, Severity.WARNING, _place(known, key), hint)


def of_endpoint(known: ExceptionSet, key: ListKey) -> Problem:
    """A list that is no matter of the detection engine."""
    message = f"the exception list {key} is Elastic Defend's, which applies it on the endpoint; besra does not"
    hint = "put its items into a list of type detection to silence rules"
    return Problem("exception-unused", message, Severity.WARNING, _place(known, key), hint)


def expired(known: ExceptionSet, key: ListKey, count: int, now: int | None) -> Problem:
    """Items whose time is past, or may be where no time is known."""
    all_items = len(known.items_of(key))
    if now is None:
        message = f"{count:,} of {all_items:,} items of the exception list {key} end at some time, and it is not known"
        message += " whether that is past: they silence nothing"
        hint = "pass now=, in nanoseconds since 1970"
        return Problem("exception-expired", message, Severity.WARNING, _place(known, key), hint)
    message = f"{count:,} of {all_items:,} items of the exception list {key} have expired, and silence nothing any more"
    return Problem("exception-expired", message, Severity.WARNING, _place(known, key), "renew their expire_time")


def _place(known: ExceptionSet, key: ListKey) -> Place:
    container = known.list_of(key)
    return container.place if container else next((item.place for item in known.items_of(key)), Place())
