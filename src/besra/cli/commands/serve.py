"""`besra serve`: take events over HTTP, run the rules while they arrive, keep events and alerts."""

import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import click

from besra.cli.brokers import broker_options, sources_of
from besra.cli.exceptions import exception_files, exception_options
from besra.cli.exit_codes import EXIT_CODE_HELP, ExitCode
from besra.cli.options import SizeType, SpacePath, rules_option
from besra.cli.secrets import Url
from besra.cli.security import address_of, place_of, policy_of, security_options, set_up_notice
from besra.cli.settings import config_option, tell_settings
from besra.cli.summary import counted
from besra.errors import InputError


@click.command(epilog=EXIT_CODE_HELP, short_help="Take events over HTTP and run the rules while they arrive.")
@config_option
@rules_option
@click.option(
    "--rules-in",
    "elsewhere",
    type=SpacePath(),
    multiple=True,
    metavar="SPACE=PATH",
    help="Rule file or folder of another space than `default` (repeatable).",
)
@click.option("--data", "folder", default="besra-data", show_default=True, metavar="DIR", help="Where all is kept.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=9200, show_default=True, metavar="N", help="The port.")
@security_options
@click.option("--any-index", is_flag=True, help="Run every rule on every event, whatever its index patterns.")
@click.option("--index", metavar="NAME", help="Index name of events that do not say where they belong.")
@click.option(
    "--watch", "watched", multiple=True, metavar="DIR", help="Take what is put into this folder (repeatable)."
)
@exception_options
@click.option("--live/--no-live", default=True, help="Run rules as soon as something arrives, too.  [live]")
@click.option("--fill-gaps/--no-fill-gaps", default=True, help="Make up for what no run looked through.  [fill-gaps]")
@broker_options
@click.option("--alerts", type=Url(), metavar="URL", help="A PostgreSQL database for the alerts.  [a file in --data]")
@click.option("--events", type=Url(), metavar="URL", help="An object store for the events.  [a folder in --data]")
@click.option("--connectors", metavar="FILE", help="Where alerts are told of (TOML).  [the API alone]")
@click.option("--keep-days", type=click.IntRange(1), metavar="N", help="Days events are kept.  [for ever]")
@click.option("--keep-size", type=SizeType(), metavar="SIZE", help="Size of the event store, such as 500G.  [any]")
@click.option("--keep-alerts", type=click.IntRange(1), metavar="N", help="Days closed alerts are kept.  [for ever]")
@click.option(
    "--keep-runs", type=click.IntRange(1), default=7, show_default=True, metavar="N", help="Days runs are recorded."
)
@click.option(
    "--look-back-size", type=SizeType(), metavar="SIZE", help="Size of temporary files for rules that look back.  [any]"
)
@click.option("--min-free", type=SizeType(), default="512M", show_default=True, metavar="SIZE", help="Disk left free.")
@click.option("--memory-limit", type=SizeType(), metavar="SIZE", help="Memory beyond which senders wait.  [any]")
@click.option("--log-format", type=click.Choice(("text", "json")), default="text", show_default=True, help="Log lines.")
@click.option(
    "--log-level",
    type=click.Choice(("debug", "info", "warning", "error")),
    default="info",
    show_default=True,
    help="Which lines are logged: these and worse.",
)
@click.option("--access-log/--no-access-log", default=False, help="Log each request.  [no-access-log]")
@click.option("-q", "--quiet", is_flag=True, help="Only errors: --log-level error.")
@click.option("--no-color", is_flag=True, help="No colours (also: the variable NO_COLOR).")
@click.pass_context
def serve(
    context: click.Context, /, rules: tuple[str, ...], folder: str, watched: tuple[str, ...], **given: object
) -> None:
    """Take events as Elasticsearch does (`_bulk` and the like) or from Kafka and NATS, run rules and keep the alerts.

    What is acknowledged is on disk. Ctrl-C or SIGTERM ends it once all of that has been dealt with.
    """
    try:
        from besra.cli.logged import LoggedTerminal  # noqa: PLC0415  optional, as what it needs
        from besra.cli.serving import ServedRules, paths_by_space  # noqa: PLC0415
        from besra.cli.serving_settings import settings_of  # noqa: PLC0415
        from besra.service.app import app_of  # noqa: PLC0415
        from besra.service.consumer import Consumer  # noqa: PLC0415
        from besra.service.listening import bound, listen  # noqa: PLC0415
        from besra.service.log import LogForm, logging_to, telling  # noqa: PLC0415
        from besra.service.rule_watch import Source  # noqa: PLC0415
        from besra.service.security import security_of  # noqa: PLC0415
        from besra.service.server import running  # noqa: PLC0415
        from besra.service.spaces import Spaces  # noqa: PLC0415
        from besra.service.stores import Places, for_owner_alone  # noqa: PLC0415
        from besra.service.value_list_book import ValueListBook  # noqa: PLC0415
        from besra.service.watch import watching  # noqa: PLC0415
    except ImportError as error:
        message = f"the service needs more than is installed ({error.name})"
        raise InputError.of("serve-not-installed", message, hint="pip install 'besra[serve]'") from error
    lines = context.with_resource(logging_to(None, LogForm(str(given["log_format"])), _log_level(given)))
    terminal = LoggedTerminal()
    tell_settings(context, terminal)
    place, policy = place_of(given), policy_of(given)
    brokers = sources_of(given)
    changed = threading.Event()
    files, match_index = exception_files(given), not given["any_index"]
    paths = paths_by_space(rules or ("bundled",), given["elsewhere"])
    spaces = Spaces(paths, changed, ValueListBook(changed, files.value_lists))
    served = ServedRules(paths, files, match_index, terminal, spaces)
    all_paths = [path for of in paths.values() for path in of]
    source = Source(all_paths, served.files, served.load, served.ends, served.read, files, match_index, spaces)
    places = Places(Path(folder), _text(given["events"]), _text(given["alerts"]))
    settings = settings_of(given)

    with (
        bound(place) as at,
        for_owner_alone(),
        running(source, places, time.time_ns, telling("service"), settings) as service,
        watching([Path(name) for name in watched], places.folder, service.ingest, telling("watch")) as watchers,
    ):
        consumers = [Consumer(broker, service.ingest, service.letters, telling("brokers")) for broker in brokers]
        told = telling("security")
        security = security_of(service.stores.alerts, places.folder, time.time_ns, told, policy, service.spaces.has)
        if security.token.text:
            # Also where only errors are told: without it nobody can do anything.
            print(set_up_notice(security.token, at.place, places), file=sys.stderr, flush=True)  # noqa: T201
        terminal.say(
            f"{counted(len(service.duty.job.rules), 'rule')} running; send events to {address_of(at.place)}/_bulk"
        )
        listen(app_of(service, watchers, consumers, security), at, tells_requests=bool(given["access_log"]))
    lines.tell_repeats()
    terminal.say("stopped; everything acknowledged has been dealt with")
    context.exit(ExitCode.OK)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _log_level(given: Mapping[str, object]) -> str:
    return "error" if given["quiet"] else str(given["log_level"])
