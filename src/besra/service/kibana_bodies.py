"""What endpoints in the shape of Kibana's API take, for their descriptions; they read their requests by themselves."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Texts = tuple[str, ...]


class RuleBody(Struct, frozen=True, omit_defaults=True):
    """A rule, as Kibana's API has it; all that Elastic's rules may say is kept."""

    name: str
    description: str
    type: Literal["eql", "query", "saved_query", "threshold", "new_terms", "threat_match", "esql", "machine_learning"]
    severity: Literal["low", "medium", "high", "critical"]
    risk_score: Annotated[int, Meta(ge=0, le=100)]
    rule_id: str | None = None
    query: str | None = None
    language: Literal["eql", "kuery", "lucene", "esql"] | None = None
    index: Texts = ()
    enabled: bool = True
    interval: str = "5m"
    tags: Texts = ()
    threat: tuple[dict[str, Any], ...] = ()
    threshold: dict[str, Any] | None = None
    new_terms_fields: Texts | None = None
    history_window_start: str | None = None
    exceptions_list: tuple[dict[str, Any], ...] = ()
    actions: tuple[dict[str, Any], ...] = ()
    note: str | None = None
    max_signals: int = 100


class RulePart(Struct, frozen=True, omit_defaults=True):
    """The rule to change, by one of its ids, and what of it changes."""

    id: str | None = None
    rule_id: str | None = None
    name: str | None = None
    query: str | None = None
    enabled: bool | None = None
    severity: Literal["low", "medium", "high", "critical"] | None = None
    tags: Texts | None = None


class BulkAction(Struct, frozen=True, omit_defaults=True):
    """An action on the rules named, or found by a query."""

    action: Literal["enable", "disable", "delete", "duplicate", "export", "edit"]
    ids: Texts | None = None
    query: str | None = None
    edit: tuple[dict[str, Any], ...] | None = None


class RulesNamed(Struct, frozen=True, omit_defaults=True):
    """The rules to export; without `objects` all of them."""

    objects: tuple[dict[str, str], ...] | None = None


class AlertSearch(Struct, frozen=True, omit_defaults=True):
    """A search of alerts, as Elasticsearch has them; `query` may be KQL."""

    query: str | dict[str, Any] | None = None
    size: Annotated[int, Meta(ge=0, le=10_000)] = 10
    sort: tuple[dict[str, Any], ...] | None = None
    aggs: dict[str, Any] | None = None
    track_total_hits: bool = True


class AlertStatus(Struct, frozen=True, omit_defaults=True):
    """A status for the alerts named, or found by a query."""

    status: Literal["open", "acknowledged", "in-progress", "closed"]
    signal_ids: Texts | None = None
    query: str | dict[str, Any] | None = None
    reason: str | None = None
    conflicts: Literal["abort", "proceed"] | None = None


class TagEdit(Struct, frozen=True):
    """Tags to add and to take away."""

    tags_to_add: Texts = ()
    tags_to_remove: Texts = ()


class AlertTags(Struct, frozen=True):
    """Tags of the alerts named."""

    ids: Texts
    tags: TagEdit


class AssigneeEdit(Struct, frozen=True):
    """Assignees to add and to take away."""

    add: Texts = ()
    remove: Texts = ()


class AlertAssignees(Struct, frozen=True):
    """Assignees of the alerts named."""

    ids: Texts
    assignees: AssigneeEdit


class ExceptionListBody(Struct, frozen=True, omit_defaults=True):
    """An exception list."""

    name: str
    description: str
    type: Literal["detection", "rule_default", "endpoint"]
    list_id: str | None = None
    namespace_type: Literal["single", "agnostic"] = "single"
    tags: Texts = ()


class ExceptionBody(Struct, frozen=True, omit_defaults=True):
    """An exception of a list."""

    list_id: str
    name: str
    description: str
    entries: tuple[dict[str, Any], ...]
    type: Literal["simple"] = "simple"
    item_id: str | None = None
    namespace_type: Literal["single", "agnostic"] = "single"
    expire_time: str | None = None


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
