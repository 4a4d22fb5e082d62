"""What category and type events of CloudTrail have, by their name.

An event that is not listed has the type `info` and no category.
"""

from functools import lru_cache

KINDS = (
    (
        "iam",
        "user change",
        (
            "AttachUserPolicy ChangePassword CreateAccessKey CreateVirtualMFADevice DeactivateMFADevice "
            "DeleteAccessKey DeleteSSHPublicKey DeleteUserPermissionsBoundary DeleteUserPolicy DeleteVirtualMFADevice "
            "DetachUserPolicy EnableMFADevice PutUserPermissionsBoundary PutUserPolicy TagUser UntagUser "
            "UpdateAccessKey UpdateLoginProfile UpdateSSHPublicKey UpdateUser"
        ),
    ),
    ("iam", "user creation", "CreateUser"),
    ("iam", "user deletion", "DeleteUser"),
    (
        "iam",
        "user info",
        "GetUser GetUserPolicy ListAttachedUserPolicies ListGroupsForUser ListUserPolicies ListUsers ListUserTags",
    ),
    (
        "iam",
        "group change",
        (
            "AddUserToGroup AttachGroupPolicy DeleteGroupPolicy DetachGroupPolicy PutGroupPolicy RemoveUserFromGroup "
            "UpdateGroup"
        ),
    ),
    ("iam", "group creation", "CreateGroup"),
    ("iam", "group deletion", "DeleteGroup"),
    ("iam", "group info", "GetGroup GetGroupPolicy ListAttachedGroupPolicies ListGroupPolicies ListGroups"),
    (
        "iam",
        "admin change",
        "SetDefaultPolicyVersion SetSecurityTokenServicePreferences UpdateAccountPasswordPolicy UpdateRole",
    ),
    ("iam", "admin creation", "CreateKeyPair"),
    ("iam", "change", "AttachRolePolicy"),
    ("iam", "creation", "CreatePolicy"),
    ("iam", "info", "GetPolicy ListAttachedRolePolicies ListRoles"),
    ("authentication", "info", "AssumeRole ConsoleLogin GetCallerIdentity"),
    ("file", "creation", "CreateBucket CreateDocument"),
    ("file", "deletion", "DeleteBucket DeleteObject"),
    ("file", "change", "PutObject"),
    ("file", "info", "GetObject HeadObject ListBuckets ListObjects"),
    ("host", "info", "DescribeInstances DescribeVolumes ListInstanceAssociations"),
    (
        "network",
        "info",
        "DescribeLoadBalancers DescribeNetworkAcls DescribeNetworkInterfaces DescribeSecurityGroups DescribeVpcs",
    ),
    ("network", "access", "AuthorizeSecurityGroupIngress"),
    ("session", "start", "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel StartSession"),
    ("session", "end", "TerminateSession"),
    ("configuration", "info", "DescribeTrails"),
    ("configuration", "creation", "CreateTopic"),
    ("configuration", "change", "Subscribe"),
    ("configuration", "deletion", "DeleteTrail"),
    ("database", "info", "DescribeDBInstances ListTables"),
    ("package", "info", "ListFunctions"),
    ("process", "", "SendCommand"),
    ("api", "info", "DescribeRegions"),
    ("api", "", "Converse Publish"),
)
"""Category, types, names of events."""


@lru_cache(maxsize=1)
def cloudtrail_kinds() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Category and types of every event listed."""
    return {name: (category, tuple(types.split())) for category, types, names in KINDS for name in names.split()}
