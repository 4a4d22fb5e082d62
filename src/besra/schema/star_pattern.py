"""Texts in which `*` stands for any run of characters and nothing else is special, held against whole texts.

Who asks for an index or a field writes them, so they must not become regular expressions that backtrack: `*a*a*a*b`
would cost exponential time. Each piece is taken where it stands first, which is as good as any place further on.
"""

import re
from dataclasses import dataclass

RUN = re.compile(r"\*+")


@dataclass(frozen=True, slots=True)
class StarPattern:
    """A pattern as its pieces between the stars: `a*b*c` is `("a", "b", "c")`, one without a star is one piece."""

    pieces: tuple[str, ...]

    @classmethod
    def of(cls, pattern: str) -> "StarPattern":
        """The pattern a text spells."""
        return cls(tuple(RUN.split(pattern)))

    def covers(self, text: str) -> bool:
        """Whether the pattern covers the whole text. Never more than one look at a place for each piece."""
        if len(self.pieces) == 1:
            return text == self.pieces[0]
        head, *middle, tail = self.pieces
        position, end = len(head), len(text) - len(tail)
        if position > end or not text.startswith(head) or not text.endswith(tail):
            return False
        for piece in middle:
            found = text.find(piece, position, end)
            if found < 0:
                return False
            position = found + len(piece)
        return True
