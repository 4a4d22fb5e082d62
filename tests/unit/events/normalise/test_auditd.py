from typing import Any

import pytest

from besra.events.normalise.auditd import to_ecs
from besra.events.normalise.auditd_events import CALLS, RECORDS, record_meaning
from besra.events.normalise.auditd_syscalls import machine_name, syscall_name
from besra.events.normalise.nested_document import Document


def document(*records: dict[str, Any], **more: Any) -> Document:
    return to_ecs({"auditd_records": list(records), "sequence": 7, "timestamp": "2026-03-17T10:00:00.000Z", **more})


def call(number: int, **fields: Any) -> dict[str, Any]:
    return {"type": "SYSCALL", "arch": "c000003e", "syscall": str(number), "success": "yes", **fields}


def path(name: str, nametype: str = "NORMAL", **fields: Any) -> dict[str, Any]:
    return {"type": "PATH", "name": name, "nametype": nametype, **fields}


@pytest.mark.parametrize(
    ("arch", "number", "name"),
    [
        ("c000003e", "59", "execve"),
        ("c000003e", "257", "openat"),
        ("c000003e", "435", "clone3"),
        ("40000003", "11", "execve"),
        ("40000003", "5", "open"),
        ("c00000b7", "221", "execve"),
        ("c00000b7", "56", "openat"),
        ("c00000b7", "79", "newfstatat"),
        ("c000003e", "9999", "9999"),
        ("c000003e", "execve", "execve"),
        ("80000016", "59", "59"),
    ],
)
def test_numbers_of_calls(arch: str, number: str, name: str) -> None:
    assert syscall_name(arch, number) == name


def test_machines() -> None:
    assert [machine_name(arch) for arch in ("c000003e", "c00000b7", "77")] == ["x86_64", "aarch64", "77"]


@pytest.mark.parametrize(
    ("number", "action", "category", "types"),
    [
        (59, "executed", ["process"], ["start"]),
        (42, "connected-to", ["network"], ["connection", "start"]),
        (257, "opened-file", ["file"], ["info"]),
        (85, "opened-file", ["file"], ["creation"]),
        (1, "wrote-to-file", ["file"], ["change"]),
        (87, "deleted", ["file"], ["deletion"]),
        (62, "killed-pid", ["process"], ["end"]),
        (90, "changed-file-permissions-of", ["file"], ["change"]),
        (313, "loaded-kernel-module", ["driver"], ["start"]),
        (157, None, ["process"], ["info"]),
    ],
)
def test_calls(number: int, action: str | None, category: list[str], types: list[str]) -> None:
    event = document(call(number))["event"]
    assert (event.get("action"), event["category"], event["type"]) == (action, category, types)


@pytest.mark.parametrize(
    ("kind", "action", "category", "types"),
    [
        ("USER_LOGIN", "logged-in", ["authentication"], ["start"]),
        ("USER_AUTH", "authenticated", ["authentication"], ["info"]),
        ("ADD_USER", "added-user-account", ["iam"], ["user", "creation"]),
        ("ADD_GROUP", "added-group-account-to", ["iam"], ["group", "creation"]),
        ("USER_CHAUTHTOK", "changed-password", ["iam"], ["user", "change"]),
        ("CONFIG_CHANGE", "changed-audit-configuration", ["process", "configuration"], ["change"]),
        ("SERVICE_START", "started-service", ["process"], ["start"]),
        ("AVC", "violated-selinux-policy", None, None),
        ("UNKNOWN[1334]", None, None, None),
    ],
)
def test_records(kind: str, action: str | None, category: list[str] | None, types: list[str] | None) -> None:
    event = document({"type": kind})["event"]
    assert (event.get("action"), event.get("category"), event.get("type")) == (action, category, types)


def test_a_record_before_its_call_says_what_that_was_for() -> None:
    made = document({"type": "CONFIG_CHANGE", "op": "remove_rule", "res": "1"}, call(44))
    assert made["event"]["action"] == "changed-audit-configuration"
    assert made["event"]["category"] == ["process", "configuration", "network"]
    assert made["auditd"]["message_type"] == "config_change"


@pytest.mark.parametrize(
    ("fields", "result", "outcome"),
    [
        ({"success": "yes"}, "success", "success"),
        ({"success": "no"}, "fail", "failure"),
        ({"res": "failed"}, "fail", "failure"),
        ({"res": "1"}, "success", "success"),
        ({"res": "maybe"}, "unknown", "unknown"),
        ({}, "unknown", "unknown"),
    ],
)
def test_outcomes(fields: dict[str, str], result: str, outcome: str) -> None:
    made = document({"type": "USER_CMD", **fields})
    assert (made["auditd"]["result"], made["event"]["outcome"]) == (result, outcome)


