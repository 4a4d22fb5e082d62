"""What surrounds the properties of Azure's records."""

from typing import Any

import pytest

from besra.events.normalise.azure_record import category_of, iso_time, put_duration, put_principal
from besra.events.normalise.azure_resource import put_resource
from besra.events.normalise.nested_document import Document, field_value

SUBSCRIPTION = "0a0a0a0a-1111-4222-8333-444444444444"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-05-06T07:08:09.1234567Z", "2024-05-06T07:08:09.123456700Z"),
        ("2024-05-06T7:08:09Z", "2024-05-06T07:08:09.000Z"),
        ("5/6/2024 1:08:09 PM", "2024-05-06T13:08:09.000Z"),
        ("5/6/2024 12:08:09 AM", "2024-05-06T00:08:09.000Z"),
        ("5/6/2024 12:08:09 PM", "2024-05-06T12:08:09.000Z"),
        ("12/31/2024 23:08:09", "2024-12-31T23:08:09.000Z"),
        ("13/31/2024 23:08:09", None),
        ("yesterday", None),
        (5, None),
    ],
)
def test_times(text: Any, time: str | None) -> None:
    assert iso_time(text) == time


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (
            "resourceGroups/shop/providers/Microsoft.Compute/virtualMachines/vm1",
            {"group": "shop", "provider": "Microsoft.Compute/virtualMachines", "name": "vm1"},
        ),
        (
            "RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.COMPUTE/VIRTUALMACHINES/VM1/EXTENSIONS/E",
            {"group": "SHOP", "provider": "MICROSOFT.COMPUTE/VIRTUALMACHINES", "name": "VM1/EXTENSIONS/E"},
        ),
        (
            "resourcegroups/shop/providers/Microsoft.EventHub/namespaces/n/authorizationRules/r",
            {
                "group": "shop",
                "provider": "Microsoft.EventHub/namespaces",
                "name": "n/authorizationRules/r",
                "namespace": "n",
                "authorization_rule": "r",
            },
        ),
        ("resourceGroups/shop", {"group": "shop"}),
        ("providers", {}),
    ],
)
def test_resources(path: str, fields: dict[str, str]) -> None:
    document: Document = {}
    resource_id = f"/subscriptions/{SUBSCRIPTION}/{path}"
    put_resource(document, resource_id)
    assert document == {"azure": {"subscription_id": SUBSCRIPTION, "resource": {"id": resource_id, **fields}}}


def test_a_resource_of_a_tenant_has_a_provider_only() -> None:
    document: Document = {}
    put_resource(document, "/tenants/t/providers/Microsoft.aadiam")
    assert field_value(document, "azure.resource.provider") == "Microsoft.aadiam"
    put_resource(Document(), None)


@pytest.mark.parametrize(
    ("principal", "user"),
    [
        ("dana@example.com", {"name": "dana", "domain": "example.com"}),
        ("dana", {"name": "dana"}),
        ("@example.com", {"name": "@example.com"}),
    ],
)
def test_principals(principal: str, user: dict[str, str]) -> None:
    document: Document = {}
    put_principal(document, principal)
    assert document == {"user": user, "related": {"user": [user["name"]]}}


def test_durations_are_nanoseconds_and_what_is_none_stays() -> None:
    document: Document = {}
    rest: Document = {"a": "long", "b": 1 << 60, "c": "12", "d": 5}
    for name in "abcd":
        put_duration(document, rest, name)
    assert (document, rest) == ({"event": {"duration": 12_000_000}}, {"a": "long", "b": 1 << 60, "d": 5})


def test_a_category_alone_makes_no_diagnostic_record() -> None:
    assert category_of({"category": "AuditLogs", "operationName": "x"}) == "auditlogs"
    assert category_of({"category": "AuditLogs"}) == ""
