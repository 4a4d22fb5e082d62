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
