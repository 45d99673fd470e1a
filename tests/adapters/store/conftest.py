"""An open store of each engine in turn, on one PostgreSQL database that is emptied for each test."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from openpact.adapters.store import Store, open_store
from tests.adapters.store.rows import hang_up

Opener = Callable[[], Store]


@pytest.fixture(scope="session")
def shared_postgres_url(postgres: str) -> Iterator[str]:
    """Give the address of a database for all tests of the store: to make one takes longer than most of them do."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgres_url(shared_postgres_url: str) -> str:
    """Give the address of an empty PostgreSQL database that nobody else is connected to."""
    hang_up(shared_postgres_url)
    with psycopg.connect(shared_postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return shared_postgres_url


@pytest.fixture
def open_another(store_url: str) -> Iterator[Opener]:
    """Give a way to open the database once more, as another daemon would."""
    with ExitStack() as stack:

        def opener() -> Store:
            opened = open_store(store_url)
            stack.callback(opened.close)
            return opened

        yield opener


@pytest.fixture
def store(open_another: Opener) -> Store:
    """Give a store of each engine in turn."""
    return open_another()


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """Give a store in a file."""
    opened = open_store(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[Store]:
    """Give a store on PostgreSQL."""
    opened = open_store(postgres_url)
    yield opened
    opened.close()
