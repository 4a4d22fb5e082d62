"""Members of tar archives, as they come."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.archives import tar_of, tar_with

from besra.events.archives.member import Member
from besra.events.archives.tar import tar_members
from besra.events.archives.tar_header import HeaderError, is_tar, parse_extended, parse_header
from besra.events.chunks import Damage
from besra.events.expansion import Allowance, ExpansionLimits
from besra.problems import Problem

FILES = [("a.json", b"one"), ("folder/b.json", b"two" * 1000), ("empty", b"")]
LONG = "folder/" * 40 + "name.json"

Read = tuple[list[tuple[str, bytes | Damage]], list[Problem]]


def members(archive: bytes, limits: ExpansionLimits | None = None) -> Read:
    found: list[tuple[str, bytes | Damage]] = []
    problems = []
    for member in tar_members(io.BytesIO(archive), Allowance(limits or ExpansionLimits()), lambda: None):
        if isinstance(member, Problem):
            problems.append(member)
            continue
        if member.refused:
            problems.append(member.refused)
        chunks = list(member.chunks)
        damage = chunks.pop() if chunks and isinstance(chunks[-1], Damage) else None
        found.append((member.name, damage or b"".join(chunk for chunk in chunks if isinstance(chunk, bytes))))
    return found, problems


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_members_in_the_order_they_are_stored_in(form: int) -> None:
    files = FILES if form == tarfile.USTAR_FORMAT else [*FILES, (LONG, b"three"), ("jalapeño.json", b"four")]
    assert is_tar(tar_of(files, form)[:512])
    assert members(tar_of(files, form)) == (files, [])


def test_oldest_format_is_told_by_its_checksum() -> None:
    old = bytearray(tar_of(FILES[:1], tarfile.USTAR_FORMAT))
    old[257:265] = bytes(8)
    old[148:156] = b"%06o\0 " % sum(old[:148] + b" " * 8 + old[156:512])
    assert is_tar(bytes(old[:512]))
    assert members(bytes(old)) == (FILES[:1], [])


def test_member_that_is_not_read_does_not_shift_the_next() -> None:
    found = tar_members(io.BytesIO(tar_of(FILES)), Allowance(ExpansionLimits()), lambda: None)
    names = []
    for member in found:
        assert isinstance(member, Member)
        names.append(member.name)
        if member.name == "folder/b.json":
            next(member.chunks)
    assert names == [name for name, _ in FILES]


def test_content_that_is_asked_for_too_late_is_none() -> None:
    found = tar_members(io.BytesIO(tar_of(FILES[:2])), Allowance(ExpansionLimits()), lambda: None)
    assert [list(member.chunks) for member in list(found) if isinstance(member, Member)] == [[], []]


def test_links_and_devices_are_counted_and_folders_are_nothing() -> None:
    infos = []
    for name, kind in (("l", tarfile.SYMTYPE), ("h", tarfile.LNKTYPE), ("d", tarfile.CHRTYPE), ("f", tarfile.DIRTYPE)):
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, "../../outside"
        infos.append(info)
    found, (problem,) = members(tar_with(*infos))
    assert found == []
    assert (problem.code, problem.message.split()[0]) == ("archive-not-a-file", "3")


def test_sparse_file_is_refused_and_the_next_is_read() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("sparse")
        info.size, info.pax_headers = 3, {"GNU.sparse.major": "1", "GNU.sparse.name": "real name"}
        archive.addfile(info, io.BytesIO(b"map"))
        info = tarfile.TarInfo("next")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"yes"))
    found, (problem,) = members(out.getvalue())
    assert problem.code == "archive-unsupported"
    assert [name for name, _ in found] == ["real name", "next"]
    assert found[1][1] == b"yes"


def test_size_beyond_octal_digits() -> None:
    block = bytearray(tar_of([("x", b"")], tarfile.GNU_FORMAT)[:512])
    block[124:136] = b"\x80" + (2**40).to_bytes(11, "big")
    block[148:156] = b"%06o\0 " % sum(block[:148] + b" " * 8 + block[156:512])
    assert parse_header(bytes(block)).size == 2**40


def test_cut_anywhere_keeps_what_is_before() -> None:
    whole = tar_of(FILES)
    for end in range(0, whole.rfind(b"two"), 100):
        found, problems = members(whole[:end])
        assert [problem.code for problem in problems] == ["archive-damaged"]
        for (_, content), (_, expected) in zip(found, FILES, strict=False):
            assert content == expected or isinstance(content, Damage)


def test_damaged_header_ends_the_archive() -> None:
    damaged = bytearray(tar_of(FILES))
    damaged[1024 + 3] ^= 1
    found, (problem,) = members(bytes(damaged))
    assert found == FILES[:1]
    assert problem.message == "the checksum of a header is wrong, after 1 of its files"


def test_huge_extended_header_is_not_held() -> None:
    block = bytearray(tar_of([("x", b"")], tarfile.GNU_FORMAT)[:512])
    block[124:136], block[156] = b"77777777777\0", ord("x")
    block[148:156] = b"%06o\0 " % sum(block[:148] + b" " * 8 + block[156:512])
    _, (problem,) = members(bytes(block) + b"1")
    assert "8,589,934,591 bytes" in problem.message


@pytest.mark.parametrize("content", [b"0 a=b\n", b"-5 a=b\n", b"99 a=b\n", b"6 ab\n", b"x", b"9" * 500])
def test_damaged_extended_header(content: bytes) -> None:
    with pytest.raises(HeaderError):
        parse_extended(content)


def test_number_of_members_is_limited() -> None:
    found, (problem,) = members(tar_of(FILES), ExpansionLimits(members=2))
    assert (found, problem.code) == (FILES[:2], "input-limit")


@given(st.data())
def test_mutated_archive_is_no_exception(data: st.DataObject) -> None:
    archive = bytearray(tar_of([*FILES, (LONG, b"three")]))
    for _ in range(data.draw(st.integers(1, 3))):
        where = data.draw(st.integers(0, len(archive) - 1))
        archive[where : where + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=12))
    members(bytes(archive))
