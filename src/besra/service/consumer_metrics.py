"""What consumers of brokers tell Prometheus."""

from collections.abc import Callable, Sequence

from besra.service.consumer import Consumer
from besra.service.exposition import labelled_text

METRICS: dict[str, tuple[str, str, Callable[[Consumer], int | None]]] = {
    "besra_consumer_messages_total": (
        "counter",
        "Messages of a broker dealt with since the start.",
        lambda consumer: consumer.messages,
    ),
    "besra_consumer_repeated_total": (
        "counter",
        "Messages a broker gave again, which were known.",
        lambda consumer: consumer.repeated,
    ),
    "besra_consumer_unreadable_total": (
        "counter",
        "Documents and messages of a broker that became dead letters.",
        lambda consumer: consumer.unreadable,
    ),
    "besra_consumer_lag": (
        "gauge",
        "Messages that wait in a broker.",
        lambda consumer: consumer.source.lag,
    ),
    "besra_consumer_failing": (
        "gauge",
        "1 while messages of a broker cannot be read or taken.",
        lambda consumer: int(consumer.failure is not None),
    ),
}
"""The metrics by name: kind, meaning, and the value for a consumer, None where nobody knows it."""


def consumer_metrics(consumers: Sequence[Consumer]) -> str:
    """The metrics of consumers in the text form of Prometheus; nothing where there are none."""
    told = []
    for name, (kind, what, value_of) in METRICS.items() if consumers else ():
        values = ((consumer.source.name, value_of(consumer)) for consumer in consumers)
        known = [(source, value) for source, value in values if value is not None]
        told.append(labelled_text(name, kind, what, "source", known))
    return "".join(told)
