"""The order of imports is the architecture (ARCHITECTURE.md): a package may import only from packages left of it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ORDER = [
    "version",
    "problems",
    "errors",
    "schema",
    "language",
    "rules",
    "events",
    "engine",
    "detection",
    "storage",
    "notify",
    "authoring",
    "spark",
    "service",
    "demo",
    "api",
    "cli",
]
RANK = {name: rank for rank, name in enumerate(ORDER)}
ROOT = Path(__file__).parents[2] / "src" / "besra"


def imported_packages(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("besra."))


def test_imports_point_one_way() -> None:
    wrong = []
    for path in ROOT.rglob("*.py"):
        here = path.relative_to(ROOT).with_suffix("").parts[0]
        for target in imported_packages(path):
            if here in RANK and RANK.get(target, len(ORDER)) > RANK[here]:
                wrong.append(f"{path} imports {target}")
    assert not wrong, "\n".join(wrong)


def test_every_module_has_a_place_in_the_order() -> None:
    unknown = {path.relative_to(ROOT).with_suffix("").parts[0] for path in ROOT.rglob("*.py")} - set(ORDER)
    assert unknown <= {"__init__", "__main__"}
