import pickle

from tests.unit.rules.exception_samples import CONTAINER, ITEM, item_of, read

from besra.problems import Severity
from besra.rules.exception_list import NO_EXCEPTIONS, ExceptionItem, ExceptionList, ListKey, Namespace

KEY = ListKey("trusted")


def test_items_are_found_by_the_list_a_rule_names() -> None:
    found = read(CONTAINER, ITEM, item_of(item_id="b"), item_of(item_id="c", list_id="other"))

    assert [item.item_id for item in found.items_of(KEY)] == ["backup", "b"]
    assert found.knows(KEY) and found.knows(ListKey("other")) and not found.knows(ListKey("none"))
    assert found.items_of(ListKey("none")) == ()
    container = found.list_of(KEY)
    assert container and container.name == "Trusted tools"
    assert found.list_of(ListKey("other")) is None


def test_lists_of_two_namespaces_are_two_lists() -> None:
    shared = {"namespace_type": "agnostic"}
    found = read(CONTAINER, CONTAINER | shared, ITEM, ITEM | shared)

    assert found.problems == ()
    assert [len(found.items_of(ListKey("trusted", namespace))) for namespace in Namespace] == [1, 1]


def test_equal_copies_count_once_without_a_word() -> None:
    found = read(CONTAINER, ITEM, CONTAINER, ITEM)

    assert (len(found.lists), len(found.items), found.problems) == (1, 1, ())


def test_items_without_an_id_are_not_taken_for_one() -> None:
    assert len(read(item_of(item_id=...), item_of(item_id=...)).items) == 2


def test_of_two_with_one_id_the_first_counts_and_it_is_said() -> None:
    found = read(CONTAINER, ITEM, CONTAINER | {"name": "x"}, item_of(name="y"))

    assert [(item.name) for item in (*found.lists, *found.items)] == ["Trusted tools", "The nightly backup"]
    assert [(problem.code, problem.severity, problem.place.line) for problem in found.problems] == [
        ("exception-duplicate", Severity.WARNING, 3),
        ("exception-duplicate", Severity.WARNING, 4),
    ]
    assert "(e.ndjson:2:2)" in found.problems[1].message


def test_two_sets_become_one_in_which_the_first_counts() -> None:
    first, second = read(CONTAINER, ITEM), read(item_of(name="y"), item_of(item_id="b"), item_of(entries=[]))
    both = first.merged(second)

    assert [item.name for item in both.items_of(KEY)] == ["The nightly backup", "The nightly backup"]
    assert [problem.code for problem in both.problems] == ["exception-empty", "exception-duplicate"]
    assert both.broken == {KEY}
    assert first.merged(NO_EXCEPTIONS) == first


def test_an_item_expires_when_its_time_is_past() -> None:
    item = ExceptionItem(KEY, (), expire_time=100)

    assert [item.is_expired(now) for now in (99, 100, 101)] == [False, False, True]
    assert not ExceptionItem(KEY, ()).is_expired(101)


def test_lists_of_the_endpoint_are_known_by_id_or_type() -> None:
    lists = [ExceptionList(ListKey("endpoint_list")), ExceptionList(KEY, "endpoint_trusted_apps"), ExceptionList(KEY)]

    assert [container.is_endpoint for container in lists] == [True, True, False]


def test_a_set_can_be_remembered() -> None:
    found = read(CONTAINER, ITEM, item_of(entries=[]))

    assert pickle.loads(pickle.dumps(found)) == found
    assert not NO_EXCEPTIONS and found
