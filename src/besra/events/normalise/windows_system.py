"""Events of the System channel to ECS, by provider and id.

The public pipeline of this channel leaves `event.category` and its kin alone; what is set here is besra's own. Raw
members stay where rules look for them, `winlog.event_data`.
"""

from functools import cache

from besra.events.normalise.channel_table import (
    Meaning,
    Setter,
    account,
    executable,
    meanings,
    members_of,
    put_fields,
    put_meaning,
    text,
)
from besra.events.normalise.nested_document import Document, collect, field_text, put, text_of
from besra.events.normalise.winlog import Shipper, take_time_created

SERVICES, EVENT_LOG, LOG, USER32, KERNEL, POWER = (
    "service control manager",
    "microsoft-windows-eventlog",
    "eventlog",
    "user32",
    "microsoft-windows-kernel-general",
    "microsoft-windows-kernel-power",
)

ROWS = {
    SERVICES: """
        7000; host; info; service-start-failed
        7009; host; info; service-start-failed
        7022; host; info; service-start-failed
        7023; host; info; service-terminated-with-error
        7024; host; info; service-terminated-with-error
        7031; host; info; service-terminated-unexpectedly
        7034; host; info; service-terminated-unexpectedly
        7035; configuration; info; service-control-sent
        7036; configuration; info; service-state-changed
        7040; configuration; change; service-start-type-changed
        7045; configuration; creation; service-installed
        """,
    EVENT_LOG: """
        104; configuration; deletion; Log clear
        """,
    LOG: """
        6005; host; start; event-log-service-started
        6006; host; end; event-log-service-stopped
        6008; host; end; unexpected-shutdown
        """,
    USER32: """
        1074; host; change; shutdown-initiated
        1076; host; info; unexpected-shutdown-explained
        """,
    KERNEL: """
        1; configuration; change; system-time-changed
        12; host; start; operating-system-started
        13; host; end; operating-system-stopped
        """,
    POWER: """
        41; host; end; unexpected-shutdown
        """,
}
"""The action of 104 is the text of its task, for which rules ask."""

FIELDS: dict[tuple[str, str], tuple[tuple[str, str, Setter], ...]] = {
    (SERVICES, "7045"): (("ServiceName", "service.name", text),),
    (SERVICES, "7036"): (("param1", "service.name", text), ("param2", "service.state", text)),
    (SERVICES, "7040"): (("param4", "service.name", text), ("param1", "service.name", text)),
    (SERVICES, "7034"): (("param1", "service.name", text),),
    (SERVICES, "7031"): (("param1", "service.name", text),),
    (SERVICES, "7000"): (("param1", "service.name", text),),
    (SERVICES, "7023"): (("param1", "service.name", text),),
    (EVENT_LOG, "104"): (("SubjectUserName", "user.name", text), ("SubjectDomainName", "user.domain", text)),
    (USER32, "1074"): (("param7", "user", account),),
}


@cache
def _meanings() -> dict[tuple[str, str], Meaning]:
    return {(provider, code): found for provider, rows in ROWS.items() for code, found in meanings(rows).items()}


def normalise_system(document: Document, _: Shipper) -> None:
    """Make the ECS fields of a System event, in place. Events that are not in the tables keep what the log says."""
    provider = (field_text(document, "event.provider") or field_text(document, "winlog.provider_name") or "").lower()
    code = field_text(document, "event.code") or ""
    take_time_created(document)
    put_meaning(document, _meanings().get((provider, code)))
    if (provider, code) in _meanings():
        put(document, "user.id", field_text(document, "winlog.user.identifier"))
    put_fields(document, list(FIELDS.get((provider, code), ())))
    if (provider, code) == (USER32, "1074"):
        _put_initiator(document)
    collect(document, "related.user", field_text(document, "user.name"))


def _put_initiator(document: Document) -> None:
    """The program that asked for a restart: `C:\\Windows\\System32\\shutdown.exe (HOST)`."""
    program = text_of(members_of(document).get("param1"))
    if program:
        executable(document, "process.executable", program.rpartition(" (")[0] or program)
