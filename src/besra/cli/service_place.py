"""Where the service keeps what it has, for commands that look at it: as they are told, else as its settings say."""

import os

import click

from besra.cli.settings import META, SOURCE, Source, read_source, settings_in, variable_of

DATA = "besra-data"
SERVE = "serve"


def serves_at(folder: object, url: object, context: click.Context | None = None) -> tuple[str | None, str | None]:
    """The data folder and the database of the alerts: if neither is given, those of the settings of `besra serve`.

    None for what nobody says. The settings are those of a command's `--config`, if it has one. Raises SettingsError.
    """
    if folder is None and url is None:
        source = (context.meta.get(SOURCE) if context else None) or read_source(None, os.environ)
        if _has_settings(source):
            # Not before: whoever looks whether besra is well has to come that far.
            from besra.cli.commands.serve import serve  # noqa: PLC0415

            settings = settings_in(source, SERVE, click.Context(serve, info_name=SERVE))
            folder, url = (settings[name].value if name in settings else None for name in ("folder", "alerts"))
            if context is not None and SERVE in source.tables:
                context.meta[META] = source.path
    return str(folder) if folder else None, str(url) if url else None


def _has_settings(source: Source) -> bool:
    return SERVE in source.tables or any(name.startswith(variable_of(SERVE, "")) for name in source.variables)
