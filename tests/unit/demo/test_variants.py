"""The table of variants: complete, well named, and each one different from the plain story."""

from besra.demo import VARIANTS
from besra.demo.benign import BENIGN
from besra.demo.variants import NETWORK, PERSISTENCE
from besra.schema.timestamp import NANOS, parse_timestamp

BY_NAME = {variant.name: variant for variant in VARIANTS}


def gap(name: str) -> int:
    """Nanoseconds from the implant's start to its first lookup."""
    documents = BY_NAME[name].documents()
    start = next(d for d in documents if d["event"]["action"] == "start" and d["process"]["name"] == "updsvc.exe")
    lookup = next(d for d in documents if d["event"]["action"] == "lookup_requested")
    return (parse_timestamp(lookup["@timestamp"]) or 0) - (parse_timestamp(start["@timestamp"]) or 0)


def test_names_are_unique_and_every_benign_case_has_its_variant() -> None:
    assert len(BY_NAME) == len(VARIANTS)
    assert {f"benign-{name}" for name in BENIGN} <= BY_NAME.keys()


def test_both_rules_have_variants_that_fire_and_variants_that_do_not() -> None:
    for rule in (NETWORK, PERSISTENCE):
        assert {variant.expected[rule] > 0 for variant in VARIANTS} == {True, False}


def test_the_gaps_are_those_of_the_names() -> None:
    assert gap("lookup-after-62.8-s") == 62_800_000_000
    assert gap("lookup-after-exactly-60-s") == 60 * NANOS
    assert gap("lookup-after-60.001-s") == 60_001_000_000
    assert gap("lookup-at-the-same-instant") == 0
    assert gap("lookup-before-start") < 0


def test_documents_are_made_afresh() -> None:
    variant = BY_NAME["malicious-msi"]
    changed = variant.documents()
    changed[0]["process"].clear()
    assert variant.documents() == variant.documents() != changed


def test_only_the_said_field_differs() -> None:
    plain = BY_NAME["malicious-msi"].documents()
    lookup = next(d for d in plain if d["event"]["action"] == "lookup_requested")
    [dns] = [d for d in BY_NAME["lookup-of-category-dns"].documents() if d["event"]["category"] == ["dns"]]
    dns["event"]["category"] = ["network"]
    assert dns == lookup
    [unnamed] = [d for d in BY_NAME["lookup-without-process-name"].documents() if "name" not in d["process"]]
    unnamed["process"]["name"] = "updsvc.exe"
    assert unnamed == lookup
