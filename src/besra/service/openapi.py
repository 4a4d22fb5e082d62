"""The OpenAPI document of a running service, made from its endpoints and what each says of itself.

Endpoints of its own and those in the shape of Kibana's API are told of; those for clients of Elasticsearch are listed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import orjson
from starlette.requests import Request

from besra.service.description import Description, Nothing
from besra.service.endpoint import Endpoint, Face, Right
from besra.service.kibana_descriptions import KIBANA
from besra.service.own_descriptions import OWN
from besra.service.own_endpoint import own
from besra.version import __version__

TOLD = (Face.OWN, Face.KIBANA)
JSON = "application/json"
NO_CONTENT = 204
FORM = "multipart/form-data"
FILE = {
    "type": "object",
    "properties": {"file": {"type": "string", "contentMediaType": "application/ndjson"}},
    "required": ["file"],
}
REF = "#/components/schemas/{name}"
PARAMETER = re.compile(r"\{(\w+)(?::(\w+))?\}")
EVERYWHERE = {
    401: "a credential is missing, wrong or has expired",
    403: "the credential is not good for this",
    429: "too many requests at once; `Retry-After` says when to come again",
    503: "a store is away at the moment; `Retry-After` says when to come again",
}
"""What any endpoint may answer."""


class Trouble(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request that was not done: what is wrong, and what to do."""

    message: str
    status_code: int
    problems: tuple[dict[str, Any], ...] = ()


def document_of(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The document, as JSON values."""
    told = [(endpoint, description_of(endpoint)) for endpoint in endpoints if endpoint.face in TOLD]
    types = [type_ for _, description in told for type_ in _types(description)]
    schemas, components = msgspec.json.schema_components([Trouble, *types], ref_template=REF)
    known = dict(zip(map(id, [Trouble, *types]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint, description in told:
        path = PARAMETER.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, description, known, components)
    listed = [endpoint for endpoint in endpoints if endpoint.face not in TOLD]
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "besra",
            "version": __version__,
            "description": "Rules, events and alerts of `besra serve`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [
            {"url": "/", "description": "the space `default`"},
            {"url": "/s/{space}", "description": "any space", "variables": {"space": {"default": "default"}}},
        ],
        "security": [{"basic": []}, {"apiKey": []}, {"bearer": []}],
        "tags": [
            {"name": str(Face.OWN), "description": "besra's own"},
            {"name": str(Face.KIBANA), "description": "in the shape of Kibana's API"},
        ],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "apiKey": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`ApiKey …`"},
            },
        },
        "x-other-shapes": [
            {"face": str(endpoint.face), "method": endpoint.method, "path": PARAMETER.sub(r"{\1}", endpoint.path)}
            for endpoint in listed
        ],
    }
    as_json: dict[str, Any] = orjson.loads(orjson.dumps(document))
    return as_json


def description_of(endpoint: Endpoint) -> Description[Any, Any]:
    """What an endpoint says of itself, or what is said of one in Kibana's shape; else that there are no words yet."""
    key = endpoint.method, endpoint.path
    known = endpoint.description or OWN.get(key) or KIBANA.get(key)
    return known or NONE


NONE: Description[Any, Any] = Description("Not described.", answer=Any)


def _types(description: Description[Any, Any]) -> Iterator[Any]:
    yield from (type_ for type_ in (description.query, description.body) if type_ is not Nothing)
    if description.answer is not None:
        yield description.answer


def _operation(
    endpoint: Endpoint, description: Description[Any, Any], schemas: dict[int, Any], components: dict[str, Any]
) -> dict[str, Any]:
    parameters = [*_in_path(endpoint.path), *_in_query(description, schemas, components)]
    if endpoint.is_change:
        parameters.append(
            {
                "name": "kbn-xsrf",
                "in": "header",
                "required": True,
                "description": "any value: a page of another site cannot have a browser send it",
                "schema": {"type": "string", "minLength": 1, "default": "true", "examples": ["true"]},
            }
        )
    told: dict[str, Any] = {
        "operationId": _name(endpoint),
        "summary": description.summary,
        "tags": [str(endpoint.face)],
        "x-right": str(endpoint.right),
        "parameters": parameters,
        "responses": _responses(description, schemas),
    }
    if endpoint.right is Right.ANYBODY:
        told["security"] = []
    if description.body is not Nothing:
        schema = schemas[id(description.body)]
        whole = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        is_needed = "$ref" not in schema or bool(whole.get("required"))
        told["requestBody"] = {"required": is_needed, "content": {JSON: {"schema": schema}}}
    if description.takes_file:
        told["requestBody"] = {"required": True, "content": {FORM: {"schema": FILE}}}
    return told


def _name(endpoint: Endpoint) -> str:
    words = re.findall(r"\w+", endpoint.path.removeprefix("/api"))
    return "_".join([endpoint.method.lower(), *words])


def _in_path(path: str) -> Iterator[dict[str, Any]]:
    for name, kind in PARAMETER.findall(path):
        schema = {"type": "integer", "minimum": 0} if kind == "int" else {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(
    description: Description[Any, Any], schemas: dict[int, Any], components: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    if description.query is Nothing:
        return
    whole = components[schemas[id(description.query)]["$ref"].rpartition("/")[2]]
    for name, schema in whole["properties"].items():
        held = dict(schema)
        text = held.pop("description", "")
        yield {
            "name": name,
            "in": "query",
            "required": name in whole.get("required", ()),
            **({"description": text} if text else {}),
            "schema": _without_null(held),
        }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is there or not: it is never null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf" and (name, value) != ("default", None)}
    return {**rest, **kinds[0]} if len(kinds) == 1 else {**rest, **({"anyOf": kinds} if kinds else {})}


def _responses(description: Description[Any, Any], schemas: dict[int, Any]) -> dict[str, Any]:
    schema = {} if description.answer is None else schemas[id(description.answer)]
    content = {description.media: {"schema": schema} if schema or description.media == JSON else {}}
    found: dict[str, Any] = {str(description.status): {"description": description.summary, "content": content}}
    if description.status == NO_CONTENT:
        del found[str(NO_CONTENT)]["content"]
    refusals = {400: "the request cannot be done: `message` says why", **description.refusals, **EVERYWHERE}
    trouble = {JSON: {"schema": schemas[id(Trouble)]}}
    for status, why in sorted(refusals.items()):
        found[str(status)] = {"description": why, "content": trouble}
    return found


def undescribed(endpoints: Iterable[Endpoint]) -> list[str]:
    """The endpoints that are told of, and have no words."""
    return [f"{one.method} {one.path}" for one in endpoints if one.face in TOLD and description_of(one) is NONE]


def document_endpoint(endpoints: Sequence[Endpoint]) -> Endpoint:
    """The endpoint that answers the document of some endpoints and of itself."""
    written: list[dict[str, Any]] = []

    async def document(_: Request, __: Nothing, ___: Nothing) -> dict[str, Any]:
        if not written:
            written.append(document_of([*endpoints, endpoint]))
        return written[0]

    endpoint = own("GET", "/openapi.json", Right.KNOWN, DOCUMENT, document)
    return endpoint


DOCUMENT: Description[Nothing, Nothing] = Description("This document.", answer=dict[str, Any])
