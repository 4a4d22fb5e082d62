from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from besra.schema.timestamp import ISO, _from_parts, parse_timestamp


@settings(max_examples=300)
@given(
    st.datetimes(min_value=datetime(1, 1, 1)).map(lambda time: time.isoformat(timespec="microseconds") + "Z"),
    st.integers(0, 26),
    st.sampled_from("0123456789TW:-+. 6Z"),
)
def test_the_short_way_to_a_common_form_leads_where_the_long_one_does(text: str, place: int, char: str) -> None:
    """Of a time as most shippers write it, and of one in which a character is another."""
    for written in (text, text[:place] + char + text[place + 1 :]):
        found = ISO.fullmatch(written)
        assert parse_timestamp(written) == (_from_parts(found) if found else None)
