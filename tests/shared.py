"""Where the shared test inputs are. They belong to others: read in place, skipped where absent, never copied."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("BESRA_SHARED", Path(__file__).parents[2] / "shared"))

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"no shared test inputs at {SHARED}; set BESRA_SHARED to their folder"
)
