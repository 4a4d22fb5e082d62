"""The OpenAPI document: valid, about every endpoint there is, and as the endpoints read their requests."""

import re
from collections.abc import Sequence
from typing import Annotated, Any
from unittest.mock import MagicMock

import pytest
from msgspec import Meta, Struct
from openapi_spec_validator import validate
from starlette.applications import Starlette
from starlette.requests import Request
from tests.asked import asked
from tests.documents import ROOT, text_of

from besra.service.app import app_of
from besra.service.description import Description, Nothing
from besra.service.endpoint import Endpoint, Face, Right
from besra.service.key_routes import key_routes
from besra.service.kibana_descriptions import KIBANA
from besra.service.openapi import document_of, undescribed
from besra.service.own_descriptions import OWN
from besra.service.own_endpoint import own
from besra.service.routing import routes_of
from besra.service.session_routes import session_routes
from besra.service.user_routes import user_routes


@pytest.fixture(scope="module")
def endpoints() -> Sequence[Endpoint]:
    """All there are, those of a service with users too."""
    nobody = MagicMock()
    of_users = [
        *session_routes(nobody, nobody, nobody, nobody),
        *user_routes(nobody, nobody, nobody),
        *key_routes(nobody, nobody),
    ]
    return [*app_of(MagicMock()).state.endpoints, *of_users]


@pytest.fixture(scope="module")
def document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    return document_of(endpoints)


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_every_endpoint_is_described(endpoints: Sequence[Endpoint]) -> None:
    assert undescribed(endpoints) == []


def test_nothing_is_described_that_does_not_exist(endpoints: Sequence[Endpoint]) -> None:
    there = {(endpoint.method, endpoint.path): endpoint for endpoint in endpoints}
    assert [key for key in (*KIBANA, *OWN) if key not in there] == []
    assert [key for key in (*KIBANA, *OWN) if there[key].description is not None] == [], "these have two"


def test_every_endpoint_is_told_of(endpoints: Sequence[Endpoint], document: dict[str, Any]) -> None:
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    listed = {(one["method"], one["path"]) for one in document["x-other-shapes"]}
    there = {(endpoint.method, re.sub(r":\w+}", "}", endpoint.path)) for endpoint in endpoints}
    assert told | listed == there
    assert {path for _, path in told if path.startswith("/api/v1")} and not any(
        path.startswith("/api/") for _, path in listed
    )
    assert ("POST", "/_bulk") in listed


def test_every_operation_says_what_it_takes_and_answers(document: dict[str, Any]) -> None:
    names = []
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            names.append(told["operationId"])
            in_path = [one["name"] for one in told["parameters"] if one["in"] == "path"]
            assert in_path == re.findall(r"{(\w+)}", path)
            assert all(one["required"] for one in told["parameters"] if one["in"] == "path")
            assert told["summary"].endswith(".")
            assert any(status.startswith("2") for status in told["responses"])
            if method in ("get", "delete"):
                assert "requestBody" not in told
    assert len(set(names)) == len(names)


def test_every_endpoint_of_besras_own_is_in_the_pages(endpoints: Sequence[Endpoint]) -> None:
    pages = "".join(map(text_of, (ROOT / "docs").glob("*.md")))
    paths = {re.sub(r":\w+}", "}", endpoint.path) for endpoint in endpoints if endpoint.face is Face.OWN}
    assert sorted(path for path in paths if f"`{path}`" not in pages) == []


# --- one description for both -----------------------------------------------------------------------------------------


class Where(Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Where."""

    size: Annotated[int, Meta(ge=1, le=9)] = 3
    from_: str | None = None
    loud: bool = False


class What(Struct, frozen=True, forbid_unknown_fields=True):
    """What."""

    name: Annotated[str, Meta(min_length=1)]
    tags: tuple[str, ...] = ()


class Both(Struct, frozen=True):
    """Both."""

    where: Where
    what: What


TOLD: Description[Where, What] = Description("Tell it back.", Where, What, answer=Both, status=201)


def endpoint() -> Endpoint:
    async def told(_: Request, where: Where, what: What) -> Both:
        return Both(where, what)

    return own("POST", "/told", Right.READ, TOLD, told)


def tell(address: str, body: object) -> tuple[int, Any]:
    app = Starlette(routes=routes_of([endpoint()]))
    return asked(app, "POST", f"/api/v1/told{address}", body)


def test_a_request_is_read_by_its_description() -> None:
    status, told = tell("?size=5&from=x&loud=true&pretty=true", {"name": "n", "tags": ["t"]})
    assert status == 201
    assert told == {"where": {"size": 5, "from": "x", "loud": True}, "what": {"name": "n", "tags": ["t"]}}


@pytest.mark.parametrize(
    ("address", "body", "said"),
    [
        ("?size=10", {"name": "n"}, "size: expected `int` <= 9"),
        ("?size=x", {"name": "n"}, "size: expected `int`, got `str`"),
        ("?sise=1", {"name": "n"}, "the address: object contains unknown field `sise`"),
        ("", {}, "the body: object missing required field `name`"),
        ("", b"", "the body: object missing required field `name`"),
        ("", {"name": ""}, "name: expected `str` of length >= 1"),
        ("", {"name": "n", "tags": [1]}, "tags[0]: expected `str`, got `int`"),
        ("", [], "the body: expected `object`, got `array`"),
        ("", b"{", "the body is no JSON: "),
        ("", b'{"name": "\xff"}', "the body is no JSON: "),
        ("", b'{"name": ' + b"[" * 200_000, "name: expected `str`, got `array`"),
    ],
)
def test_what_does_not_fit_is_said(address: str, body: object, said: str) -> None:
    status, told = tell(address, body)
    assert (status, told["status_code"]) == (400, 400)
    assert told["message"].startswith(said)


def test_the_document_has_the_same_bounds() -> None:
    told = document_of([endpoint()])["paths"]["/api/v1/told"]["post"]
    parameters = {one["name"]: one for one in told["parameters"] if one["in"] == "query"}
    assert parameters["size"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 9, "default": 3}
    assert parameters["from"]["schema"] == {"type": "string"}
    assert not any(one["required"] for one in parameters.values())
    assert told["requestBody"]["required"]
    assert set(told["responses"]) >= {"201", "400", "401", "403", "429", "503"}


def test_an_endpoint_without_words_is_told_of_by_its_name() -> None:
    async def nothing(_: Request) -> Any: ...

    bare = Endpoint(Face.OWN, "GET", "/api/v1/bare/{id}", Right.READ, nothing)
    assert undescribed([bare, endpoint()]) == ["GET /api/v1/bare/{id}"]
    assert document_of([bare])["paths"]["/api/v1/bare/{id}"]["get"]["parameters"][0]["name"] == "id"
    assert Nothing() == Nothing()
