"""What an endpoint says of itself: what it takes and what it answers, as types that also read requests.

The types are those of msgspec, which checks what is sent against them (`service.own_endpoint`) and gives their JSON
Schema, so what is told of an endpoint (`service.openapi`) is what it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

Query = TypeVar("Query")
Body = TypeVar("Body")


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is taken."""


@dataclass(frozen=True, slots=True)
class Description(Generic[Query, Body]):
    """What an endpoint does, in a line; the types of its query parameters, its body and its answer.

    The `answer` is a type msgspec knows, or None for a body that is no JSON of a known form, with its `media` type.
    One that `takes_file` takes a form with the field `file`.
    `refusals` are the statuses it may refuse a request with beside 400 and those every endpoint has, and when.
    """

    summary: str
    query: type[Query] = Nothing  # type: ignore[assignment]  # the default is for those that take nothing
    body: type[Body] = Nothing  # type: ignore[assignment]
    answer: Any = None
    status: int = 200
    media: str = "application/json"
    refusals: Mapping[int, str] = field(default_factory=dict)
    takes_file: bool = False
