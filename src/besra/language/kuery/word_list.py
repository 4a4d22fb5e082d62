"""Very many phrases looked for in a text at once: which of a list's values has all its words in the text."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from besra.language.kuery.analyser import Analyser


@dataclass(frozen=True)
class WordList:
    """Sets of words; a text holds one of them if all its words are among the text's, in any order (`match` with `and`).

    A text costs as many look-ups as it has words, whatever the length of the list.
    """

    analyser: Analyser
    values: frozenset[frozenset[str]]

    @classmethod
    def of(cls, analyser: Analyser, texts: frozenset[str]) -> "WordList":
        """The words of texts; a text without words is never found."""
        words = (frozenset(analyser.words(text)) for text in texts)
        return cls(analyser, frozenset(found for found in words if found))

    @cached_property
    def _by_word(self) -> Mapping[str, list[frozenset[str]]]:
        """The sets by their longest word, which is likely to be the rarest."""
        found: dict[str, list[frozenset[str]]] = {}
        for words in self.values:
            found.setdefault(max(words, key=lambda word: (len(word), word)), []).append(words)
        return found

    def is_in(self, text: str) -> bool:
        """Whether the text holds one of the sets."""
        words = set(self.analyser.words(text))
        return any(wanted <= words for word in words for wanted in self._by_word.get(word, ()))
