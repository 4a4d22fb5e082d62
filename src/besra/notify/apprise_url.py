"""Any service that apprise has a URL for, sent to by a process of its own.

apprise connects by itself, so the process has a guard beneath it: whatever opens a connection is asked about the
address, files are refused but for those of Python and of certificates, and no proxy or account of the environment is
used. It is a process, too, so that what hangs in a service's library can be ended, and what apprise takes of memory is
not the service's for ever.
"""

import json
import subprocess
import sys
from typing import Any

from besra.notify.answer import Answer, failed, shown
from besra.notify.connector import Connector, Message
from besra.notify.outgoing import Outgoing
from besra.problems import Problem

TIMEOUT = 60.0
KINDS = ("info", "success", "warning", "failure")
LONGEST = 1 << 20


def send_apprise(connector: Connector, message: Message, outgoing: Outgoing) -> Answer:
    """Send a title and a text to what a URL of apprise stands for. Whatever happens is an answer."""
    params = message.params
    asked: dict[str, Any] = {
        "url": connector.secrets["url"],
        "title": str(params.get("title") or ""),
        "body": str(params.get("message") or "") or " ",
        "type": params.get("type") if params.get("type") in KINDS else "info",
        "networks": [str(network) for network in outgoing.networks],
        "hosts": sorted(outgoing.hosts),
        "ports": None if outgoing.ports is None else sorted(outgoing.ports),
    }
    # -P: nothing is imported from the folder the service was started in.
    command = [sys.executable, "-P", "-m", "besra.notify.apprise_process"]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked), capture_output=True, text=True, timeout=TIMEOUT, check=False, env=_clean()
        )
        told = json.loads(done.stdout[:LONGEST])
    except subprocess.TimeoutExpired:
        return failed(Problem("connector-unreachable", f"apprise was not done within {TIMEOUT:.0f} s"))
    except (OSError, ValueError) as error:
        return failed(Problem("connector-unreachable", f"apprise could not be run: {error}"))
    if told["sent"]:
        return Answer(details={"service": shown(told["service"])})
    details: dict[str, Any] = {name: shown(told[name]) for name in ("service", "body") if told.get(name)}
    match told["why"]:
        case "missing":
            problem = Problem("connector-invalid", "apprise is not installed", hint="pip install 'besra[serve]'")
        case "address":
            hint = "name it under allow_private of [outgoing] in the connectors file, if it is meant"
            problem = Problem("connector-address", shown(told["message"]), hint=hint)
        case "url":
            problem = Problem("connector-url", shown(told["message"]), hint="see apprise's list of its services")
        case _:
            problem = Problem("connector-answer", "the service has not taken it, as apprise says")
            return failed(problem, **details)
    return failed(problem, is_final=True, **details)


def _clean() -> dict[str, str]:
    """The environment without what would lead connections elsewhere, or hold secrets of the service."""
    import os  # noqa: PLC0415

    kept = ("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LANG", "LC_ALL", "TMPDIR", "TEMP", "SYSTEMROOT", "TZ")
    named = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
    # An empty NETRC: requests would look for accounts in the home of the service.
    return {**{name: value for name, value in os.environ.items() if name in (*kept, *named)}, "NETRC": ""}
