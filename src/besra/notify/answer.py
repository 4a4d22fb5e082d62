"""What came of sending something: what the other side answered, in words that may be shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from besra.problems import Problem

SHOWN = 500
LOOKED_THROUGH = 2000
"""Characters of an answer that are shown, and that are kept until secrets have been taken out of them: a part of one
would not be found."""
MASK = "***"
SHORTEST = 4
"""Characters of a secret that is looked for in what is shown: a shorter one would be found everywhere."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said.

    `problem` is None if it has taken what was sent, or has a reservation (a warning). `is_final` says that sending the
    same again leads to the same. `retry_after` is in seconds, if the other side named a time. `details` are what is
    told of the exchange: the address that was connected to, a status, the first of the body.
    """

    problem: Problem | None = None
    is_final: bool = False
    retry_after: float | None = None
    details: Mapping[str, Any] | None = None
    is_sent: bool = True

    def as_json(self) -> dict[str, Any]:
        """The answer as the API tells it."""
        told: dict[str, Any] = {"sent": self.is_sent, **(self.details or {})}
        if self.problem is not None:
            told |= {"code": self.problem.code, "message": self.problem.message}
            told |= {"hint": self.problem.hint} if self.problem.hint else {}
        if not self.is_sent:
            told["retried"] = not self.is_final
        return told | ({"retry_after_s": self.retry_after} if self.retry_after is not None else {})


def failed(problem: Problem, *, is_final: bool = False, retry_after: float | None = None, **details: Any) -> Answer:
    """An answer that says it was not taken."""
    return Answer(problem, is_final, retry_after, details, is_sent=False)


def shown(text: str | bytes) -> str:
    """The first of an answer, in characters that can be printed."""
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return "".join(char if char.isprintable() else " " for char in told[:LOOKED_THROUGH])


def without_secrets(answer: Answer, secrets: Iterable[str]) -> Answer:
    """An answer in which no secret stands, whatever the other side has repeated."""
    hidden = sorted((value for value in secrets if len(value) >= SHORTEST), key=len, reverse=True)
    problem = answer.problem
    if problem is not None:
        problem = replace(problem, message=_hiding(problem.message, hidden))
    details = {name: _hiding(value, hidden) for name, value in (answer.details or {}).items()}
    return replace(answer, problem=problem, details=details)


def _hiding(value: Any, hidden: list[str]) -> Any:
    if isinstance(value, str):
        for secret in hidden:
            value = value.replace(secret, MASK)
        return value[:SHOWN]
    return value
