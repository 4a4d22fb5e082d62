"""What a service tells the system: that it acknowledges nothing before it is on disk.

An answer must not leave before the journal's log has been written for its request and synced after that. The calls are
traced, one request at a time is sent, and their order is looked at.
"""

import json
import re
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from tests.crash.outcome import Outcome, SkippedError
from tests.crash.rules import INDEX, write_rules
from tests.crash.serving import Serving, has_strace

REQUESTS = 30
CALLS = "pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync"
LOG = "journal.sqlite-wal"
_CALL = re.compile(r"^(?P<thread>\d+)\s+(?P<call>\w+)\((?P<rest>.*)$")
_RESUMED = re.compile(r"^(?P<thread>\d+)\s+<\.\.\. (?P<call>\w+) resumed>(?P<rest>.*)$")
ACKNOWLEDGED = re.compile(r'(socket|TCP).*"HTTP/1.1 200.*x-elastic', re.IGNORECASE)
"""How the answer to a request of a shipper begins, written to a connection."""


def traced_syncs(folder: Path) -> Outcome:
    """Send requests to a traced service and look at the order of its calls. Raises SkippedError."""
    if not has_strace():
        raise SkippedError("strace is not to be had, or may not trace")
    folder.mkdir(parents=True)
    rules = write_rules(folder)
    traced = folder / "calls"
    with Serving(folder, rules, folder / "data") as serving:
        serving.start(tracer=["strace", "-D", "-f", "-y", "-qq", "-s", "64", "-o", str(traced), "-e", f"trace={CALLS}"])
        serving.wait_up()
        for number in range(REQUESTS):
            action, document = {"create": {"_id": str(number)}}, {"event.action": "single"}
            body = f"{json.dumps(action)}\n{json.dumps(document)}\n".encode()
            with urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/{INDEX}/_bulk", body, timeout=60) as answer:
                assert json.load(answer)["errors"] is False
        serving.kill()
    found, faults = acknowledgements(traced.read_text("utf-8", "replace").splitlines())
    outcome = Outcome(f"{found} acknowledgements, each after a sync of what was written")
    outcome.verdict.faults += faults
    if found != REQUESTS:
        outcome.verdict.faults.append(f"{found} acknowledgements were seen, not {REQUESTS}")
    return outcome


def acknowledgements(lines: Iterable[str]) -> tuple[int, list[str]]:
    """How many acknowledgements of `_bulk` a trace of strace has, and those that came too early."""
    found, faults = 0, []
    written = synced = False
    syncing: set[str] = set()
    for line in lines:
        if resumed := _RESUMED.match(line):
            if resumed["thread"] in syncing and "= 0" in resumed["rest"]:
                synced = written
            syncing.discard(resumed["thread"])
            continue
        call = _CALL.match(line)
        if call is None:
            continue
        name, rest = call["call"], call["rest"]
        if name in ("pwrite64", "write") and LOG in rest:
            written, synced = True, False
        elif name in ("fsync", "fdatasync") and LOG in rest:
            if "unfinished" in rest:
                syncing.add(call["thread"])
            elif rest.endswith("= 0"):
                synced = written
        elif ACKNOWLEDGED.search(rest):
            found += 1
            if not synced:
                faults.append(f"an acknowledgement left before its sync: {line[:200]}")
            written = synced = False
    return found, faults
