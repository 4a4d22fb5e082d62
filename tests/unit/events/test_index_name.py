"""The index names a document answers to."""

from typing import Any

import pytest

from besra.events.index_name import LAST_NAME, index_names, names_of_index

STREAM = {"data_stream": {"type": "logs", "dataset": "endpoint.events.process", "namespace": "prod"}}


@pytest.mark.parametrize(
    ("index", "names"),
    [
        ("logs-x-default", ("logs-x-default",)),
        (
            ".ds-logs-endpoint.events.process-default-2025.01.01-000001",
            (".ds-logs-endpoint.events.process-default-2025.01.01-000001", "logs-endpoint.events.process-default"),
        ),
        (".ds-logs-x-default-000012", (".ds-logs-x-default-000012", "logs-x-default")),
        (
            "partial-.ds-logs-x-a-b-2024.12.31-000003",
            ("partial-.ds-logs-x-a-b-2024.12.31-000003", "logs-x-a-b"),
        ),
        (
            "paris:.ds-logs-x-default-2025.01.01-000001",
            ("paris:.ds-logs-x-default-2025.01.01-000001", ".ds-logs-x-default-2025.01.01-000001", "logs-x-default"),
        ),
        ("winlogbeat-8.17.0-2025.01.01-000001", ("winlogbeat-8.17.0-2025.01.01-000001",)),
        (
            ".alerts-security.alerts-soc-2",
            (
                ".alerts-security.alerts-soc-2",
                ".internal.alerts-security.alerts-soc-2-000001",
                ".siem-signals-soc-2",
            ),
        ),
        (
            "c:.internal.alerts-security.alerts-default-000007",
            (
                "c:.internal.alerts-security.alerts-default-000007",
                ".internal.alerts-security.alerts-default-000007",
                ".alerts-security.alerts-default",
                ".internal.alerts-security.alerts-default-000001",
                ".siem-signals-default",
            ),
        ),
        (".preview.alerts-security.alerts-default", (".preview.alerts-security.alerts-default",)),
    ],
)
def test_backing_and_remote_indices(index: str, names: tuple[str, ...]) -> None:
    assert names_of_index(index) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (STREAM, ("logs-endpoint.events.process-prod",)),
        ({"data_stream.dataset": ["windows.powershell"]}, ("logs-windows.powershell-default",)),
        ({"event": {"dataset": "system.security"}}, ("logs-system.security-default",)),
        ({**STREAM, "event.dataset": "other"}, ("logs-endpoint.events.process-prod",)),
        ({"agent": {"type": "winlogbeat", "version": "8.17.1"}}, ("winlogbeat-8.17.1",)),
        ({"agent.type": "auditbeat", "event.dataset": "process"}, ("logs-process-default", "auditbeat-besra")),
        ({"agent": {"type": "endpoint"}}, (LAST_NAME,)),
        ({"data_stream": "text", "event": {"dataset": 7}}, (LAST_NAME,)),
    ],
)
def test_names_from_the_document(source: dict[str, Any], names: tuple[str, ...]) -> None:
    assert index_names(source) == names


def test_order_of_what_names_a_home() -> None:
    assert index_names(STREAM, index="other-1", default="given") == ("other-1",)
    assert index_names(STREAM, default="given") == ("logs-endpoint.events.process-prod",)
    assert index_names({}, default="given") == ("given",)
    assert index_names({}) == (LAST_NAME,)
