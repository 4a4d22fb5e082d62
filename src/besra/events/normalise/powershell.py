"""PowerShell events to ECS: the classic channel (400, 403, 600, 800) and the operational one (4103 to 4106).

Classic events carry `key=value` lines in their third positional value (event 800 in its second); 4103 carries
`Key Name = value` lines in `ContextInfo`. Once those are members of event data both kinds are one table of fields
(sources.md 5, last paragraph). `event.category` and `event.type` are single values in these streams.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from besra.events.normalise.command_line import split_arguments
from besra.events.normalise.nested_document import (
    Document,
    collect,
    drop_empty_event_data,
    event_data,
    field_text,
    field_value,
    integer_of,
    put,
    text_of,
)
from besra.events.normalise.path_name import put_account, put_file_parts
from besra.events.normalise.winlog import Shipper, take_time_created

TYPES = {"400": "start", "403": "end", "4105": "start", "4106": "end"}
"""Every other event is `info`."""

TEXTS = (
    ("HostId", "process.entity_id"),
    ("HostID", "process.entity_id"),
    ("HostApplication", "process.command_line"),
    ("HostName", "process.title"),
    ("NewEngineState", "powershell.engine.new_state"),
    ("PreviousEngineState", "powershell.engine.previous_state"),
    ("NewProviderState", "powershell.provider.new_state"),
    ("ProviderName", "powershell.provider.name"),
    ("EngineVersion", "powershell.engine.version"),
    ("PipelineId", "powershell.pipeline_id"),
    ("PipelineID", "powershell.pipeline_id"),
    ("RunspaceId", "powershell.runspace_id"),
    ("RunspaceID", "powershell.runspace_id"),
    ("HostVersion", "powershell.process.executable_version"),
    ("ShellID", "powershell.id"),
    ("CommandLine", "powershell.command.value"),
    ("CommandPath", "powershell.command.path"),
    ("CommandName", "powershell.command.name"),
    ("CommandType", "powershell.command.type"),
    ("ScriptBlockId", "powershell.file.script_block_id"),
    ("ScriptBlockText", "powershell.file.script_block_text"),
    ("ScriptName", "file.path"),
    ("Path", "file.path"),
)
NUMBERS = (
    ("SequenceNumber", "event.sequence"),
    ("DetailSequence", "powershell.sequence"),
    ("DetailTotal", "powershell.total"),
    ("MessageNumber", "powershell.sequence"),
    ("MessageTotal", "powershell.total"),
)
CONSUMED = ("param1", "param2", "param3", "ContextInfo", "Payload", "Severity", "User", "UserId", "ConnectedUser")

EMPTY = frozenset({""})
BLANKS = re.compile(r"\s")
DETAIL = re.compile(r"([^:(]+)\((.+?)\):\s*(.*)", re.DOTALL)
BINDING = re.compile(r"name=(.+?);\s*value=(.*)", re.DOTALL)
SIGNATURE = "# SIG # Begin signature block"


def normalise_powershell(document: Document, shipper: Shipper) -> None:
    """Make the ECS fields of a PowerShell event, in place, from `winlog.event_data`."""
    code = field_text(document, "event.code") or ""
    data = event_data(document)
    if shipper is Shipper.WINLOGBEAT:
        put(document, "event.module", "powershell")
    put(document, "event.category", "process")
    put(document, "event.type", TYPES.get(code, "info"))
    take_time_created(document)
    document["winlog"].pop("time_created", None)
    _read_lines(data, code)
    _put_fields(document, data)
    details = text_of(data.get("Payload" if code == "4103" else "param3")) if code in ("800", "4103") else None
    if details:
        put(document, "powershell.command.invocation_details", [_detail(line) for line in _detail_lines(details)])
    _put_users(document, data)
    _put_derived(document, shipper)
    for name in CONSUMED:
        data.pop(name, None)
    drop_empty_event_data(document, EMPTY)


def _read_lines(data: Document, code: str) -> None:
    """Turn `key=value` lines into members of event data; blanks in keys go."""
    name = {"800": "param2", "4103": "ContextInfo"}.get(code, "param3")
    lines = text_of(data.get(name))
    if lines and (name == "ContextInfo" or "param1" in data or "param2" in data or "param3" in data):
        separator = "\n" if name == "ContextInfo" else "\n\t"
        data.update(key_values(lines, separator))


def key_values(text: str, separator: str) -> dict[str, str]:
    """The pairs of `key = value` lines. A line without `=` continues the value before it, as in multi-line commands.

    Line breaks may be those of Windows. Keys lose their blanks: `Host Name` is `HostName`.
    """
    pairs: dict[str, str] = {}
    key = None
    for line in text.replace("\r\n", "\n").split(separator):
        before, equals, value = line.partition("=")
        if equals and before.strip():
            key = BLANKS.sub("", before)
            pairs[key] = value.strip(" \n\t")
        elif key is not None and line.strip():
            pairs[key] += separator + line.rstrip(" \n\t")
    return {key: value for key, value in pairs.items() if value}


def _put_fields(document: Document, data: Document) -> None:
    for name, field in TEXTS:
        text = text_of(data[name]) if name in data else None
        if text is not None:
            put(document, field, text)
            del data[name]
    for name, field in NUMBERS:
        if name in data:
            put(document, field, integer_of(text_of(data.pop(name))))


def _detail_lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").split("\n")
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _detail(line: str) -> dict[str, str]:
    """One line of what a pipeline did: `CommandInvocation(name): "value"` or `ParameterBinding(name): name=…; value=…`.

    A line of another form is kept whole as `value`.
    """
    found = DETAIL.fullmatch(line)
    if not found:
        return {"value": line}
    kind, command, value = found.groups()
    detail = {"type": kind, "related_command": command}
    if kind == "ParameterBinding":
        binding = BINDING.fullmatch(value)
        if not binding:
            return {"value": value}
        detail["name"], value = binding.groups()
    return {**detail, "value": value} if value else detail


def _put_users(document: Document, data: Mapping[str, Any]) -> None:
    """The account that ran the pipeline; in a remote session the account that connected, with both ends named."""
    put(document, "user.id", field_text(document, "winlog.user.identifier"))
    put_account(document, "user", text_of(data.get("User")) or text_of(data.get("UserId")))
    put_account(document, "source.user", text_of(data.get("ConnectedUser")))
    collect(document, "related.user", field_text(document, "user.name"))
    collect(document, "related.user", field_text(document, "source.user.name"))
    if isinstance(field_value(document, "source.user"), dict):
        for part in ("domain", "name"):
            put(document, f"destination.user.{part}", field_value(document, f"user.{part}"))
            put(document, f"user.{part}", field_value(document, f"source.user.{part}"))


def _put_derived(document: Document, shipper: Shipper) -> None:
    command_line = field_text(document, "process.command_line")
    if command_line:
        arguments = split_arguments(command_line)
        put(document, "process.args", arguments)
        put(document, "process.args_count", len(arguments))
    path = field_text(document, "file.path")
    if path:
        put_file_parts(document, path)
    text = field_text(document, "powershell.file.script_block_text")
    if text and shipper is Shipper.AGENT:
        _put_script_statistics(document, text)


def _put_script_statistics(document: Document, text: str) -> None:
    """Length, distinct characters, entropy and its deviation, which newer Agent pipelines add and public rules test.

    All four leave out the script's signature, as the pipelines do; characters are code points.
    """
    text = text.partition(SIGNATURE)[0]
    counts = Counter(text)
    length = len(text)
    if length == 0:
        return
    surprisals = [(count, -math.log2(count / length)) for count in counts.values()]
    entropy = sum(count * bits for count, bits in surprisals) / length
    variance = sum(count * (bits - entropy) ** 2 for count, bits in surprisals) / length
    put(document, "powershell.file.script_block_length", length)
    put(document, "powershell.file.script_block_unique_symbols", len(counts))
    put(document, "powershell.file.script_block_entropy_bits", entropy)
    put(document, "powershell.file.script_block_surprisal_stdev", math.sqrt(variance))
