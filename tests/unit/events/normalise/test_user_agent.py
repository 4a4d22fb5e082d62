"""Browsers and systems by what they call themselves."""

import pytest

from besra.events.normalise.nested_document import Document, field_value
from besra.events.normalise.user_agent import put_user_agent

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("text", "name", "version", "system"),
    [
        (f"{MAC} Chrome/124.0.0.0 Safari/537.36", "Chrome", "124.0.0.0", "Mac OS X"),
        (f"{WINDOWS} Chrome/124.0.0.0 Safari/537.36 Edg/124.0.1", "Edge", "124.0.1", "Windows"),
        (f"{MAC} Version/17.4 Safari/605.1.15", "Safari", "17.4", "Mac OS X"),
        (f"{PHONE} Version/17.4 Mobile/15E148 Safari/604.1", "Mobile Safari", "17.4", "iOS"),
        (
            "Mozilla/5.0 (Linux; Android 14) Chrome/124.0.0.0 Mobile Safari/537.36",
            "Chrome Mobile",
            "124.0.0.0",
            "Android",
        ),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:125.0) Firefox/125.0", "Firefox", "125.0", "Ubuntu"),
        ("aws-cli/2.15.0 Python/3.11.6 Linux/6.1.0", "aws-cli", "2.15.0", "Linux"),
        ("AWS Internal", None, None, None),
    ],
)
def test_agents(text: str, name: str | None, version: str | None, system: str | None) -> None:
    document: Document = {}
    put_user_agent(document, text)
    found = [field_value(document, f"user_agent.{field}") for field in ("original", "name", "version", "os.name")]
    assert found == [text, name, version, system]


def test_no_agent_is_no_field() -> None:
    document: Document = {}
    put_user_agent(document, None)
    assert document == {}
