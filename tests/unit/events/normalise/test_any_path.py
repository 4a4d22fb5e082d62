import pytest

from besra.events.normalise.any_path import directory_and_name, has_drive, last_name, put_path_parts
from besra.events.normalise.nested_document import Document


@pytest.mark.parametrize(
    ("path", "parts", "last"),
    [
        ("C:\\a\\b.exe", ("C:\\a", "b.exe"), "b.exe"),
        ("\\Device\\HarddiskVolume3\\x", ("\\Device\\HarddiskVolume3", "x"), "x"),
        ("/usr/bin/curl", ("/usr/bin", "curl"), "curl"),
        ("/usr/bin/", ("/usr", "bin"), "bin"),
        ("C:\\a/b", ("C:", "a/b"), "a/b"),
        ("System", None, "System"),
        ("/", None, None),
        ("", None, None),
    ],
)
def test_parts(path: str, parts: tuple[str, str] | None, last: str | None) -> None:
    assert directory_and_name(path) == parts
    assert last_name(path) == last


def test_fields_of_a_path() -> None:
    document: Document = {}
    put_path_parts(document, "file", "c:\\a.b\\name.tar.gz")
    assert document == {"file": {"name": "name.tar.gz", "directory": "c:\\a.b", "extension": "gz", "drive_letter": "C"}}


def test_an_extension_that_is_known_stays_and_a_folder_has_none() -> None:
    document: Document = {"file": {"extension": "known"}}
    put_path_parts(document, "file", "/a.b/c.d")
    assert document["file"]["extension"] == "known"
    bare: Document = {}
    put_path_parts(bare, "file", "/a.b/c")
    assert bare == {"file": {"name": "c", "directory": "/a.b"}}


@pytest.mark.parametrize(
    ("path", "expected"), [("C:\\a", True), ("C:/a", True), ("C:", False), ("/a", False), ("", False)]
)
def test_drives(path: str, expected: bool) -> None:
    assert has_drive(path) == expected
