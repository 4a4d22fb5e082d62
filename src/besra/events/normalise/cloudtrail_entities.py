"""Which users, roles, hosts and services an event of CloudTrail is about: `related.entity` and what it acts on.

Names of what is acted on go to the field of its kind, told by its ARN or the prefix of its id: a role's ARN to
`user.target.entity.id`, `i-…` to `host.target.entity.id`, `sg-…` to `service.target.entity.id`; any other, such as a
role's plain name, to `entity.target.id`.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from besra.events.normalise.nested_document import Document, collect, field_text, text_of

ACTOR = (
    "userIdentity.accessKeyId",
    "userIdentity.arn",
    "userIdentity.userName",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "userIdentity.sessionContext.sessionIssuer.userName",
    "resources.ARN",
)
REQUEST, ANSWER = "requestParameters.", "responseElements."
RELATED = {
    "cloudtrail": (
        "name s3BucketName",
        "cloudWatchLogsLogGroupArn cloudWatchLogsRoleArn kmsKeyId snsTopicARN trailARN name",
    ),
    "config": ("configurationRecorderName", ""),
    "ec2": (
        (
            "groupId groupName roleName subnetId volumeId networkInterfaceId vpcId snapshotId groupSet.items.groupId "
            "instancesSet.items.instanceId"
        ),
        (
            "groupId reservationId vpc.vpcId vpc.dhcpOptionsId snapshotId volumeId groupSet.items.groupId "
            "securityGroupRuleSet.items.groupId securityGroupRuleSet.items.referencedGroupInfo.groupId "
            "securityGroupRuleSet.items.securityGroupRuleId instancesSet.items.subnetId instancesSet.items.vpcId "
            "instancesSet.items.instanceId instancesSet.items.imageId instancesSet.items.iamInstanceProfile.arn "
            "instancesSet.items.networkInterfaceSet.items.networkInterfaceId "
            "instancesSet.items.networkInterfaceSet.items.groupSet.items.groupId"
        ),
    ),
    "guardduty": ("detectorId", "detectorId"),
    "iam": (
        "userName serialNumber accessKeyId policyArn roleName policyName",
        "accessKey.userName accessKey.accessKeyId user.arn user.userId user.userName userId role.arn serialNumber",
    ),
    "kms": ("keyId", "keyId keyMetadata.arn keyMetadata.keyId"),
    "lambda": ("functionName", "functionArn functionName role vpcConfig.securityGroupIds vpcConfig.subnetIds"),
    "rds": (
        "dBInstanceIdentifier dBInstanceArn",
        (
            "dBInstanceIdentifier dbInstanceArn dBSubnetGroup.vpcId dBSubnetGroup.subnets.subnetIdentifier "
            "vpcSecurityGroups.vpcSecurityGroupId"
        ),
    ),
    "s3": ("bucketName", ""),
    "sts": ("roleArn roleSessionName", "assumedRoleUser.arn accessKeyId"),
    "wafv2": ("id", ""),
}
"""By service: names in the request, and in the answer, that are entities."""

TARGETS = {
    "requestParameters.functionName": "AddPermission20150331 AddPermission20150331v2 AddPermission",
    "requestParameters.groupId": "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress",
    "requestParameters.groupName": "AttachGroupPolicy",
    "requestParameters.imageId": "ModifyImageAttribute",
    "requestParameters.instanceId": "SendSSHPublicKey SendSerialConsoleSSHPublicKey GetPasswordData",
    "requestParameters.instanceIds": "SendCommand",
    "requestParameters.policyArn": "AttachUserPolicy GetPolicy",
    "requestParameters.roleArn": "AssumeRole",
    "requestParameters.roleName": "AttachRolePolicy ListAttachedRolePolicies UpdateAssumeRolePolicy",
    "requestParameters.secretId": "GetSecretValue",
    "requestParameters.secretIdList": "BatchGetSecretValue",
    "requestParameters.serialNumber": "DeleteVirtualMFADevice",
    "requestParameters.sessionId": "TerminateSession OpenDataChannel",
    "requestParameters.snapshotId": "ModifySnapshotAttribute",
    "requestParameters.target": "StartSession",
    "requestParameters.topicArn": "Subscribe Publish",
    "requestParameters.userName": "AttachUserPolicy CreateAccessKey CreateUser DeactivateMFADevice",
    "requestParameters.name": "DeleteTrail StopLogging DeleteRule CreateDocument",
    "requestParameters.detectorId": "DeleteDetector",
    "requestParameters.logGroupName": "DeleteLogGroup",
    "requestParameters.logStreamName": "DeleteLogStream",
    "requestParameters.alarmNames": "DeleteAlarms",
    "requestParameters.modelId": "Converse",
    "requestParameters.networkAclId": "DeleteNetworkAcl DeleteNetworkAclEntry",
    "responseElements.accessKey.accessKeyId": "CreateAccessKey",
    "responseElements.policy.arn": "CreatePolicy",
    "responseElements.detectorId": "CreateDetector",
    "responseElements.dBClusterArn": "DeleteDBCluster ModifyDBCluster StopDBCluster",
    "responseElements.dBInstanceArn": (
        "DeleteDBInstance ModifyDBInstance RestoreDBInstanceFromDBSnapshot RestoreDBInstanceFromS3 StopDBInstance"
    ),
    "responseElements.dBSnapshotIdentifier": "ModifyDBSnapshotAttribute",
    "responseElements.securityGroupRuleSet.items.securityGroupRuleId": (
        "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress"
    ),
    "responseElements.stackId": "CreateStack",
    "responseElements.stackSetId": "CreateStackSet",
    "responseElements.topicArn": "CreateTopic",
    "responseElements.trustAnchor.trustAnchorArn": "CreateTrustAnchor",
    "resources.ARN": (
        "CopyObject DeleteBucket DeleteObject DisableKey GetBucketPolicy GetObject GetParameter GetParameters "
        "HeadObject ListObjects PutBucketLogging PutBucketReplication PutBucketVersioning PutObject ScheduleKeyDeletion"
    ),
    "recipientAccountId": (
        "ConsoleLogin DescribeDBInstances DescribeLoadBalancers DescribeNetworkAcls DescribeNetworkInterfaces "
        "DescribeRegions DescribeSecurityGroups DescribeTrails DescribeVolumes DescribeVpcs GetCallerIdentity "
        "ListBuckets ListInstanceAssociations ListRoles ListTables ListUsers"
    ),
}
"""What is acted on, and by which events."""

KINDS = {
    "user": "user role assumed-role federated-user instance-profile mfa",
    "host": "instance volume snapshot image",
    "service": (
        "stack trail rule detector key function log-group alarm db cluster secret parameter document session topic "
        "table group policy security-group network-interface vpc subnet network-acl trust-anchor"
    ),
}
"""Kinds of entities, and the resource types of their ARNs."""

PREFIXES = {
    "host": ("i-", "vol-", "snap-", "ami-"),
    "service": ("sg-", "sgr-", "eni-", "vpc-", "subnet-", "acl-", "rtb-", "igw-", "nat-", "vpce-", "tgw-", "pcx-"),
}
ACCESS_KEY, ACCESS_KEY_LENGTH = "AKIA", 20


def put_entities(document: Document, record: Document) -> None:
    """Set `related.entity` and the targets of an event from its record."""
    service = (field_text(record, "eventSource") or "").partition(".")[0]
    for entity in _texts(record, _entities_of(service)):
        collect(document, "related.entity", entity)
    for entity in _texts(record, _targets_of(field_text(record, "eventName"))):
        collect(document, "related.entity", entity)
        collect(document, _target_field(entity), entity)


@lru_cache(maxsize=256)
def _entities_of(service: str) -> tuple[tuple[str, ...], ...]:
    request, answer = RELATED.get(service, ("", ""))
    names = (*ACTOR, *(REQUEST + name for name in request.split()), *(ANSWER + name for name in answer.split()))
    return tuple(tuple(name.split(".")) for name in names)


@lru_cache(maxsize=1024)
def _targets_of(event: str | None) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(name.split(".")) for name, events in TARGETS.items() if event in events.split())


def _texts(record: Document, names: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for name in names:
        for value in _values(record, name):
            text = text_of(value)
            if text is not None:
                yield text


def _values(value: Any, names: tuple[str, ...]) -> Iterator[Any]:
    """What stands at a name, in whatever lists."""
    for place, name in enumerate(names):
        if isinstance(value, list):
            for member in value:
                yield from _values(member, names[place:])
            return
        if not isinstance(value, dict):
            return
        value = value.get(name)
    yield from value if isinstance(value, list) else (value,)


def _target_field(entity: str) -> str:
    kind = _kind_of(entity)
    return f"{kind}.target.entity.id" if kind else "entity.target.id"


def _kind_of(entity: str) -> str | None:
    if not entity.startswith("arn:"):
        if entity.startswith(ACCESS_KEY) and len(entity) == ACCESS_KEY_LENGTH:
            return "user"
        return next((kind for kind, prefixes in PREFIXES.items() if entity.startswith(prefixes)), None)
    parts = entity.split(":")
    service, resource = (parts[2], parts[5].partition("/")[0]) if len(parts) > 5 else ("", "")
    if service == "s3" or "/aws-service-role/" in entity:
        return "service"
    return next((kind for kind, types in KINDS.items() if resource in types.split()), None)
