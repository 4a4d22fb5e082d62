"""rsyslog with omelasticsearch: files and syslog messages, through an outage."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from deltalake import DeltaTable
from starlette.applications import Starlette

from besra.service import cluster, elasticsearch
from besra.service.ingest import DEFAULT_LIMITS, Ingest, Limits
from besra.service.protocol import Protocol
from besra.service.routing import routes_of
from besra.storage.journal import Journal, JournalError
from tests.clients.streams import Stream, eventually
from tests.documents import ROOT, blocks_of
from tests.served import PATIENCE, free_port, serving

MODULES = Path("/usr/lib")
RULE = """
[rule]
author = ["besra"]
description = "A password that was wrong."
index = ["logs-system.*"]
language = "kuery"
name = "Wrong password"
query = '''host.hostname : "vm-1" and process.name : sshd and process.pid : 4242 and log.syslog.severity.code : 6 and
  log.syslog.facility.code : 4 and message : "failed password for root 3"'''
risk_score = 21
rule_id = "5f4d7a52-9d6f-4a35-8c0c-0f6f0c2f4f11"
severity = "low"
type = "query"
"""
PAGE = ROOT / "docs" / "shippers.md"


def rsyslogd() -> str:
    """The program. Skips the test if it is not there with its module."""
    program = shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
    if program is None or not any(MODULES.glob("**/rsyslog/omelasticsearch.so")):
        pytest.skip("rsyslog is not installed with its omelasticsearch (Debian: rsyslog rsyslog-elasticsearch)")
    return program


@pytest.fixture(autouse=True)
def is_there() -> None:
    """Skips the test before a service is started for it."""
    rsyslogd()


@contextmanager
def rsyslog(folder: Path, configuration: str) -> Iterator["subprocess.Popen[str]"]:
    """A running rsyslogd with a configuration, which keeps what it keeps in a folder."""
    program = rsyslogd()
    file = folder / "rsyslog.conf"
    file.write_text(f'global(workDirectory="{folder}")\n{configuration}', "utf-8")
    command = [program, "-n", "-f", str(file), "-i", str(folder / "pid")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def snippet(number: int, **places: object) -> str:
    """A configuration as the page has it, with the places of a test in place of its own."""
    text = blocks_of(PAGE, "rsyslog")[number].text
    for name, place in places.items():
        assert name in text
        text = text.replace(name, str(place))
    return text


def stored_ids(folder: Path) -> list[str]:
    """The ids of the events in the store of a service that has ended."""
    return sorted(DeltaTable(str(folder / "events")).to_pyarrow_table(columns=["_id"]).column("_id").to_pylist())


def append(file: Path, documents: Sequence[dict[str, Any]]) -> None:
    with file.open("a", encoding="utf-8") as opened:
        opened.writelines(json.dumps(document) + "\n" for document in documents)


def test_files_come_over_an_outage_whole_and_once(tmp_path: Path) -> None:
    stream, file, data, port = Stream(1), tmp_path / "events.ndjson", tmp_path / "data", free_port()
    ids = sorted(document["event"]["id"] for document in stream.documents)
    assert len(set(ids)) == len(ids)
    third = len(ids) // 3
    configuration = snippet(
        0, **{"/var/log/events.ndjson": file, '"9200"': f'"{port}"', "/var/spool/rsyslog": tmp_path}
    )
    file.touch()
    with rsyslog(tmp_path, configuration) as shipper:
        with serving(data, port=port) as served:
            append(file, stream.documents[:third])
            assert eventually(lambda: served.taken() >= third)
            append(file, stream.documents[third : 2 * third])
            served.process.kill()
        append(file, stream.documents[2 * third :])
        with serving(data, port=port) as served:
            assert stream.come_out(served)
            assert shipper.poll() is None
            code, _ = served.stop()
            assert code == 0
    assert stored_ids(data) == ids


def test_syslog_messages_become_fields(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    rule = tmp_path / "rule.toml"
    rule.write_text(RULE, "utf-8")
    with serving(data, "--rules", str(rule)) as served:
        own = served.address.rpartition(":")[2]
        places = {'port="514"': f'port="{port}"', '"9200"': f'"{own}"', "/var/spool/rsyslog": tmp_path}
        with rsyslog(tmp_path, snippet(1, **places)):
            assert eventually(lambda: listens(port))
            with socket.create_connection(("127.0.0.1", port)) as syslog:
                for number in range(200):
                    text = (
                        f'<38>Nov 27 23:10:{number % 60:02} vm-1 sshd[4242]: Failed password for "root" {number % 4}\n'
                    )
                    syslog.sendall(text.encode())
            assert eventually(lambda: served.taken() == 200)
            assert len(served.alerts(50)) == 50
        assert served.stop()[0] == 0
    assert len(set(stored_ids(data))) == 200


@pytest.mark.parametrize("options", ["", 'bulkmode="on" uid="elastic" pwd="changeme"', 'searchType="" timeout="1m"'])
def test_what_is_least_is_enough(tmp_path: Path, options: str) -> None:
    """rsyslog's own index, type and document, whatever rules make of them."""
    port = free_port()
    with serving(tmp_path / "data") as served:
        configuration = f"""
module(load="imtcp")
module(load="omelasticsearch")
input(type="imtcp" port="{port}")
action(type="omelasticsearch" server="127.0.0.1" serverport="{served.address.rpartition(":")[2]}" {options})
"""
        with rsyslog(tmp_path, configuration):
            assert eventually(lambda: listens(port))
            with socket.create_connection(("127.0.0.1", port)) as syslog:
                for number in range(20):
                    syslog.sendall(f"<38>Nov 27 23:10:{number:02} vm-1 sshd[4242]: hello\n".encode())
            assert eventually(lambda: served.taken() == 20)


