"""The table of docs/sources.md: sources, their kinds of events, the fields of each, and how many rules it lets run.

    python -m tests.sources_table RULES_DIR [--write]

Made of the records under tests/golden/sources and of the demo's, by the code that reads events and the code behind
`besra doctor`. Without `--write` it goes to standard output. A test holds the page to it.
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import fill

from besra.demo import demo_documents
from besra.detection.readiness import Evidence
from besra.events.document import field_values
from besra.events.envelope import Document
from besra.events.event import Event, Origin
from besra.events.event_kind import EventKind
from besra.events.inventory import Inventory
from besra.events.normalise.sources import SOURCES
from besra.events.recognise import Intake
from besra.language.plan import Plan
from besra.rules.cache import load_remembered
from besra.rules.loaded import RuleSet
from besra.rules.rule import Rule
from besra.schema.catalogue import bundled_catalogue

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "sources.md"
RECORDS = ROOT / "tests" / "golden" / "sources"
BEGIN, END = "<!-- made by tests/sources_table.py: begin -->", "<!-- end -->"

STREAM = re.compile(r"logs-(.+)-default")
DEFEND = "Elastic Defend (ECS as it is; the demo's events)"

HEAD = ("Event", "Category", "Type", "Action", "Fields", "Rules")


@dataclass
class Kind:
    """Events of one row: those with one number, or one sample record where a source has no numbers."""

    label: str
    action: str
    inventory: Inventory = field(default_factory=Inventory)

    @property
    def kinds(self) -> list[EventKind]:
        """Its events as rules see them."""
        return [kind for source in self.inventory.sources() for kind in source.kinds]

    @property
    def fields(self) -> frozenset[str]:
        """The names of all its fields."""
        return frozenset().union(*(kind.fields for kind in self.kinds))


@dataclass
class Home:
    """A data stream: which sources write it, and its rows by their labels."""

    titles: dict[str, None] = field(default_factory=dict)
    rows: dict[str, Kind] = field(default_factory=dict)

    def add(self, title: str, label: str, event: Event) -> None:
        """Take an event."""
        self.titles.setdefault(title)
        code, action = (
            "".join(map(str, field_values(event.source, name)[:1])) for name in ("event.code", "event.action")
        )
        row = self.rows.setdefault(code or label, Kind(code or label, action))
        row.action = row.action or action
        row.inventory.add(event)

    @property
    def kinds(self) -> list[EventKind]:
        """The kinds of all rows."""
        return [kind for row in self.rows.values() for kind in row.kinds]

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields of all rows."""
        return frozenset().union(*(row.fields for row in self.rows.values()))


def homes() -> dict[str, Home]:
    """Every data stream there are records of."""
    found: dict[str, Home] = {}
    for title, label, event in sorted(_events(), key=lambda item: item[2].index[0]):
        found.setdefault(event.index[0], Home()).add(title, label, event)
    return found


def _events() -> Iterator[tuple[str, str, Event]]:
    intake = Intake()
    for source in SOURCES:
        for path in sorted((RECORDS / source.name).glob("*.raw.json")):
            document = Document(json.loads(path.read_text("utf-8")))
            label = path.name.removesuffix(".raw.json").replace("_", " ")
            yield source.title, label, intake.event_of(document, Origin(path.name), 0)
    for document in demo_documents(minutes=1):
        event = intake.event_of(Document(document), Origin("demo"), 0)
        if "-endpoint." in event.index[0]:
            yield DEFEND, str(field_values(document, "event.action")[0]).replace("_", " "), event


Rules = tuple[tuple[Rule, Plan], ...]


def running(rules: Rules, kinds: Sequence[EventKind]) -> Rules:
    """Those of the rules that can run on events of these kinds: of fewer kinds, no others can."""
    evidence = Evidence(kinds)
    return tuple((rule, plan) for rule, plan in rules if evidence.can_run(plan, rule.index))


def table(rules: RuleSet | None) -> str:
    """The generated part of the page; without rules the numbers of rules are 0."""
    found = homes()
    ready = rules.runnable if rules else ()
    together = running(ready, [kind for home in found.values() for kind in home.kinds])
    by_home = {name: running(together, home.kinds) for name, home in found.items()}
    lines = [f"All sources together: {len(together):,} of {len(ready):,} rules can run.", ""]
    lines += ["| Source | Kinds | Fields | Rules |", "|---|--:|--:|--:|"]
    for name, home in found.items():
        anchor = re.sub(r"[^\w-]", "", _stream(name))
        cells = (f"[{_stream(name)}](#{anchor})", len(home.rows), len(home.fields), f"{len(by_home[name]):,}")
        lines.append(f"| {' | '.join(map(str, cells))} |")
    for name, home in found.items():
        lines += ["", *_section(name, home, by_home[name])]
    return "\n".join(lines) + "\n"


def _stream(name: str) -> str:
    return STREAM.sub(r"\1", name)


def _section(name: str, home: Home, rules: Rules) -> Iterator[str]:
    yield f"## {_stream(name)}"
    yield ""
    yield f"From: {'; '.join(home.titles)}."
    yield ""
    yield f"| {' | '.join(HEAD)} |"
    yield "|---|---|---|---|--:|--:|"
    for row in sorted(home.rows.values(), key=_order):
        told = dict(row.kinds[0].told)
        category, kind = (", ".join(map(str, told[field])) for field in ("event.category", "event.type"))
        cells = (row.label, category, kind, row.action, str(len(row.fields)), f"{len(running(rules, row.kinds)):,}")
        yield f"| {' | '.join(cell.replace('|', '/') or '-' for cell in cells)} |"
    yield ""
    yield from _fields(home.fields)


def _order(row: Kind) -> tuple[int, str]:
    return (int(row.label), "") if row.label.isdecimal() else (1 << 62, row.label)


def _fields(names: frozenset[str]) -> Iterator[str]:
    """The fields ECS knows by name, and how many are the source's own."""
    known = sorted(name for name in names if name in bundled_catalogue() and not name.startswith("winlog."))
    own = len(names) - len(known)
    more = f", and {own} field{'' if own == 1 else 's'} of its own" if own else ""
    yield fill(f"Fields: {', '.join(f'`{name}`' for name in known)}{more}.", 120, break_long_words=False)


def page_with(generated: str) -> str:
    """The page with that between its markers."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{generated}\n{END}{after}"


NUMBERS = re.compile(r"(?<=\| )[\d,]+ \|$|[\d,]+ of [\d,]+ rules can run", re.MULTILINE)


def without_numbers(text: str) -> str:
    """The page as it is whatever the rules."""
    return NUMBERS.sub("?", text)


def main(arguments: Sequence[str]) -> int:
    """Print or write the table for the rules of a folder."""
    folders = [argument for argument in arguments if argument != "--write"]
    if len(folders) != 1:
        print("usage: python -m tests.sources_table RULES_DIR [--write]", file=sys.stderr)
        return 3
    generated = table(load_remembered(*folders))
    if "--write" in arguments:
        PAGE.write_text(page_with(generated), "utf-8")
    else:
        print(generated)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
