"""Members of zip archives, by their directory or without it."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.archives import encrypted, overlapping_zip, streamed_zip_of, with_method, zip_of

from besra.events.archives.zip import zip_members
from besra.events.archives.zip_directory import SplitError, entries_of
from besra.events.chunks import Damage
from besra.events.expansion import Allowance, ExpansionLimits
from besra.problems import Problem

FILES = [("a.json", b"one"), ("b/c.json", b"two" * 50_000), ("empty", b"")]
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)

Read = tuple[list[tuple[str, bytes | Damage]], list[Problem]]


def members(archive: bytes, limits: ExpansionLimits | None = None, cut: Damage | None = None) -> Read:
    found: list[tuple[str, bytes | Damage]] = []
    problems = []
    for member in zip_members(io.BytesIO(archive), Allowance(limits or ExpansionLimits(), len(archive)), cut):
        if isinstance(member, Problem):
            problems.append(member)
            continue
        if member.refused:
            problems.append(member.refused)
            continue
        chunks = list(member.chunks)
        damage = chunks.pop() if chunks and isinstance(chunks[-1], Damage) else None
        assert all(isinstance(chunk, bytes) for chunk in chunks)
        found.append((member.name, damage or b"".join(chunk for chunk in chunks if isinstance(chunk, bytes))))
    return found, problems


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("make", [zip_of, streamed_zip_of])
def test_members_in_the_order_of_their_names(make: Callable[..., bytes], method: int) -> None:
    assert members(make(FILES[::-1], method)) == (FILES, [])


def test_members_of_one_name_are_all_there() -> None:
    assert members(zip_of([("x", b"1"), ("a", b"0"), ("x", b"2")])) == ([("a", b"0"), ("x", b"1"), ("x", b"2")], [])


def test_numbers_beyond_32_bits_stand_in_the_extra_field() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("x", "w", force_zip64=True) as member:
        member.write(b"wide")
    assert members(out.getvalue()) == ([("x", b"wide")], [])
    # An archive that says all its numbers in its wide record.
    plain = zip_of([("x", b"wide")])
    place = plain.rfind(b"PK\x05\x06")
    size, offset = struct.unpack_from("<LL", plain, place + 12)
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, place, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert members(plain[:place] + record + locator + end) == ([("x", b"wide")], [])


def test_comment_behind_the_directory() -> None:
    out = io.BytesIO(zip_of(FILES))
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"PK\x05\x06 in words " * 100
    assert [name for name, _ in members(out.getvalue())[0]] == [name for name, _ in FILES]


def test_names_without_utf8() -> None:
    archive = bytearray(zip_of([("a-x.json", b"")]))
    for start in (archive.find(b"a-x"), archive.rfind(b"a-x")):
        archive[start + 1] = 0x81
    assert members(bytes(archive))[0] == [("aüx.json", b"")]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (encrypted, "archive-encrypted", "encrypted"),
        (lambda archive: with_method(archive, 9), "archive-unsupported", "Deflate64"),
        (lambda archive: with_method(archive, 77), "archive-unsupported", "method 77"),
    ],
)
def test_what_is_not_read_is_an_answer(change: Callable[[bytes], bytes], code: str, words: str) -> None:
    found, problems = members(change(zip_of(FILES[:2])))
    assert found == []
    assert [(problem.code, words in problem.message, bool(problem.hint)) for problem in problems] == [
        (code, True, True)
    ] * 2


def test_links_are_counted() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
        archive.mkdir("folder") if hasattr(archive, "mkdir") else None
    found, (problem,) = members(out.getvalue())
    assert (found, problem.code) == ([], "archive-not-a-file")


def test_one_of_several_parts() -> None:
    archive = bytearray(zip_of(FILES))
    archive[archive.rfind(b"PK\x05\x06") + 4] = 3
    with pytest.raises(SplitError):
        list(entries_of(io.BytesIO(bytes(archive))))
    found, (problem,) = members(bytes(archive))
    assert (found, problem.code) == ([], "archive-unsupported")


@pytest.mark.parametrize("make", [zip_of, streamed_zip_of])
@pytest.mark.parametrize("method", METHODS)
def test_cut_off_archive_gives_what_is_before(make: Callable[..., bytes], method: int) -> None:
    whole = make(FILES, method)
    directory = whole.find(b"PK\x01\x02")
    assert members(whole[: directory + 10])[0] == FILES
    for end in range(1, directory, 1 + directory // 40):
        found, problems = members(whole[:end])
        assert problems[0].code == "archive-damaged"
        whole_ones = [member for member in found if isinstance(member[1], bytes)]
        assert all(member in FILES or FILES[1][1].startswith(member[1]) for member in whole_ones)  # type: ignore[arg-type]


def test_directory_of_an_archive_within_is_not_taken_for_that_of_a_cut_off_one() -> None:
    inner = zip_of([("inner", b"x")])
    whole = zip_of([("outer.json", b"one"), ("z.zip", inner)], zipfile.ZIP_STORED)
    found, _ = members(whole[: whole.rfind(inner) + len(inner)])
    assert found == [("outer.json", b"one"), ("z.zip", inner)]


def test_what_cut_the_archive_off_is_said_instead() -> None:
    _, (problem,) = members(zip_of([])[:-3], cut=Damage("the gzip stream is truncated"))
    assert problem.message.startswith("the gzip stream is truncated;")


def test_wrong_checksum_and_wrong_size() -> None:
    archive = bytearray(zip_of([("a", b"text of the file")], zipfile.ZIP_STORED))
    archive[archive.find(b"text")] ^= 1
    ((_, damage),), _ = members(bytes(archive))
    assert damage == Damage("its content is not what its checksum says")
    archive = bytearray(zip_of([("a", b"text" * 1000)]))
    archive[archive.rfind(b"PK\x01\x02") + 24] = 1
    ((_, damage),), _ = members(bytes(archive))
    assert isinstance(damage, Damage)


def test_members_that_share_their_bytes_are_read_once() -> None:
    found, problems = members(overlapping_zip(b"x" * 1000, 5))
    assert found == [("0.json", b"x" * 1000)]
    assert [problem.code for problem in problems] == ["archive-overlap"] * 4


def test_limits_end_the_archive() -> None:
    found, (problem,) = members(zip_of(FILES), ExpansionLimits(members=1))
    assert (found, problem.code) == (FILES[:1], "input-limit")
    for method in METHODS:
        found, _ = members(zip_of(FILES[1:2], method), ExpansionLimits(expanded=1024))
        ((_, damage),) = found
        assert isinstance(damage, Damage) and damage.hint


@given(st.data())
def test_mutated_archive_is_no_exception(data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(METHODS))
    archive = bytearray(data.draw(st.sampled_from([zip_of, streamed_zip_of]))(FILES, method))
    for _ in range(data.draw(st.integers(1, 3))):
        where = data.draw(st.integers(0, len(archive) - 1))
        archive[where : where + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=12))
    members(bytes(archive)[: data.draw(st.integers(0, len(archive)))])
