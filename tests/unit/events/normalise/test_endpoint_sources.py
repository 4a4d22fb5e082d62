import json
from pathlib import Path

import pytest

from besra.events.document import flatten
from besra.events.recognise import bundled_recogniser
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import FieldType, to_typed

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


LISTS = ("event.category", "event.type")


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_values_are_of_the_types_of_their_fields(path: Path) -> None:
    """A value that does not fit its field satisfies no condition of any rule."""
    document = json.loads(path.with_name(path.name.replace(".raw.", ".ecs.")).read_text("utf-8"))
    catalogue = bundled_catalogue()
    known = {field: values for field, values in flatten(document).items() if field in catalogue}
    types = {field: catalogue.type_of(field) for field in known}
    unfit = [
        (field, value)
        for field, values in known.items()
        for value in values
        if types[field] not in (FieldType.OBJECT, FieldType.NESTED) and to_typed(value, types[field]) is None
    ]
    assert unfit == []
    assert all(isinstance(document["event"].get(field.partition(".")[2], []), list) for field in LISTS)
