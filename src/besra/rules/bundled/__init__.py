"""The rules that come with besra, one TOML file each."""

from importlib import resources


def bundled_texts() -> list[tuple[str, str]]:
    """Path (as shown in messages: `bundled/…`) and TOML text of each bundled rule, in the order of paths."""
    files = [item for item in resources.files("besra.rules.bundled").iterdir() if item.name.endswith(".toml")]
    return sorted((f"bundled/{file.name}", file.read_text("utf-8")) for file in files)
