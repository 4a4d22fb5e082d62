"""One line of plain words for an event, for the story of a process tree (interfaces.md 3)."""

from besra.events.document import Fields
from besra.schema.fieldtype import to_text

LONGEST = 500
"""Characters of a line."""


def event_line(fields: Fields) -> str:
    """What happened, as far as common fields tell: `cmd.exe started certutil.exe: certutil -urlcache …`."""

    def text(*names: str) -> str:
        found = (", ".join(map(to_text, fields.scalars(name))) for name in names)
        return next((value for value in found if value), "")

    who = text("process.name", "process.executable") or "a process"
    action = text("event.action") or text("event.type") or text("event.category")
    types = fields.scalars("event.type")
    if "process" in fields.scalars("event.category") and "start" in types:
        command = text("process.command_line", "process.args")
        by = text("process.parent.name", "process.parent.executable")
        line = f"{by} started {who}" if by else f"{who} started"
        line += f": {command}" if command else ""
    elif "process" in fields.scalars("event.category") and "end" in types:
        code = text("process.exit_code")
        line = f"{who} ended" + (f" with {code}" if code else "")
    elif name := text("dns.question.name"):
        line = f"{who} asked for the address of {name}"
    elif address := text("destination.ip", "destination.domain"):
        port = text("destination.port")
        line = f"{who}, {action or 'connection'}: {address}{f':{port}' if port else ''}"
    elif path := text("registry.path"):
        data = text("registry.data.strings")
        line = f"{who}, {action or 'registry'}: {path}{f' = {data}' if data else ''}"
    elif path := text("file.path", "dll.path", "dll.name"):
        line = f"{who}, {action or 'file'}: {path}"
    else:
        line = f"{who}, {action or text('message') or 'event'}"
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
