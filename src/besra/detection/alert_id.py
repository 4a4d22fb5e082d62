"""Alert ids: functions of the rule and the events, so that running again never duplicates (detection-engine.md 2.5)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

UNDEFINED = "undefined"
"""What Elastic's formula hashes for a version the search did not return."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """An event or alert an alert came from."""

    id: str
    index: str
    type: str = "event"
    depth: int = 0
    rule: str | None = None

    def to_dict(self) -> dict[str, str | int]:
        """As the alert shows it; `rule` is the uuid of the rule that made an ancestor that is an alert."""
        shown: dict[str, str | int] = {"id": self.id, "type": self.type, "index": self.index, "depth": self.depth}
        return shown if self.rule is None else {**shown, "rule": self.rule}


def single_id(event: Ancestor, rule_uuid: str, space: str, version: str = UNDEFINED) -> str:
    """The id of the alert on one event."""
    return _digest(f"{event.index}{event.id}{version}{space}:{rule_uuid}")


def new_term_id(event: Ancestor, rule_uuid: str, space: str, terms: Sequence[str]) -> str:
    """The id of the alert on the first event of a term.

    Of what Elastic hashes, in an order of our own: its hash is one of JavaScript objects.
    """
    return _digest(json.dumps([event.index, event.id, f"{space}:{rule_uuid}", list(terms)]))


def block_ids(ancestors: Sequence[Sequence[Ancestor]], rule_uuid: str) -> list[str]:
    """The ids of the building blocks of a sequence, given the ancestors of each."""
    base = "".join(f"{_lineage(block)}{rule_uuid}" for block in ancestors)
    return [_digest(f"{base}{position}") for position in range(len(ancestors))]


def shell_id(ancestors: Sequence[Ancestor], rule_uuid: str) -> str:
    """The id of a sequence's shell; its ancestors include the blocks, whose index is empty at that time."""
    return _digest(f"{_lineage(ancestors)}{rule_uuid}")


def _lineage(ancestors: Sequence[Ancestor]) -> str:
    return "".join(f"{ancestor.id}{ancestor.index}" for ancestor in ancestors)


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