@pytest.mark.parametrize(
    ("number", "paths", "chosen"),
    [
        (257, [path("/etc/shadow")], "/etc/shadow"),
        (87, [path("/var/log/", "PARENT"), path("/var/log/a", "DELETE")], "/var/log/a"),
        (82, [path("/a/", "PARENT"), path("/b/", "PARENT"), path("/a/x", "DELETE"), path("/b/y", "CREATE")], "/a/x"),
        (83, [path("/a/", "PARENT"), path("/a/b", "CREATE")], "/a/b"),
        (83, [path("/a/", "PARENT")], "/a/"),
        (42, [path("/a")], None),
    ],
)
def test_the_file_that_counts(number: int, paths: list[dict[str, Any]], chosen: str | None) -> None:
    made = document(call(number), *paths)
    assert made.get("file", {}).get("path") == chosen
    assert [item["name"] for item in made["auditd"]["paths"]] == [item["name"] for item in paths]


@pytest.mark.parametrize(
    ("mode", "permissions", "kind"),
    [("0100640", "0640", "file"), ("040755", "0755", "directory"), ("0x", None, "file"), ("9", None, "file")],
)
def test_modes(mode: str, permissions: str | None, kind: str) -> None:
    made = document(call(257), path("/a", mode=mode))
    assert made["file"].get("mode") == permissions
    assert made["auditd"]["summary"]["object"]["type"] == kind


def test_users_by_id_and_name() -> None:
    names = {"enriched": {"auid": "ada", "uid": "ada", "euid": "root", "gid": "staff"}}
    made = document(call(59, auid="1000", uid="1000", euid="0", gid="50", suid="4294967295", **names))["user"]
    assert made == {
        "audit": {"id": "1000", "name": "ada"},
        "id": "1000",
        "name": "ada",
        "effective": {"id": "0", "name": "root"},
        "group": {"id": "50", "name": "staff"},
    }


def test_an_effective_user_who_is_the_user_is_not_repeated() -> None:
    assert "effective" not in document(call(59, uid="0", euid="0"))["user"]


def test_who_logs_in_is_the_account_and_not_the_service() -> None:
    made = document({"type": "USER_LOGIN", "uid": "0", "auid": "4294967295", "acct": "ada", "res": "failed"})["user"]
    assert made == {"effective": {"name": "ada"}}
    made = document({"type": "USER_CHAUTHTOK", "uid": "0", "auid": "1000", "acct": "eve", "exe": "/usr/bin/passwd"})
    assert made["user"]["target"] == {"name": "eve"}
    assert (made["user"]["id"], made["user"]["effective"]["id"]) == ("1000", "0")


@pytest.mark.parametrize(("number", "end"), [(42, "destination"), (44, "destination"), (43, "source"), (49, None)])
def test_ends_of_sockets(number: int, end: str | None) -> None:
    peer = {"family": "ipv4", "address": "198.51.100.4", "port": 53}
    made = document(call(number), {"type": "SOCKADDR", "sockaddr": peer})
    found = {name: made[name]["port"] for name in ("source", "destination") if name in made}
    assert found == ({end: 53} if end else {})
    assert made["auditd"]["data"]["socket"]["addr"] == "198.51.100.4"


def test_fields_two_records_have_are_both_kept() -> None:
    made = document(call(59, comm="a"), {"type": "QUAY", "comm": "b", "more": "c"})
    assert made["process"]["name"] == "a"
    assert made["auditd"]["data"]["more"] == "c"
    assert made["auditd"]["other"] == [{"type": "QUAY", "comm": "b"}]


def test_nothing_to_go_by() -> None:
    made = document()
    assert made["event"]["outcome"] == "unknown"
    assert made["host"]["os"]["type"] == "linux"
    assert document(1, "x", None)["auditd"]["unread"] == [1, "x", None]  # type: ignore[arg-type]


def test_tables_name_everything_once() -> None:
    calls = [name for row in CALLS for name in row.split("|")[5].split()]
    kinds = [row.split("|")[0].strip() for row in RECORDS]
    assert len(calls) == len(set(calls))
    assert len(kinds) == len(set(kinds))
    assert all(record_meaning(kind) for kind in kinds)
