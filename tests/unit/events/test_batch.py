"""Batches: the index names and multi-fields of rows are those of their documents."""

import orjson

from besra.events.batch import batch_of_lines
from besra.events.columns import Projection, ValueTable, decode_lines
from besra.events.index_name import INDEX_FIELDS, index_names
from besra.events.line_block import RawLines

ROWS = 2500


def test_every_row_has_the_index_names_of_its_document() -> None:
    """Six fields of 2,500 values each: their combinations pass 64 bits."""
    sources = [
        {name: value for position, name in enumerate(INDEX_FIELDS) if (value := f"{(row * (7 + position)) % 2501}beat")}
        for row in range(ROWS)
    ]
    sources[3] = {"data_stream": {"dataset": ["", 4, "third"]}}
    sources[4] = {"event.dataset": "x", "agent": {"type": "winlogbeat", "version": "8"}}
    sources[5] = {"agent.type": None}
    raw = b"\n".join(map(orjson.dumps, sources))
    projection, values = Projection(tuple(sorted(INDEX_FIELDS))), ValueTable()
    lines = RawLines(memoryview(raw), default_index="home")
    batch = batch_of_lines(decode_lines(raw, projection, values), lines, projection, values)
    assert len(batch.rows) == ROWS
    found = [batch.index_names[number] for number in batch.index.tolist()]
    assert found == [index_names(source, default="home") for source in sources]
