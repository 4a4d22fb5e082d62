"""Where there is no room for what rules look back on events wait, and nothing is lost."""

from pathlib import Path
from typing import Any

import pytest
from tests.simulation import MINUTE, Process, World, document, rule_text, rules_of

from besra.service.kept_events import TOGETHER
from besra.service.room import MEMORY, LookBack, NoRoomError, lack_of_memory, lack_of_room, look_back_metrics

QUERY = 'sequence by host.name with maxspan=5m [process where user.name == "a"] [process where user.name == "b"]'


def events(world: World, name: str) -> list[dict[str, Any]]:
    """Two lots of events, each of a host of its own."""
    return [document(world.now, **{"host.name": f"h{number}", "user.name": name}) for number in range(2 * TOGETHER)]


def has_room(process: Process) -> bool:
    try:
        while process.duty.pump.step():
            pass
    except NoRoomError as error:
        assert "--look-back-size" in str(error)
        assert process.duty.pump.lacking == str(error)
        return False
    return True


def test_events_wait_until_older_ones_are_over(tmp_path: Path) -> None:
    world = World(tmp_path / "data", rules_of(tmp_path / "rules", rule_text("sequence", QUERY)), look_back=1000)
    with world.up() as process:
        process.arrive(events(world, "a"))
        assert has_room(process)
        assert process.duty.pump.kept.disk > 1000
        process.arrive(events(world, "b"))
        assert not has_room(process)
        assert process.found() == {}
        world.look_back = None
    with world.up() as process:
        # With room for them they are taken, and what was before is recalled.
        assert has_room(process)
        assert not process.duty.pump.lacking
        assert set(process.found()) == world.scanned()
        assert len(process.found()) > 0


def test_what_is_over_makes_room(tmp_path: Path) -> None:
    world = World(tmp_path / "data", rules_of(tmp_path / "rules", rule_text("sequence", QUERY)), look_back=1000)
    with world.up() as process:
        process.arrive(events(world, "a"))
        assert has_room(process)
        process.arrive([document(world.now)])
        for _ in range(90):
            if has_room(process):
                break
            world.now += MINUTE
        else:
            pytest.fail("there is never room again")
        assert world.now > 1_773_800_000 * 10**9 + 10 * MINUTE


def test_a_start_that_finds_no_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path / "data", rules_of(tmp_path / "rules", rule_text("sequence", QUERY)))
    with world.up() as process:
        process.arrive(events(world, "a"))
        assert has_room(process)
        process.duty.pump.storing.finish()
    monkeypatch.setattr("besra.service.room.MEMORY", 0)
    with pytest.raises(NoRoomError, match="TMPDIR"), world.up():
        pass


def test_what_lacks() -> None:
    assert lack_of_memory(LookBack(memory=MEMORY)) == ""
    assert "TMPDIR" in lack_of_memory(LookBack(memory=MEMORY + 1))
    assert lack_of_room(LookBack(disk=10), None) == lack_of_room(LookBack(disk=10), 10) == ""
    assert "--look-back-size" in lack_of_room(LookBack(disk=11), 10)
    assert "TMPDIR" in lack_of_room(LookBack(memory=MEMORY + 1, disk=10), 10)
    told = look_back_metrics(LookBack(1, 2, 3, 4), is_full=True)
    assert [value for _, _, value in told.values()] == [1, 2, 4, 3, 1]
