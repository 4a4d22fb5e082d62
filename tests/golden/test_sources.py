"""Records of every source and the documents made of them: one pair of files a kind of event.

`sources/SOURCE/KIND.raw.json` is a record as its product writes it, `KIND.ecs.json` the document. Records are made up.
After a change run `pytest tests/golden --update-golden` and read the difference.
"""

import json
from pathlib import Path

import pytest
from tests.golden.compare import check

from besra.events.normalise.source import Source
from besra.events.normalise.sources import SOURCES

FOLDER = Path(__file__).parent / "sources"
KNOWN = {source.name: source for source in SOURCES}
CASES = sorted(FOLDER.glob("*/*.raw.json"))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name.removesuffix('.raw.json')}"


@pytest.mark.parametrize("path", CASES, ids=name_of)
def test_record_becomes_its_document(path: Path, update_golden: bool) -> None:
    record = json.loads(path.read_text("utf-8"))
    before = json.dumps(record)
    normaliser = KNOWN[path.parent.name].normaliser
    assert normaliser.recognises(record)
    document = normaliser.to_ecs(record)
    assert json.dumps(record) == before, "the record was changed"
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    check(text, f"sources/{name_of(path)}.ecs.json", update=update_golden)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_every_source_has_records(source: Source) -> None:
    assert list((FOLDER / source.name).glob("*.raw.json"))
