"""That a request is not let through, and why."""

from collections.abc import Mapping

from besra.service.credential import CHALLENGE


class DeniedError(Exception):
    """A request that is not let through: the HTTP status, what to say, and headers of the answer."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = dict(headers or {})


def unknown(reason: str) -> DeniedError:
    """That nobody knows who asks."""
    return DeniedError(401, reason, CHALLENGE)


def too_many(reason: str, seconds: float) -> DeniedError:
    """That somebody asks too often, and after how many seconds to ask again."""
    return DeniedError(429, reason, {"Retry-After": str(max(1, round(seconds + 0.5)))})
