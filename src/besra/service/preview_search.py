"""The alerts of trials, found in an index of their own: `.preview.alerts-security.alerts-<space>` (3, 8.1)."""

from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from besra.schema.indexpattern import split_patterns
from besra.service.answering import LARGEST_SEARCH
from besra.service.elasticsearch import body_of, reply_documents
from besra.service.endpoint import Endpoint, Face, Handler, Right, endpoints
from besra.service.plain_paths import named
from besra.service.preview import Previews
from besra.service.runs import Clock
from besra.service.search_alerts import AlertRequest, alert_answer, alert_count, alert_request
from besra.service.search_error import malformed, not_supported
from besra.service.search_routes import Found, told_as_search, warned
from besra.service.searching import Searching
from besra.service.sight import may_read
from besra.service.spaces import Spaces
from besra.storage.alert_store import AlertStore

PREFIX = ".preview"
PATH = f"/{PREFIX}{{rest}}"

Answer = Callable[[AlertStore, AlertRequest], dict[str, Any]]


def preview_search_routes(previews: Previews, spaces: Spaces, searching: Searching, clock: Clock) -> list[Endpoint]:
    """All of them; to be looked through before those of any index."""

    def over(answer: Answer) -> Handler:
        async def answered(request: Request) -> Response:
            raw, now = await body_of(request, LARGEST_SEARCH), clock()
            readable = [space for space in spaces.ids if may_read(request, space)]

            def found() -> Found:
                asked = alert_request(_alerts(request), _object(raw), request.query_params, now, readable)
                told = answer(previews.store, asked)
                for hit in told.get("hits", {}).get("hits", ()):
                    hit["_index"] = f"{PREFIX}{hit['_index']}"
                return told, asked.warnings

            told, warnings = await searching.run(found)
            return reply_documents(told, headers=warned(warnings))

        return told_as_search(answered)

    searches = [("GET POST", f"{PATH}/_search", over(alert_answer)), ("GET POST", f"{PATH}/_count", over(alert_count))]
    return endpoints(Face.ELASTICSEARCH, Right.READ, searches)


def _alerts(request: Request) -> str:
    """The indices of real alerts in the place of those of trials. Raises SearchError."""
    patterns = split_patterns((f"{PREFIX}{named(request, 'rest') or ''}",))
    if not all(pattern.lstrip("-").startswith(PREFIX) for pattern in patterns):
        raise not_supported("a search of previews and something else together", "search them one after the other")
    return ",".join(pattern.replace(PREFIX, "", 1) for pattern in patterns)


def _object(raw: bytes) -> Any:
    if not raw.strip():
        return {}
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise malformed(f"the body is no JSON: {error}") from error
