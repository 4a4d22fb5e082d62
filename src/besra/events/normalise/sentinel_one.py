"""Records of SentinelOne's Cloud Funnel 2.0 to ECS (sources.md 6).

`src.process.*` is who acted, `tgt.process.*` the process that was created: in events of processes these are
`process.parent` and `process`, in all others the actor is `process`, so that one uid joins them.
"""

from collections.abc import Mapping
from typing import Any

from besra.events.document import field_values
from besra.events.normalise.any_path import put_path_parts
from besra.events.normalise.derived_fields import put_arguments, put_related
from besra.events.normalise.dns_lookup import put_answers
from besra.events.normalise.nested_document import Document, collect, field_text, put, text_of
from besra.events.normalise.path_name import put_account
from besra.events.normalise.raw_values import (
    Move,
    RawValues,
    address,
    boolean,
    integer,
    listed_text,
    lower,
    put_moves,
    time_of,
)
from besra.events.normalise.sentinel_one_kinds import Kind, is_process, kind_of
from besra.events.normalise.stream_fields import put_stream
from besra.events.normalise.vendor_name import snake_case

DATASET = "sentinel_one_cloud_funnel.event"
PRODUCT = "SentinelOne"
SYSTEMS = frozenset({"linux", "windows", "macos", "ios", "android"})
ACTOR, TARGET, ACTORS_PARENT = "src.process", "tgt.process", "src.process.parent"


DIRECTIONS = {"outgoing": "egress", "incoming": "ingress"}
OUTCOMES = {"success": "success", "failure": "failure", "blocked": "unknown"}


def _process(raw: str, field: str) -> tuple[Move, ...]:
    return (
        Move(f"{raw}.uid", f"{field}.entity_id"),
        Move(f"{raw}.pid", f"{field}.pid", integer),
        Move(f"{raw}.tid", f"{field}.thread.id", integer),
        Move(f"{raw}.name", f"{field}.name"),
        Move(f"{raw}.displayName", f"{field}.title"),
        Move(f"{raw}.image.path", f"{field}.executable"),
        Move(f"{raw}.image.md5", f"{field}.hash.md5"),
        Move(f"{raw}.image.sha1", f"{field}.hash.sha1"),
        Move(f"{raw}.image.sha256", f"{field}.hash.sha256"),
        Move(f"{raw}.startTime", f"{field}.start", time_of),
        Move(f"{raw}.eUserUid", f"{field}.user.id"),
        Move(f"{raw}.user", f"{field}.user.name"),
        Move(f"{raw}.eUserName", f"{field}.user.name"),
        Move(f"{raw}.rUserUid", f"{field}.real_user.id"),
        Move(f"{raw}.rUserName", f"{field}.real_user.name"),
    )


IN_PROCESS_EVENTS = (
    *_process(TARGET, "process"),
    *_process(ACTOR, "process.parent"),
    Move(f"{TARGET}.publisher", "process.code_signature.subject_name"),
)
IN_OTHER_EVENTS = (*_process(ACTOR, "process"), *_process(ACTORS_PARENT, "process.parent"))

MOVES = (
    Move("event.time", "@timestamp", time_of),
    Move("event.id", "event.id"),
    Move("agent.uuid", "host.id"),
    Move("endpoint.name", "host.name"),
    Move("endpoint.name", "host.hostname"),
    Move("endpoint.os", "host.os.platform"),
    Move("endpoint.os", "host.os.type", lambda value: value if text_of(value) in SYSTEMS else None),
    Move("endpoint.type", "host.type"),
    Move("os.name", "host.os.name"),
    Move("group.id", "group.id"),
    Move("k8sCluster.containerId", "container.id"),
    Move("k8sCluster.containerName", "container.name"),
    Move("k8sCluster.containerImage", "container.image.name"),
    Move("tgt.file.path", "file.path"),
    Move("tgt.file.name", "file.name"),
    Move("tgt.file.size", "file.size", integer),
    Move("tgt.file.type", "file.type"),
    Move("tgt.file.extension", "file.extension"),
    Move("tgt.file.md5", "file.hash.md5"),
    Move("tgt.file.sha1", "file.hash.sha1"),
    Move("tgt.file.sha256", "file.hash.sha256"),
    Move("tgt.file.creationTime", "file.created", time_of),
    Move("tgt.file.modificationTime", "file.mtime", time_of),
    Move("registry.keyPath", "registry.path"),
    Move("registry.value", "registry.data.strings", listed_text),
    Move("registry.valueType", "registry.data.type"),
    Move("src.ip.address", "source.ip", address),
    Move("src.port.number", "source.port", integer),
    Move("dst.ip.address", "destination.ip", address),
    Move("dst.ip.address", "destination.address", address),
    Move("dst.port.number", "destination.port", integer),
    Move("event.network.direction", "network.direction", lambda value: DIRECTIONS.get(lower(value) or "")),
    Move("event.network.protocolName", "network.protocol", lower),
    Move("event.network.connectionStatus", "event.outcome", lambda value: OUTCOMES.get(lower(value) or "")),
    Move("event.login.userName", "user.name"),
    Move("url.address", "url.original"),
)


