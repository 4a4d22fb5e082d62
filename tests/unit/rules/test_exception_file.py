import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.exception_samples import CONTAINER, ITEM, item_of, ndjson
from tests.unit.rules.samples import rule_of

from besra.errors import RuleFileError
from besra.problems import Severity
from besra.rules.exception_file import exceptions_in, read_exceptions

TOML = """
[[exceptions]]
[exceptions.container]
list_id = "trusted"

[[exceptions.items]]
item_id = "backup"
entries = [{ field = "process.name", type = "match", operator = "included", value = "backup.exe" }]
"""


@pytest.mark.parametrize(
    "text",
    [
        ndjson([CONTAINER, ITEM]),
        "\ufeff" + ndjson([CONTAINER, ITEM]).replace("\n", "\r\n"),
        ndjson([rule_of(), CONTAINER, ITEM, {"exported_count": 3}]),
        json.dumps([CONTAINER, ITEM], indent=2),
        json.dumps({"page": 1, "total": 2, "data": [CONTAINER, ITEM]}),
        TOML,
        "\n[exceptions]" + TOML.replace("[[exceptions]]", ""),
    ],
)
def test_every_form_of_a_file_is_read(text: str) -> None:
    found = exceptions_in(text)

    assert found.problems == ()
    assert [(container.key.list_id) for container in found.lists] == ["trusted"]
    assert [(item.item_id, str(item.key)) for item in found.items] == [("backup", "trusted")]


def test_files_are_read_in_their_order_each_problem_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(TOML.replace("included", "is"), "utf-8")
    (tmp_path / "b.ndjson").write_text('{"list_id": \n' + ndjson([{"event": 1}, item_of()]), "utf-8")
    (tmp_path / "c.ndjson").write_bytes(b"\xff\xfe")
    found = read_exceptions(*(tmp_path / name for name in ("a.toml", "b.ndjson", "c.ndjson")))

    assert [(Path(problem.place.path or "").name, problem.place.line, problem.code) for problem in found.problems] == [
        ("b.ndjson", 1, "json-syntax"),
        ("b.ndjson", 2, "ndjson-unknown-object"),
        ("c.ndjson", None, "file-not-text"),
        ("a.toml", 8, "exception-bad-field"),
    ]
    assert [item.item_id for item in found.items] == ["backup"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "exception-file-empty"),
        ("[]", "exception-file-empty"),
        (ndjson([rule_of()]), "exception-file-empty"),
        ("[rule]\nname = 'x'\n", "exception-file-empty"),
        ("[[exceptions]\n", "toml-syntax"),
        ("exceptions = 1\n", "exception-bad-field"),
        ("exceptions = [1]\n", "exception-bad-field"),
        ("exceptions = []\naction_connectors = [1]\n", "exception-bad-field"),
        ("[exceptions]\ncontainer = 1\n", "exception-bad-field"),
        ("[exceptions]\nitems = [1]\n", "exception-bad-field"),
        ("[exceptions]\nlists = 1\n", "exception-bad-field"),
        ('[{"list_id": }]', "json-syntax"),
    ],
)
def test_a_file_without_exceptions_says_so(text: str, code: str) -> None:
    (problem,) = exceptions_in(text, "f").problems

    assert (problem.code, problem.severity, problem.place.path) == (code, Severity.ERROR, "f")


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError) as error:
        read_exceptions(tmp_path / "none")
    assert error.value.problem.code == "path-not-found"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert [problem.code for problem in read_exceptions(tmp_path).problems] == ["file-unreadable"]


@given(st.text("[]{}=\"'.\\\n# exceptionslst:,0", max_size=60) | st.text(max_size=40))
def test_any_text(text: str) -> None:
    found = exceptions_in(text)

    assert found.problems or found.lists or found.items or "exceptions" in text or "action_connectors" in text


@given(st.sampled_from([TOML, ndjson([CONTAINER, ITEM])]), st.integers(0, 400), st.integers(0, 30), st.characters())
def test_any_damage(text: str, position: int, length: int, char: str) -> None:
    for problem in exceptions_in(text[:position] + char + text[position + length :], "f").problems:
        assert problem.render()
