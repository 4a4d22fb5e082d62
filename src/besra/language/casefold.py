"""The one rule for ignoring case: simple Unicode lower-casing, character by character (eql.md 2.5).

`str.lower` alone would not do: it depends on context (final sigma) and may lengthen the text (dotted capital I), which
would shift what `?` matches. Nothing is normalised and no locale takes part.
"""


def fold_case(text: str) -> str:
    """The text with every character replaced by its lower-case form where that is one character."""
    lower = text.lower()
    # The whole text at once is right unless a character grew longer or a sigma may have seen its neighbours.
    if len(lower) == len(text) and "\u03a3" not in text:
        return lower
    return "".join(_fold_char(char) for char in text)


def _fold_char(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 else char
