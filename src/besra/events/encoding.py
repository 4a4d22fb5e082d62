"""Text that is not UTF-8: told by its byte order mark or its first characters, and decoded on its way."""

import codecs

from besra.events.chunks import Chunks, Damage

MARKS = (
    # The mark of UTF-32 begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)

BRACKETS = b"{[<"
"""Any of them, and a zero beside it, begins JSON or XML in UTF-16."""

SAMPLE = 64
"""Bytes at the beginning of other text in UTF-16, such as a table of values: a character and a zero in turn."""

LEAST = 8

PLAIN = bytes({9, 10, 13} | set(range(0x20, 0x7F)))


def encoding_of(head: bytes) -> str | None:
    """The encoding of text that is not bare UTF-8; None for all else, and for binary content."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    if head[1:2] == b"\0" and head[0] in BRACKETS and head[2:4] != b"\0\0":
        return "utf-16-le"
    if head[:1] == b"\0" and len(head) > 1 and head[1] in BRACKETS:
        return "utf-16-be"
    sample = head[: min(SAMPLE, len(head) // 2 * 2)]
    if len(sample) >= LEAST:
        for zeros, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if not any(sample[zeros::2]) and not sample[1 - zeros :: 2].translate(None, PLAIN):
                return encoding
    return None


def to_utf8(chunks: Chunks, encoding: str) -> Chunks:
    """The same text in UTF-8, without a byte order mark. Bytes that are no text stay no text."""
    if encoding == "utf-8":
        return _drop(chunks, len(codecs.BOM_UTF8))
    return _without_mark(_decoded(chunks, encoding))


def _decoded(chunks: Chunks, encoding: str) -> Chunks:
    # Half a surrogate pair becomes bytes that are no UTF-8, and is reported as such at its line.
    errors = "surrogatepass" if encoding.startswith("utf-16") else "replace"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for chunk in chunks:
        if isinstance(chunk, Damage):
            yield chunk
            return
        text = decoder.decode(chunk)
        if text:
            yield text.encode("utf-8", "surrogatepass")
    if decoder.getstate()[0]:
        yield b"\xff"


def _without_mark(chunks: Chunks) -> Chunks:
    first = next(chunks, None)
    if first is None:
        return
    if isinstance(first, bytes):
        first = first.removeprefix(codecs.BOM_UTF8)
    if first:
        yield first
    yield from chunks


def _drop(chunks: Chunks, size: int) -> Chunks:
    for chunk in chunks:
        if isinstance(chunk, Damage):
            yield chunk
            return
        if len(chunk) > size:
            yield chunk[size:]
        size = max(0, size - len(chunk))
