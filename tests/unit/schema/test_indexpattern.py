import pytest
from hypothesis import given
from hypothesis import strategies as st

from besra.schema.indexpattern import matches, split_patterns

SYSMON = ("logs-windows.sysmon_operational-default", "winlogbeat-besra")


@pytest.mark.parametrize(
    ("patterns", "name"),
    [
        (["logs-endpoint.events.process-*"], "logs-endpoint.events.process-default"),
        (["logs-endpoint.events.process*"], "logs-endpoint.events.process-default"),
        (["logs-*"], "logs-endpoint.events.file-prod"),
        (["endgame-*", "logs-endpoint.events.*"], "logs-endpoint.events.api-default"),
        (["endgame-*,logs-endpoint.events.*"], "logs-endpoint.events.api-default"),
        (["endgame-*, logs-endpoint.events.*"], "logs-endpoint.events.api-default"),
        (["*:logs-*"], "logs-okta.system-default"),
        (["eu-1:logs-*"], "logs-okta.system-default"),
        (["*"], "anything"),
        (["_all"], "anything"),
        (["l*g**s-*x"], "logs-a.b-x"),
        (["logs-exact-default"], "logs-exact-default"),
        (["-odd-name"], "-odd-name"),
        ([], "anything"),
    ],
)
def test_a_pattern_reads_the_names_its_stars_reach(patterns: list[str], name: str) -> None:
    assert matches(patterns, (name,))


@pytest.mark.parametrize(
    ("patterns", "name"),
    [
        (["logs-endpoint.events.process-*"], "logs-endpoint.events.process"),
        (["logs-endpoint.events.process-*"], "logs-endpointXevents.process-default"),
        (["logs-endpoint.*"], "LOGS-endpoint.events.process-default"),
        (["logs"], "logs-a"),
        (["logs-?-x"], "logs-a-x"),
        (["winlogbeat-*"], "my-winlogbeat-7"),
    ],
)
def test_a_pattern_is_matched_against_the_whole_name(patterns: list[str], name: str) -> None:
    assert not matches(patterns, (name,))


@pytest.mark.parametrize(
    ("patterns", "is_read"),
    [
        ([".alerts-*"], True),
        ([".*"], True),
        ([".alerts-security.alerts-default"], True),
        (["*"], False),
        (["_all"], False),
        (["*alerts*"], False),
        (["*", ".alerts-*"], True),
        ([".alerts-*", "-.alerts-security.*"], False),
        ([], True),
    ],
)
def test_names_that_begin_with_a_dot_are_hidden_from_other_patterns(patterns: list[str], is_read: bool) -> None:
    assert matches(patterns, (".alerts-security.alerts-default",)) is is_read


def test_an_exclusion_takes_away_what_stands_before_it() -> None:
    patterns = ["logs-*", "-logs-foo-*"]

    assert matches(patterns, ("logs-bar-default",))
    assert not matches(patterns, ("logs-foo-default",))
    assert not matches(["*:logs-*,-*:logs-foo-*"], ("logs-foo-default",))
    assert matches([*patterns, "logs-foo-x"], ("logs-foo-x",))


def test_one_included_name_of_several_is_enough() -> None:
    assert matches(["winlogbeat-*"], SYSMON)
    assert matches(["logs-windows.*"], SYSMON)
    assert matches(["*", "-winlogbeat-*"], SYSMON)
    assert not matches(["logs-system.*"], SYSMON)


def test_an_event_without_a_name_is_read_only_where_nothing_is_asked() -> None:
    assert not matches(["*"], ())
    assert matches((), ())


def test_blank_members_and_clusters_vanish() -> None:
    assert split_patterns(("a-*,,b-*", " ", "c:d-*")) == ("a-*", "b-*", "d-*")


NAMES = st.text("abc.-_", min_size=1, max_size=12).filter(lambda name: not name.startswith("-"))


@given(NAMES, st.integers(0, 12))
def test_a_name_matches_itself_and_every_prefix_with_a_star(name: str, cut: int) -> None:
    assert matches([name], [name])
    is_hidden = name.startswith(".") and cut == 0
    assert matches([name[:cut] + "*"], [name]) is not is_hidden or name[:cut] + "*" == "-*"
    assert not matches([f"*,-{name}"], [name])


@pytest.mark.parametrize(("pattern", "is_read"), [("*a" * 40 + "b", False), ("*a" * 40 + "*", True)])
def test_many_stars_do_not_backtrack(pattern: str, is_read: bool) -> None:
    """Without end, if each star were tried at every place."""
    assert matches((pattern,), ("a" * 200,)) is is_read
    assert matches(("*", f"-{pattern}"), ("a" * 200,)) is not is_read
