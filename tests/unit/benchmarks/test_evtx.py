from benchmarks.evtx import varied
from hypothesis import given
from hypothesis import strategies as st


@given(st.binary(max_size=60), st.integers(1, 5))
def test_a_varied_log_is_as_long_and_the_same_again(log: bytes, seed: int) -> None:
    assert varied(log, 0) == log
    assert len(varied(log, seed)) == len(log)
    assert varied(log, seed) == varied(log, seed)


def test_only_long_runs_of_digits_are_others() -> None:
    text = "C:\\a1234 pid 1234567 2024"
    changed = varied(text.encode("utf-16-le"), 1).decode("utf-16-le")
    assert changed != text
    assert changed[:13] == text[:13]
    assert changed[20:] == text[20:]
    assert changed[13:20].isdigit()


def test_no_copy_has_the_times_of_another() -> None:
    text = "2024-05-01 10:00:00.123 2024-05-01T10:00:00Z".encode("utf-16-le")
    written = (133_590_000_000_000_000).to_bytes(8, "little")
    header = b"**\0\0" + bytes(4) + (7).to_bytes(8, "little")
    copies = [varied(header + written + text + written, seed) for seed in range(3)]
    assert len({copy[16:24] for copy in copies}) == 3
    assert all(copy[16:24] == copy[-8:] for copy in copies)
    shown = [copy[24:-8].decode("utf-16-le") for copy in copies]
    assert len(set(shown)) == 3
    assert {found[:20] + found[23:] for found in shown} == {"2024-05-01 10:00:00. 2024-05-01T10:00:00Z"}
