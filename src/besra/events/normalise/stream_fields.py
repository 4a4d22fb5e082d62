"""The fields that say where an event belongs, which its shipper would have added."""

from besra.events.normalise.nested_document import Document, collect, put

NAMESPACE = "default"

DERIVED = "besra.derived"
"""Names of the fields in a document that were not in the record: what only its shipper or its machine would know."""


def put_stream(document: Document, dataset: str) -> None:
    """Give a document its data stream `logs-<dataset>-default` (sources.md 1).

    Sets `data_stream.*`, `event.dataset` and `event.module`, and names them in `besra.derived`.
    """
    put(document, "data_stream", {"type": "logs", "dataset": dataset, "namespace": NAMESPACE})
    put(document, "event.dataset", dataset)
    put(document, "event.module", dataset.partition(".")[0])
    note_derived(document, "data_stream", "event.dataset", "event.module")


def note_derived(document: Document, *fields: str) -> None:
    """Name fields as derived."""
    for field in fields:
        collect(document, DERIVED, field)
