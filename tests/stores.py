"""Stores of alerts for tests: every test that asks for one runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from besra.service.spaces import Spaces
from besra.storage.alert_store import AlertStore
from tests.postgres import NoServerError, server

Place = Path | str


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    pytest.importorskip("psycopg", reason="the package psycopg is not installed")
    try:
        with server() as url:
            yield url
    except NoServerError as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a store that does not exist yet can be made: a path, or a URL with a schema of its own."""
    if request.param == "sqlite":
        yield tmp_path / "alerts.sqlite"
        return
    url = make_url(request.getfixturevalue("postgres")).set(drivername="postgresql+psycopg")
    schema = f"test_{uuid4().hex}"
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    options = quote(f"-csearch_path={schema}", safe="")
    told = url.render_as_string(hide_password=False)
    yield f"{told}{'&' if '?' in told else '?'}options={options}"
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    engine.dispose()


def spaces_of(store: AlertStore) -> Spaces:
    """The spaces of a service over a store."""
    spaces = Spaces()
    spaces.open(store)
    return spaces


@pytest.fixture
def store(place: Place) -> Iterator[AlertStore]:
    """An empty store."""
    with AlertStore(place) as opened:
        yield opened
