"""Security events of the Windows Filtering Platform to ECS, as newer versions of the System integration make them."""

from besra.events.normalise.community_id import community_id
from besra.events.normalise.dns_lookup import unmapped
from besra.events.normalise.nested_document import Document, collect, field_value, integer_of, put, text_of
from besra.schema.fieldtype import parse_ip

EVENTS = frozenset(("5152", "5156", "5157", "5158"))
ENDS = (("source", "SourceAddress", "SourcePort"), ("destination", "DestAddress", "DestPort"))
TRANSPORTS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "ipv6-icmp"}
DIRECTIONS = {"%%14592": "inbound", "%%14593": "outbound"}


def put_connection(document: Document, data: Document) -> None:
    """Move both ends and the program out of event data, and say which way and by which protocol."""
    for side, address_name, port_name in ENDS:
        address, port = text_of(data.get(address_name)), integer_of(text_of(data.get(port_name)))
        if address and parse_ip(address) is not None:
            put(document, f"{side}.ip", unmapped(address))
            collect(document, "related.ip", unmapped(address))
            del data[address_name]
        if port is not None:
            put(document, f"{side}.port", port)
            del data[port_name]
    _put_network(document, data)
    application = text_of(data.get("Application"))
    if application and application != "-":
        put(document, "process.executable", application)
        put(document, "process.name", application.rpartition("\\")[2])
        del data["Application"]


def _put_network(document: Document, data: Document) -> None:
    number = text_of(data.get("Protocol"))
    transport = TRANSPORTS.get(number or "")
    put(document, "network.iana_number", number)
    put(document, "network.transport", transport)
    direction = DIRECTIONS.get(text_of(data.get("Direction")) or "")
    if direction:
        put(document, "network.direction", direction)
        data.pop("DirectionDescription", None)
    ends = [(field_value(document, f"{side}.ip"), field_value(document, f"{side}.port")) for side, *_ in ENDS]
    if transport and all(ip is not None and port is not None for ip, port in ends):
        put(document, "network.community_id", community_id(transport, ends[0], ends[1]))
