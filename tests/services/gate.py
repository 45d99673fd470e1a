"""A gate in the way of the store's writer in tests: what is queued behind it waits until it is opened."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from openpact.adapters.store import Transaction
from tests.waiting import until
from tests.world import World


class Gate:
    """Holds whoever passes until it is opened, and knows that somebody stands there."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def passing(self, _tx: Transaction | None = None) -> None:
        """Stand here until it is opened."""
        self.reached.set()
        assert self.opened.wait(20)


@contextmanager
def held(world: World) -> Iterator[Gate]:
    """Hold the writer's thread inside a transaction of its own; leaving the block lets it go."""
    gate = Gate()
    job = world.store.submit(gate.passing)
    assert gate.reached.wait(10)
    try:
        yield gate
    finally:
        gate.opened.set()
        until(job.done)
