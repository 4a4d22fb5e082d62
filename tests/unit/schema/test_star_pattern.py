"""Stars in texts, against `re` on patterns too short to backtrack."""

import re

from hypothesis import given
from hypothesis import strategies as st

from besra.schema.star_pattern import StarPattern


@given(st.text("ab*.", max_size=6), st.text("ab.\n", max_size=8))
def test_it_covers_what_its_stars_reach(pattern: str, text: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, re.split(r"\*+", pattern))), text, re.DOTALL)
    assert StarPattern.of(pattern).covers(text) is (expected is not None)
