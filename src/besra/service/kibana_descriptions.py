"""What is said of endpoints in the shape of Kibana's API, which read their requests by themselves.

For the forms of their bodies see Elastic's own documentation, and docs/api.md for what besra takes of them.
"""

from collections.abc import Mapping
from typing import Any

from besra.service.description import Description
from besra.service.kibana_bodies import (
    AlertAssignees,
    AlertSearch,
    AlertStatus,
    AlertTags,
    BulkAction,
    DryRun,
    ExceptionBody,
    ExceptionListBody,
    FindLists,
    FindRules,
    OfItem,
    OfList,
    OfRule,
    Overwriting,
    RuleBody,
    RulePart,
    RulesNamed,
)

RULES = "/api/detection_engine/rules"
SIGNALS = "/api/detection_engine/signals"
LISTS = "/api/exception_lists"
ENDPOINT_LIST = "/api/endpoint_list"
VALUES = "/api/lists"
ACTIONS = "/api/actions"
NDJSON = "application/ndjson"
ANY = "*/*"
"""An action may be an export."""

FORM = {415: "the file has to come as a field of a form", 413: "the file is too large"}
MISSING = {404: "there is none"}
KNOWN = {409: "there is one already, or somebody else has changed it meanwhile"}
BODY = dict[str, Any]


def taking(summary: str, refusals: Mapping[int, str] = MISSING | KNOWN) -> Description[Any, Any]:
    """That an endpoint takes and answers objects of Elastic's forms."""
    return Description(summary, body=BODY, answer=Any, refusals=refusals)


def telling(summary: str, refusals: Mapping[int, str] = MISSING | KNOWN) -> Description[Any, Any]:
    """That an endpoint answers objects of Elastic's forms."""
    return Description(summary, answer=Any, refusals=refusals)


