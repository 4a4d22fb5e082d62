"""The project's Markdown pages: their headings, code blocks, tables and links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = tuple(sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]))

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) +(.+?) *$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page and the line its first line stands on."""

    language: str
    text: str
    page: Path
    line: int


def text_of(page: Path) -> str:
    """A page as text."""
    return page.read_text("utf-8")


def blocks_of(page: Path, language: str) -> list[Block]:
    """The fenced blocks of one language, in order."""
    text = text_of(page)
    return [
        Block(language, found[2], page, text.count("\n", 0, found.start(2)) + 1)
        for found in FENCE.finditer(text)
        if found[1] == language
    ]


def prose_of(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", text_of(page))


def headings_of(page: Path) -> list[tuple[int, str]]:
    """Level and text of every heading, back-ticks taken off."""
    return [(len(found[1]), found[2].replace("`", "")) for found in HEADING.finditer(prose_of(page))]


def section_of(page: Path, heading: str) -> str:
    """What stands below a heading, up to the next heading of its level or above."""
    text = text_of(page)
    hidden = FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)
    lines, shown = text.split("\n"), hidden.split("\n")
    level, start = next(
        (len(line) - len(line.lstrip("#")), number)
        for number, line in enumerate(shown)
        if line.startswith("#") and line.lstrip("#").strip().replace("`", "") == heading
    )
    ends = (number for number in range(start + 1, len(shown)) if re.match(rf"#{{1,{level}}} ", shown[number]))
    return "\n".join(lines[start + 1 : next(ends, len(lines))])


def table_rows(text: str) -> Iterator[list[str]]:
    """The cells of every table row below its header and ruler; `\\|` is a plain bar."""
    previous: list[str] = []
    body = False
    for line in text.split("\n"):
        if not line.startswith("|"):
            body, previous = False, []
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if all(re.fullmatch(r":?-+:?", cell) for cell in cells) and previous:
            body = True
        elif body:
            yield cells
        previous = cells


def anchor_of(heading: str) -> str:
    """The fragment a heading is reached by."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links_of(page: Path) -> list[str]:
    """The targets of links, outside of code."""
    return LINK.findall(re.sub(r"`[^`\n]*`", "", prose_of(page)))
