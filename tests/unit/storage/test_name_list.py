"""Names in one column: what goes in comes back, and a name is found if it is among them."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, literal_column, select, text

from besra.storage.columns import stored_name
from besra.storage.name_list import has_name, joined, names_in

NAMES = st.lists(st.text(alphabet='a,"\\\n\t[]\x00\x1f', max_size=4), max_size=4)


@given(NAMES)
def test_what_goes_in_comes_back(names: Sequence[str]) -> None:
    assert names_in(joined(names)) == list(dict.fromkeys(map(stored_name, names)))
    assert (joined(names) == "") == (not names)


@given(NAMES, st.text(alphabet='a,"\\\n\t[]\x1f', max_size=3))
def test_a_name_is_found_if_it_is_among_them(names: Sequence[str], sought: str) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (names TEXT)"))
        connection.execute(text("INSERT INTO t VALUES (:names)"), {"names": joined(names)})
        found = connection.execute(
            select(has_name(literal_column("names"), sought, "sqlite"), text("1")).select_from(text("t"))
        )
        assert bool(found.one()[0]) == (sought in names)
    engine.dispose()
