"""Registered domain, subdomain and top-level domain of a DNS name, as the pipelines' processor splits it.

The full public suffix list (15,000 rules, changing weekly) is not bundled. Instead:

* the last label is a top-level domain if it is letters and none of the names that are never delegated (`local`,
  `corp`, …). Those get no registered domain, as names with unknown top-level domains get none from the processor;
* `SECOND_LEVEL` lists the two-label suffixes (`co.uk`) of the countries that register below the second level;
* `PRIVATE` lists common suffixes that companies run for their customers (`akamaized.net`). The processor takes such a
  suffix itself for the registered domain.

A name below a suffix missing here gets one label too few in `registered_domain`; nothing else depends on it.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from besra.events.normalise.nested_document import Document, put


@dataclass(frozen=True, slots=True)
class DomainParts:
    """The parts of a name; `subdomain` is None for a bare registered domain."""

    registered_domain: str
    top_level_domain: str
    subdomain: str | None


NEVER_DELEGATED = """
alt corp domain example home host intern internal intra intranet invalid lan local localdomain localhost mail onion
private test workgroup
"""

SECOND_LEVEL = """
ae ac co gov mil net org sch
ar com edu gob gov int mil net org tur
au asn com edu gov id net org
bd ac com edu gov mil net org
br adv art blog com edu eng eti gov ind inf jus leg mil net nom org srv tur tv
cn ac com edu gov mil net org
co com edu gov mil net nom org
cy ac biz com gov ltd net org
ec com edu fin gob gov info med mil net org pro
eg com edu gov mil net org sci
es com edu gob nom org
fr asso com gouv nom prd tm
gr com edu gov net org
hk com edu gov idv net org
hu co info org
id ac biz co desa go mil my net or sch web
il ac co gov idf k12 muni net org
in ac co edu firm gen gov ind mil net nic org res
jp ac ad co ed go gr lg ne or
ke ac co go info me mobi ne or sc
kr ac co es go hs kg mil ms ne or pe re sc
lk ac com edu gov ltd net org
ma ac co gov net org press
mx com edu gob net org
my com edu gov mil name net org
ng com edu gov i mil mobi name net org sch
nz ac co cri geek gen govt health iwi kiwi maori mil net org parliament school
pe com edu gob mil net nom org
ph com edu gov i mil net ngo org
pk biz com edu fam gob gok gon gop gos gov info net org web
pl aid biz com edu gov info mil net org waw
pt com edu gov int net nome org publ
py com coop edu gov mil net org
ro arts com firm info nom nt org rec store tm www
rs ac co edu gov in org
sa com edu gov med net org pub sch
sg com edu gov net org per
th ac co go in mi net or
tr av bbs bel biz com dr edu gen gov info k12 kep mil name net org pol tel tv web
tw club com ebiz edu game gov idv mil net org
tz ac co go hotel info me mil mobi ne or sc tv
ua com edu gov in kharkov kiev kyiv lviv net od odesa org
ug ac co com go ne or org sc
uk ac co gov ltd me net nhs org plc police sch
uy com edu gub mil net org
ve co com edu gob gov info mil net org web
vn ac biz com edu gov health info int name net org pro
za ac co edu gov law mil net nom org school web
zw ac co gov mil org
"""

PRIVATE = """
000webhostapp.com a.ssl.fastly.net akadns.net akamai.net akamaiedge.net akamaihd.net akamaized.net
altervista.org apps.fbsbx.com appspot.com azurestaticapps.net azurewebsites.net b.ssl.fastly.net bitbucket.io
blogspot.com cdn77.org cloudapp.net cloudfront.net compute.amazonaws.com ddns.net duckdns.org dyndns.org
edgekey.net edgesuite.net elasticbeanstalk.com elb.amazonaws.com firebaseapp.com fly.dev freetls.fastly.net
github.io githubusercontent.com gitlab.io global.ssl.fastly.net glitch.me herokuapp.com hopto.org map.fastly.net
myftp.biz myftp.org myshopify.com netlify.app ngrok.io no-ip.org onrender.com pages.dev prod.fastly.net
readthedocs.io repl.co s3.amazonaws.com sytes.net translate.goog vercel.app web.app webhop.me weebly.com
workers.dev zapto.org
"""

LETTERS = re.compile(r"(?:[^\W\d_]{2,}|xn--[a-z0-9-]+)", re.IGNORECASE)


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@cache
def _suffixes() -> frozenset[str]:
    lines = [line.split() for line in SECOND_LEVEL.strip().splitlines()]
    return frozenset(f"{second}.{country}" for country, *seconds in lines for second in seconds)


@lru_cache(maxsize=4096)
def split_domain(name: str) -> DomainParts | None:
    """The parts of a DNS name; None for single labels, addresses, bare suffixes and undelegated top-level domains."""
    labels = name.split(".")
    top = labels[-1].lower()
    if len(labels) < 2 or not all(labels) or not LETTERS.fullmatch(top) or top in _words(NEVER_DELEGATED):
        return None
    start = _registered_start([label.lower() for label in labels])
    if start is None:
        return None
    subdomain = ".".join(labels[:start])
    return DomainParts(".".join(labels[start:]), ".".join(labels[start + 1 :]), subdomain or None)


def _registered_start(labels: list[str]) -> int | None:
    """The index of the first label of the registered domain; None if the whole name is a suffix."""
    for start in range(max(0, len(labels) - 4), len(labels) - 1):
        if ".".join(labels[start:]) in _words(PRIVATE):
            return start
    start = len(labels) - (3 if ".".join(labels[-2:]) in _suffixes() else 2)
    return start if start >= 0 else None


def put_domain_parts(document: Document, name: str) -> None:
    """Set `dns.question.registered_domain`, `.subdomain` and `.top_level_domain` where the name has them."""
    parts = split_domain(name)
    if parts is not None:
        put(document, "dns.question.registered_domain", parts.registered_domain)
        put(document, "dns.question.top_level_domain", parts.top_level_domain)
        put(document, "dns.question.subdomain", parts.subdomain)
