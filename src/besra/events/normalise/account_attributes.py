"""Attributes of accounts, services and domain trusts that Security events hold as numbers."""

from besra.events.normalise.nested_document import Document, integer_of, put, text_of

ACCOUNT_CONTROL = (
    "USER_ACCOUNT_DISABLED",
    "USER_HOME_DIRECTORY_REQUIRED",
    "USER_PASSWORD_NOT_REQUIRED",
    "USER_TEMP_DUPLICATE_ACCOUNT",
    "USER_NORMAL_ACCOUNT",
    "USER_MNS_LOGON_ACCOUNT",
    "USER_INTERDOMAIN_TRUST_ACCOUNT",
    "USER_WORKSTATION_TRUST_ACCOUNT",
    "USER_SERVER_TRUST_ACCOUNT",
    "USER_DONT_EXPIRE_PASSWORD",
    "USER_ACCOUNT_AUTO_LOCKED",
    "USER_ENCRYPTED_TEXT_PASSWORD_ALLOWED",
    "USER_SMARTCARD_REQUIRED",
    "USER_TRUSTED_FOR_DELEGATION",
    "USER_NOT_DELEGATED",
    "USER_USE_DES_KEY_ONLY",
    "USER_DONT_REQUIRE_PREAUTH",
    "USER_PASSWORD_EXPIRED",
    "USER_TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION",
    "USER_NO_AUTH_DATA_REQUIRED",
    "USER_PARTIAL_SECRETS_ACCOUNT",
    "USER_USE_AES_KEYS",
)
"""Flags of an account from bit 0 up (MS-SAMR 2.2.1.12)."""

TRUST_TYPES = {
    "1": "TRUST_TYPE_DOWNLEVEL",
    "2": "TRUST_TYPE_UPLEVEL",
    "3": "TRUST_TYPE_MIT",
    "4": "TRUST_TYPE_DCE",
}
TRUST_DIRECTIONS = {
    "0": "TRUST_DIRECTION_DISABLED",
    "1": "TRUST_DIRECTION_INBOUND",
    "2": "TRUST_DIRECTION_OUTBOUND",
    "3": "TRUST_DIRECTION_BIDIRECTIONAL",
}
TRUST_ATTRIBUTES = {
    "0": "UNDEFINED",
    "1": "TRUST_ATTRIBUTE_NON_TRANSITIVE",
    "2": "TRUST_ATTRIBUTE_UPLEVEL_ONLY",
    "4": "TRUST_ATTRIBUTE_QUARANTINED_DOMAIN",
    "8": "TRUST_ATTRIBUTE_FOREST_TRANSITIVE",
    "16": "TRUST_ATTRIBUTE_CROSS_ORGANIZATION",
    "32": "TRUST_ATTRIBUTE_WITHIN_FOREST",
    "64": "TRUST_ATTRIBUTE_TREAT_AS_EXTERNAL",
    "128": "TRUST_ATTRIBUTE_USES_RC4_ENCRYPTION",
    "512": "TRUST_ATTRIBUTE_CROSS_ORGANIZATION_NO_TGT_DELEGATION",
    "1024": "TRUST_ATTRIBUTE_PIM_TRUST",
}
"""Trusts of domains (MS-ADTS 6.1.6.7); a combination of attributes has no name here, as in the pipelines."""

SERVICE_TYPES = {
    "0x1": "Kernel Driver",
    "0x2": "File System Driver",
    "0x8": "Recognizer Driver",
    "0x10": "Win32 Own Process",
    "0x20": "Win32 Share Process",
    "0x110": "Interactive Own Process",
    "0x120": "Interactive Share Process",
}


def put_account_control(data: Document) -> None:
    """Add `NewUACList`, and with it make `UserAccountControl` a list of message numbers."""
    flags = integer_of(text_of(data.get("NewUacValue"))) or 0
    names = [name for bit, name in enumerate(ACCOUNT_CONTROL) if flags >> bit & 1] if flags else []
    if not names:
        return
    data["NewUACList"] = names
    control = text_of(data.get("UserAccountControl"))
    if control:
        data["UserAccountControl"] = control.replace("%%", "").split()


def put_trust(document: Document, data: Document) -> None:
    """Set `winlog.trustType`, `.trustDirection` and `.trustAttribute`."""
    put(document, "winlog.trustType", TRUST_TYPES.get(text_of(data.get("TdoType")) or ""))
    put(document, "winlog.trustDirection", TRUST_DIRECTIONS.get(text_of(data.get("TdoDirection")) or ""))
    put(document, "winlog.trustAttribute", TRUST_ATTRIBUTES.get(text_of(data.get("TdoAttributes")) or ""))


def put_service(document: Document, data: Document) -> None:
    """Set `service.name` and `service.type`."""
    put(document, "service.name", text_of(data.get("ServiceName")))
    put(document, "service.type", SERVICE_TYPES.get(text_of(data.get("ServiceType")) or ""))
