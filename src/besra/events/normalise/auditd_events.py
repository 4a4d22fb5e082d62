"""What auditbeat makes of records of the Linux audit system: action, category and type, who and what (sources.md 7).

A call of the kernel is looked up by its name, any other record by its type.
"""

from dataclasses import dataclass
from functools import cache

ACTOR, OTHER, OBJECT, UID = "actor.primary", "actor.secondary", "object.primary", "uid"
"""What users and groups are filled from: parts of the summary, and the plain user id."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event means.

    `object` is the type of what was acted on. `primary` and `secondary` are the names its values are looked for under,
    `actor` those of who acted in the second place, `how` those of the means; `path` is which of its files counts.
    `entities` fill users and groups from the summary. `addressed` events have the address of a peer in `addr`.
    """

    action: str = ""
    category: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    object: str = ""
    path: int = 0
    actor: tuple[str, ...] = ("uid",)
    primary: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()
    how: tuple[str, ...] = ()
    entities: tuple[tuple[str, str], ...] = ()
    addressed: bool = False


OTHER_CALL = Meaning(category=("process",), type=("info",))

CALLS = (
    # action | category | type | object | path | names
    "opened-file | file | creation | file | 0 | creat",
    "opened-file | file | change | file | 0 | fallocate truncate ftruncate",
    "opened-file | file | info | file | 0 | open openat readlink readlinkat",
    "read-file | file | info | file | 0 | read",
    "wrote-to-file | file | change | file | 0 | write",
    """changed-file-attributes-of | file | change | file | 0 | setxattr fsetxattr lsetxattr removexattr fremovexattr
    lremovexattr""",
    "changed-file-permissions-of | file | change | file | 0 | chmod fchmod fchmodat",
    "changed-file-ownership-of | file | change | file | 0 | chown fchown fchownat lchown",
    "loaded-kernel-module | driver | start | file | 0 | finit_module init_module",
    "unloaded-kernel-module | driver | end | file | 0 | delete_module",
    "created-directory | file | creation | file | 1 | mkdir mkdirat",
    "mounted | file | creation | filesystem | 1 | mount",
    "renamed | file | change | file | 2 | rename renameat renameat2",
    """checked-metadata-of | file | info | file | 0 | access faccessat fstatat newfstatat stat stat64 fstat lstat
    getxattr lgetxattr fgetxattr""",
    "checked-filesystem-metadata-of | file | info | filesystem | 0 | statfs fstatfs",
    "symlinked | file | creation | file | 0 | symlink symlinkat",
    "unmounted | file | deletion | filesystem | 0 | umount umount2",
    "deleted | file | deletion | file | 0 | rmdir unlink unlinkat",
    "changed-timestamp-of | file | info | file | 0 | utime utimes futimesat futimens utimensat",
    "executed | process | start | file | 0 | execve execveat",
    "listen-for-connections | network | start | socket | 0 | listen",
    "accepted-connection-from | network | connection start | socket | 0 | accept accept4",
    "bound-socket | network | start | socket | 0 | bind",
    "connected-to | network | connection start | socket | 0 | connect",
    "received-from | network | connection info | socket | 0 | recv recvfrom recvmsg recvmmsg",
    "sent-to | network | connection info | socket | 0 | send sendto sendmsg sendmmsg",
    "killed-pid | process | end | process | 0 | kill tkill tgkill",
    """changed-identity-of | process | change | process | 0 | setuid seteuid setfsuid setreuid setgid setegid setfsgid
    setregid setresuid setresgid""",
    "changed-system-time | host | change | system | 0 | settimeofday clock_settime stime adjtimex",
    "make-device | file | creation | file | 0 | mknod mknodat",
    "changed-system-name | host | change | system | 0 | sethostname setdomainname",
    "allocated-memory | process | info | memory | 0 | mmap mmap2 brk",
    "adjusted-scheduling-policy-of | process | change | process | 0 | sched_setparam sched_setscheduler sched_setattr",
)


@cache
def _calls() -> dict[str, Meaning]:
    found = {}
    for row in CALLS:
        action, category, types, what, path, names = (cell.strip() for cell in row.split("|"))
        meaning = Meaning(action, tuple(category.split()), tuple(types.split()), what, int(path))
        found.update(dict.fromkeys(names.split(), meaning))
    return found


