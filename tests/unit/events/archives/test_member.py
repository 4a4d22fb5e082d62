"""Names of members."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.events.archives.member import LONGEST, is_hidden, label_of


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("log.json", "a.zip/log.json"),
        ("inner/./log.json", "a.zip/inner/log.json"),
        ("/etc/passwd", "a.zip/etc/passwd"),
        ("../../etc/passwd", "a.zip/(..)/(..)/etc/passwd"),
        ("..\\..\\boot.ini", "a.zip/(..)/(..)/boot.ini"),
        ("Logs\\Security.evtx", "a.zip/Logs/Security.evtx"),
        ("C:\\Windows\\x.evtx", "a.zip/C:/Windows/x.evtx"),
        ("a\x1b[2Jb\u202ec\n.json", "a.zip/a\ufffd[2Jb\ufffdc\ufffd.json"),
        ("\ud800", "a.zip/\ufffd"),
        ("", "a.zip/(unnamed)"),
        ("//./", "a.zip/(unnamed)"),
        ("x" * 5000, "a.zip/" + "x" * LONGEST + "…"),
    ],
)
def test_label(name: str, label: str) -> None:
    assert label_of("a.zip", name) == label


@given(st.text(st.characters(), max_size=40))
def test_label_of_any_name_is_printable_and_leads_nowhere(name: str) -> None:
    label = label_of("a.zip", name)
    assert label.isprintable() and label.startswith("a.zip/")
    assert not {"..", "."} & set(label.split("/"))
    label.encode()


def test_hidden_are_those_whose_name_or_folder_begins_with_a_dot() -> None:
    hidden = [".x", "a/.x", ".git/x", "./.x", "__MACOSX/._x", "a\\.x"]
    seen = ["x", "./x", "../x", "a.b", "a/../x", "a/x."]
    assert [name for name in hidden + seen if is_hidden(name)] == hidden
