"""Fields of type text: which are, by which analyser, and what values mean on them."""

import pytest

from besra.engine.reference import holds
from besra.events.document import Fields
from besra.language.kuery.analyser import SCRIPT_BLOCK, STANDARD
from besra.language.kuery.lower import LoweredExpression, lower_kuery_expression
from besra.language.kuery.parser import parse_kuery
from besra.language.kuery.text_tests import analyser_of
from besra.schema.catalogue import EMPTY, bundled_catalogue

SCRIPT = "powershell.file.script_block_text"
DOCUMENT = {
    "message": "The Quick brown.fox jumps",
    "powershell": {"file": {"script_block_text": "$c = (New-Object Net.WebClient).DownloadString('http://a')"}},
    "process": {"command_line": "cmd.exe /c WhoAmI"},
}


def lower(query: str) -> LoweredExpression:
    return lower_kuery_expression(parse_kuery(query), bundled_catalogue())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f'{SCRIPT}: "Net.WebClient"', True),
        (f'{SCRIPT}: "net webclient"', True),
        (f'{SCRIPT}: "WebClient.Net"', False),
        (f'{SCRIPT}: "Web"', False),
        (f'{SCRIPT}: "(New-Object Net.WebClient).Download"', False),
        (f'{SCRIPT}: "(New-Object Net.WebClient).DownloadString"', True),
        (f'{SCRIPT}: "Object"', False),
        (f"{SCRIPT}: Foo.WebClient", True),
        (f"{SCRIPT}: web", False),
        (f"{SCRIPT}: web*", True),
        (f"{SCRIPT}: *string", True),
        (f"{SCRIPT}: new-*net", False),
        (f'{SCRIPT}: ("Net.WebClient" and "DownloadString" and not "Invoke-Expression")', True),
        (f"{SCRIPT}: *", True),
        (f'not {SCRIPT}: "DownloadString"', False),
        ('message: "quick BROWN.fox"', True),
        ('message: "brown fox"', False),
        ("message: lazy quick", True),
        ("message: fox", False),
        ("message: brown*", True),
        ('process.command_line.text: "whoami"', True),
        ('process.command_line: "whoami"', False),
        ("message: true", False),
    ],
)
def test_words_phrases_and_patterns(query: str, expected: bool) -> None:
    assert holds(lower(query).predicate, Fields(DOCUMENT)) is expected


def test_analysers_follow_from_mapping_and_name() -> None:
    bundled = bundled_catalogue()
    assert analyser_of(bundled, SCRIPT) is SCRIPT_BLOCK
    assert analyser_of(bundled, "message") is STANDARD
    assert analyser_of(bundled, "process.command_line.text") is STANDARD
    assert analyser_of(bundled, "process.command_line") is None
    assert analyser_of(bundled, "made.up.text") is None
    assert analyser_of(EMPTY.with_types({"made.up": "keyword"}), "made.up.text") is STANDARD
    assert analyser_of(bundled.with_types({SCRIPT: "keyword"}), SCRIPT) is None


@pytest.mark.parametrize(
    ("query", "column"), [(f'{SCRIPT}: "::()"', 36), (f"{SCRIPT}: a.b*", 36), ("message: ...", 10)]
)
def test_a_value_without_words_is_a_warning_and_never_true(query: str, column: int) -> None:
    lowered = lower(query)
    (warning,) = lowered.warnings
    assert (warning.code, warning.place.column) == ("kql-never", column)
    assert not holds(lowered.predicate, Fields(DOCUMENT))
