"""Spaces: parts of a service that know nothing of each other's rules, alerts and exceptions (detection-engine.md 9)."""

import re

DEFAULT = "default"
"""The space of what is in no other one, as in Kibana: of all rules where there is no service."""

LONGEST_ID = 100
ID = re.compile(r"[a-z0-9_-]+")
ID_RULE = f"lower case, of a-z, 0-9, `_` and `-`, {LONGEST_ID} characters at most"


def is_space_id(text: str) -> bool:
    """Whether a text may be the id of a space: as in Kibana, and not so long that no index could be named by it."""
    return len(text) <= LONGEST_ID and ID.fullmatch(text) is not None
