"""Dead letters over HTTP: a page of them, one of them whole, and how many there are."""

import base64
from typing import Annotated, Any

from msgspec import Meta, Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.schema.timestamp import format_timestamp
from besra.service.answering import AGAIN, RequestError, refused
from besra.service.dead_letters import NEWEST, Counts, DeadLetterError, DeadLetters, KeptLetter
from besra.service.description import Description, Nothing
from besra.service.endpoint import Endpoint, Right
from besra.service.own_endpoint import own

PAGE = 100
LARGEST_PAGE = 1000
SHOWN = 4096
"""Bytes of a letter shown in a page; `/api/v1/dead_letters/{number}` has all that are kept."""


class LettersQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which dead letters, the newest first."""

    size: Annotated[int, Meta(ge=1, le=LARGEST_PAGE, description="how many")] = PAGE
    before: Annotated[int, Meta(ge=0, le=NEWEST, description="those before the letter of this number")] = NEWEST


class ToldLetter(Struct, frozen=True, omit_defaults=True):
    """A dead letter: its first bytes as text, or in Base64 if they are none; `size` is how many there were."""

    number: int
    received: str
    origin: str
    reason: str
    size: int
    body: str | None = None
    body_base64: str | None = None


class LettersTold(Struct, frozen=True, omit_defaults=True):
    """A page of dead letters, and how many there are; `next` is for the page behind it."""

    total: int
    dead_letters: tuple[ToldLetter, ...]
    next: int | None = None


LETTERS: Description[LettersQuery, Nothing] = Description("Dead letters.", LettersQuery, answer=LettersTold)
LETTER: Description[Nothing, Nothing] = Description(
    "The bytes of a dead letter.", media="application/octet-stream", refusals={404: "there is no such letter"}
)


def dead_letter_routes(letters: DeadLetters) -> list[Endpoint]:
    """The routes, over the letters of a data folder."""

    async def page(_: Request, asked: LettersQuery, __: Nothing) -> Any:
        try:
            found = await run_in_threadpool(letters.page, asked.before, asked.size, SHOWN)
        except DeadLetterError as error:
            return refused(503, str(error), AGAIN)
        # A full page may be followed by another one.
        following = found[-1].number if len(found) == asked.size else None
        return LettersTold(letters.counts().kept, tuple(map(told_letter, found)), following)

    async def one(request: Request, _: Nothing, __: Nothing) -> Response:
        number = request.path_params["number"]
        try:
            found = await run_in_threadpool(letters.one, number) if number <= NEWEST else None
        except DeadLetterError as error:
            return refused(503, str(error), AGAIN)
        if found is None:
            raise RequestError(404, f"there is no dead letter {number}")
        # Bytes of a stranger: nothing for a browser to show.
        headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        return Response(found.body, 200, headers, media_type="application/octet-stream")

    return [
        own("GET", "/dead_letters", Right.ADMINISTER, LETTERS, page),
        own("GET", "/dead_letters/{number:int}", Right.ADMINISTER, LETTER, one),
    ]


def told_letter(letter: KeptLetter) -> ToldLetter:
    """A letter as it is told."""
    told = letter.number, format_timestamp(letter.received), letter.origin, letter.reason, letter.size
    try:
        return ToldLetter(*told, body=_text(letter.body, is_cut=len(letter.body) < letter.size))
    except UnicodeDecodeError:
        return ToldLetter(*told, body_base64=base64.b64encode(letter.body).decode())


def _text(body: bytes, *, is_cut: bool) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        if not is_cut or error.start < len(body) - 3:
            raise
        return body[: error.start].decode()  # cut within a character


def dead_letter_metrics(counts: Counts) -> dict[str, tuple[str, str, int]]:
    """The metrics by name: kind, meaning and value."""
    return {
        "besra_dead_letters_total": ("counter", "Dead letters kept since the start.", counts.added),
        "besra_dead_letters_lost_total": ("counter", "Dead letters that could not be kept.", counts.lost),
        "besra_dead_letters_kept": ("gauge", "Dead letters that are there.", counts.kept),
        "besra_dead_letters_kept_bytes": ("gauge", "Bytes of the dead letters that are there.", counts.bytes),
        "besra_dead_letters_dropped_total": ("counter", "Dead letters dropped to make room, ever.", counts.dropped),
    }
