"""The form of an answer as its asker wants it: the media type of its version, `filter_path`, `pretty`.

Elasticsearch's clients of versions 8 and 9 ask for a media type that names their version; some look whether the answer
has it.
"""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

JSON = "application/json"
VERSIONED = re.compile(r"application/vnd\.elasticsearch\+json\s*;\s*compatible-with=(\d{1,2})")
MOST_PATHS = 100
"""Paths of a `filter_path` that are looked at."""
MOST_SEGMENTS = 20
"""Segments of one of them."""


def unfit(request: Request) -> str | None:
    """Why the answer cannot be given the form its request asks for; to be asked before anything is done for it."""
    longest = max(map(len, _paths(request.query_params.get("filter_path", ""))), default=0)
    if longest <= MOST_SEGMENTS:
        return None
    return f"a path of [filter_path] has {longest} segments; it can have {MOST_SEGMENTS}"


def shaped(request: Request, response: Response, whole: str | None = None) -> Response:
    """The response in the form its request asks for; it may take a while where that leaves out parts.

    Errors are told whole, and so is what is nested too deeply to be gone through. A `filter_path` that reaches into the
    member `whole` is passed over: a long answer costs less to send than to filter.
    """
    if response.headers.get("content-type") != JSON:
        return response
    asked = request.query_params
    paths = _paths(asked.get("filter_path", "")) if response.status_code < 400 else []
    if whole is not None and _below(whole, paths):
        paths = []
    is_pretty = asked.get("pretty", "false") != "false"
    if paths or is_pretty:
        try:
            response.body = _written(filtered(orjson.loads(response.body), paths), is_pretty)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
            return response
        response.headers["content-length"] = str(len(response.body))
    if wanted := VERSIONED.search(request.headers.get("accept", "")):
        response.headers["content-type"] = f"application/vnd.elasticsearch+json;compatible-with={wanted[1]}"
    return response


def _written(value: Any, is_pretty: bool) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE if is_pretty else None)


Path = tuple[str, ...]


def _paths(text: str) -> list[Path]:
    paths = (tuple(path.strip().split(".")) for path in text.split(",")[:MOST_PATHS])
    return [path for path in paths if path != ("",)]


def filtered(value: Any, paths: Sequence[Sequence[str]]) -> Any:
    """What the paths leave of a JSON value: names with `*` and `**`, those that begin with `-` to be left out."""
    kept = [tuple(path) for path in paths if not path[0].startswith("-")]
    dropped = [(path[0][1:], *path[1:]) for path in paths if path[0].startswith("-")]
    if kept:
        value = _only(value, kept)
    return _without(value, dropped) if dropped else value


def _below(name: str, paths: Sequence[Path]) -> list[Path]:
    """What is left of the paths below a member of that name: each once, so never more than the paths have segments."""
    found: dict[Path, None] = {}
    for path in paths:
        rest = path
        while rest and rest[0] == "**":
            found[rest] = None
            rest = rest[1:]
        if rest and fnmatchcase(name, rest[0].replace("[", "[[]")):
            found[rest[1:]] = None
    return list(found)


def _is_whole(paths: Sequence[Path]) -> bool:
    return any(not path or path == ("**",) for path in paths)


def _only(value: Any, paths: Sequence[Path]) -> Any:
    if isinstance(value, list):
        members = [_only(member, paths) for member in value if isinstance(member, (dict, list))]
        return [member for member in members if member not in ({}, [])]
    found = {}
    for name, member in value.items() if isinstance(value, dict) else ():
        below = _below(name, paths)
        if _is_whole(below):
            found[name] = member
        elif below and isinstance(member, (dict, list)) and (part := _only(member, below)) not in ({}, []):
            found[name] = part
    return found


def _without(value: Any, paths: Sequence[Path]) -> Any:
    if isinstance(value, list):
        return [_without(member, paths) for member in value]
    if not isinstance(value, dict):
        return value
    left = {}
    for name, member in value.items():
        below = _below(name, paths)
        if not any(not path for path in below):
            left[name] = _without(member, below) if below else member
    return left
