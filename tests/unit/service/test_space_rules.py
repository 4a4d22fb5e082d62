"""The rules of all spaces as they are to run: of files and of the API, with the exceptions that are known there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.exceptions import NOW, container, item, match, reference, rule, rule_set
from tests.stores import spaces_of

from besra.detection.rule_copy import rule_uuid
from besra.rules.document import RuleDocument
from besra.rules.exception_loading import NO_FILES, ExceptionFiles
from besra.rules.loaded import RuleSet
from besra.service.rule_changes import RuleChanges
from besra.service.space_rules import rules_of_spaces
from besra.service.spaces import Spaces
from besra.storage.alert_store import AlertStore
from besra.storage.exception_store import Kind
from besra.storage.workflow import Author

ME = Author("me", NOW)
AGNOSTIC = {"namespace_type": "agnostic"}
NAMING = {"exceptions_list": [reference("known-tools", **AGNOSTIC)]}


@pytest.fixture
def spaces(tmp_path: Path) -> Any:
    with AlertStore(tmp_path / "alerts.sqlite") as store:
        opened = spaces_of(store)
        opened.create({"id": "soc", "name": "SOC"})
        yield opened


def loaded(spaces: Spaces, files: Mapping[str, RuleSet], beside: ExceptionFiles = NO_FILES) -> Any:
    return rules_of_spaces(spaces, files, beside, NOW).excepted


def written(path: Path, documents: Sequence[Mapping[str, Any]]) -> ExceptionFiles:
    """A file of exceptions given beside the rules."""
    path.write_text("".join(f"{json.dumps(document)}\n" for document in documents), "utf-8")
    return ExceptionFiles.of([path], ())


def plans(rules: RuleSet) -> dict[str, Any]:
    return {rule.space: plan for rule, plan in rules.runnable}


def test_rules_of_one_id_are_told_apart(spaces: Spaces) -> None:
    files = {"default": rule_set(rule(lists=())), "soc": rule_set(rule(lists=(), query="process where true"))}
    found = loaded(spaces, files).rules
    assert [one.space for one, _ in found.runnable] == ["default", "soc"]
    (own, _), (other, _) = found.runnable
    assert own.rule_id == other.rule_id == rule_uuid(own) != rule_uuid(other)
    (entry,) = spaces.rules("soc").entries
    assert (entry.id, entry.parameters["id"]) == (rule_uuid(other), rule_uuid(other))
    assert "id" not in entry.text, "an export has what the file says"
    assert spaces.rules("soc").by_id(entry.id) == entry
    assert spaces.rules("default").by_id(entry.id) is None
    spaces.create({"id": "lab", "name": "Lab"})
    (_, (third, _), _) = loaded(spaces, {**files, "lab": files["soc"]}).rules.runnable
    assert (third.space, len({*map(rule_uuid, (own, other, third))})) == ("lab", 3)
    again = loaded(spaces, files).rules
    assert [rule_uuid(one) for one, _ in again.runnable] == [rule_uuid(own), rule_uuid(other)]


def test_one_space_alone_is_as_it_was_before_there_were_any(spaces: Spaces) -> None:
    files = rule_set(rule(), exceptions=[container(), item(match("host.name", "h"))])
    alone = loaded(spaces, {"default": files})
    assert (alone.items, alone.silenced) == (1, 1)
    assert [one.parameters.get("id") for one, _ in alone.rules.runnable] == [None]
    assert alone.rules.runnable[0][0] is files.runnable[0][0]


def test_exceptions_of_a_space_silence_its_rules_only(spaces: Spaces) -> None:
    files = {"default": rule_set(rule()), "soc": rule_set(rule())}
    for change in ({}, {"type": "detection"}):
        assert plans(loaded(spaces, files).rules)["default"] == plans(loaded(spaces, files).rules)["soc"], change
    book = spaces.exceptions("soc")
    book.create(Kind.LIST, container(description="x"), ME)
    book.create(Kind.ITEM, item(match("host.name", "h"), description="x"), ME)
    before, after = plans(rule_set(rule())), loaded(spaces, files)
    assert plans(after.rules)["default"] == before["default"]
    assert plans(after.rules)["soc"] != before["default"]
    assert (after.items, after.silenced) == (1, 1)


def test_agnostic_lists_silence_the_rules_that_name_them_in_every_space(spaces: Spaces, tmp_path: Path) -> None:
    naming, other = rule(lists=(), **NAMING), rule(2, lists=())
    files = {"default": rule_set(naming), "soc": rule_set(naming, other), "lab": rule_set(other)}
    spaces.create({"id": "lab", "name": "Lab"})
    plain = loaded(spaces, files)
    documents = [container(description="x", **AGNOSTIC), item(match("host.name", "h"), description="x", **AGNOSTIC)]

    def changed(found: RuleSet) -> list[tuple[str, str]]:
        pairs = zip(plain.rules.runnable, found.runnable, strict=True)
        return [(rule.space, rule.rule_id[-1]) for (rule, old), (_, new) in pairs if old != new]

    silenced = [("default", "1"), ("soc", "1")]
    # Of the file of any space,
    for space in ("default", "soc"):
        beside = {**files, space: rule_set(*[naming, other][: len(files[space])], exceptions=documents)}
        assert changed(loaded(spaces, beside).rules) == silenced
        assert _unused(loaded(spaces, beside).rules) == []
    # of the files beside,
    given = written(tmp_path / "given.ndjson", documents)
    assert changed(loaded(spaces, files, given).rules) == silenced
    # and of the API.
    spaces.exceptions("lab").create(Kind.LIST, documents[0], ME)
    spaces.exceptions("lab").create(Kind.ITEM, documents[1], ME)
    found = loaded(spaces, files)
    assert changed(found.rules) == silenced
    assert _unused(found.rules) == []
    assert found.silenced == 2
    # One that nobody names is told once.
    assert len(_unused(loaded(spaces, {"default": rule_set(other), "soc": rule_set(other)}).rules)) == 1


def _unused(rules: RuleSet) -> list[str]:
    return [problem.message for problem in rules.problems if problem.code == "exception-unused"]


def test_single_lists_of_files_are_of_their_space(spaces: Spaces, tmp_path: Path) -> None:
    documents = [container(), item(match("host.name", "h"))]
    given = written(tmp_path / "given.ndjson", documents)
    files = {"default": rule_set(rule()), "soc": rule_set(rule())}
    found = loaded(spaces, files, given)
    assert (found.items, found.silenced) == (1, 1)
    assert plans(found.rules)["default"] != plans(found.rules)["soc"] == plans(rule_set(rule()))["default"]
    files["soc"] = rule_set(rule(), exceptions=documents)
    assert loaded(spaces, files).silenced == 1


def test_a_value_list_is_told_to_be_unused_where_no_space_uses_it(spaces: Spaces, tmp_path: Path) -> None:
    (tmp_path / "hosts.txt").write_text("h\n", "utf-8")
    beside = ExceptionFiles.of((), [("hosts", tmp_path / "hosts.txt")])
    entry = {"field": "host.name", "type": "list", "list": {"id": "hosts", "type": "keyword"}}
    using = rule_set(rule(), exceptions=[container(), item(entry)])
    plain = rule_set(rule())
    for files, told in (
        ({"default": plain, "soc": plain}, 1),
        ({"default": plain, "soc": using}, 0),
        ({"default": using, "soc": plain}, 0),
    ):
        found = loaded(spaces, files, beside=beside).rules
        assert [problem.code for problem in found.file_problems].count("value-list-unused") == told


def test_the_fingerprint_tells_what_is_in_which_space(spaces: Spaces) -> None:
    one, two = (replace(rule_set(rule(number, lists=())), fingerprint=f"f{number}") for number in (1, 2))
    found = [
        loaded(spaces, files).rules.fingerprint
        for files in (
            {"default": one},
            {"default": one, "soc": two},
            {"default": two, "soc": one},
            {"default": one, "soc": one},
            {"default": one, "soc": replace(two, fingerprint="")},
        )
    ]
    assert found[0] == "f1"
    assert found[-1] == ""
    assert len({*found}) == 5


def test_rules_of_the_api_run_in_their_space(spaces: Spaces) -> None:
    for space in spaces.ids:
        RuleChanges(spaces.rules(space), ME).create(RuleDocument(rule(lists=(), name=space)))
    found = loaded(spaces, {"default": RuleSet()}).rules
    assert [(one.space, one.name) for one, _ in found.runnable] == [("default", "default"), ("soc", "soc")]
    assert [one.path for one in found] == [f"api:{rule()['rule_id']}", f"api:soc/{rule()['rule_id']}"]
    shadowing = loaded(spaces, {"soc": rule_set(rule(lists=()))}).rules
    assert [one.space for one, _ in shadowing.runnable] == ["default", "soc"]
    assert [one.path for one in shadowing] == [f"api:{rule()['rule_id']}", "export.ndjson"]
    assert [problem.code for problem in shadowing.file_problems] == ["rule-duplicate"]
