"""Delta Lake tables among folders: of their files only those that their log names hold what is in them.

The others were replaced or removed, and stay for readers of older versions. The log itself is no evidence.
"""

import os
from pathlib import Path
from urllib.parse import unquote

from besra.problems import Place, Problem, Severity

LOG = "_delta_log"
EVENTS = "events"
JOURNAL = "journal.sqlite"
"""The folder of a service has a table of this name beside a file of that name."""
KNOWN_FEATURES = frozenset(
    {"timestampNtz", "v2Checkpoint", "vacuumProtocolCheck", "variantType", "variantType-preview"}
)
"""Features of tables after which a live file holds just its rows."""


def table_at(folder: str) -> bool:
    """Whether a folder is that of a table."""
    return os.path.isdir(os.path.join(folder, LOG))  # noqa: PTH112, PTH118  asked of every folder of a search


def table_above(folder: str) -> str | None:
    """The folder of the table that a folder is a part of; None if it is part of none, or a table itself."""
    return next((str(above) for above in Path(folder).absolute().parents if table_at(str(above))), None)


def events_of_service(folder: str) -> str | None:
    """The folder of the events in that of a service, all else in which are its books; None for any other folder."""
    path = Path(folder)
    events = path / EVENTS
    return str(events) if (path / JOURNAL).is_file() and table_at(str(events)) else None


def live_files(folder: str) -> tuple[list[str] | None, list[Problem]]:
    """The absolute paths of a table's files, None if its log cannot be read; and what is to be said about it."""
    place = Place(folder)
    try:
        from deltalake import DeltaTable  # noqa: PLC0415  optional, and tables are seldom
    except ImportError:
        message = "a Delta Lake table, whose log cannot be read here: files it does not use any more are read too"
        hint = "pip install 'besra[serve]'"
        return None, [Problem("delta-not-installed", message, Severity.WARNING, place, hint)]
    try:
        table = DeltaTable(folder)
        paths = table.get_add_actions().column("path").to_pylist()
        features = frozenset(table.protocol().reader_features or ())
    except Exception as error:  # whatever a damaged log makes it raise
        reason = " ".join(str(error).split())[:300]
        message = f"a Delta Lake table whose log cannot be read: {reason}; files it does not use any more are read too"
        return None, [Problem("delta-unreadable", message, Severity.WARNING, place)]
    root = os.path.abspath(folder)  # noqa: PTH100  without following links
    found = sorted(os.path.normpath(os.path.join(root, unquote(path))) for path in paths)  # noqa: PTH118
    inside = [path for path in found if path.startswith(os.path.join(root, ""))]  # noqa: PTH118
    problems = []
    if outside := len(found) - len(inside):
        message = f"the log of a Delta Lake table names files outside of its folder, which are not read: {outside:,}"
        problems.append(Problem("delta-outside", message, Severity.WARNING, place, "name them to have them read"))
    if unknown := sorted(features - KNOWN_FEATURES):
        message = f"the Delta Lake table uses {', '.join(unknown)}: rows that were deleted may be read too"
        problems.append(Problem("delta-features", message, Severity.WARNING, place))
    return inside, problems
