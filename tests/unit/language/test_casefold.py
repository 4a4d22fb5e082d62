"""The rule for ignoring case: eql.md 2.5."""

import pytest

from besra.language.casefold import fold_case


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("AbC-1_", "abc-1_"),
        ("ÄÖÜ", "äöü"),
        ("ΣΑΣ", "σασ"),  # no final sigma: it depends on its neighbours
        ("I", "i"),
        ("İ", "İ"),  # its lower case is two characters
        ("ı", "ı"),
        ("ß", "ß"),
        ("ẞ", "ß"),
        ("e\u0301", "e\u0301"),  # nothing is normalised
        ("\u212a", "k"),  # the Kelvin sign
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold_case(text) == folded


def test_folding_keeps_length_and_is_idempotent() -> None:
    text = "".join(chr(code) for code in range(0x11000) if not 0xD800 <= code <= 0xDFFF)
    folded = fold_case(text)
    assert len(folded) == len(text)
    assert fold_case(folded) == folded
