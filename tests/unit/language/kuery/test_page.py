"""The examples of the page on KQL are true."""

import json

from tests.documents import ROOT, blocks_of, section_of, table_rows

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.kuery.lower import lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.schema.catalogue import bundled_catalogue

PAGE = ROOT / "docs" / "kql.md"


def test_every_example_of_a_condition_is_true() -> None:
    events = [Fields(json.loads(block.text)) for block in blocks_of(PAGE, "json")]
    sections = {"Conditions": events[0], "Text": events[0], "One object of a list": events[1]}
    rows = [(event, row) for heading, event in sections.items() for row in table_rows(section_of(PAGE, heading))]
    assert len(rows) > 30
    for event, (example, value, *_) in rows:
        lowered = lower_kuery_expression(parse_kuery(example.strip("`")), bundled_catalogue())
        assert holds(lowered.predicate, event) is json.loads(value.strip("`")), example
