"""OpenTelemetry's SDK, which sends logs over OTLP."""

import pytest

from tests.clients.installed import python_client
from tests.clients.streams import Stream
from tests.served import Served


@pytest.mark.parametrize(("compression", "seed"), [("none", 1), ("gzip", 2)])
def test_python_exports(served: Served, compression: str, seed: int) -> None:
    stream = Stream(seed)
    client = python_client("opentelemetry-python")
    answer = client.run("opentelemetry_client.py", compression, address=served.address, documents=stream.documents)
    assert answer == {"flushed": True}
    assert stream.come_out(served)
