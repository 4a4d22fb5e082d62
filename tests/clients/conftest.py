"""A service that the tests of a module share."""

from collections.abc import Iterator

import pytest

from tests.clients.installed import needs_any
from tests.served import Served, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    needs_any()
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running
