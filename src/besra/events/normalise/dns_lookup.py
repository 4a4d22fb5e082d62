"""The answers and the status of a DNS query as Sysmon's event 22 records them (sources.md 4.2)."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from besra.events.normalise.nested_document import Document, collect, put
from besra.schema.fieldtype import parse_ip

RECORD_TYPES = """
1 A 2 NS 3 MD 4 MF 5 CNAME 6 SOA 7 MB 8 MG 9 MR 10 NULL 11 WKS 12 PTR 13 HINFO 14 MINFO 15 MX 16 TXT 17 RP 18 AFSDB
19 X25 20 ISDN 21 RT 22 NSAP 23 NSAPPTR 24 SIG 25 KEY 26 PX 27 GPOS 28 AAAA 29 LOC 30 NXT 31 EID 32 NIMLOC 33 SRV
34 ATMA 35 NAPTR 36 KX 37 CERT 38 A6 39 DNAME 40 SINK 41 OPT 43 DS 46 RRSIG 47 NSEC 48 DNSKEY 49 DHCID 100 UINFO
101 UID 102 GID 103 UNSPEC 248 ADDRS 249 TKEY 250 TSIG 251 IXFR 252 AXFR 253 MAILB 254 MAILA 255 ANY 65281 WINS
65282 WINSR
"""
"""Record type numbers, as windns.h names them."""

STATUSES = """
0 SUCCESS 5 ERROR_ACCESS_DENIED 8 ERROR_NOT_ENOUGH_MEMORY 13 ERROR_INVALID_DATA 14 ERROR_OUTOFMEMORY
123 ERROR_INVALID_NAME 1214 ERROR_INVALID_NETNAME 1223 ERROR_CANCELLED 1460 ERROR_TIMEOUT
4312 ERROR_OBJECT_NOT_FOUND 9001 DNS_ERROR_RCODE_FORMAT_ERROR 9002 DNS_ERROR_RCODE_SERVER_FAILURE
9003 DNS_ERROR_RCODE_NAME_ERROR 9004 DNS_ERROR_RCODE_NOT_IMPLEMENTED 9005 DNS_ERROR_RCODE_REFUSED
9006 DNS_ERROR_RCODE_YXDOMAIN 9007 DNS_ERROR_RCODE_YXRRSET 9008 DNS_ERROR_RCODE_NXRRSET 9009 DNS_ERROR_RCODE_NOTAUTH
9010 DNS_ERROR_RCODE_NOTZONE 9016 DNS_ERROR_RCODE_BADSIG 9017 DNS_ERROR_RCODE_BADKEY 9018 DNS_ERROR_RCODE_BADTIME
9501 DNS_INFO_NO_RECORDS 9502 DNS_ERROR_BAD_PACKET 9503 DNS_ERROR_NO_PACKET 9504 DNS_ERROR_RCODE
9505 DNS_ERROR_UNSECURE_PACKET 9506 DNS_REQUEST_PENDING 9551 DNS_ERROR_INVALID_TYPE
9552 DNS_ERROR_INVALID_IP_ADDRESS 9553 DNS_ERROR_INVALID_PROPERTY 9554 DNS_ERROR_TRY_AGAIN_LATER
9555 DNS_ERROR_NOT_UNIQUE 9556 DNS_ERROR_NON_RFC_NAME 9557 DNS_STATUS_FQDN 9558 DNS_STATUS_DOTTED_NAME
9559 DNS_STATUS_SINGLE_PART_NAME 9560 DNS_ERROR_INVALID_NAME_CHAR 9561 DNS_ERROR_NUMERIC_NAME
9601 DNS_ERROR_ZONE_DOES_NOT_EXIST 9701 DNS_ERROR_RECORD_DOES_NOT_EXIST 9702 DNS_ERROR_RECORD_FORMAT
9703 DNS_ERROR_NODE_CREATION_FAILED 9704 DNS_ERROR_UNKNOWN_RECORD_TYPE 9705 DNS_ERROR_RECORD_TIMED_OUT
9706 DNS_ERROR_NAME_NOT_IN_ZONE 9707 DNS_ERROR_CNAME_LOOP 9708 DNS_ERROR_NODE_IS_CNAME
9709 DNS_ERROR_CNAME_COLLISION 9710 DNS_ERROR_RECORD_ONLY_AT_ZONE_ROOT 9711 DNS_ERROR_RECORD_ALREADY_EXISTS
9712 DNS_ERROR_SECONDARY_DATA 9713 DNS_ERROR_NO_CREATE_CACHE_DATA 9714 DNS_ERROR_NAME_DOES_NOT_EXIST
9722 DNS_ERROR_ALIAS_LOOP 9851 DNS_ERROR_NO_TCPIP 9852 DNS_ERROR_NO_DNS_SERVERS 10054 WSAECONNRESET
10055 WSAENOBUFS 10060 WSAETIMEDOUT
"""
"""Status numbers a lookup can end with, as winerror.h and winsock2.h name them; others stay numbers."""

MAPPED = re.compile(r"\[?::ffff:(\d+\.\d+\.\d+\.\d+)(?:\](?::\d+)?)?", re.ASCII)


@cache
def _names(table: str) -> dict[str, str]:
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


def status_name(number: str) -> str:
    """The symbol of a query status, or the number itself."""
    return _names(STATUSES).get(number, number)


def record_type(number: str) -> str:
    """The name of a record type, or the number itself."""
    return _names(RECORD_TYPES).get(number, number)


def unmapped(address: str) -> str:
    """An IPv4-mapped IPv6 address as the IPv4 address it is; anything else as it came."""
    found = MAPPED.fullmatch(address)
    return found[1] if found else address


def put_answers(document: Document, results: str) -> None:
    """Set `dns.answers`, `dns.resolved_ip` and `related.*` from `QueryResults`.

    `;` separates; `type:  5 name` is a record of that number (its data may be missing), anything else an address.
    Addresses follow the other answers, as in the pipelines; text that is neither is dropped.
    """
    answers = list(_records(results))
    addresses = list(_addresses(results))
    for answer in answers:
        collect(document, "related.hosts", answer.get("data"))
    for address in addresses:
        answers.append({"type": "AAAA" if ":" in address else "A", "data": address})
        collect(document, "related.ip", address)
    put(document, "dns.answers", answers or None)
    put(document, "dns.resolved_ip", addresses or None)


@lru_cache(maxsize=4096)
def _addresses(results: str) -> tuple[str, ...]:
    """The addresses among results, which are asked for again and again."""
    found = [unmapped(item) for item in results.split(";") if item and not item.startswith("type:")]
    return tuple(address for address in found if parse_ip(address) is not None)


def _records(results: str) -> Iterator[dict[str, str]]:
    for item in results.split(";"):
        words = item.split() if item.startswith("type:") else []
        if len(words) < 2:
            continue
        number = words[1]
        answer = {"type": _names(RECORD_TYPES).get(number, number)}
        if len(words) == 3:
            answer["data"] = words[2]
        yield answer