def recognises(record: Mapping[str, Any]) -> bool:
    """A record of Cloud Funnel says what happened, and which of the products in the same lake it comes from, if any."""
    product = field_values(record, "dataSource.name")
    if product and product != [PRODUCT]:
        return False
    return any(
        isinstance(value, str) for name in ("event.category", "event.type") for value in field_values(record, name)
    )


def to_ecs(record: Mapping[str, Any]) -> Document:
    """The document the integration makes; what no field takes stays below `sentinel_one_cloud_funnel.event`."""
    document: Document = {}
    values = RawValues(record)
    category = values.word("event.category")
    created = is_process(category) and any(name.startswith(f"{TARGET}.") for name in values)
    put(document, "event.kind", "event")
    put_moves(document, values, MOVES)
    put_moves(document, values, IN_PROCESS_EVENTS if created else IN_OTHER_EVENTS)
    _put_command_lines(document, values, created=created)
    _put_kind(document, kind_of(values, category))
    if field_text(document, "user.name") is None:
        put_account(document, "user", values.text("src.process.user"))
    if created:
        _put_signature(document, values)
    _put_payload(document, values, category)
    put_arguments(document, "process", "process.parent")
    put_related(document)
    values.put_rest(document, DATASET, _vendor_name)
    put_stream(document, DATASET)
    return document


def _put_kind(document: Document, kind: Kind) -> None:
    put(document, "event.category", kind.category.split() or None)
    put(document, "event.type", kind.type.split() or None)
    put(document, "event.action", kind.action.split() or None)


def _put_command_lines(document: Document, values: RawValues, *, created: bool) -> None:
    """The command line of a target, or of an actor's parent, loses quotes around all of it (sources.md 6)."""
    own, parents = (TARGET, ACTOR) if created else (ACTOR, ACTORS_PARENT)
    for raw, field in ((own, "process"), (parents, "process.parent")):
        name = f"{raw}.cmdline"
        line = values.text(name)
        if line:
            put(document, f"{field}.command_line", line if raw == ACTOR else _unquoted(line))
            values.take(name)


def _unquoted(line: str) -> str:
    return line[1:-1] if len(line) > 2 and line.startswith('"') and line.endswith('"') else line


def _put_signature(document: Document, values: RawValues) -> None:
    signed, verified = values.word(f"{TARGET}.signedStatus"), values.word(f"{TARGET}.verifiedStatus")
    if signed:
        put(document, "process.code_signature.exists", signed == "signed")
    if verified == "verified" or signed == "signed":
        put(document, "process.code_signature.trusted", verified == "verified")


def _put_payload(document: Document, values: RawValues, category: str) -> None:
    path = field_text(document, "file.path")
    if path:
        put_path_parts(document, "file", path)
    key_path = field_text(document, "registry.path")
    if key_path and "\\" in key_path:
        key, _, value = key_path.rpartition("\\")
        put(document, "registry.key", key or None)
        put(document, "registry.value", value or None)
    if "dns" in category:
        _put_dns(document, values)
    if "login" in category:
        succeeded = boolean(values.value("event.login.loginIsSuccessful"))
        put(document, "event.outcome", None if succeeded is None else ("success" if succeeded else "failure"))


def _put_dns(document: Document, values: RawValues) -> None:
    """The question may stand behind its type: `type: 1 example.com`."""
    request, response = values.text("event.dns.request"), values.text("event.dns.response")
    words = request.split() if request else []
    name = words[2] if len(words) == 3 and words[0] == "type:" else request
    put(document, "dns.question.name", name)
    if field_text(document, "network.protocol") is None:
        put(document, "network.protocol", "dns")
    collect(document, "related.hosts", name)
    if response:
        put_answers(document, response)


VENDOR_NAMES = {
    "account.id": "account_id",
    "meta.event.name": "meta_event_name",
    "os.name": "os_name",
    "process.unique.key": "process_unique_key",
    "trace.id": "trace_id",
    "packet.id": "packet_id",
}
"""Raw names the integration joins instead of nesting."""


def _vendor_name(raw: str) -> str:
    name = VENDOR_NAMES.get(raw)
    return name or snake_case(raw.removeprefix("event.")).replace("cmdline", "cmd_line")
