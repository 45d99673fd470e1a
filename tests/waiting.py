"""Waiting in tests: for something to become true, with a bound, never for a fixed time."""

import time
from collections.abc import Callable


def until(predicate: Callable[[], object], seconds: float = 10) -> None:
    """Wait until it is true; fail when it is not so in time."""
    ends_at = time.monotonic() + seconds
    while not predicate():
        assert time.monotonic() < ends_at, "it did not become true in time"
        time.sleep(0.01)
