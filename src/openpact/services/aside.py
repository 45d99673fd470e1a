"""Work of runs that takes long, beside the loop: two pieces at a time, whoever asks.

Rules of this file:
- All of it is computing, which holds up the loop's own thread a little too: more at a time would be no faster, and each
  piece would hold its megabytes.
- A piece that its run no longer waits for is not begun; one that has begun ends, so each must be bounded.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

SMALL = 65_536  # characters; what is read once and has no more is not worth a thread

_THREADS = ThreadPoolExecutor(2, "openpact-aside")


async def aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do this in one of the threads, when its turn comes."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, lambda: work(*args, **kwargs))
