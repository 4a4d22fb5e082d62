"""What filters over rules ask about: `alert.attributes.*`, as Kibana stores rules (detection-engine.md 8.1).

Fields that only the detection engine knows are below `params`, in camel case; by their names in the API they are found
there too.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from besra.language.expr import Predicate
from besra.language.kuery.lower import lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.schema.catalogue import EMPTY, Catalogue

ROOT = "alert.attributes"
TYPES = {
    f"{ROOT}.name": "text",
    f"{ROOT}.name.keyword": "keyword",
    f"{ROOT}.enabled": "boolean",
    f"{ROOT}.tags": "keyword",
    f"{ROOT}.createdAt": "date",
    f"{ROOT}.updatedAt": "date",
    f"{ROOT}.createdBy": "keyword",
    f"{ROOT}.updatedBy": "keyword",
    f"{ROOT}.schedule.interval": "keyword",
    f"{ROOT}.params.immutable": "boolean",
    f"{ROOT}.params.ruleId": "keyword",
    f"{ROOT}.params.rule_id": "keyword",
    f"{ROOT}.params.severity": "keyword",
    f"{ROOT}.params.riskScore": "double",
    f"{ROOT}.params.risk_score": "double",
    f"{ROOT}.params.type": "keyword",
    f"{ROOT}.params.version": "long",
    f"{ROOT}.params.description": "text",
    f"{ROOT}.params.index": "keyword",
    f"{ROOT}.params.ruleSource.type": "keyword",
    f"{ROOT}.params.ruleSource.isCustomized": "boolean",
    f"{ROOT}.params.threat.framework": "keyword",
    **{
        f"{ROOT}.params.threat.{part}.{name}": "keyword"
        for part in ("tactic", "technique", "technique.subtechnique")
        for name in ("id", "name", "reference")
    },
}
FIRST_OF_WORD = re.compile(r"_([a-z0-9])")
OWN = ("name", "enabled", "tags")
SERVER = {"created_at": "createdAt", "updated_at": "updatedAt", "created_by": "createdBy", "updated_by": "updatedBy"}


@cache
def rule_catalogue() -> Catalogue:
    """The fields of rules that filters ask about."""
    return EMPTY.with_types(TYPES)


def rule_condition(query: str, now: int) -> Predicate:
    """A filter in KQL as a predicate; `now` is in nanoseconds since 1970.

    Raises QuerySyntaxError or QuerySemanticError.
    """
    return lower_kuery_expression(parse_kuery(query), rule_catalogue(), now=now).predicate


def attributes_of(id_: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The document filters are asked of."""
    source = parameters.get("rule_source")
    params = {
        **parameters,
        **{_camel(name): value for name, value in parameters.items()},
        "ruleSource": {_camel(name): value for name, value in source.items()} if isinstance(source, dict) else {},
    }
    attributes = {
        **{name: parameters[name] for name in OWN if name in parameters},
        **{name: parameters[own] for own, name in SERVER.items() if own in parameters},
        "schedule": {"interval": parameters.get("interval", "5m")},
        "params": params,
    }
    attributes["name.keyword"] = parameters.get("name")
    return {"alert": {"id": f"alert:{id_}", "attributes": attributes}}


def _camel(name: str) -> str:
    return FIRST_OF_WORD.sub(lambda found: found[1].upper(), name)
