"""Ticket options, encryption types and result codes of Kerberos events 4768 to 4771 (RFC 4120)."""

from functools import cache

from besra.events.normalise.nested_document import Document, integer_of, text_of

TICKET_OPTIONS = {
    0x00000001: "Validate",
    0x00000002: "Renew",
    0x00000008: "Enc-tkt-in-skey",
    0x00000010: "Renewable-ok",
    0x00000020: "Disable-transited-check",
    0x00010000: "Name-canonicalize",
    0x00020000: "Request-anonymous",
    0x00040000: "Ok-as-delegate",
    0x00080000: "Transited-policy-checked",
    0x00100000: "Opt-hardware-auth",
    0x00200000: "Pre-authent",
    0x00400000: "Initial",
    0x00800000: "Renewable",
    0x01000000: "Invalid",
    0x02000000: "Postdated",
    0x04000000: "Allow-postdate",
    0x08000000: "Proxy",
    0x10000000: "Proxiable",
    0x20000000: "Forwarded",
    0x40000000: "Forwardable",
}

ENCRYPTION_TYPES = {
    0x1: "DES-CBC-CRC",
    0x3: "DES-CBC-MD5",
    0x11: "AES128-CTS-HMAC-SHA1-96",
    0x12: "AES256-CTS-HMAC-SHA1-96",
    0x17: "RC4-HMAC",
    0x18: "RC4-HMAC-EXP",
    0xFFFFFFFF: "FAIL",
}

RESULTS = """
0x0 KDC_ERR_NONE 0x1 KDC_ERR_NAME_EXP 0x2 KDC_ERR_SERVICE_EXP 0x3 KDC_ERR_BAD_PVNO 0x4 KDC_ERR_C_OLD_MAST_KVNO
0x5 KDC_ERR_S_OLD_MAST_KVNO 0x6 KDC_ERR_C_PRINCIPAL_UNKNOWN 0x7 KDC_ERR_S_PRINCIPAL_UNKNOWN
0x8 KDC_ERR_PRINCIPAL_NOT_UNIQUE 0x9 KDC_ERR_NULL_KEY 0xA KDC_ERR_CANNOT_POSTDATE 0xB KDC_ERR_NEVER_VALID
0xC KDC_ERR_POLICY 0xD KDC_ERR_BADOPTION 0xE KDC_ERR_ETYPE_NOTSUPP 0xF KDC_ERR_SUMTYPE_NOSUPP
0x10 KDC_ERR_PADATA_TYPE_NOSUPP 0x11 KDC_ERR_TRTYPE_NO_SUPP 0x12 KDC_ERR_CLIENT_REVOKED
0x13 KDC_ERR_SERVICE_REVOKED 0x14 KDC_ERR_TGT_REVOKED 0x15 KDC_ERR_CLIENT_NOTYET 0x16 KDC_ERR_SERVICE_NOTYET
0x17 KDC_ERR_KEY_EXPIRED 0x18 KDC_ERR_PREAUTH_FAILED 0x19 KDC_ERR_PREAUTH_REQUIRED 0x1A KDC_ERR_SERVER_NOMATCH
0x1B KDC_ERR_MUST_USE_USER2USER 0x1F KRB_AP_ERR_BAD_INTEGRITY 0x20 KRB_AP_ERR_TKT_EXPIRED 0x21 KRB_AP_ERR_TKT_NYV
0x22 KRB_AP_ERR_REPEAT 0x23 KRB_AP_ERR_NOT_US 0x24 KRB_AP_ERR_BADMATCH 0x25 KRB_AP_ERR_SKEW
0x26 KRB_AP_ERR_BADADDR 0x27 KRB_AP_ERR_BADVERSION 0x28 KRB_AP_ERR_MSG_TYPE 0x29 KRB_AP_ERR_MODIFIED
0x2A KRB_AP_ERR_BADORDER 0x2C KRB_AP_ERR_BADKEYVER 0x2D KRB_AP_ERR_NOKEY 0x2E KRB_AP_ERR_MUT_FAIL
0x2F KRB_AP_ERR_BADDIRECTION 0x30 KRB_AP_ERR_METHOD 0x31 KRB_AP_ERR_BADSEQ 0x32 KRB_AP_ERR_INAPP_CKSUM
0x33 KRB_AP_PATH_NOT_ACCEPTED 0x34 KRB_ERR_RESPONSE_TOO_BIG 0x3C KRB_ERR_GENERIC 0x3D KRB_ERR_FIELD_TOOLONG
0x3E KDC_ERR_CLIENT_NOT_TRUSTED 0x3F KDC_ERR_KDC_NOT_TRUSTED 0x40 KDC_ERR_INVALID_SIG 0x41 KDC_ERR_KEY_TOO_WEAK
0x42 KRB_AP_ERR_USER_TO_USER_REQUIRED 0x43 KRB_AP_ERR_NO_TGT 0x44 KDC_ERR_WRONG_REALM
"""


@cache
def _results() -> dict[int, str]:
    words = RESULTS.split()
    return {int(code, 16): name for code, name in zip(words[::2], words[1::2], strict=True)}


def put_ticket(data: Document, code: str) -> None:
    """Add `TicketOptionsDescription`, `TicketEncryptionTypeDescription` and `StatusDescription` where they apply."""
    options = integer_of(text_of(data.get("TicketOptions"))) or 0
    names = [name for bit, name in TICKET_OPTIONS.items() if options & bit] if options else []
    if names:
        data["TicketOptionsDescription"] = names
    encryption = ENCRYPTION_TYPES.get(integer_of(text_of(data.get("TicketEncryptionType"))) or 0)
    if encryption:
        data["TicketEncryptionTypeDescription"] = encryption
    status = integer_of(text_of(data.get("Status")))
    if code in ("4768", "4769", "4770", "4771") and status in _results():
        data["StatusDescription"] = _results()[status]
