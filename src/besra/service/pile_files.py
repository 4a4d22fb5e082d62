"""Piles of rows, the newest rows in memory and the others in files: a busy day of them would fill any memory.

When the rows in memory are too many they are written together, those that are kept for about the same time to one
file. A file that follows one not much larger is joined to it, so files are few; it goes when all its rows have gone.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from besra.engine.kept_rows import Place
from besra.events.spill import Table
from besra.service.piles import Pile
from besra.service.row_file import RowFile
from besra.service.row_part import ROW_BYTES, Part

MEMORY = 1 << 19
"""Rows in memory before they are written: 10 MiB."""
LARGEST = 1 << 21
"""Rows of a file to which nothing is joined any more: new events wait while files are joined."""
SHORTEST = 60 * 10**9
"""Rows are kept for this long or less, or for a power of two times as long; in nanoseconds."""


class PileFiles:
    """Piles by place. `lasts` tells for how long, in nanoseconds, the rows of a place are kept."""

    def __init__(self, lasts: Callable[[Place], int]) -> None:
        self.piles: defaultdict[Place, Pile] = defaultdict(Pile)
        self._lasts = lasts
        self._shelves: defaultdict[int, list[RowFile]] = defaultdict(list)
        """The files by about how long their rows are kept, the oldest first."""
        self.rows = 0
        """Rows there are; some may have been dropped."""
        self._held = 0
        self._tried_at = 0
        """How many rows were in memory when they could not be written."""

    @property
    def memory(self) -> int:
        """Bytes of rows in memory."""
        return ROW_BYTES * self._held

    @property
    def disk(self) -> int:
        """Bytes of files."""
        return sum(file.size for files in self._shelves.values() for file in files)

    def append(self, place: Place, table: Table) -> None:
        """Add rows of a place, with their clocks."""
        self.piles[place].append(table)
        self._held += table.shape[1]
        self.rows += table.shape[1]

    def write(self) -> None:
        """Write the rows in memory if they are many. While they cannot be written, for lack of disk, they stay."""
        # Where the disk is full it is not asked again with every event.
        if self._held < max(MEMORY, self._tried_at + MEMORY // 4):
            return
        self._tried_at = self._held
        by_shelf: defaultdict[int, list[Pile]] = defaultdict(list)
        for place, pile in self.piles.items():
            by_shelf[shelf_of(self._lasts(place))].append(pile)
        try:
            for shelf, piles in by_shelf.items():
                if any(pile.held for pile in piles):
                    self._shelves[shelf].append(_written({None}, piles))
                    self._join(self._shelves[shelf], piles)
        except OSError:
            pass
        self._count()

    def _count(self) -> None:
        self._held = sum(pile.held for pile in self.piles.values())
        self.rows = sum(pile.size for pile in self.piles.values())
        self._tried_at = min(self._tried_at, self._held)

    @staticmethod
    def _join(files: list[RowFile], piles: Iterable[Pile]) -> None:
        piles = list(piles)
        while len(files) > 1 and files[-2].rows <= min(2 * files[-1].rows, LARGEST - files[-1].rows):
            files[-2:] = [_written({*files[-2:]}, piles)]

    def drop_before(self, firsts: Callable[[Place], int]) -> None:
        """Let go of the rows of each place with numbers below its first, and of the memory of what has been read."""
        for place, pile in list(self.piles.items()):
            pile.drop_before(firsts(place))
            if not pile:
                del self.piles[place]
        used = set[RowFile]().union(*(pile.files for pile in self.piles.values()))
        for shelf, files in self._shelves.items():
            self._shelves[shelf] = [file for file in files if file in used]
        for file in used:
            file.let_go()
        self._count()
        self._tried_at = 0
        self.write()


def shelf_of(time: int) -> int:
    """The power of two by which what is kept for some time is kept."""
    return max(0, (-(-time // SHORTEST) - 1).bit_length())


def _written(files: set[RowFile] | set[None], piles: Iterable[Pile]) -> RowFile:
    """The parts of piles that are in some files, or in memory (None), in a new one. OSError leaves all as it was."""
    counts: list[tuple[Pile, int]] = []

    def parts() -> Iterator[Part]:
        for pile in piles:
            before = len(counts)
            for part in pile.parts_of(files):
                if len(counts) == before:
                    counts.append((pile, 0))
                counts[-1] = pile, counts[-1][1] + 1
                yield part

    file = RowFile()
    held = iter(file.hold(parts()))
    for pile, count in counts:
        pile.move(files, list(islice(held, count)))
    return file
