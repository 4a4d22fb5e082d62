"""Value lists in the store: each value once, some thousands at a time, never over somebody else's change."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from besra.storage import value_list_store
from besra.storage.alert_store import AlertStore
from besra.storage.database import AlertStoreError
from besra.storage.value_list_store import NewValue, StoredList, ValueListStore
from besra.storage.value_list_tables import LISTED_VALUE
from besra.storage.workflow import Author

ME, YOU = Author("me", 20), Author("you", 30)


def listed(name: str, kind: str = "keyword", space: str = "default") -> StoredList:
    return StoredList(0, space, name, kind, 1, 10, "me", 10, "me", {"name": name, "meta": {"a": 1.0}})


@pytest.fixture
def lists(store: AlertStore) -> ValueListStore:
    return store.value_lists


def texts(lists: ValueListStore, number: int) -> list[str]:
    return [text for some in lists.texts(number) for text, _ in some]


def test_lists_come_back_as_they_were_and_names_are_those_of_a_space(lists: ValueListStore) -> None:
    a, b = lists.create(listed("a")), lists.create(listed("a", space="lab"))
    assert (replace(a, number=0), replace(b, number=0)) == (listed("a"), listed("a", space="lab"))
    assert lists.all() == [a, b]
    with pytest.raises(AlertStoreError) as caught:
        lists.create(listed("a"))
    assert caught.value.problem.code == "value-list-conflict"
    new = replace(a, revision=2, document={"name": "other"}, updated=30, updated_by="you")
    lists.write(new)
    with pytest.raises(AlertStoreError, match="changed by somebody else"):
        lists.write(new)
    assert lists.all() == [new, b]


def test_a_value_is_in_a_list_once(lists: ValueListStore) -> None:
    a, b = lists.create(listed("a")), lists.create(listed("b"))
    long = "x" * 30_000
    for _ in range(2):
        lists.add(a.number, [NewValue("one"), NewValue("two"), NewValue("one"), NewValue(long)], ME)
    lists.add(b.number, [NewValue("one")], YOU)
    assert (texts(lists, a.number), texts(lists, b.number)) == (["one", "two", long], ["one"])
    assert (lists.count(a.number), lists.count(b.number)) == (3, 1)
    found, other = lists.by_text(a.number, "one"), lists.by_text(b.number, "one")
    assert found is not None
    assert other is not None
    assert (found.created_by, other.created_by, found.id != other.id) == ("me", "you", True)
    assert lists.by_id(found.id) == found
    assert (lists.by_text(a.number, "three"), lists.by_id("three")) == (None, None)


def test_values_are_changed_and_removed(lists: ValueListStore) -> None:
    number = lists.create(listed("a")).number
    lists.add(number, [NewValue("one"), NewValue("two", id="mine", meta={"x": 1})], ME)
    one, two = lists.page(number, 0, 10)
    assert (two.id, two.meta, lists.by_id("mine")) == ("mine", {"x": 1}, two)
    new = lists.change(one, NewValue("three"), YOU)
    assert (new.id, new.text, new.revision, new.updated_by, new.created_by) == (one.id, "three", 2, "you", "me")
    assert lists.by_id(one.id) == new
    # Its old key would be the id of a value that is added again.
    lists.add(number, [NewValue("one")], ME)
    assert lists.by_id(one.id) == new
    for value in (one, new):
        with pytest.raises(AlertStoreError):
            lists.change(value, NewValue("two"), YOU)
    lists.remove_value(new)
    assert texts(lists, number) == ["two", "one"]


def test_orders_and_pages(lists: ValueListStore) -> None:
    number = lists.create(listed("a")).number
    lists.add(number, [NewValue(text) for text in ("b", "c")], ME)
    lists.add(number, [NewValue("a")], YOU)
    assert [one.text for one in lists.page(number, 1, 1)] == ["c"]
    assert [one.text for one in lists.page(number, 0, 9, "value")] == ["a", "b", "c"]
    assert [one.text for one in lists.page(number, 0, 9, "created_at", descending=True)] == ["a", "c", "b"]


def test_ranges_are_found_by_where_they_begin(lists: ValueListStore) -> None:
    number = lists.create(listed("a", "ip_range")).number
    most = (1 << 128) - 1
    lists.add(number, [NewValue(f"{a}-{b}", (a, b)) for a, b in ((5, 9), (7, 300), (most - 1, most))], ME)
    assert sorted(lists.ranges(number, 5, 7)) == [(5, 9), (7, 300)]
    assert lists.ranges(number, 8, most) == [(most - 1, most)]
    assert [told for some in lists.texts(number) for _, told in some] == [(5, 9), (7, 300), (most - 1, most)]


def test_the_values_of_a_list_that_is_gone_are_nobodys_and_go_later(
    store: AlertStore, lists: ValueListStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(value_list_store, "AT_ONCE", 2)
    a, b = lists.create(listed("a")), lists.create(listed("b"))
    for number in (a.number, b.number):
        lists.add(number, [NewValue(str(value)) for value in range(5)], ME)

    def left() -> int:
        with store._database.reading() as connection:
            return int(connection.execute(select(func.count()).select_from(LISTED_VALUE)).scalar_one())

    lists.remove(a.number)
    assert (left(), lists.all()) == (10, [b])
    with pytest.raises(AlertStoreError, match="removed meanwhile"):
        lists.add(a.number, [NewValue("x")], ME)
    lists.tidy()
    assert left() == 5
    # A list of the same name has none of them.
    again = lists.create(listed("a"))
    assert (again.number != a.number, lists.count(again.number)) == (True, 0)
    lists.remove(b.number)
    lists.tidy()
    assert left() == 0
