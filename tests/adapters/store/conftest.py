"""An open store of each engine in turn."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from openpact.adapters.store import Store, open_store

Opener = Callable[[], Store]


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
