"""A record of a Windows-style event log as an event, whatever kind of file it was read from."""

import hashlib

import orjson

from besra.events.event import Event, Origin, written
from besra.events.normalise.script_blocks import SCRIPT_BLOCK, ScriptBlocks
from besra.events.normalise.sysmon_linux import SYSMON_LINUX_INDEX, is_sysmon_linux, sysmon_linux_to_ecs
from besra.events.normalise.windows import names_of, to_ecs
from besra.events.normalise.winlog import RawRecord
from besra.schema.timestamp import format_timestamp, parse_timestamp


class LogEvents:
    """Makes events of the records of one file, in their order: scripts that were logged in parts are put together."""

    def __init__(self) -> None:
        self._scripts = ScriptBlocks()

    def event_of(self, record: RawRecord, origin: Origin, position: int) -> Event:
        """The event of a record, which answers to its channel's data stream and to `winlogbeat-*` (sources.md 1)."""
        if is_sysmon_linux(record):
            document = sysmon_linux_to_ecs(record)
            names: tuple[str, ...] = (SYSMON_LINUX_INDEX,)
        else:
            document, names = to_ecs(record), names_of(record)
        if record.event_id == SCRIPT_BLOCK:
            self._scripts.add(document)
        return Event(event_id(record), names, document, origin, position, written(document))


def is_log_record(record: RawRecord) -> bool:
    """Whether a record says what it is: by its event id, and its provider or channel."""
    return record.event_id is not None and (record.provider is not None or record.channel is not None)


def event_id(record: RawRecord) -> str:
    """40 hexadecimal digits from computer, channel, record id and time, equal for the same record in any file."""
    identity: list[object] = [record.computer, record.channel, record.record_id, _microseconds(record.time)]
    if record.record_id is None:
        identity += [record.event_id, sorted(record.event_data.items()), sorted(record.user_data.items())]
    return hashlib.sha256(orjson.dumps(identity)).hexdigest()[:40]


def _microseconds(time: str | None) -> str | None:
    # Logs hold tenths of microseconds, which exports print and the parser of EVTX files does not.
    nanos = None if time is None else parse_timestamp(time)
    return time if nanos is None else format_timestamp(nanos, digits=6)
