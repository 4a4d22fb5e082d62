from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.events.normalise.records import ecs_of

from besra.events.normalise import script_blocks
from besra.events.normalise.script_blocks import ScriptBlocks

OPERATIONAL = "Microsoft-Windows-PowerShell/Operational"


def part(number: int, total: int, text: str, block: str = "b", **more: Any) -> dict[str, Any]:
    data = {"MessageNumber": number, "MessageTotal": total, "ScriptBlockText": text, "ScriptBlockId": block}
    return ecs_of(4104, data, OPERATIONAL, **more)


def added(documents: list[dict[str, Any]]) -> list[Any]:
    blocks = ScriptBlocks()
    for document in documents:
        blocks.add(document)
    return [document["besra"].get("script_block") for document in documents]


@given(st.permutations(range(1, 5)))
def test_the_last_part_to_come_has_the_whole_text(order: list[int]) -> None:
    found = added([part(number, 4, f"<{number}>") for number in order])
    assert found == [None, None, None, {"text": "<1><2><3><4>", "parts": 4}]


def test_parts_of_another_script_or_host_are_not_mixed_in() -> None:
    documents = [
        part(1, 2, "a", "one"),
        part(2, 2, "B", "two"),
        part(2, 2, "x", "one", Computer="other.example.com"),
        part(1, 2, "A", "two"),
        part(2, 2, "b", "one"),
    ]
    assert [found and found["text"] for found in added(documents)] == [None, None, None, "AB", "ab"]


def test_a_script_of_one_part_and_other_events_have_no_such_field() -> None:
    assert added([part(1, 1, "a"), ecs_of(4688, {}), part(3, 2, "a"), part(0, 2, "a")]) == [None] * 4


def test_a_part_that_comes_twice_counts_once() -> None:
    found = added([part(1, 2, "a"), part(1, 2, "a"), part(2, 2, "b")])
    assert found[-1] == {"text": "ab", "parts": 2}


def test_what_waits_is_bounded() -> None:
    blocks = ScriptBlocks()
    for number in range(script_blocks.MOST_OPEN + 1):
        blocks.add(part(1, 2, "a", str(number)))
    forgotten, kept = part(2, 2, "b", "0"), part(2, 2, "b", "1")
    blocks.add(kept)
    blocks.add(forgotten)
    assert kept["besra"]["script_block"]["text"] == "ab"
    assert "script_block" not in forgotten["besra"]


def test_a_script_that_is_too_long_stays_in_parts() -> None:
    half = "x" * (script_blocks.MOST_TEXT // 2 + 1)
    found = added([part(1, 3, half), part(2, 3, half), part(3, 3, "b"), part(1, 2, "c", "two"), part(2, 2, "d", "two")])
    assert [found_one and found_one["text"] for found_one in found] == [None, None, None, None, "cd"]
