"""For each glob the few bytes to look for: a run of at most four literal bytes that texts rarely hold.

What is rare is judged from the patterns of the field themselves: what many rules mention (`.exe`, `\\windows\\`) is
what events hold.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from besra.language.glob import Glob, Wild

LONGEST = 4
EDGE = "\0"
"""What stands before and behind every text: see `strings`."""

MOST_CONSTANTS = 5000
"""Constants looked at; more, as in lists of hashes, say nothing new."""

Array = np.ndarray[Any, np.dtype[Any]]


def choose_grams(globs: Sequence[Glob], constants: Iterable[str]) -> list[bytes]:
    """The gram of each glob, 1 to 4 bytes; empty for a glob without literal text."""
    runs = [[run.encode("utf-8", "surrogatepass") for run in _runs(glob)] for glob in globs]
    grams = [max(of_glob, key=len, default=b"")[:LONGEST] for of_glob in runs]
    long = [(glob, run) for glob, of_glob in enumerate(runs) for run in of_glob if len(run) >= LONGEST]
    if not long:
        return grams
    others = [f"{EDGE}{text}{EDGE}".encode("utf-8", "surrogatepass") for text in islice(constants, MOST_CONSTANTS)]
    texts = [run for _, run in long] + others
    buffer = np.frombuffer(b"".join(texts), np.uint8).astype(np.int64)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    places, text = _windows(lengths)
    score = _score(buffer, places)
    of_globs = text < len(long)
    places, score = places[of_globs], score[of_globs]
    glob = np.fromiter((number for number, _ in long), np.int64, len(long))[text[of_globs]]
    order = np.lexsort((score, glob))
    chosen, first = np.unique(glob[order], return_index=True)
    for number, place in zip(chosen.tolist(), places[order[first]].tolist(), strict=True):
        grams[number] = buffer[place : place + LONGEST].astype(np.uint8).tobytes()
    return grams


def place_of(gram: bytes, glob: Glob) -> tuple[int, int] | None:
    """Where a glob that covers a text has a gram of it: in which piece (a part between `*`), and at which byte of that.

    The byte is -1 if the gram begins with the edge before the text. None if a `?` stands before it in the piece, which
    has no certain length, or if it is nowhere.
    """
    piece, length, is_certain = 0, 0, True
    for number, (part, run) in enumerate(zip(glob.parts, _bound(glob), strict=True)):
        match part:
            case Wild.ANY:
                piece, length, is_certain = piece + 1, 0, True
            case Wild.ONE:
                is_certain = False
            case _:
                found = run.encode("utf-8", "surrogatepass").find(gram)
                if found >= 0 and is_certain:
                    return piece, length + found - (number == 0)
                length += len(part.encode("utf-8", "surrogatepass"))
    return None


def _runs(glob: Glob) -> Iterator[str]:
    """The literal parts of a glob, the first and last with the edge they are bound to."""
    return filter(None, _bound(glob))


def _bound(glob: Glob) -> Iterator[str]:
    """The same with an empty text for every wildcard."""
    last = len(glob.parts) - 1
    for i, part in enumerate(glob.parts):
        yield f"{EDGE if i == 0 else ''}{part}{EDGE if i == last else ''}" if isinstance(part, str) else ""


def _windows(lengths: Array) -> tuple[Array, Array]:
    """Where the grams of texts that lie one behind the other start, and the text each belongs to."""
    each = np.maximum(lengths - LONGEST + 1, 0)
    text = np.repeat(np.arange(len(lengths)), each)
    within = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
    return np.repeat(np.cumsum(lengths) - lengths, each) + within, text


def _score(buffer: Array, places: Array) -> Array:
    """How common the grams at some places are: how often each occurs, then how often the pairs of bytes in it do."""
    pairs = buffer[:-1] << 8 | buffer[1:]
    words = pairs[places] << 16 | pairs[places + 2]
    _, inverse, counts = np.unique(words, return_inverse=True, return_counts=True)
    seen = np.bincount(pairs, minlength=1 << 16)[pairs]
    score: Array = (counts[inverse] << 32) + seen[places] + seen[places + 1] + seen[places + 2]
    return score
