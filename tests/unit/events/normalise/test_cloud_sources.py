"""Which records are of which cloud service, and details of their documents that golden files do not show."""

import json
from pathlib import Path
from typing import Any

import pytest

from besra.events.document import field_values, flatten
from besra.events.envelope import Document
from besra.events.event import Origin
from besra.events.normalise import cloudtrail, okta
from besra.events.normalise.okta_kinds import categories_of, types_of
from besra.events.recognise import DEFAULTS, bundled_recogniser
from besra.schema.catalogue import bundled_catalogue
from besra.schema.fieldtype import FieldType, to_typed

GOLDEN = Path(__file__).parents[3] / "golden" / "sources"
PREFIXES = ("cloudtrail", "okta", "github", "kubernetes", "entra_", "graph_", "azure_")
DOCUMENTS = [path for path in sorted(GOLDEN.glob("*/*.ecs.json")) if path.parent.name.startswith(PREFIXES)]
CALL = {"eventTime": "2024-05-06T07:08:09Z", "eventSource": "iam.amazonaws.com", "eventName": "AttachRolePolicy"}
EVENT = {"uuid": "u", "published": "2024-05-06T07:08:09Z", "eventType": "user.session.start"}
ACTION = {"@timestamp": 1714986000000, "action": "org.add_member", "org": "example-org"}
AUDIT = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "a"}
DIAGNOSTIC = {"time": "2024-05-06T07:08:09Z", "operationName": "o", "resourceId": "/subscriptions/s"}


@pytest.mark.parametrize(
    ("record", "source"),
    [
        (CALL, "cloudtrail"),
        ({**CALL, "eventType": "AwsApiCall", "published": "x"}, "cloudtrail"),
        ({"CloudTrailEvent": json.dumps(CALL)}, "cloudtrail"),
        ({"CloudTrailEvent": "{}"}, None),
        ({"CloudTrailEvent": "{cut"}, None),
        ({"detail-type": "AWS API Call via CloudTrail", "detail": CALL}, "cloudtrail"),
        ({"detail": {"eventSource": "door"}}, None),
        ({**CALL, "eventSource": "ecs.example.com", "awsRegion": "eu-central-1"}, "cloudtrail"),
        ({**CALL, "eventSource": "ecs.example.com", "acsRegion": "eu-central-1"}, None),
        (EVENT, "okta"),
        ({**EVENT, "eventType": "start"}, None),
        (ACTION, "github"),
        ({**ACTION, "@timestamp": "2024-05-06T07:08:09Z"}, None),
        ({"@timestamp": 1714986000000, "action": "login.ok"}, None),
        ({"@timestamp": 1714986000000, "action": "ALLOW", "org": "x"}, None),
        (AUDIT, "kubernetes"),
        ({**AUDIT, "apiVersion": "v1"}, None),
        ({**DIAGNOSTIC, "category": "SignInLogs"}, "entra_sign_in"),
        ({**DIAGNOSTIC, "category": "ADFSSignInLogs"}, "entra_sign_in"),
        ({**DIAGNOSTIC, "category": "AuditLogs"}, "entra_audit"),
        ({**DIAGNOSTIC, "category": "RiskyUsers"}, "entra_id_protection"),
        ({**DIAGNOSTIC, "category": "MicrosoftGraphActivityLogs"}, "graph_activity"),
        ({**DIAGNOSTIC, "category": "Administrative"}, "azure_activity"),
        ({**DIAGNOSTIC, "category": "AuditEvent"}, "azure_platform"),
        (DIAGNOSTIC, None),
        ({"createdDateTime": "2024-05-06T07:08:09Z", "appId": "a", "status": {"errorCode": 0}}, "entra_sign_in"),
        ({"event": {"action": "x"}, "azure": {"signinlogs": {"category": "SignInLogs"}}}, None),
    ],
)
def test_sources_are_told_apart(record: dict[str, Any], source: str | None) -> None:
    found = bundled_recogniser().source_of(record)
    assert (found.name if found else None) == source


