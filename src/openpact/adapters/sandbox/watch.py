"""Memory where the kernel keeps no limit: the parent looks at its workers and ends those that outgrew theirs.

Rules of this file:
- Only where rlimits do not bound memory (macOS); on Linux the kernel does, and nothing looks.
- It is a second net: a script can grow for one period before it is seen.
"""

import asyncio
from collections.abc import Callable, Collection

PERIOD = 0.2  # seconds
_KILOBYTE = 1024


async def watch(processes: Callable[[], Collection[int]], most: int, kill: Callable[[int], None]) -> None:
    """Look for as long as the pool is open, and kill whoever holds more bytes than this."""
    while True:
        await asyncio.sleep(PERIOD)
        for process in await outgrown(processes(), most):
            kill(process)


async def outgrown(processes: Collection[int], most: int) -> set[int]:
    """Give those of the processes that hold more bytes than this."""
    if not processes:
        return set()
    listing = await asyncio.create_subprocess_exec(
        *("ps", "-o", "pid=,rss=", "-p", ",".join(map(str, processes))),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _nothing = await listing.communicate()
    rows = [line.split() for line in said.decode().splitlines()]
    return {int(process) for process, size in rows if int(size) * _KILOBYTE > most}
