"""The rules that come with besra, in packs: TOML files inside the package, named instead of a path."""

from collections.abc import Iterable
from importlib import resources
from pathlib import Path

BUNDLED = "bundled"
EXAMPLES = "examples"
PACKS = (BUNDLED, EXAMPLES)
"""`bundled`: the rules that run where nobody names any. `examples`: rules of every type, with tests beside them."""

TESTS = ".test.toml"
"""How the names of files end that hold the tests of a rule."""


def packs_in(paths: Iterable[str | Path]) -> tuple[str, ...]:
    """The packs that are meant: those named among the paths, and the bundled rules by no path at all."""
    named = [str(path) for path in paths]
    return tuple(pack for pack in PACKS if pack in named) if named else (BUNDLED,)


def shipped_texts(pack: str) -> list[tuple[str, str]]:
    """Path (as shown in messages: `bundled/…`) and TOML text of each rule of a pack, in the order of paths."""
    files = [item for item in resources.files(f"besra.rules.{pack}").iterdir() if item.name.endswith(".toml")]
    rules = [file for file in files if not file.name.endswith(TESTS)]
    return sorted((f"{pack}/{file.name}", file.read_text("utf-8")) for file in rules)
