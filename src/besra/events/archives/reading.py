"""An archive to events: each member is told by its own content and read as a file is, at any depth."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from besra.events.archives.member import Member, is_hidden, label_of
from besra.events.chunks import ByteStream
from besra.events.compression import Compression
from besra.events.event import Event
from besra.events.expansion import Nesting
from besra.events.file_read import FileRead
from besra.events.files import InputFile
from besra.events.format import Format
from besra.events.line_block import LineBlock
from besra.events.table_part import TablePart
from besra.problems import Place, Problem, Severity

Item = Event | LineBlock | TablePart | Problem | FileRead


@dataclass(frozen=True, slots=True)
class MemberFile:
    """A member as a file to read: its name as shown, its content, the bytes it takes, and where it stands."""

    file: InputFile
    content: ByteStream
    stored: int
    nesting: Nesting


class ArchiveReading:
    """Reads the members of one archive, which stands where `nesting` says."""

    def __init__(
        self, file: InputFile, nesting: Nesting, problem_limit: int, read: Callable[[MemberFile], Iterator[Item]]
    ) -> None:
        self._members = 0
        self._files = 0
        """The same, in archives within it as well."""
        self._events = 0
        self._problems = 0
        """Of the archive itself: those of its members count with them."""
        self._file = file
        self._nesting = nesting
        self._limit = problem_limit
        self._read = read
        self._names: Counter[str] = Counter()
        self._hidden = 0

    def items(self, members: Iterator[Member | Problem]) -> Iterator[Item]:
        """What the members hold, a `FileRead` behind each; of problems of whole files only so many of one kind."""
        return self._summed_up(self._items(members)) if not self._file.within else self._items(members)

    def _items(self, members: Iterator[Member | Problem]) -> Iterator[Item]:
        for member in members:
            if isinstance(member, Problem):
                yield self._own(member)
            elif is_hidden(member.name):
                self._hidden += 1
            else:
                yield from self._member(member)
            if self._nesting.allowance.spent:
                break
        yield from self._closing()

    def _member(self, member: Member) -> Iterator[Item]:
        self._members += 1
        label = label_of(self._file.name, member.name)
        self._names[label] += 1
        if self._names[label] > 1:
            label = f"{label} ({self._names[label]})"
        file = InputFile(label, None, named=False, within=self._file.within + 1)
        if member.refused:
            self._files += 1
            yield member.refused.at(Place(label))
            yield FileRead(label, None, problems=1, bytes=member.stored, within=file.within)
            return
        for item in self._read(MemberFile(file, ByteStream(member.chunks), member.stored, self._nesting.deeper())):
            if isinstance(item, FileRead):
                self._events += item.events
                self._files += item.members is None
            yield item

    def _closing(self) -> Iterator[Problem]:
        if self._hidden:
            message = f"{self._hidden:,} hidden files in it are not read"
            yield self._own(Problem("input-hidden", message, Severity.WARNING, hint="unpack it and name them"))
        if self._file.within:
            return  # the outermost archive says the rest
        spent = self._nesting.allowance.spent
        if spent:
            yield self._own(Problem("input-limit", f"{spent.what}; the rest is not read", hint=spent.hint))
        if not self._events:
            severity = Severity.ERROR if self._file.named else Severity.WARNING
            what = f"no events in its {self._files:,} files" if self._files > 1 else "no events in its only file"
            what = what if self._files else "it holds no files"
            yield self._own(Problem("archive-no-events", what, severity))

    def result(self, found: Format, compression: Compression | None, size: int) -> FileRead:
        """The marker that ends the archive."""
        return FileRead(
            self._file.name,
            found if self._events else None,
            compression,
            problems=self._problems,
            bytes=size,
            within=self._file.within,
            members=self._members,
        )

    def _own(self, problem: Problem) -> Problem:
        self._problems += 1
        return problem.at(Place(self._file.name))

    def _summed_up(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items; an archive may hold thousands of files that are nothing to read, and each has something said."""
        told: Counter[str] = Counter()
        for item in items:
            if isinstance(item, Problem) and item.place.line is None and item.place.path != self._file.name:
                told[item.code] += 1
                if told[item.code] > self._limit:
                    continue
            yield item
        for code, count in told.items():
            if count > self._limit:
                what = f"{count - self._limit:,} more problems of this kind in this archive"
                yield Problem(code, what, Severity.WARNING, Place(self._file.name))
