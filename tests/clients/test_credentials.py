"""What ships, with the credentials of a service that has users: a name and a password that may do nothing else."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.installed import node_client, python_client
from tests.clients.streams import Stream, eventually
from tests.clients.test_rsyslog import listens, rsyslog, rsyslogd, snippet
from tests.guarded import key
from tests.served import Served, free_port, serving

PASSWORD = "correct-horse-battery"
"""Of signs that no client takes for something else in an address."""
BESRA = [sys.executable, "-m", "besra.cli"]


@dataclass(frozen=True)
class Shared:
    """A service and the key of a shipper."""

    served: Served
    shipper: str


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Shared"]:
    """A service with a user who may send, `shipper`; the tests themselves ask as an admin."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "password").write_text(PASSWORD)
    data = ["--data", str(folder / "data")]
    for name, role in (("ann", "admin"), ("shipper", "ingest")):
        options = ["--role", role, "--password-file", str(folder / "password"), *data]
        subprocess.run([*BESRA, "user", "add", name, *options], check=True)
    keys = []
    for name in ("ann", "shipper"):
        command = [*BESRA, "key", "create", "t", "--user", name, *data]
        keys.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["encoded"])
    with serving(folder / "data", users=True) as running:
        running.headers = key(keys[0])
        yield Shared(running, keys[1])


@pytest.fixture
def guarded(shared: Shared) -> Served:
    """The service."""
    return shared.served


def shipped_to(served: Served) -> str:
    """The address with a name and a password, as clients take it."""
    return served.address.replace("://", f"://shipper:{PASSWORD}@")


@pytest.mark.parametrize("way", ["bulk", "compressed", "streaming", "parallel", "asynchronous"])
@pytest.mark.parametrize("version", [8, 9])
def test_elasticsearch_for_python(shared: Shared, guarded: Served, version: int, way: str) -> None:
    client = python_client(f"elasticsearch-python-{version}")
    stream = Stream(hash_of(f"{version}{way}"))
    # Some ways of the program have their credentials in other arguments.
    given = {"password": ["shipper", PASSWORD], "api_key": shared.shipper}
    told = {"address": guarded.address if way in ("compressed", "streaming") else shipped_to(guarded), **given}
    answer = client.run("elasticsearch_client.py", way, actions=stream.actions, **told)
    assert answer == {"sent": len(stream.actions), "errors": []}
    assert stream.come_out(guarded)


@pytest.mark.parametrize("way", ["bulk", "helpers"])
@pytest.mark.parametrize("version", [8, 9])
def test_elasticsearch_for_javascript(guarded: Served, version: int, way: str) -> None:
    package = f"elasticsearch-{version}"
    client, stream = node_client(package), Stream(hash_of(f"js{version}{way}"))
    told = {"address": shipped_to(guarded), "actions": stream.actions}
    assert client.run("elasticsearch_client.cjs", package, way, **told) == {"sent": len(stream.actions), "errors": []}
    assert stream.come_out(guarded)


def test_opensearch_for_python(guarded: Served) -> None:
    client, stream = python_client("opensearch-python"), Stream(hash_of("opensearch"))
    answer = client.run("opensearch_client.py", "bulk", address=shipped_to(guarded), actions=stream.actions)
    assert answer == {"sent": len(stream.actions), "errors": []}
    assert stream.come_out(guarded)


def test_rsyslog(guarded: Served, tmp_path: Path) -> None:
    rsyslogd()
    port, before = free_port(), guarded.taken()
    own = guarded.address.rpartition(":")[2]
    places = {'port="514"': f'port="{port}"', '"9200"': f'"{own}"', "/var/spool/rsyslog": tmp_path}
    with rsyslog(tmp_path, snippet(1, **places, PASSWORD=PASSWORD)):
        assert eventually(lambda: listens(port))
        with socket.create_connection(("127.0.0.1", port)) as syslog:
            for number in range(20):
                syslog.sendall(f"<38>Nov 27 23:10:{number:02} vm-1 sshd[4242]: hello\n".encode())
        assert eventually(lambda: guarded.taken() == before + 20)


def hash_of(text: str) -> int:
    """A number for a stream of its own."""
    return sum(map(ord, text)) * 7919
