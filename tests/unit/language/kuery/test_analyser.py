"""Words of text fields, and the patterns that find them."""

import re

import pytest

from besra.language.glob import Glob, Wild
from besra.language.kuery.analyser import SCRIPT_BLOCK, STANDARD, Analyser


def finds(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL) is not None


@pytest.mark.parametrize(
    ("analyser", "text", "words"),
    [
        (SCRIPT_BLOCK, "(New-Object Net.WebClient).DownloadString('x')", "new-object net webclient downloadstring x"),
        (SCRIPT_BLOCK, "$a_1 = -replace 'ü'", "a_1 -replace"),
        (SCRIPT_BLOCK, "[]::()", ""),
        (STANDARD, "The node.js 3.5 server, it's v1.2b", "the node.js 3.5 server it's v1.2b"),
        (STANDARD, "C:\\Windows\\cmd.exe -enc", "c windows cmd.exe enc"),
        (STANDARD, "a:b 1,000 a,b 1:2 _x_.y end.", "a:b 1,000 a b 1 2 _x_ y end"),
        (STANDARD, "Größe déjà", "größe déjà"),
    ],
)
def test_words(analyser: Analyser, text: str, words: str) -> None:
    assert analyser.words(text) == words.split()


@pytest.mark.parametrize(
    ("analyser", "words", "text", "found"),
    [
        (SCRIPT_BLOCK, "net webclient", "new-object Net.WebClient", True),
        (SCRIPT_BLOCK, "net webclient", "NET\r\n(WebClient)", True),
        (SCRIPT_BLOCK, "net webclient", "net the webclient", False),
        (SCRIPT_BLOCK, "net webclient", "net-webclient", False),
        (SCRIPT_BLOCK, "web", "WebClient", False),
        (SCRIPT_BLOCK, "command", "Invoke-Command", False),
        (SCRIPT_BLOCK, "web", "web", True),
        (STANDARD, "quick fox", "the Quick, fox", True),
        (STANDARD, "quick fox", "the quick.fox", False),
        (STANDARD, "quick.fox", "a (quick.fox).", True),
        (STANDARD, "fox", "quick.fox", False),
        (STANDARD, "fox", ".fox.", True),
        (STANDARD, "fox", "1.fox", True),
        (STANDARD, "2", "1.2", False),
        (STANDARD, "2", "a.2,", True),
        (STANDARD, "a 1", "a.1", True),
    ],
)
def test_phrases(analyser: Analyser, words: str, text: str, found: bool) -> None:
    assert finds(analyser.phrase(words.split()), text) is found


@pytest.mark.parametrize(
    ("parts", "text", "found"),
    [
        (("invoke-", Wild.ANY), "x; Invoke-Mimikatz -a", True),
        (("invoke-", Wild.ANY), "Reinvoke-It", False),
        ((Wild.ANY, "katz"), "Invoke-Mimikatz.ps1", True),
        ((Wild.ANY, "a", Wild.ANY), "b c.d", False),
        (("a", Wild.ANY, "d"), "a.d", False),
    ],
)
def test_patterns_cover_one_word(parts: tuple[str | Wild, ...], text: str, found: bool) -> None:
    pattern = SCRIPT_BLOCK.glob(Glob(parts))
    assert pattern is not None
    assert finds(pattern, text) is found


def test_a_pattern_that_no_word_can_hold_is_none() -> None:
    assert SCRIPT_BLOCK.glob(Glob((Wild.ANY, "a.b", Wild.ANY))) is None
    assert STANDARD.glob(Glob(("a b", Wild.ANY))) is None
    assert STANDARD.glob(Glob(("a.", Wild.ANY))) is not None
