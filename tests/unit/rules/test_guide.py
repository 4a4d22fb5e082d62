import json

from hypothesis import given
from hypothesis import strategies as st

from besra.rules.guide import render_guide, restore_placeholders, split_setup

TRANSFORM = {
    "investigate": [{"label": f"query {n}", "providers": [[{"field": "host.id"}]]} for n in range(12)],
    "osquery": [{"label": "DNS", "query": "SELECT * FROM dns_cache"}],
}


def test_placeholders_become_plugins() -> None:
    note, missing = render_guide("- $osquery_0\n- $investigate_11\n", TRANSFORM)

    first, second = note.splitlines()
    assert first.startswith("- !{osquery{")
    assert json.loads(first.removeprefix("- !{osquery").removesuffix("}")) == TRANSFORM["osquery"][0]
    assert '"label":"query 11"' in second
    assert missing == ()


def test_a_placeholder_without_entry_stays_and_is_named_once() -> None:
    note, missing = render_guide("$investigate_12 $osquery_1 $investigate_12 $HOME_0", TRANSFORM)

    assert note == "$investigate_12 $osquery_1 $investigate_12 $HOME_0"
    assert missing == ("$investigate_12", "$osquery_1")


@given(st.lists(st.sampled_from(["text\n", "$investigate_3 ", "$investigate_11.", "$osquery_0\n", "{}", "$5"])))
def test_rendering_can_be_undone(parts: list[str]) -> None:
    note = "".join(parts)

    assert restore_placeholders(render_guide(note, TRANSFORM)[0], TRANSFORM) == note


def test_the_setup_section_is_cut_out() -> None:
    note = "## Triage\n\nLook.\n\n## Setup\n\nInstall it.\n\n### Details\n\nMore.\n\n## Related\n\nThat."

    rest, setup = split_setup(note)

    assert setup == "Install it.\n\n### Details\n\nMore."
    assert rest == "## Triage\n\nLook.\n\n## Related\n\nThat."


def test_a_note_without_setup_stays() -> None:
    assert split_setup("## Triage\n\n### Setup\n") == ("## Triage\n\n### Setup\n", "")
    assert split_setup("## Setup the machine\n") == ("## Setup the machine\n", "")
