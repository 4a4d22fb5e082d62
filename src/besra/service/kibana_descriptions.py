"""What is said of endpoints in the shape of Kibana's API, which read their requests by themselves.

For the forms of their bodies see Elastic's own documentation, and docs/api.md for what besra takes of them.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from besra.service.description import Description

RULES = "/api/detection_engine/rules"
SIGNALS = "/api/detection_engine/signals"
LISTS = "/api/exception_lists"
NDJSON = "application/ndjson"

MISSING = {404: "there is none"}
KNOWN = {409: "there is one already, or somebody else has changed it meanwhile"}
BODY = dict[str, Any]


class OfRule(Struct, frozen=True):
    """Which rule."""

    id: str | None = None
    rule_id: str | None = None


class FindRules(Struct, frozen=True):
    """Which rules, and which page of them."""

    filter: Annotated[str | None, Meta(description="KQL over `alert.attributes`")] = None
    page: int = 1
    per_page: int = 20
    sort_field: str | None = None
    sort_order: Annotated[str, Meta(description="asc or desc")] = "desc"
    fields: str | None = None


class OfList(Struct, frozen=True):
    """Which exception list."""

    id: str | None = None
    list_id: str | None = None
    namespace_type: str = "single"


class OfItem(Struct, frozen=True):
    """Which exception item."""

    id: str | None = None
    item_id: str | None = None
    namespace_type: str = "single"


class FindLists(Struct, frozen=True):
    """Which page of exception lists or items."""

    list_id: str | None = None
    namespace_type: str = "single"
    page: int = 1
    per_page: int = 20


class Overwriting(Struct, frozen=True):
    """Whether what is there is replaced."""

    overwrite: bool = False


class DryRun(Struct, frozen=True):
    """Whether it is only told what would be done."""

    dry_run: bool = False


KIBANA: Mapping[tuple[str, str], Description[Any, Any]] = {
    ("POST", RULES): Description("Make a rule.", body=BODY, answer=BODY, refusals=KNOWN),
    ("GET", RULES): Description("One rule.", query=OfRule, answer=BODY, refusals=MISSING),
    ("PUT", RULES): Description("Have a rule say something else.", body=BODY, answer=BODY, refusals=MISSING | KNOWN),
    ("PATCH", RULES): Description("Change some fields of a rule.", body=BODY, answer=BODY, refusals=MISSING | KNOWN),
    ("DELETE", RULES): Description("Delete a rule.", query=OfRule, answer=BODY, refusals=MISSING),
    ("GET", f"{RULES}/_find"): Description("Rules, page by page.", query=FindRules, answer=BODY),
    ("POST", f"{RULES}/_bulk_action"): Description(
        "One action on many rules.", query=DryRun, body=BODY, answer=Any, refusals={500: "some of it could not be done"}
    ),
    ("POST", f"{RULES}/_export"): Description("Rules as NDJSON.", body=BODY, media=NDJSON),
    ("GET", "/api/detection_engine/tags"): Description("The tags of all rules.", answer=list[str]),
    ("POST", f"{SIGNALS}/search"): Description("Search alerts, and count them.", body=BODY, answer=BODY),
    ("POST", f"{SIGNALS}/status"): Description("Open, acknowledge or close alerts.", body=BODY, answer=BODY),
    ("POST", f"{SIGNALS}/tags"): Description("Add tags to alerts, and take some away.", body=BODY, answer=BODY),
    ("POST", f"{SIGNALS}/assignees"): Description("The same of assignees.", body=BODY, answer=BODY),
    ("POST", LISTS): Description("Make an exception list.", body=BODY, answer=BODY, refusals=KNOWN),
    ("GET", LISTS): Description("An exception list.", query=OfList, answer=BODY, refusals=MISSING),
    ("PUT", LISTS): Description("Change an exception list.", body=BODY, answer=BODY, refusals=MISSING | KNOWN),
    ("DELETE", LISTS): Description("Remove an exception list.", query=OfList, answer=BODY, refusals=MISSING),
    ("GET", f"{LISTS}/_find"): Description("Exception lists, page by page.", query=FindLists, answer=BODY),
    ("POST", f"{LISTS}/items"): Description("Make an exception.", body=BODY, answer=BODY, refusals=MISSING | KNOWN),
    ("GET", f"{LISTS}/items"): Description("An exception.", query=OfItem, answer=BODY, refusals=MISSING),
    ("PUT", f"{LISTS}/items"): Description("Change an exception.", body=BODY, answer=BODY, refusals=MISSING | KNOWN),
    ("DELETE", f"{LISTS}/items"): Description("Remove an exception.", query=OfItem, answer=BODY, refusals=MISSING),
    ("GET", f"{LISTS}/items/_find"): Description("Exceptions, page by page.", query=FindLists, answer=BODY),
    ("POST", f"{LISTS}/_export"): Description("A list and its exceptions.", query=OfList, media=NDJSON),
    ("POST", f"{RULES}/_import"): Description("Rules from NDJSON.", Overwriting, answer=BODY, takes_file=True),
    ("POST", f"{LISTS}/_import"): Description(
        "Exception lists and exceptions from NDJSON.", Overwriting, answer=BODY, takes_file=True
    ),
    ("GET", "/api/status"): Description("What it is, and that it is there.", answer=BODY),
    ("GET", "/api/spaces/space"): Description("The spaces.", answer=list[BODY]),
    ("GET", "/internal/security/me"): Description("Who asks.", answer=BODY),
}
"""By method and path."""
