"""Dead letters over HTTP: a page of them, one of them whole, and how many there are."""

import base64
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from besra.schema.timestamp import format_timestamp
from besra.service.answering import AGAIN, RequestError, refused
from besra.service.dead_letters import NEWEST, Counts, DeadLetterError, DeadLetters, KeptLetter
from besra.service.elasticsearch import reply
from besra.service.endpoint import Endpoint, Face, Right

PAGE = 100
LARGEST_PAGE = 1000
SHOWN = 4096
"""Bytes of a letter shown in a page; `/api/v1/dead_letters/{number}` has all that are kept."""


def dead_letter_routes(letters: DeadLetters) -> list[Endpoint]:
    """The routes, over the letters of a data folder."""

    async def page(request: Request) -> Response:
        asked = request.query_params
        try:
            size, before = int(asked.get("size", PAGE)), int(asked.get("before", NEWEST))
        except ValueError:
            raise RequestError(400, "size and before are numbers") from None
        if not 1 <= size <= LARGEST_PAGE or not 0 <= before <= NEWEST:
            raise RequestError(400, f"size is a number up to {LARGEST_PAGE:,}, before that of a letter")
        try:
            found = await run_in_threadpool(letters.page, before, size, SHOWN)
        except DeadLetterError as error:
            return refused(503, str(error), AGAIN)
        told = {"total": letters.counts().kept, "dead_letters": [as_json(letter) for letter in found]}
        # A full page may be followed by another one.
        return reply({**told, "next": found[-1].number} if len(found) == size else told)

    async def one(request: Request) -> Response:
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
        Endpoint(Face.OWN, "GET", "/api/v1/dead_letters", Right.ADMINISTER, page),
        Endpoint(Face.OWN, "GET", "/api/v1/dead_letters/{number:int}", Right.ADMINISTER, one),
    ]


def as_json(letter: KeptLetter) -> dict[str, Any]:
    """A letter as it is shown: its bytes as text, or in Base64 if they are none; `size` is how many there were."""
    told = {
        "number": letter.number,
        "received": format_timestamp(letter.received),
        "origin": letter.origin,
        "reason": letter.reason,
        "size": letter.size,
    }
    try:
        return {**told, "body": _text(letter.body, is_cut=len(letter.body) < letter.size)}
    except UnicodeDecodeError:
        return {**told, "body_base64": base64.b64encode(letter.body).decode()}


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
