r"""Fields of type text: their values are words, and a query asks for words, phrases or patterns of words (eql.md 8.2).

An analyser says what the words of a text are. The words a query looks for become a regular expression for the whole
value that says where words begin and end, so no engine has to know about analysers.

* The *standard* analyser splits as Unicode does: a word is letters, digits and `_`; `. : '` between two letters and
  `. , ; '` between two digits do not split. A run of Chinese or Japanese characters is one word here, where
  Elasticsearch makes each a word of its own.
* The one of *script blocks*, from the Windows integration, splits at everything but ASCII letters, digits, `_` and `-`.

Both ignore case as the expressions of `expr.Regex` do: beyond `fold_case` the long s is an s, and the Kelvin sign a k.
"""

import itertools
import re
from dataclasses import dataclass

from besra.language.casefold import fold_case
from besra.language.glob import Glob, Wild

MOST_CHARACTERS = 1000
"""Characters of a glob for a word. Elasticsearch's words have 255."""
BETWEEN_LETTERS = ".:'\u00b7\u2018\u2019"
BETWEEN_DIGITS = ".,;'\u2018\u2019"


@dataclass(frozen=True, slots=True)
class Edges:
    """Patterns for what may stand before a word, behind it, and between two words of a phrase."""

    before: str
    behind: str
    gap: str


@dataclass(frozen=True, slots=True)
class Analyser:
    """How a text is split. `word` finds the words of a text, `inside` is what `*` stands for within a word,
    `single` what `?` does (in the Query DSL; KQL has none).

    `edges` are those of words that end in a letter, in a digit, or (the empty key) in anything else.
    """

    name: str
    word: re.Pattern[str]
    inside: str
    single: str
    edges: dict[str, Edges]

    def __hash__(self) -> int:
        return hash(self.name)

    def words(self, text: str) -> list[str]:
        """The words of a text in order, in lower case."""
        return [fold_case(found[0]) for found in self.word.finditer(text)]

    def phrase(self, words: list[str]) -> str:
        """The pattern of values that hold these words one behind the other."""
        first, last = self._edges(words[0][0]), self._edges(words[-1][-1])
        pieces = [re.escape(words[0])]
        for left, right in itertools.pairwise(words):
            mine, other = self._edges(left[-1]), self._edges(right[0])
            # Between a letter and a digit nothing joins.
            pieces += [mine.gap if mine is other else ANY_GAP, re.escape(right)]
        return f"{first.before}{''.join(pieces)}{last.behind}"

    def glob(self, glob: Glob) -> str | None:
        """The pattern of values one of whose words the glob covers; None if no word can hold its literal parts.

        Of globs longer than `MOST_CHARACTERS` it is taken for granted that there is none.
        """
        if len(str(glob)) > MOST_CHARACTERS:
            return None
        literals = [fold_case(part) for part in glob.parts if isinstance(part, str)]
        if not all(self._holds(literal) for literal in literals):
            return None
        first, last = glob.parts[0], glob.parts[-1]
        before = self._edges(first[0]).before if isinstance(first, str) else self.edges[""].before
        behind = self._edges(last[-1]).behind if isinstance(last, str) else self.edges[""].behind
        body = "".join(map(self._part, glob.parts))
        return f"{before}{body}{behind}"

    def _part(self, part: str | Wild) -> str:
        if isinstance(part, str):
            return re.escape(fold_case(part))
        return self.inside if part is Wild.ANY else self.single

    def _holds(self, literal: str) -> bool:
        """Whether a literal may be part of a word: it is one when letters stand around it."""
        return any(self.word.fullmatch(f"{side}{literal}{side}") for side in "a0")

    def _edges(self, char: str) -> Edges:
        kind = "digit" if char.isdecimal() else "letter" if char.isalnum() else ""
        return self.edges.get(kind, self.edges[""])


ANY_GAP = "[^\\w]+"


def _edges(separator: str) -> Edges:
    return Edges(f"(?:.*{separator})?", f"(?:{separator}.*)?", f"{separator}+")


def _joining_edges(joining: str, other: str) -> Edges:
    """Edges where some characters split only if `other`, not a character of the word's kind, stands beyond them."""
    splitting = f"[^\\w{joining}]"
    before = f"(?:.*{splitting}|(?:.*{other})?[{joining}])?"
    behind = f"(?:{splitting}.*|[{joining}](?:{other}.*)?)?"
    return Edges(before, behind, f"(?:[^\\w][^\\w]+|{splitting})")


SCRIPT_BLOCK = Analyser(
    "script block",
    re.compile(r"[0-9A-Za-z_-]+"),
    "[0-9A-Za-z_-]*",
    "[0-9A-Za-z_-]",
    {"": _edges("[^0-9A-Za-z_-]")},
)
LETTER, DIGIT = "[^\\W\\d_]", "\\d"
STANDARD = Analyser(
    "standard",
    re.compile(
        rf"\w+(?:(?<={LETTER})[{BETWEEN_LETTERS}](?={LETTER})\w+|(?<={DIGIT})[{BETWEEN_DIGITS}](?={DIGIT})\w+)*"
    ),
    f"[\\w]*(?:[{BETWEEN_LETTERS},;][\\w]+)*",
    "[\\w.']",
    {
        "": _edges("[^\\w]"),
        "letter": _joining_edges(BETWEEN_LETTERS, "[\\W\\d_]"),
        "digit": _joining_edges(BETWEEN_DIGITS, "[^\\d]"),
    },
)
