import math
import tomllib
from collections.abc import Callable
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.samples import RULE_FILE

from besra.rules.toml_content import load_toml

LONG = "a text of more than twenty characters"


@pytest.mark.parametrize(
    "text",
    [
        f'a = """{LONG}"""',
        f'a = """\n{LONG}\n\n"""\nb = """\n\n{LONG}"""',
        f'a = """{LONG} with "quotes" and ""two"" at the end"""',
        f'a = """{LONG}""""',
        f'a = """{LONG}"""""',
        f'a = """{LONG} \\u0041 \\\n   continued"""',
        f'a = "{LONG}"\n"{LONG}" = "{LONG}"\n["{LONG} table"]\nb = ["{LONG}", "{LONG}"]',
        f'a = [ # "{LONG}"\n  "{LONG}", # \'\'\'\n  "{LONG}"\n]',
        f"a = '{LONG}'\nb = '''\n{LONG} \"\"\" {LONG}'''\nc = '\"'\nd = \"{LONG}\"",
        f'a = {{ b = "{LONG}", "{LONG}" = "{LONG}" }}',
        f'a = "{LONG}\t"\nb = """\t{LONG}"""',
        f'a = "{LONG}"\nb = "\ue000 0"',
        f'# {LONG} "\na = "{LONG}"',
    ],
)
def test_long_texts_are_read_as_tomllib_reads_them(text: str) -> None:
    assert load_toml(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        f'a = "{LONG}',
        f'a = """{LONG}"',
        f'a = "{LONG}\x07"',
        f'a = """{LONG}\x07"""',
        f'a = """{LONG}""""""',
        f'a = "{LONG}" "{LONG}"\n',
        f'"{LONG}"\n',
        f'"{LONG}", = 1\n',
        f'"{LONG}" = 1\n"{LONG}" = 2',
        f'a = "{LONG}"\na = "{LONG}"',
        f'a = "{LONG}\n{LONG}"',
    ],
)
def test_errors_among_long_texts_are_those_of_tomllib(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as expected:
        tomllib.loads(text)
    with pytest.raises(tomllib.TOMLDecodeError) as found:
        load_toml(text)
    assert str(found.value) == str(expected.value)


@given(st.data())
def test_any_damage_is_judged_as_tomllib_does(data: st.DataObject) -> None:
    text = RULE_FILE.replace("Look at the host.", LONG)
    for _ in range(data.draw(st.integers(1, 3))):
        start, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 6))
        mark = st.sampled_from(
            ["", '"', '"""', "'", "'''", "\\", "\n", "#", "[", "]", "=", ",", "\x07", "\t", "\ue000"]
        )
        text = text[:start] + data.draw(mark) + text[start + length :]
    assert outcome(load_toml, text) == outcome(lambda given: json_only(tomllib.loads(given)), text)


def outcome(load: Callable[[str], object], text: str) -> object:
    try:
        return load(text)
    except tomllib.TOMLDecodeError as error:
        return str(error)


def json_only(value: object) -> object:
    match value:
        case dict():
            return {key: json_only(item) for key, item in value.items()}
        case list():
            return [json_only(item) for item in value]
        case date() | time():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return str(value)
    return value
