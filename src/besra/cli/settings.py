"""Settings from a file and from variables: what options of a command are that the command line does not give.

Flags count before variables, variables before the file (interfaces.md 3). A section of the file is a command, a key one
of its options; the variable of `[serve] port` is `BESRA_SERVE__PORT`. What is none is an error with its place, since a
setting that is passed over is found out too late.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from besra.cli.secrets import Pair
from besra.cli.setting_keys import SECTIONS, Key, keys_of, nearest, tells_secret, value_for
from besra.cli.terminal import Terminal
from besra.errors import InputError, SettingsError
from besra.problems import Place, Problem

if TYPE_CHECKING:
    from besra.rules.location import Locations

FILE = "besra.toml"
FILE_VARIABLE = "BESRA_CONFIG"
VARIABLE = re.compile(r"BESRA_([A-Z0-9]+)__([A-Z0-9_]+)")
LARGEST = 1 << 20
"""Bytes of a settings file."""
META = "besra.settings"
SOURCE = "besra.source"


@dataclass(frozen=True, slots=True)
class Source:
    """Where settings come from: the tables of a file, if there is one, and variables."""

    path: str | None
    tables: Mapping[str, Any]
    locations: "Locations | None"
    variables: Mapping[str, str]

    def place(self, *names: str) -> Place:
        """Where something stands in the file."""
        return self.locations.place(names) if self.locations else Place()


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that was given: its key, what its option gets, and where it was given."""

    key: Key
    value: object
    origin: str


def read_source(path: str | None, environ: Mapping[str, str]) -> Source:
    """What there is: the file of that path, else that of BESRA_CONFIG, else besra.toml if it is there.

    Raises InputError if the file cannot be used, SettingsError for sections that are none.
    """
    named = path or environ.get(FILE_VARIABLE) or None
    tables, locations = _read_file(named or FILE, is_named=named is not None)
    variables = {name: value for name, value in environ.items() if value and VARIABLE.fullmatch(name)}
    source = Source(locations.path if locations else None, tables, locations, variables)
    if problems := list(_unknown_sections(source)):
        raise SettingsError(*problems)
    return source


