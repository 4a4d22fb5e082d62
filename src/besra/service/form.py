"""The file of a form that was sent (multipart/form-data), out of a body in memory.

The parser is python-multipart's; around it, Starlette would put every file into a temporary one and leave those of
forms that are cut off to the garbage collector.
"""

from dataclasses import dataclass, field

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

FORM = b"multipart/form-data"
MOST_PARTS = 100


class FormError(Exception):
    """A body that is no form, or does not have what is asked for; `status` is the HTTP status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file with the name its sender gave it, which may be none."""

    name: str
    data: bytes


@dataclass
class _Parts:
    """The parts of a form as they come, of which those with a name are kept."""

    name: str
    kept: bytearray | None = None
    file_name: str = ""
    is_over: bool = False
    count: int = 0
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _is_wanted: bool = False

    def begin(self) -> None:
        self.count += 1
        if self.count > MOST_PARTS:
            raise FormError(400, f"the form has more than {MOST_PARTS} parts")
        self._is_wanted = False

    def header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._is_wanted = options.get(b"name") == self.name.encode() and self.kept is None
            if self._is_wanted:
                self.file_name = options.get(b"filename", b"").decode("utf-8", "replace")
        self._header.clear()
        self._value.clear()

    def headers_end(self) -> None:
        if self._is_wanted:
            self.kept = bytearray()

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._is_wanted and self.kept is not None:
            self.kept += data[start:end]

    def end(self) -> None:
        self.is_over = True


def file_of(body: bytes, content_type: str, name: str) -> bytes:
    """What a part of a form holds, the first of that name. Raises FormError."""
    return named_file_of(body, content_type, name).data


def named_file_of(body: bytes, content_type: str, name: str) -> NamedFile:
    """The same with the name of the file."""
    kind, options = parse_options_header(content_type.encode("latin-1", "replace"))
    boundary = options.get(b"boundary")
    if kind.lower() != FORM:
        raise FormError(415, f"send the file as the field `{name}` of a form (multipart/form-data)")
    if not boundary:
        raise FormError(400, "the form does not say what parts it (a boundary in its Content-Type)")
    parts = _Parts(name)
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header,
                "on_header_value": parts.value,
                "on_header_end": parts.header_end,
                "on_headers_finished": parts.headers_end,
                "on_part_data": parts.data,
                "on_end": parts.end,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise FormError(400, f"the form cannot be read: {error}") from error
    if not parts.is_over:
        raise FormError(400, "the form is cut off")
    if not parts.kept:
        raise FormError(400, f"the form has no field `{name}`, or it is empty")
    return NamedFile(parts.file_name, bytes(parts.kept))
