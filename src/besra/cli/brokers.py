"""Options that say which brokers a service reads from, named as their clients name them."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from besra.cli.secrets import Pair, Url, secret_option

if TYPE_CHECKING:
    from besra.service.consumer import Source

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS = (
    click.option("--kafka", metavar="SERVERS", help="Kafka brokers to read from, `host:9092` with commas between."),
    click.option("--kafka-topic", "kafka_topics", multiple=True, metavar="TOPIC", help="Topic to read (repeatable)."),
    click.option("--kafka-group", default="besra", show_default=True, metavar="ID", help="Consumer group."),
    click.option(
        "--kafka-offset-reset",
        type=click.Choice(["earliest", "latest"]),
        default="earliest",
        show_default=True,
        help="Where a group begins that has no offsets.",
    ),
    click.option("--kafka-user", metavar="NAME", help="User name for SASL."),
    secret_option("kafka-password", "the password for SASL"),
    click.option(
        "--kafka-option",
        "kafka_options",
        type=Pair(),
        multiple=True,
        metavar="NAME=VALUE",
        help="Setting of librdkafka, such as ssl.ca.location=ca.pem (repeatable).",
    ),
    click.option("--nats", type=Url(), metavar="URL", help="NATS servers to read from, with commas between."),
    click.option("--nats-stream", metavar="NAME", help="JetStream stream to read."),
    click.option("--nats-subject", metavar="SUBJECT", help="Only this of its subjects.  [all]"),
    click.option("--nats-consumer", default="besra", show_default=True, metavar="NAME", help="Durable consumer."),
    click.option("--nats-user", metavar="NAME", help="User name."),
    secret_option("nats-password", "the password"),
    secret_option("nats-token", "the token"),
    click.option("--nats-credentials", metavar="FILE", help="Credentials file (`.creds`)."),
)


def broker_options(command: F) -> F:
    """The options."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def sources_of(given: Mapping[str, Any]) -> "list[Source]":
    """The brokers that options name. Raises InputError, and click.UsageError for options that do not go together."""
    sources: list[Source] = []
    if _is_named(given, "kafka", "kafka_topics", "--kafka-topic"):
        from besra.service.kafka_source import KafkaOptions, KafkaSource  # noqa: PLC0415

        kafka = KafkaOptions(
            given["kafka"],
            tuple(given["kafka_topics"]),
            given["kafka_group"],
            given["kafka_offset_reset"],
            given["kafka_user"],
            given["kafka_password"],
            dict(given["kafka_options"]),
        )
        sources.append(KafkaSource(kafka))
    if _is_named(given, "nats", "nats_stream", "--nats-stream"):
        from besra.service.nats_source import NatsOptions, NatsSource  # noqa: PLC0415

        nats = NatsOptions(
            given["nats"],
            given["nats_stream"],
            given["nats_subject"],
            given["nats_consumer"],
            given["nats_user"],
            given["nats_password"],
            given["nats_token"],
            given["nats_credentials"],
        )
        sources.append(NatsSource(nats))
    return sources


def _is_named(given: Mapping[str, Any], broker: str, what: str, option: str) -> bool:
    """Whether there is something to read from a broker: both or neither is named."""
    if bool(given[broker]) != bool(given[what]):
        missing, other = (option, f"--{broker}") if given[broker] else (f"--{broker}", option)
        raise click.UsageError(f"{other} needs {missing}")
    return bool(given[broker])