def call_meaning(name: str) -> Meaning:
    """What a call of the kernel means."""
    return _calls().get(name, OTHER_CALL)


SESSION = "session"
"""Events of users whose account is in `acct` or `id` and whose terminal is what was acted on."""

RECORDS = (
    # type | action | category | event type | object | primary names | how it is read
    "ACCT_LOCK | locked-account | iam | user info | | |",
    "ACCT_UNLOCK | unlocked-account | iam | user info | | |",
    "ADD_GROUP | added-group-account-to | iam | group creation | account | id acct | group",
    "ADD_USER | added-user-account | iam | user creation | account | id acct | user",
    "DEL_GROUP | deleted-group-account-from | iam | group deletion | account | id acct | group",
    "DEL_USER | deleted-user-account | iam | user deletion | account | id acct | user",
    "GRP_MGMT | modified-group-account | iam | group change | account | id acct | target-group",
    "ROLE_ASSIGN | assigned-user-role-to | iam | user change | account | id acct |",
    "ROLE_MODIFY | modified-role | iam | change | | |",
    "ROLE_REMOVE | removed-user-role-from | iam | user change | account | id acct |",
    "USER_MGMT | modified-user-account | iam | user change | | | session target-user",
    "USER_CHAUTHTOK | changed-password | iam | user change | | | session target-user",
    "GRP_CHAUTHTOK | changed-group-password | iam | group change | user-session | acct | session target-group",
    "CRED_ACQ | acquired-credentials | authentication | info | | | session login",
    "CRED_DISP | disposed-credentials | authentication | info | | | session login",
    "CRED_REFR | refreshed-credentials | authentication | info | | | session login",
    "GRP_AUTH | authenticated-to-group | authentication | info | | | login",
    "LOGIN | changed-login-id-to | authentication | start | user-session | new-auid new_auid auid | new-login",
    "USER_ACCT | was-authorized | authentication | info | | | session login",
    "USER_AUTH | authenticated | authentication | info | | | session login",
    "USER_END | ended-session | authentication | info | | | session login",
    "USER_ERR | error | authentication | info | | | session login addressed",
    "USER_LOGIN | logged-in | authentication | start | | | session login addressed",
    "USER_LOGOUT | logged-out | authentication | end | | | session login",
    "USER_ROLE_CHANGE | changed-role-to | | | user-session | selected-context | session",
    "USER_START | started-session | authentication | info | | | session login addressed",
    "VIRT_CONTROL | issued-vm-control | host | info | virtual-machine | op |",
    "VIRT_CREATE | created-vm-image | host | info | | |",
    "VIRT_DESTROY | deleted-vm-image | host | info | | |",
    "VIRT_MACHINE_ID | assigned-vm-id | host | info | virtual-machine | vm |",
    "VIRT_RESOURCE | assigned-vm-resource | host | info | virtual-machine | resrc |",
    "CHGRP_ID | changed-group | process | change | | |",
    "CHUSER_ID | changed-user-id | process | change | | |",
    "USER_CMD | ran-command | process | start | process | cmd |",
    "SYSTEM_BOOT | booted-system | host | start | system | |",
    "SYSTEM_RUNLEVEL | changed-to-runlevel | host | change | system | new-level |",
    "SYSTEM_SHUTDOWN | shutdown-system | host | end | system | |",
    "SERVICE_START | started-service | process | start | service | unit |",
    "SERVICE_STOP | stopped-service | process | stop | service | unit |",
    """CONFIG_CHANGE | changed-audit-configuration | process configuration | change | audit-config | op key
    audit_enabled audit_pid audit_backlog_limit audit_failure |""",
    "DAEMON_ABORT | aborted-auditd-startup | process | stop | service | |",
    "DAEMON_ACCEPT | remote-audit-connected | network | connection start | service | |",
    "DAEMON_CLOSE | remote-audit-disconnected | network | connection start | service | |",
    "DAEMON_CONFIG | changed-auditd-configuration | process configuration | change | service | |",
    "DAEMON_END | shutdown-audit | process | stop | service | |",
    "DAEMON_ERR | audit-error | process | info | service | |",
    "DAEMON_RECONFIG | reconfigured-auditd | process configuration | info | service | |",
    "DAEMON_RESUME | resumed-audit-logging | process | change | service | |",
    "DAEMON_ROTATE | rotated-audit-logs | process | change | service | |",
    "DAEMON_START | started-audit | process | start | service | |",
    "KERNEL | initialized-audit-subsystem | process | info | | |",
    "KERN_MODULE | loaded-kernel-module | driver | start | file | name |",
    "USYS_CONFIG | changed-configuration | configuration | change | system | op |",
    "NETFILTER_CFG | loaded-firewall-rule-to | configuration | change | firewall | table |",
    "FEATURE_CHANGE | changed-audit-feature | configuration | change | system | feature |",
    "TTY | typed | | | keystrokes | data |",
    "USER_TTY | typed | | | keystrokes | data |",
    "AVC | violated-selinux-policy | | | | tcontext |",
    "FS_RELABEL | relabeled-filesystem | | | mac-config | |",
    "MAC_CONFIG_CHANGE | changed-selinux-boolean | configuration | change | mac-config | bool |",
    "MAC_POLICY_LOAD | loaded-selinux-policy | configuration | access | mac-config | |",
    "MAC_STATUS | changed-selinux-enforcement | configuration | change | mac-config | enforcing |",
    "USER_AVC | access-permission | | | | |",
    "USER_MAC_CONFIG_CHANGE | changed-mac-configuration | configuration | change | mac-config | |",
    "USER_MAC_POLICY_LOAD | loaded-mac-policy | configuration | access | mac-config | |",
    "USER_SELINUX_ERR | access-error | | | | |",
    "SECCOMP | violated-seccomp-policy | | | process | syscall |",
    "SELINUX_ERR | caused-mac-policy-error | | | system | |",
    "CRYPTO_KEY_USER | negotiated-crypto-key | process | info | user-session | fp | session addressed",
    "CRYPTO_LOGIN | crypto-officer-logged-in | | | | |",
    "CRYPTO_LOGOUT | crypto-officer-logged-out | process | info | | |",
    "CRYPTO_SESSION | started-crypto-session | process | info | user-session | addr | session addressed",
    "ANOM_ABEND | crashed-program | process | end | process | comm exe |",
    "ANOM_EXEC | attempted-execution-of-forbidden-program | process | start | process | cmd |",
    "ANOM_LINK | used-suspicious-link | | | | |",
    "ANOM_LOGIN_FAILURES | failed-log-in-too-many-times-to | | | | | session",
    "ANOM_LOGIN_LOCATION | attempted-log-in-from-unusual-place-to | | | | | session",
    "ANOM_LOGIN_SESSIONS | opened-too-many-sessions-to | | | | | session",
    "ANOM_LOGIN_TIME | attempted-log-in-during-unusual-hour-to | | | | | session",
    "ANOM_PROMISCUOUS | changed-promiscuous-mode-on-device | | | network-device | dev |",
    "USER | sent-message | | | | addr |",
)

