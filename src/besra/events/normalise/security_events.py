"""What each event id of the Security channel means in ECS (sources.md 5)."""

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class SecurityKind:
    """`event.category`, `event.type` and `event.action` of an event id."""

    category: tuple[str, ...]
    type: tuple[str, ...]
    action: str


ROWS = (
    # ids, category, type, action. The spelling of 1105's action is the pipelines'.
    ("1100", "process", "end", "logging-service-shutdown"),
    ("1102", "iam", "admin change", "audit-log-cleared"),
    ("1104", "iam", "admin", "logging-full"),
    ("1105", "iam", "admin", "auditlog-archieved"),
    ("1108", "iam", "admin", "logging-processing-error"),
    ("4610", "configuration", "access", "authentication-package-loaded"),
    ("4611", "configuration", "change", "trusted-logon-process-registered"),
    ("4614", "configuration", "access", "notification-package-loaded"),
    ("4616", "configuration", "change", "system-time-changed"),
    ("4622", "configuration", "access", "security-package-loaded"),
    ("4624", "authentication", "start", "logged-in"),
    ("4625", "authentication", "start", "logon-failed"),
    ("4634 4647", "authentication", "end", "logged-out"),
    ("4648", "authentication", "start", "logged-in-explicit"),
    ("4657", "registry configuration", "change", "registry-value-modified"),
    ("4662", "iam configuration", "admin change", "object-operation-performed"),
    ("4670", "iam configuration", "admin change", "permissions-changed"),
    ("4672", "iam", "admin", "logged-in-special"),
    ("4673", "iam", "admin", "privileged-service-called"),
    ("4674", "iam", "admin", "privileged-operation"),
    ("4688", "process", "start", "created-process"),
    ("4689", "process", "end", "exited-process"),
    ("4697", "iam configuration", "admin change", "service-installed"),
    ("4698", "iam configuration", "creation admin", "scheduled-task-created"),
    ("4699", "iam configuration", "deletion admin", "scheduled-task-deleted"),
    ("4700", "iam configuration", "change admin", "scheduled-task-enabled"),
    ("4701", "iam configuration", "change admin", "scheduled-task-disabled"),
    ("4702", "iam configuration", "change admin", "scheduled-task-updated"),
    ("4706", "configuration", "creation", "domain-trust-added"),
    ("4707", "configuration", "deletion", "domain-trust-removed"),
    ("4713", "configuration", "change", "kerberos-policy-changed"),
    ("4714", "configuration", "change", "encrypted-data-recovery-policy-changed"),
    ("4715", "configuration", "change", "object-audit-policy-changed"),
    ("4716", "configuration", "change", "trusted-domain-information-changed"),
    ("4717", "iam configuration", "admin change", "system-security-access-granted"),
    ("4718", "iam configuration", "admin deletion", "system-security-access-removed"),
    ("4719", "iam configuration", "admin change", "changed-audit-config"),
    ("4720", "iam", "user creation", "added-user-account"),
    ("4722", "iam", "user change", "enabled-user-account"),
    ("4723", "iam", "user change", "changed-password"),
    ("4724", "iam", "user change", "reset-password"),
    ("4725", "iam", "user deletion", "disabled-user-account"),
    ("4726", "iam", "user deletion", "deleted-user-account"),
    ("4727 4731 4754", "iam", "group creation", "added-group-account"),
    ("4728 4732 4756", "iam", "group change", "added-member-to-group"),
    ("4729 4733 4757", "iam", "group change", "removed-member-from-group"),
    ("4730 4734 4758", "iam", "group deletion", "deleted-group-account"),
    ("4735 4737 4755", "iam", "group change", "modified-group-account"),
    ("4738", "iam", "user change", "modified-user-account"),
    ("4739", "configuration", "change", "domain-policy-changed"),
    ("4740", "iam", "user change", "locked-out-user-account"),
    ("4741", "iam", "creation admin", "added-computer-account"),
    ("4742", "iam", "change admin", "changed-computer-account"),
    ("4743", "iam", "deletion admin", "deleted-computer-account"),
    ("4744 4749 4759", "iam", "group creation", "added-distribution-group-account"),
    ("4745 4750 4760", "iam", "group change", "changed-distribution-group-account"),
    ("4746 4751 4761", "iam", "group change", "added-member-to-distribution-group"),
    ("4747 4752 4762", "iam", "group change", "removed-member-from-distribution-group"),
    ("4748 4753 4763", "iam", "group deletion", "deleted-distribution-group-account"),
    ("4764", "iam", "group change", "type-changed-group-account"),
    ("4767", "iam", "user change", "unlocked-user-account"),
    ("4768", "authentication", "start", "kerberos-authentication-ticket-requested"),
    ("4769", "authentication", "start", "kerberos-service-ticket-requested"),
    ("4770", "authentication", "start", "kerberos-service-ticket-renewed"),
    ("4771", "authentication", "start", "kerberos-preauth-failed"),
    ("4776", "authentication", "start", "credential-validated"),
    ("4778", "authentication session", "start", "session-reconnected"),
    ("4779", "authentication session", "end", "session-disconnected"),
    ("4781", "iam", "user change", "renamed-user-account"),
    ("4797", "iam", "user info", "query-existence-of-blank-password"),
    ("4798", "iam", "user info", "group-membership-enumerated"),
    ("4799", "iam", "group info", "user-member-enumerated"),
    ("4817", "iam configuration", "admin change", "object-audit-changed"),
    ("4902", "iam configuration", "admin creation", "user-audit-policy-created"),
    ("4904", "iam configuration", "admin change", "security-event-source-added"),
    ("4905", "iam configuration", "admin deletion", "security-event-source-removed"),
    ("4906", "iam configuration", "admin change", "crash-on-audit-changed"),
    ("4907", "iam configuration", "admin change", "audit-setting-changed"),
    ("4908", "iam configuration", "admin change", "special-group-table-changed"),
    ("4912", "iam configuration", "admin change", "per-user-audit-policy-changed"),
    ("4950", "configuration", "change", "windows-firewall-setting-changed"),
    ("4954", "configuration", "change", "windows-firewall-group-policy-changed"),
    ("4964", "iam", "admin group", "logged-in-special"),
    ("5024", "process", "start", "windows-firewall-service-started"),
    ("5025", "process", "end", "windows-firewall-service-stopped"),
    ("5033", "driver", "start", "windows-firewall-driver-started"),
    ("5034", "driver", "end", "windows-firewall-driver-stopped"),
    ("5037", "driver", "end", "windows-firewall-driver-error"),
    ("5136", "iam configuration", "admin change", "directory-service-object-modified"),
    ("5140", "network file", "info access", "network-share-object-accessed"),
    ("5145", "network file", "info access", "network-share-object-access-checked"),
    ("5379", "iam", "user info", "credential-manager-credentials-were-read"),
    ("5380", "iam", "user info", "vault-credential-find"),
    ("5381 5382", "iam", "user info", "vault-credentials-were-read"),
)

