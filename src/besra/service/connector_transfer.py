"""Connectors in and out with rules, as Kibana's exports have them: without secrets (detection-engine.md 1.1, 7.2)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from besra.service.connector_book import ConnectorBook, exported
from besra.storage.workflow import Author


@dataclass(frozen=True, slots=True)
class ConnectorTransfer:
    """The connectors of a space, as imports bring and exports take them."""

    book: ConnectorBook
    space: str

    def taken(self, given: Sequence[Mapping[str, Any]], author: Author, *, overwrite: bool) -> dict[str, Any]:
        """Take the connectors of an import, and say what became of them. Raises AlertStoreError."""
        told = self.book.take(self.space, given, author, overwrite=overwrite)
        lacking = [one.name for one in told.taken if one.lacks_secrets]
        message = f"{len(lacking)} of the connectors need their secrets again: {', '.join(lacking[:10])}"
        path = "/app/management/insightsAndAlerting/triggersActionsConnectors"
        return {
            "action_connectors_success": not told.wrong,
            "action_connectors_success_count": len(told.taken),
            "action_connectors_errors": [
                {"id": id_, "error": {"status_code": 400, "message": message}} for id_, message in told.wrong.items()
            ],
            "action_connectors_warnings": (
                [{"type": "action_required", "message": message, "actionPath": path}] if lacking else []
            ),
        }

    def lines(self, rules: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The lines of the connectors that rules name, and what the last line says of them.

        Those of the connectors file are left out: they are not the space's to give away.
        """
        named = dict.fromkeys(id_ for rule in rules for id_ in _named(rule))
        found = {id_: self.book.get(self.space, id_) for id_ in named}
        made = [one for one in found.values() if one is not None and not one.is_of_file]
        missing = [{"id": id_, "type": "action"} for id_, one in found.items() if one is None]
        reason = "it is of the connectors file"
        of_file = [{"id": id_, "reason": reason} for id_, one in found.items() if one is not None and one.is_of_file]
        return [exported(one) for one in made], {
            "exported_action_connector_count": len(made),
            "missing_action_connections": missing,
            "missing_action_connection_count": len(missing),
            "excluded_action_connections": of_file,
            "excluded_action_connection_count": len(of_file),
        }


def _named(rule: Mapping[str, Any]) -> Iterable[str]:
    actions = rule.get("actions")
    for one in actions if isinstance(actions, list) else ():
        if isinstance(one, dict) and isinstance(one.get("id"), str):
            yield one["id"]