KIBANA: Mapping[tuple[str, str], Description[Any, Any]] = {
    ("POST", RULES): Description("Make a rule.", body=RuleBody, answer=BODY, refusals=KNOWN),
    ("GET", RULES): Description("One rule.", query=OfRule, answer=BODY, refusals=MISSING),
    ("PUT", RULES): Description(
        "Have a rule say something else.", body=RuleBody, answer=BODY, refusals=MISSING | KNOWN
    ),
    ("PATCH", RULES): Description(
        "Change some fields of a rule.", body=RulePart, answer=BODY, refusals=MISSING | KNOWN
    ),
    ("DELETE", RULES): Description("Delete a rule.", query=OfRule, answer=BODY, refusals=MISSING),
    ("GET", f"{RULES}/_find"): Description("Rules, page by page.", query=FindRules, answer=BODY),
    ("POST", f"{RULES}/_bulk_action"): Description(
        "One action on many rules.", DryRun, BulkAction, media=ANY, refusals={500: "some of it could not be done"}
    ),
    ("POST", f"{RULES}/_export"): Description("Rules as NDJSON.", body=RulesNamed, media=NDJSON),
    ("GET", "/api/detection_engine/tags"): Description("The tags of all rules.", answer=list[str]),
    ("POST", f"{SIGNALS}/search"): Description("Search alerts, and count them.", body=AlertSearch, answer=BODY),
    ("POST", f"{SIGNALS}/status"): Description("Open, acknowledge or close alerts.", body=AlertStatus, answer=BODY),
    ("POST", f"{SIGNALS}/tags"): Description("Add tags to alerts, and take some away.", body=AlertTags, answer=BODY),
    ("POST", f"{SIGNALS}/assignees"): Description("The same of assignees.", body=AlertAssignees, answer=BODY),
    ("POST", LISTS): Description("Make an exception list.", body=ExceptionListBody, answer=BODY, refusals=KNOWN),
    ("GET", LISTS): Description("An exception list.", query=OfList, answer=BODY, refusals=MISSING),
    ("PUT", LISTS): Description(
        "Change an exception list.", body=ExceptionListBody, answer=BODY, refusals=MISSING | KNOWN
    ),
    ("DELETE", LISTS): Description("Remove an exception list.", query=OfList, answer=BODY, refusals=MISSING),
    ("GET", f"{LISTS}/_find"): Description("Exception lists, page by page.", query=FindLists, answer=BODY),
    ("POST", f"{LISTS}/items"): Description(
        "Make an exception.", body=ExceptionBody, answer=BODY, refusals=MISSING | KNOWN
    ),
    ("GET", f"{LISTS}/items"): Description("An exception.", query=OfItem, answer=BODY, refusals=MISSING),
    ("PUT", f"{LISTS}/items"): Description(
        "Change an exception.", body=ExceptionBody, answer=BODY, refusals=MISSING | KNOWN
    ),
    ("DELETE", f"{LISTS}/items"): Description("Remove an exception.", query=OfItem, answer=BODY, refusals=MISSING),
    ("GET", f"{LISTS}/items/_find"): Description(
        "Exceptions, page by page.", query=FindLists, answer=BODY, refusals=MISSING
    ),
    ("POST", f"{LISTS}/_export"): Description(
        "A list and its exceptions.", query=OfList, media=NDJSON, refusals=MISSING
    ),
    ("POST", f"{RULES}/_import"): Description(
        "Rules from NDJSON.", Overwriting, answer=BODY, refusals=FORM, takes_file=True
    ),
    ("POST", f"{LISTS}/_import"): Description(
        "Exception lists and exceptions from NDJSON.", Overwriting, answer=BODY, refusals=FORM, takes_file=True
    ),
    ("POST", f"{LISTS}/_duplicate"): telling("A copy of an exception list."),
    ("GET", f"{LISTS}/summary"): telling("How many exceptions a list has, by system."),
    ("POST", "/api/exceptions/shared"): taking("Make a list that rules share."),
    ("GET", f"{ENDPOINT_LIST}/items/_find"): telling("Exceptions of the endpoint list, page by page."),
    ("GET", f"{ENDPOINT_LIST}/items"): telling("An exception of the endpoint list."),
    ("POST", ENDPOINT_LIST): telling("Make the endpoint list."),
    ("POST", f"{ENDPOINT_LIST}/items"): taking("Make an exception of the endpoint list."),
    ("PUT", f"{ENDPOINT_LIST}/items"): taking("Change an exception of the endpoint list."),
    ("DELETE", f"{ENDPOINT_LIST}/items"): telling("Remove an exception of the endpoint list."),
    ("POST", f"{RULES}/{{id}}/exceptions"): taking("Exceptions of one rule."),
    ("PUT", f"{RULES}/prepackaged"): telling("What would install Elastic's rules."),
    ("GET", f"{RULES}/prepackaged/_status"): telling("How many rules there are, by where they are from."),
    ("POST", f"{RULES}/preview"): taking("Try a rule on the events there are."),
    ("GET", "/api/detection_engine/privileges"): telling("What the asker may do."),
    ("GET", "/api/detection_engine/index"): telling("The index of alerts."),
    ("POST", "/api/detection_engine/index"): telling("Make the index of alerts, which is always there."),
    ("DELETE", "/api/detection_engine/index"): telling("What would remove the alerts."),
    ("GET", f"{VALUES}/privileges"): telling("What the asker may do with value lists."),
    ("GET", f"{VALUES}/index"): telling("The indices of value lists."),
    ("POST", f"{VALUES}/index"): telling("Make the indices of value lists, which are always there."),
    ("DELETE", f"{VALUES}/index"): telling("Remove all value lists."),
    ("GET", f"{VALUES}/_find"): telling("Value lists, page by page."),
    ("GET", VALUES): telling("A value list."),
    ("POST", VALUES): taking("Make a value list."),
    ("PUT", VALUES): taking("Change a value list."),
    ("PATCH", VALUES): taking("Change some fields of a value list."),
    ("DELETE", VALUES): telling("Remove a value list."),
    ("GET", f"{VALUES}/items/_find"): telling("Values of a list, page by page."),
    ("GET", f"{VALUES}/items"): telling("A value of a list."),
    ("POST", f"{VALUES}/items"): taking("Add a value to a list."),
    ("PUT", f"{VALUES}/items"): taking("Change a value of a list."),
    ("PATCH", f"{VALUES}/items"): taking("Change some fields of a value of a list."),
    ("DELETE", f"{VALUES}/items"): telling("Remove values of a list."),
    ("POST", f"{VALUES}/items/_export"): Description("The values of a list, one a line.", media=ANY, refusals=MISSING),
    ("POST", f"{VALUES}/items/_import"): Description(
        "Values from a file, one a line.", answer=Any, refusals=FORM | MISSING | KNOWN, takes_file=True
    ),
    ("GET", f"{ACTIONS}/connectors"): telling("The connectors."),
    ("GET", f"{ACTIONS}/connector_types"): telling("What connectors there can be."),
    ("GET", f"{ACTIONS}/connector/{{id}}"): telling("A connector."),
    ("POST", f"{ACTIONS}/connector/{{id}}/_execute"): taking("Have a connector send something."),
    ("POST", f"{ACTIONS}/connector"): taking("Make a connector."),
    ("POST", f"{ACTIONS}/connector/{{id}}"): taking("Make a connector with an id."),
    ("PUT", f"{ACTIONS}/connector/{{id}}"): taking("Change a connector."),
    ("DELETE", f"{ACTIONS}/connector/{{id}}"): Description("Remove a connector.", status=204, refusals=MISSING | KNOWN),
    ("GET", "/api/status"): Description("What it is, and that it is there.", answer=BODY),
    ("GET", "/api/spaces/space"): Description("The spaces.", answer=list[BODY]),
    ("GET", "/api/spaces/space/{id}"): telling("A space."),
    ("POST", "/api/spaces/space"): taking("Make a space."),
    ("PUT", "/api/spaces/space/{id}"): taking("Say something else of a space."),
    ("DELETE", "/api/spaces/space/{id}"): Description(
        "Remove a space in which there is nothing.", status=204, refusals=MISSING | KNOWN
    ),
    ("GET", "/internal/security/me"): Description("Who asks.", answer=BODY),
}
"""By method and path."""
