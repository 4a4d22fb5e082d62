"""Access rights and directions named in Security events of object access and of the filtering platform."""

from besra.events.normalise.nested_document import Document, integer_of, text_of
from besra.events.normalise.parameter_message import message_number, message_text

MASK_BITS = {
    0x00000001: "Create Child",
    0x00000002: "Delete Child",
    0x00000004: "List Contents",
    0x00000008: "SELF",
    0x00000010: "Read Property",
    0x00000020: "Write Property",
    0x00000040: "Delete Treee",
    0x00000080: "List Object",
    0x00000100: "Control Access",
    0x00010000: "DELETE",
    0x00020000: "READ_CONTROL",
    0x00040000: "WRITE_DAC",
    0x00080000: "WRITE_OWNER",
    0x00100000: "SYNCHRONIZE",
    0x01000000: "ADS_RIGHT_ACCESS_SYSTEM_SECURITY",
    0x10000000: "ADS_RIGHT_GENERIC_ALL",
    0x20000000: "ADS_RIGHT_GENERIC_EXECUTE",
    0x40000000: "ADS_RIGHT_GENERIC_WRITE",
    0x80000000: "ADS_RIGHT_GENERIC_READ",
}
"""Directory rights by bit; the third e in one name is the pipelines' spelling, which rules may hold."""


def put_access_rights(data: Document) -> None:
    """Make lists of `AccessList` and `AccessMask`, with `…Description` beside them."""
    access_list = text_of(data.get("AccessList"))
    if access_list and access_list.split():
        data["AccessList"] = [message_number(word) for word in access_list.split()]
        data["AccessListDescription"] = [message_text(word) or message_number(word) for word in access_list.split()]
    access_mask = text_of(data.get("AccessMask"))
    if access_mask and access_mask.split():
        words = access_mask.split()
        data["AccessMask"] = [message_text(word) or message_number(word) for word in words]
        mask = 0
        for word in words:
            mask |= integer_of(message_number(word)) or 0
        names = [name for bit, name in MASK_BITS.items() if mask & bit]
        if names:
            data["AccessMaskDescription"] = names
    for name in ("Direction", "LayerName"):
        text = text_of(data.get(name))
        description = message_text(text) if text else None
        if description:
            data[f"{name}Description"] = description
