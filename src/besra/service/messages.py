"""Messages of a broker to documents: one JSON document a message, several as NDJSON or in an array, or wrapped.

What holds no document is a dead letter: the line of a message if others of it can be used, else the message.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from besra.events.envelope import Document, NotADocument, documents_in, kind_of
from besra.events.readers.json_text import Parsed, Text, parse_text
from besra.problems import Problem
from besra.service.bulk import Put
from besra.service.dead_letters import Letter

DIGEST = 16
"""Bytes of a digest."""
NO_INDEX = ""
"""The index of a document whose envelope names none: it says itself where it belongs."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message and where it is in its broker, which is the same when it comes again: `kafka:logs/0@17`."""

    origin: str
    body: bytes

    @property
    def digest(self) -> bytes:
        """What tells whether a message is one that came before. A position alone may be that of another one later."""
        told = self.origin.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(b"%d:%b%b" % (len(told), told, self.body), digest_size=DIGEST).digest()


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in some messages: the documents, and what is none."""

    puts: tuple[Put, ...]
    letters: tuple[Letter, ...]


def contents_of(messages: Iterable[Message]) -> Contents:
    """What is in messages, in their order."""
    puts: list[Put] = []
    letters: list[Letter] = []
    for message in messages:
        for found in _in_message(message):
            if isinstance(found, Letter):
                letters.append(found)
            else:
                puts.append(found)
    return Contents(tuple(puts), tuple(letters))


def _in_message(message: Message) -> Iterator[Put | Letter]:
    if not message.body.strip():
        yield Letter(message.origin, "an empty message", message.body)
        return
    whole = parse_text(Text(message.body, 1, message.origin))
    if not isinstance(whole, Problem):
        yield from _in_parsed(whole, message.origin, message.body)
        return
    lines = [(number, line) for number, line in enumerate(message.body.split(b"\n"), start=1) if line.strip()]
    parsed = [parse_text(Text(line, number, message.origin)) for number, line in lines]
    if all(isinstance(found, Problem) for found in parsed):
        yield Letter(message.origin, _said(whole), message.body)
        return
    for (number, line), found in zip(lines, parsed, strict=True):
        origin = f"{message.origin}:{number}"
        if isinstance(found, Problem):
            yield Letter(origin, _said(found), line)
        else:
            yield from _in_parsed(found, origin, line)


def _in_parsed(parsed: Parsed, origin: str, body: bytes) -> Iterator[Put | Letter]:
    """What is in a text that was parsed. A document that is the whole of it goes on as text, which is quicker."""
    value, is_sound = parsed.value, parsed.problem is None
    members = value if isinstance(value, list) else [value]
    if not members:
        yield Letter(origin, "an empty list", body)
    for number, member in enumerate(members, start=1):
        where = f"{origin}[{number}]" if isinstance(value, list) else origin
        # Lists in lists are not unwrapped, as in files.
        found = documents_in(member) if isinstance(member, dict) else iter([NotADocument(kind_of(member))])
        for document in found:
            match document:
                case Document(source, None, None, None) if source is value and is_sound:
                    yield Put(NO_INDEX, None, body, is_create=False)
                case Document(source, index, id_, aliases):
                    yield Put(index or NO_INDEX, id_, source, is_create=False, aliases=aliases)
                case NotADocument(what):
                    yield Letter(where, f"{what}, which is no document", body)


def _said(problem: Problem) -> str:
    place = problem.place
    where = f" (line {place.line}, column {place.column})" if place.line and place.column else ""
    return f"{problem.message}{where}"
