import pytest
from tests.unit.rules.exception_samples import CONTAINER, ITEM

from besra.problems import Severity
from besra.rules.exception_toml import exceptions_to_toml, parse_exception_toml

ENTRIES = 'entries = [{ field = "a", type = "exists", operator = "included" }]'


def test_a_list_and_its_items_are_read_in_their_order_with_places() -> None:
    found = parse_exception_toml(exceptions_to_toml([CONTAINER, CONTAINER | {"list_id": "b"}], [ITEM, ITEM]), "x.toml")

    assert [document.parameters for document in found.documents] == [
        CONTAINER,
        ITEM,
        ITEM,
        CONTAINER | {"list_id": "b"},
    ]
    places = [document.locations.place(("list_id",)) for document in found.documents]
    assert [(place.path, place.excerpt) for place in places] == [
        ("x.toml", f'list_id = "{text}"') for text in ("trusted", "trusted", "trusted", "b")
    ]
    assert len({place.line for place in places}) == 4


@pytest.mark.parametrize(
    ("container", "item", "expected"),
    [
        ('list_id = "a"', "", {"list_id": "a"}),
        ('list_id = "a"\nnamespace_type = "agnostic"', "", {"list_id": "a", "namespace_type": "agnostic"}),
        ('list_id = "a"\nnamespace_type = "agnostic"', 'list_id = "a"', {"list_id": "a"}),
    ],
)
def test_an_item_that_names_no_list_is_in_that_of_its_container(
    container: str, item: str, expected: dict[str, str]
) -> None:
    text = f"[[exceptions]]\n[exceptions.container]\n{container}\n[[exceptions.items]]\n{item}\n{ENTRIES}\n"
    _, document = parse_exception_toml(text).documents

    assert {name: value for name, value in document.parameters.items() if name != "entries"} == expected


def test_tables_that_do_not_belong_there_are_said() -> None:
    text = '[metadata]\ncreation_date = "2026/01/01"\n[exception]\nx = 1\n[exceptions.container]\nlist_id = "a"\n'
    found = parse_exception_toml(text, "x.toml")
    (problem,) = found.problems

    assert len(found.documents) == 1
    assert (problem.code, problem.severity, problem.place.line) == ("exception-unknown-field", Severity.WARNING, 3)


def test_a_file_of_something_else_is_told_apart() -> None:
    assert not parse_exception_toml("[project]\nname = 'x'\n").is_meant
    assert parse_exception_toml("action_connectors = []\n").is_meant


def test_a_path_of_nulls_may_lead_anywhere() -> None:
    text = "exceptions = []\n[besra]\nnull = [['exceptions', 0], ['besra', 'null', 0], ['x'], [1]]\n"
    codes = [problem.code for problem in parse_exception_toml(text).problems]

    assert codes == ["exception-bad-field", "exception-unknown-field", "toml-exact"]
