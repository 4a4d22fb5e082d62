"""besra runs Elastic detection rules anywhere: events in, alerts out, no cluster.

    rules = besra.load_rules("rules/")
    alerts = besra.detect(rules, documents)

Names load on first use, so that `import besra` stays quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from besra.version import __version__

if TYPE_CHECKING:
    from besra.api import detect, evaluate, load_rules, scan, search
    from besra.errors import BesraError, InputError, QueryError, QuerySemanticError, QuerySyntaxError
    from besra.problems import Problem
    from besra.rules.loaded import RuleSet

__all__ = [
    "BesraError",
    "InputError",
    "Problem",
    "QueryError",
    "QuerySemanticError",
    "QuerySyntaxError",
    "RuleSet",
    "__version__",
    "detect",
    "evaluate",
    "load_rules",
    "scan",
    "search",
]

HOMES = {
    "besra.api": ("detect", "evaluate", "load_rules", "scan", "search"),
    "besra.errors": ("BesraError", "InputError", "QueryError", "QuerySemanticError", "QuerySyntaxError"),
    "besra.problems": ("Problem",),
    "besra.rules.loaded": ("RuleSet",),
}


def __getattr__(name: str) -> Any:
    for home, names in HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'besra' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
