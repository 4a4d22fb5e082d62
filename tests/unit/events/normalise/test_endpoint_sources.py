import json
from pathlib import Path

import pytest

from besra.events.recognise import bundled_recogniser

GOLDEN = Path(__file__).parents[3] / "golden" / "sources"
SOURCES = ("sentinel_one", "defender_xdr", "crowdstrike", "auditd")
RECORDS = sorted(path for source in SOURCES for path in (GOLDEN / source).glob("*.raw.json"))


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_record_is_of_its_source_and_its_document_of_none(path: Path) -> None:
    recogniser = bundled_recogniser()
    source = recogniser.source_of(json.loads(path.read_text("utf-8")))
    assert source is not None
    assert source.name == path.parent.name
    document = json.loads(path.with_name(path.name.replace(".raw.", ".ecs.")).read_text("utf-8"))
    assert recogniser.source_of(document) is None
