"""Names of products as the integrations write them below their namespaces."""

import re
from functools import lru_cache

WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Between a small letter and a capital, and before the last capital of several: `ParentCmd`, `IPAddress`."""


@lru_cache(maxsize=4096)
def snake_case(name: str) -> str:
    """`DeviceName` as `device_name`; dots stay."""
    return WORD.sub("_", name).lower().replace(":", "_").replace("-", "_")