AGENT_ROWS = (
    ("4627", "iam", "info", "group-membership-info"),
    ("4658", "iam configuration", "change", "handle-closed-object"),
    ("4659", "iam configuration", "change", "object-was-requested-with-intent-to-delete"),
    ("4660", "file registry", "deletion", "object-deleted"),
    ("4664", "file", "creation", "create-hard-link"),
    ("4690", "process", "access", "duplicate-handle-attempt"),
    ("4704", "iam", "change user", "user-right-assigned"),
    ("4793", "api", "info", "password-policy-checking-api-called"),
    ("5152", "network", "connection info denied", "windows-firewall-packet-drop"),
    ("5156", "network", "connection info allowed", "windows-firewall-connection"),
    ("5157", "network", "connection info denied", "windows-firewall-packet-block"),
    ("5158", "network", "info", "windows-firewall-bind-local-port"),
)
"""Events to which only newer versions of the System integration give a meaning."""


def _kinds(rows: tuple[tuple[str, str, str, str], ...]) -> dict[str, SecurityKind]:
    return {
        code: SecurityKind(tuple(category.split()), tuple(types.split()), action)
        for codes, category, types, action in rows
        for code in codes.split()
    }


@cache
def security_kinds() -> dict[str, SecurityKind]:
    """Event id to its meaning, for both shippers."""
    return _kinds(ROWS)


@cache
def agent_kinds() -> dict[str, SecurityKind]:
    """Event id to its meaning, for the Agent alone."""
    return _kinds(AGENT_ROWS)


def codes(text: str) -> frozenset[str]:
    """A set of event ids written with blanks between; `4746-4764` stands for the ids of that range with a meaning."""
    result: set[str] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        result |= {code for code in security_kinds() if first <= code <= last} if last else {first}
    return frozenset(result)