def test_a_service_that_is_busy_is_waited_for(tmp_path: Path) -> None:
    """Refused as a whole twice, with 429 and with 503, before all is taken."""
    port = free_port()
    with taking(tmp_path) as (ingest, address):
        places = {'port="514"': f'port="{port}"', '"9200"': f'"{address[1]}"', "/var/spool/rsyslog": tmp_path}
        with rsyslog(tmp_path, snippet(1, **places)):
            assert eventually(lambda: listens(port))
            with socket.create_connection(("127.0.0.1", port)) as syslog:
                for limits, error in ((Limits(waiting=-1), None), (DEFAULT_LIMITS, JournalError("the disk is full"))):
                    ingest.limits, ingest.error = limits, error
                    before = ingest.asked
                    syslog.sendall(
                        b"".join(f"<38>Nov 27 23:10:{n:02} vm-1 sshd[4242]: hello\n".encode() for n in range(9))
                    )
                    assert eventually(lambda before=before: ingest.asked > before)
                ingest.limits, ingest.error = DEFAULT_LIMITS, None
            assert eventually(lambda: ingest.taken >= 18)
    assert not list(tmp_path.glob("besra-refused.json"))


class Moody(Ingest):
    """What takes events, unless it is told to fail."""

    error: JournalError | None = None
    asked = 0

    def check(self) -> None:
        self.asked += 1
        if self.error or self.limits.waiting < 0:
            # rsyslog asks again at once, hundreds of times a second, and pauses the longer the more often it has asked.
            time.sleep(0.1)
        if self.error:
            raise self.error
        super().check()


@contextmanager
def taking(folder: Path) -> Iterator[tuple[Moody, tuple[str, int]]]:
    """The routes a shipper uses on their own, and where they are."""
    journal = Journal(folder)
    ingest = Moody(journal, folder, time.time_ns)
    app = Starlette(routes=routes_of([*cluster.routes(), *elasticsearch.routes(ingest)]))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, http=Protocol, lifespan="off", log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield ingest, listening.getsockname()
        finally:
            server.should_exit = True
            thread.join()
            journal.close()


def listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
