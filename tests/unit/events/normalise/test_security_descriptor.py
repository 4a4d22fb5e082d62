from typing import Any

import pytest

from besra.events.normalise.security_descriptor import account_name, put_descriptors


def described(**data: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    document: dict[str, Any] = {}
    put_descriptors(document, data)
    return document, data


def test_access_list() -> None:
    _, data = described(NewSd="D:PAI(A;;GA;;;SY)(D;;FRFX;;;S-1-5-32-545)(A;;0x00030000;;;OW)")
    assert data["NewSdDacl0"] == "Local system :Access Allowed ([Generic All])"
    assert data["NewSdDacl1"] == "Users :Access Denied ([File Generic Read, FILE GENERIC EXECUTE])"
    assert data["NewSdDacl2"] == "OW :Access Allowed ([Read Control, Delete])"


def test_system_list_and_users_of_a_domain() -> None:
    document, data = described(OldSd="S:ARAI(AU;SAFA;DCSD;;;S-1-5-21-1-2-3-500)(AU;SA;WO;;;S-1-5-21-1-2-3-1105)")
    assert data["OldSdSacl0"] == "Administrator :System Audit ([Delete All Child Objects, Delete])"
    assert data["OldSdSacl1"] == "null :System Audit ([Modify Owner])"
    assert "OldSdDacl0" not in data
    assert document["related"] == {"user": ["Administrator"]}


def test_owner_keeps_its_prefix() -> None:
    _, data = described(NewSd="O:BAG:SYD:")
    assert data == {"NewSd": "O:BAG:SYD:", "NewSdOwner": "O:BA"}


def test_unknown_parts_are_null() -> None:
    _, data = described(NewSd="D:(X;;ZZ;;;SY)(A)")
    assert data["NewSdDacl0"] == "Local system :null ([null])"
    assert data["NewSdDacl1"] == "null :Access Allowed ([])"


def test_list_of_sids() -> None:
    _, data = described(SidList="%{S-1-5-32-544} %{S-1-5-21-1-2-3-512}")
    assert data["SidList"] == ["%{S-1-5-32-544}", "%{S-1-5-21-1-2-3-512}"]
    assert data["SidListDesc"] == ["Administrators", "Domain Admins"]


@pytest.mark.parametrize(
    ("sid", "name"),
    [
        ("WD", "Everyone"),
        ("S-1-5-18", "Local System"),
        ("S-1-5-21-9-9-9-513", "Domain Users"),
        ("S-1-5-21-9-9-9-4242", None),
        ("S-1-5-80-1-2", "S-1-5-80-1-2"),
        ("", ""),
    ],
)
def test_account_names(sid: str, name: str | None) -> None:
    assert account_name(sid) == name
