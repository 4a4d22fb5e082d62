"""Events, indicators and entries of a mapping, in few words: `source_ip` stands for the field `source.ip`."""

from typing import Any

Json = dict[str, Any]
TIME = "2026-03-17T09:00:00Z"


def entry(field: str, value: str, **more: Any) -> Json:
    """An entry of a mapping."""
    return {"field": field, "type": "mapping", "value": f"threat.indicator.{value}", **more}


IP, URL, NAME = entry("source.ip", "ip"), entry("url.full", "url.full"), entry("user.name", "name")


def event(identity: str = "e", **fields: Any) -> Json:
    """An event of an index that rules read."""
    named = {name.replace("_", "."): value for name, value in fields.items()}
    return {"_id": identity, "_index": "logs-x", "_source": {"@timestamp": TIME, **named}}


def indicator(identity: str = "i", index: str | None = None, **fields: Any) -> Json:
    """An indicator, of an index if one is named."""
    named = {f"threat.indicator.{name.replace('_', '.')}": value for name, value in fields.items()}
    return {"_id": identity, "_source": named, **({"_index": index} if index else {})}
