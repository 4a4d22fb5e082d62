"""Which spaces somebody sees who asks for something that is not in one space: a list of them, a search by index."""

from starlette.requests import Request

from besra.service.access import Who
from besra.service.author import WHO
from besra.service.endpoint import Right


def is_seen(request: Request, space: str) -> bool:
    """Whether there is anything that whoever asks may do in a space."""
    who: Who | None = request.scope.get(WHO)
    return who is None or who.is_in(space)


def may_read(request: Request, space: str) -> bool:
    """Whether whoever asks may read what is in a space."""
    who: Who | None = request.scope.get(WHO)
    return who is None or who.can(Right.READ, space)
