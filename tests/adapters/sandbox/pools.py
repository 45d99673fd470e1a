"""Pools for tests: opened with a hostile or a plain stand-in for the engine, with a host that keeps what it hears."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import uvloop

from openpact.adapters.sandbox.pool import Pool, Settings
from openpact.domain.run import Code, Denied, Ended, Limits

T = TypeVar("T")

COMPROMISED = "tests.hostile.compromised"
PLAIN = "tests.hostile.plain"
QUICK = Limits(wall_ms=300)  # for what ends by its deadline
PATIENT = Limits()
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Desk:
    """A host that answers `echo`, refuses `deny`, and takes for ever over `long`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.calls: list[str] = []
        self.cancelled = 0
        self.asked = asyncio.Event()

    async def call(self, op: str, given: Mapping[str, Any]) -> object:
        self.calls.append(op)
        self.asked.set()
        if op == "echo":
            return given["text"]
        if op == "deny":
            raise Denied(Code.CAPABILITY_DENIED, "This is not declared.", "Declare it.")
        if op == "fault":
            raise RuntimeError("the host has a fault of its own")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return None

    def log(self, text: str) -> None:
        self.lines.append(text)


def request(source: str) -> dict[str, Any]:
    return {"t": "run", "name": "test.star", "source": source, "function": None, "args": None}


async def run(pool: Pool, source: str, limits: Limits = PATIENT, desk: Desk | None = None) -> Ended:
    return await pool.run(request(source), limits, desk or Desk())


def on_pool(use: Callable[[Pool], Awaitable[T]], *, loop: str = "asyncio", **settings: Any) -> T:
    """Open a pool, use it and close it, on an event loop of its own."""

    async def whole() -> T:
        pool = await Pool.open(Settings(**{"max_active": 4, "warm": 1, "entry": COMPROMISED, **settings}))
        try:
            return await use(pool)
        finally:
            await pool.close()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        return runner.run(whole())


async def soon(predicate: Callable[[], object]) -> None:
    """Wait until it is true, while the event loop goes on; fail when it is not so in time."""
    async with asyncio.timeout(10):
        while not predicate():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.002)


async def settled(pool: Pool) -> None:
    """Wait until only the warm workers are there."""
    await soon(lambda: pool.stats().workers == pool.stats().warm)


def descriptors() -> int:
    """Count the descriptors that this process holds."""
    return len(list(Path("/proc/self/fd").iterdir()))


def code_of(ended: Ended) -> Code | None:
    return ended.failure.code if ended.failure else None


def descendants(root: int) -> set[int]:
    """Give the ids of all processes below one, from the kernel."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it ended meanwhile
                continue
            if fields[0] != "Z":
                parents[int(folder.name)] = int(fields[1])
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def workers() -> set[int]:
    """Give the ids of the workers of this process: of all below it, only they have a filter of calls."""
    found = set()
    for process in descendants(os.getpid()):
        with contextlib.suppress(OSError):
            if "\nSeccomp:\t2" in Path(f"/proc/{process}/status").read_text():
                found.add(process)
    return found


def kill(processes: Iterable[int]) -> None:
    """Kill processes of ours; one may take others along."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
