"""Compiled packs remembered on disk: the same tests and programs, found by content only."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from besra.engine import pack_memory
from besra.engine.compiled_pack import CompiledPack
from besra.engine.learner import Learner
from besra.engine.pack import Entry, RulePack
from besra.engine.pack_memory import remembered_pack
from besra.engine.verdicts import Verdicts
from besra.events.columns import Projection, ValueTable
from besra.language.eql.lower import lower_query
from besra.language.eql.parser import parse_query
from besra.rules.memory_file import VARIABLE
from besra.schema.catalogue import bundled_catalogue

pytest.importorskip("numba")

QUERIES = (
    'process where process.name : ("cmd.exe", "a*b", "\u00e9*") and process.pid > 4',
    'any where process.args regex~ """[a-z]+-x(yz)*""" and length(process.name) > 2',
    'network where cidrMatch(source.ip, "10.0.0.0/8", "::1/128")',
)
VALUES = ["cmd.exe", "CMD.EXE", "a--b", "\u00c9x", "ab-xyzyz", "10.1.2.3", "::1", 5, 4.5, True, ""]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RulePack:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "memory"))
    plans = [lower_query(parse_query(query), bundled_catalogue()).plan for query in QUERIES]
    return RulePack(tuple(Entry(plan, ("logs-*",)) for plan in plans), "some content")


def projection(pack: RulePack) -> Projection:
    return Projection(tuple(sorted(pack.fields)))


def verdicts_of(compiled: CompiledPack, fields: int) -> list[tuple[int, ...]]:
    verdicts, table = Verdicts(Learner(compiled.fields, compiled.tables)), ValueTable()
    ids = [number for field in range(fields) for number in table.ids_of(field, VALUES)]
    verdicts.learn(table)
    return [verdicts.of(number) for number in ids]


def memories(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "memory").glob("pack-*"))


def test_what_is_remembered_is_what_was_compiled(
    pack: RulePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = projection(pack)
    first = remembered_pack(pack, fields)
    assert len(memories(tmp_path)) == 1
    monkeypatch.setattr(pack_memory, "compiled_pack", lambda *_: pytest.fail("compiled again"))
    again = remembered_pack(pack, fields)
    assert again is not first
    assert verdicts_of(again, len(fields.fields)) == verdicts_of(first, len(fields.fields))
    assert any(verdicts_of(again, len(fields.fields)))
    assert again.programs.exact == first.programs.exact == (True, False, True)
    assert np.array_equal(again.programs.steps, first.programs.steps)


def test_another_content_is_another_memory(pack: RulePack, tmp_path: Path) -> None:
    fields = projection(pack)
    remembered_pack(pack, fields)
    remembered_pack(replace(pack, fingerprint="other content"), fields)
    remembered_pack(pack, Projection((*fields.fields, "zzz")))
    assert len(memories(tmp_path)) == 3


def test_without_a_fingerprint_nothing_is_remembered(pack: RulePack, tmp_path: Path) -> None:
    remembered_pack(RulePack(pack.entries), projection(pack))
    assert memories(tmp_path) == []


@pytest.mark.parametrize("damage", [b"", b"\x80\x05 not a pickle", b"\x80\x05K\x01."])
def test_a_damaged_memory_is_made_anew(pack: RulePack, tmp_path: Path, damage: bytes) -> None:
    expected = verdicts_of(remembered_pack(pack, projection(pack)), len(projection(pack).fields))
    (memory,) = memories(tmp_path)
    memory.write_bytes(damage)
    found = remembered_pack(pack, projection(pack))
    assert verdicts_of(found, len(projection(pack).fields)) == expected
    assert memory.stat().st_size > len(damage)