def _read_file(path: str, *, is_named: bool) -> tuple[Mapping[str, Any], "Locations | None"]:
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno())
            raw = file.read(LARGEST + 1)
        text = raw.decode("utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError) and not is_named:
            return {}, None
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a text in UTF-8"
        raise _unusable(path, f"the settings file cannot be read: {reason}") from error
    if len(raw) > LARGEST:
        raise _unusable(path, f"a settings file of more than {LARGEST:,} bytes")
    if not is_named and _is_others(mode):
        hint = f"change its owner or permissions, or name it if it is to be trusted: --config {path}"
        raise _unusable(path, "others may write this settings file", hint)
    from besra.rules.toml_content import decode_toml  # noqa: PLC0415  only where there is a file

    decoded = decode_toml(text, path)
    if isinstance(decoded, Problem):
        raise InputError(decoded)
    return decoded


def _is_others(found: os.stat_result) -> bool:
    """Whether somebody else may have written a file."""
    is_own = not hasattr(os, "geteuid") or found.st_uid in (0, os.geteuid())
    return not is_own or bool(found.st_mode & stat.S_IWOTH)


def _unusable(path: str, message: str, hint: str | None = None) -> InputError:
    return InputError.of("settings-file", message, path=path, hint=hint)


def _unknown_sections(source: Source) -> Iterator[Problem]:
    for name, table in source.tables.items():
        place = source.place(name)
        if name not in SECTIONS:
            message = f"there is no section [{name}]"
            yield Problem("settings-unknown", message, place=place, hint=nearest(name, SECTIONS))
        elif not isinstance(table, dict):
            yield Problem("settings-value", f"{name} is a section: write [{name}]", place=place)
    for variable in source.variables:
        found = VARIABLE.fullmatch(variable)
        if found and found[1].lower() not in SECTIONS:
            hint = nearest(found[1].lower(), SECTIONS)
            yield Problem("settings-unknown", f"there is no section {found[1]}", place=Place(variable), hint=hint)


def settings_in(source: Source, section: str, context: click.Context) -> dict[str, Setting]:
    """The settings of a command, by the name of its parameter. Raises SettingsError with all that is wrong."""
    problems: list[Problem] = []
    settings: dict[str, Setting] = {}
    keys = keys_of(context.command)
    for places in (_in_file(source, section), _in_variables(source, section)):
        here: dict[str, Setting] = {}
        for name, given, place in places:
            found = _setting(keys, name, given, place, context)
            if isinstance(found, Problem):
                problems.append(found)
                continue
            parameter = str(found.key.option.name)
            if parameter in here:
                told = f"{name} and {here[parameter].key.name} are one setting; it can be given once"
                problems.append(Problem("settings-value", told, place=place))
            here[parameter] = found
        settings |= here
    if problems:
        raise SettingsError(*problems)
    return settings


Given = Iterator[tuple[str, object, Place]]


def _in_file(source: Source, section: str) -> Given:
    for name, given in source.tables.get(section, {}).items():
        yield name.replace("_", "-"), given, source.place(section, name)


def _in_variables(source: Source, section: str) -> Given:
    for variable, text in source.variables.items():
        found = VARIABLE.fullmatch(variable)
        if found and found[1].lower() == section:
            yield found[2].lower().replace("_", "-"), text, Place(variable)


def _setting(
    keys: Mapping[str, Key], name: str, given: object, place: Place, context: click.Context
) -> Setting | Problem:
    key = keys.get(name)
    if key is None:
        return Problem("settings-unknown", f"there is no setting {name}", place=place, hint=nearest(name, keys))
    is_variable = place.line is None
    try:
        if is_variable:
            given = _several(str(given)) if key.option.multiple else given
        value = value_for(key, given, context)
        converted = key.option.type_cast_value(context, value)
    except click.BadParameter as error:
        return Problem("settings-value", f"{name}: {error.message}", place=place)
    if not is_variable and tells_secret(key, converted):
        message = f"{name} holds a secret, which does not belong in a file that is shared"
        # Without the line, which would show the secret.
        where = Place(place.path, place.line, place.column)
        return Problem("settings-secret", message, place=where, hint=_other_ways(key, context))
    return Setting(key, value, str(place))


def _several(text: str) -> object:
    """The values in a variable of a setting that may have several: one, or a list as TOML writes it."""
    if not text.startswith("["):
        return text
    from besra.rules.toml_content import load_toml  # noqa: PLC0415

    try:
        return load_toml(f"values = {text}")["values"]
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f'is one value, or a list such as ["a", "b"]: {error}') from error


def _other_ways(key: Key, context: click.Context) -> str:
    variable = variable_of(str(context.command.name), key.name)
    if isinstance(key.option.type, Pair):
        return f"set the variable {variable}"
    return f"set the variable {variable}, or {key.name}-file to the name of a file that holds it"


def variable_of(section: str, key: str) -> str:
    """The variable of a setting."""
    return f"BESRA_{section}__{key}".upper().replace("-", "_")


def _use(context: click.Context, _: click.Parameter, path: str | None) -> None:
    source = read_source(path, os.environ)
    section = str(context.command.name)
    settings = settings_in(source, section, context)
    context.meta[SOURCE] = source
    context.default_map = {name: setting.value for name, setting in settings.items()}
    context.meta[META] = source.path if source.tables.get(section) else None


config_option = click.option(
    "--config",
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_use,
    help="Settings file.  [besra.toml, where there is one]",
)
"""What gives a command settings. To stand before other eager options: those see what it has found."""


def tell_settings(context: click.Context, terminal: Terminal) -> None:
    """Say which file has settings for this command: it may be one that came with somebody's evidence."""
    if path := context.meta.get(META):
        terminal.say(f"settings: {path}")
