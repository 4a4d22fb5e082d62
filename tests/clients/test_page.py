"""The configurations of docs/shippers.md, word for word but for the address, before a service that has users."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.installed import TIMEOUT, Client, needs_any, node_client, python_client
from tests.clients.streams import SECOND, Stream
from tests.documents import ROOT, blocks_of
from tests.page_scripts import key_of, serving_users
from tests.served import Served

PAGE = ROOT / "docs" / "shippers.md"
ADDRESS = "http://127.0.0.1:9200"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    needs_any()
    with serving_users(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(autouse=True)
def key(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that may send and nothing else, where the page has it."""
    monkeypatch.setenv("KEY", key_of(served, "ingest"))


def block(language: str, mark: str, served: Served) -> str:
    """The block of a language that holds a mark, for a service of the test."""
    (text,) = (found.text for found in blocks_of(PAGE, language) if mark in found.text)
    assert ADDRESS in text
    return text.replace(ADDRESS, served.address)


def fed(command: list[str], environment: dict[str, str], stream: Stream, folder: Path) -> str:
    """What a command prints that is fed a stream, one document a line; it has nothing to complain about."""
    lines = "".join(json.dumps(document) + "\n" for document in stream.documents)
    done = subprocess.run(
        command,
        cwd=folder,
        input=lines,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def run(client: Client, program: str, stream: Stream, folder: Path) -> str:
    file = folder / "program"
    file.write_text(program, "utf-8")
    return fed([*client.command, str(file)], dict(client.environment), stream, folder)


@pytest.mark.parametrize("version", [8, 9])
def test_python(served: Served, version: int, tmp_path: Path) -> None:
    stream = Stream(version)
    program = block("py", "from elasticsearch import", served)
    assert run(python_client(f"elasticsearch-python-{version}"), program, stream, tmp_path) == ""
    assert stream.come_out(served)


def test_opensearch_for_python(served: Served, tmp_path: Path) -> None:
    stream = Stream(10)
    first = block("py", "from opensearchpy import", served)
    other = block("py", "from elasticsearch import", served)
    head, other_head = "from elasticsearch import", "client = Elasticsearch("
    program = "".join(line for line in other.splitlines(True) if not line.startswith((head, other_head)))
    imports, _, rest = program.partition("\n\n")
    assert run(python_client("opensearch-python"), f"{imports}\n{first}\n{rest}", stream, tmp_path) == ""
    assert stream.come_out(served)


@pytest.mark.parametrize("version", [8, 9])
def test_javascript(served: Served, version: int, tmp_path: Path) -> None:
    stream = Stream(20 + version)
    package = f"elasticsearch-{version}"
    program = block("js", "@elastic/elasticsearch", served).replace("@elastic/elasticsearch", package)
    assert run(node_client(package), program, stream, tmp_path) == f"{len(stream.documents)}\n"
    assert stream.come_out(served)


def test_opentelemetry(served: Served, tmp_path: Path) -> None:
    before = served.taken()
    assert (
        run(python_client("opentelemetry-python"), block("py", "OTLPLogExporter", served), Stream(30, 0), tmp_path)
        == ""
    )
    assert served.taken() == before + 1


def test_curl(served: Served, tmp_path: Path) -> None:
    """All events go to one data stream, which the first rule reads and the second does not."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    stream = Stream(31)
    lines = "".join(json.dumps(document) + "\n" for document in stream.documents)
    (tmp_path / "events.ndjson").write_text(lines, "utf-8")
    program = block("sh", "--data-binary", served).replace("curl --", "curl --silent --show-error --")
    assert json.loads(fed(["sh", "-c", program], {}, Stream(31, 0), tmp_path)) == {"errors": False}
    stream.alerting.pop(SECOND)
    assert stream.come_out(served)
