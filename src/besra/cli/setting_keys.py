"""Which settings a command has: its options, by the names they have in a settings file and in variables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import click

from besra.cli.secrets import Secret, SecretFile, Url, has_secret, shown

SECTIONS = ("backup", "doctor", "ingest", "restore", "scan", "search", "serve")
"""The commands with settings: those with `settings.config_option`."""
NEVER = ("config", "output")
"""Options that are no settings: what a command overwrites should stand in the command."""
FILE = "-file"


@dataclass(frozen=True, slots=True)
class Key:
    """A setting by one of its names. Its value is that of `option`, or the content of the file it names.

    A `is_secret` one may not stand in a settings file, which people share.
    """

    name: str
    option: click.Option
    reads_file: bool = False
    is_secret: bool = False


def keys_of(command: click.Command) -> Mapping[str, Key]:
    """The settings of a command by name."""
    options = (param for param in command.params if isinstance(param, click.Option))
    return {key.name: key for option in options for key in _keys(option)}


def _keys(option: click.Option) -> Iterator[Key]:
    name = max(option.opts, key=len).lstrip("-")
    if name in NEVER or option.hidden:
        return
    yield Key(name, option)
    match option.type:
        case SecretFile():
            yield Key(name.removesuffix(FILE), option, is_secret=True)
        case Url():
            yield Key(f"{name}{FILE}", option, reads_file=True)


def nearest(word: str, words: Mapping[str, object] | tuple[str, ...]) -> str:
    """A hint for somebody who wrote a word that is none of some others."""
    close = get_close_matches(word, words, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(words))}"


def value_for(key: Key, given: object, context: click.Context) -> object:
    """What an option is given of a value as files and variables have it. Raises click.BadParameter, with no place."""
    option = key.option
    if option.is_flag:
        return _switch(given)
    if option.multiple:
        values = given if isinstance(given, list) else [given]
        return [_text(value) for value in values]
    if isinstance(given, list):
        raise click.BadParameter("takes one value, not a list")
    text = _text(given)
    if key.reads_file:
        return SecretFile().text_of(text, option, context)
    return Secret(text) if key.is_secret else text


SWITCHES = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _switch(given: object) -> bool:
    if isinstance(given, bool):
        return given
    if isinstance(given, str) and given.lower() in SWITCHES:
        return SWITCHES[given.lower()]
    raise click.BadParameter("is true or false")


def _text(given: object) -> str:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise click.BadParameter("takes a text or a number")
    return str(given)


def tells_secret(key: Key, value: Any) -> bool:
    """Whether a value of a setting, typed, is or holds a secret as it stands there."""
    if key.is_secret or key.reads_file:
        return key.is_secret
    return any(has_secret(key.option.type, member) for member in (value if key.option.multiple else [value]))


def shown_value(option: click.Option, value: Any) -> object:
    """The typed value of an option as it may be shown: no secrets."""
    if option.multiple:
        return [shown(option.type, member) for member in value or ()]
    return shown(option.type, value)
