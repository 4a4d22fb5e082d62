"""Files with zeros behind them."""

import io

from hypothesis import given
from hypothesis import strategies as st

from besra.events.readers.padded_file import PaddedFile

MOVES = st.lists(
    st.tuples(st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]), st.integers(-5, 40), st.integers(0, 30))
)


@given(st.binary(max_size=20), st.integers(0, 20), MOVES)
def test_it_is_read_as_if_the_zeros_were_there(content: bytes, padding: int, moves: list[tuple[int, int, int]]) -> None:
    mine, theirs = io.BufferedReader(PaddedFile(io.BytesIO(content), padding), 7), io.BytesIO(content + bytes(padding))
    for whence, offset, size in moves:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: theirs.tell(), io.SEEK_END: len(content) + padding}[whence]
        if start + offset >= 0:
            assert mine.seek(offset, whence) == theirs.seek(offset, whence)
            assert mine.read(size) == theirs.read(size)