ENTITIES = {
    "login": (("user", ACTOR), ("user.effective", OTHER)),
    "new-login": (("user", ACTOR), ("user.effective", OBJECT)),
    "user": (("user", ACTOR), ("user.effective", OTHER), ("user.target", OBJECT)),
    "group": (("user", ACTOR), ("user.effective", OTHER), ("group", OBJECT)),
    "target-user": (("user", ACTOR), ("user.effective", UID), ("user.target", OTHER)),
    "target-group": (("user", ACTOR), ("user.effective", UID), ("group", OTHER)),
}


@cache
def _records() -> dict[str, Meaning]:
    return dict(_record(row) for row in RECORDS)


def _record(row: str) -> tuple[str, Meaning]:
    kind, action, category, types, what, primary, words = (cell.strip() for cell in row.split("|"))
    reading = words.split()
    session = SESSION in reading
    entities = next((ENTITIES[word] for word in reading if word in ENTITIES), ())
    return kind, Meaning(
        action,
        tuple(category.split()),
        tuple(types.split()),
        what or ("user-session" if session else ""),
        actor=("acct", "id", "uid") if session else ("uid",),
        primary=tuple(primary.split()) or (("terminal",) if session else ()),
        secondary=("addr", "hostname") if session else (),
        how=("exe", "terminal") if session else ("exe", "comm"),
        entities=entities,
        addressed="addressed" in reading,
    )


def record_meaning(kind: str) -> Meaning | None:
    """What a record of a type means; None for types nothing is known of."""
    return _records().get(kind)
