"""Which browser and system a `User-Agent` text names, as far as rules tell them apart."""

import re

from besra.events.normalise.nested_document import Document, put

BROWSERS = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/([\d.]+)")),
    ("Opera", re.compile(r"\bOPR/([\d.]+)")),
    ("Brave", re.compile(r"\bBrave(?: Chrome)?/([\d.]+)")),
    ("Firefox", re.compile(r"\bFirefox/([\d.]+)")),
    ("Chrome Mobile", re.compile(r"\bChrome/([\d.]+) Mobile\b")),
    ("Chrome", re.compile(r"\bChrome/([\d.]+)")),
    ("Mobile Safari", re.compile(r"\bVersion/([\d.]+) Mobile/\w+ Safari/")),
    ("Safari", re.compile(r"\bVersion/([\d.]+) Safari/")),
    ("aws-cli", re.compile(r"^aws-cli/([\d.]+)")),
    ("curl", re.compile(r"^curl/([\d.]+)")),
)
"""Names as Elasticsearch gives them, and where the version stands; the first that is found counts."""

SYSTEMS = (
    ("Windows", re.compile(r"\bWindows\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("iOS", re.compile(r"\biPhone OS\b|\biPad\b")),
    ("Mac OS X", re.compile(r"\bMac OS X\b")),
    ("Chrome OS", re.compile(r"\bCrOS\b")),
    ("Ubuntu", re.compile(r"\bUbuntu\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)


def put_user_agent(document: Document, text: str | None) -> None:
    """Set `user_agent.original` and, of what is known, `user_agent.name`, `.version` and `.os.name`."""
    if text is None:
        return
    put(document, "user_agent.original", text)
    for name, pattern in BROWSERS:
        found = pattern.search(text)
        if found:
            put(document, "user_agent.name", name)
            put(document, "user_agent.version", found[1])
            break
    put(document, "user_agent.os.name", next((name for name, pattern in SYSTEMS if pattern.search(text)), None))