def test_events_answer_to_filebeat_where_it_collects_them() -> None:
    origin = Origin("calls.json", 1)
    assert DEFAULTS.event_of(Document(CALL), origin, 0).index == ("logs-aws.cloudtrail-default", "filebeat-besra")
    assert DEFAULTS.event_of(Document(AUDIT), origin, 0).index == ("logs-kubernetes.audit_logs-default",)


def test_sessions_have_names_in_all_partitions() -> None:
    identity = {"type": "AssumedRole", "arn": "arn:aws-cn:sts::111122223333:assumed-role/deploy/dana"}
    document = cloudtrail.to_ecs({**CALL, "userIdentity": identity})
    assert field_values(document, "user.changes.name") == ["dana"]


def test_long_requests_are_kept_as_text_only() -> None:
    document = cloudtrail.to_ecs({**CALL, "requestParameters": {"a": "x" * 40_000}})
    assert len(document["aws"]["cloudtrail"]["request_parameters"]) > 40_000
    assert "flattened" not in document["aws"]["cloudtrail"]


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("deploy", "entity.target.id"),
        ("arn:aws:iam::111122223333:role/deploy", "user.target.entity.id"),
        ("arn:aws:iam::111122223333:role/aws-service-role/x", "service.target.entity.id"),
        ("arn:aws:ec2:eu-central-1:111122223333:instance/i-1", "host.target.entity.id"),
        ("i-0123", "host.target.entity.id"),
        ("sg-0123", "service.target.entity.id"),
        ("AKIAEXAMPLEEXAMPLE00", "user.target.entity.id"),
        ("arn:short", "entity.target.id"),
    ],
)
def test_what_is_acted_on_has_a_field_of_its_kind(target: str, field: str) -> None:
    document = cloudtrail.to_ecs({**CALL, "requestParameters": {"roleName": target}})
    assert field_values(document, field) == [target]
    assert target in field_values(document, "related.entity")


@pytest.mark.parametrize(
    ("event_type", "categories", "types"),
    [
        ("user.session.start", ["authentication", "session"], ["start", "user"]),
        ("user.authentication.auth_via_mfa", ["authentication"], ["info"]),
        ("user.account.privilege.grant", ["iam"], ["info", "user"]),
        ("group.user_membership.add", ["iam"], ["change", "group"]),
        ("policy.rule.delete", ["configuration"], ["deletion"]),
        ("zone.create", ["configuration"], ["creation"]),
        ("something.new", [], ["info"]),
    ],
)
def test_kinds_of_okta_events(event_type: str, categories: list[str], types: list[str]) -> None:
    assert (categories_of(event_type), types_of(event_type)) == (categories, types)


@pytest.mark.parametrize("risk", ["{level=}", "level=LOW", "{nothing}", "{a, level=LOW}", "", 5, {"level": "LOW"}])
def test_what_okta_says_of_risk_in_odd_forms_is_kept(risk: Any) -> None:
    document = okta.to_ecs({**EVENT, "debugContext": {"debugData": {"risk": risk}}})
    values = [value for name in ("risk", "risk.level") for value in field_values(document, f"{okta.FLAT}.{name}")]
    assert values == (
        [] if risk == "" else ["LOW"] if isinstance(risk, dict) else [""] if risk == "{level=}" else [risk]
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_values_are_of_the_types_of_their_fields(path: Path) -> None:
    """A value that does not fit its field satisfies no condition of any rule."""
    catalogue = bundled_catalogue()
    fields = flatten(json.loads(path.read_text("utf-8")))
    types = {field: catalogue.type_of(field) for field in fields if field in catalogue}
    unfit = [
        (field, value)
        for field, field_type in types.items()
        for value in fields[field]
        if field_type not in (FieldType.OBJECT, FieldType.NESTED) and to_typed(value, field_type) is None
    ]
    assert unfit == []
