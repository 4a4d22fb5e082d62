"""Which events are the same event.

An event keeps the `_id` its input carries; any other is known by a hash of its document, so that the same document read
from two files, or from one file twice, is one event. Elasticsearch ids are unique within an index only: compare
`event_key`, not the bare id, where events of several indices meet.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from besra.events.document import flatten
from besra.events.event import Event

ID_LENGTH = 40


def document_id(source: Mapping[str, Any]) -> str:
    """The first 40 hexadecimal digits of the SHA-256 of the document as JSON with sorted keys.

    The order of keys does not count; everything else does, also whether a field is written nested or dotted.
    """
    try:
        canonical = orjson.dumps(source, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # orjson writes neither more than 254 levels nor numbers beyond 64 bits nor lone surrogates: hash the leaves.
        canonical = repr(sorted(flatten(source).items())).encode("utf-8", "surrogatepass")
    return hashlib.sha256(canonical).hexdigest()[:ID_LENGTH]


def event_key(event: Event) -> tuple[str, str]:
    """Home index and id: equal keys are the same event, wherever they were read."""
    return (event.index[0] if event.index else "", event.id)
