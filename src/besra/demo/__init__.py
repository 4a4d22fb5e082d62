"""Made-up events that make both seed rules fire, and many that must not (demo-events.md).

Everything is generated from a seed and a base time; nothing is read from disk and no clock is consulted.
"""

from besra.demo.document import DEFAULT_BASE, DEFAULT_SEED, Document
from besra.demo.folder import write_demo
from besra.demo.stream import demo_documents, sentinel_one_documents, sysmon_documents
from besra.demo.variants import VARIANTS, Variant

__all__ = [
    "DEFAULT_BASE",
    "DEFAULT_SEED",
    "VARIANTS",
    "Document",
    "Variant",
    "demo_documents",
    "sentinel_one_documents",
    "sysmon_documents",
    "write_demo",
]
