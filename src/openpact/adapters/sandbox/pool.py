"""The pool: runs scripts in one-shot workers that wait ready and locked, and tells how each run ended.

    pool = await Pool.open(Settings(max_active=2))
    ended = await pool.run(request, limits, host)
    await pool.close()

Rules of this file:
- A worker serves one run and is killed after it, however the run ended; a cancelled run leaves nothing behind.
- The wall clock runs from dispatch. The zygote ends a run that overstays; this process only says what happened.
- Never unlocked: a zygote that lacks what is demanded is not used, also not one that replaces another.
- A run ends with `Ended`; only what happened before it began, and the host's own faults, are raised.
"""

import asyncio
import signal
import sys
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from openpact.adapters.sandbox import ends, message, watch, wire
from openpact.adapters.sandbox.admission import Admission, Full, Place
from openpact.adapters.sandbox.inside import worker as inside
from openpact.adapters.sandbox.nursery import Nursery, Worker
from openpact.adapters.sandbox.room import Room
from openpact.adapters.sandbox.settings import Settings, missing
from openpact.adapters.sandbox.talk import Gone, HostPort, Last, Talk
from openpact.domain import errors
from openpact.domain.run import Code, Denied, Ended, Failure, Limits, Usage

__all__ = ["HostPort", "Pool", "Settings", "Stats", "missing"]

GRACE_MS = 250  # what the engine has to end by itself, after the wall clock
_LAST_RESORT = 2.0  # seconds after that until the zygote itself counts as stuck
_ENGINE_MB = 64  # what the engine itself takes, at most
_CHECK = Limits(wall_ms=5_000)
_TOLD = ("wall_ms", "memory_mb", "steps", "result_bytes", "log_lines", "log_chars")  # what the engine keeps to
_SLOWEST_END = 10.0  # seconds that a killed worker's end may take to be heard of, on a busy machine
_FIRST_PAUSE, _LONGEST_PAUSE, _STEADY = 0.1, 10.0, 30.0  # seconds


class Stats(NamedTuple):
    """How busy the pool is."""

    workers: int
    active: int
    waiting: int
    warm: int


class _Silent:
    """The host of what may ask nothing."""

    async def call(self, op: str, given: Mapping[str, Any]) -> object:  # noqa: ARG002 - no matter what is given
        raise Denied(Code.CAPABILITY_DENIED, f"Nothing is run here, so {op!r} is not answered.")

    def log(self, text: str) -> None:
        pass


class Pool:
    """All that runs scripts in this process."""

    def __init__(self, settings: Settings, nursery: Nursery) -> None:
        self._settings = settings
        self._nursery = nursery
        self._idle: deque[Worker] = deque()
        self._admission = Admission(
            max_active=settings.max_active, max_workers=settings.max_workers, max_pending=settings.max_pending
        )
        self._room = Room(settings.room_bytes)
        self._restart: asyncio.Task[None] | None = None
        self._started_at = asyncio.get_running_loop().time()
        self._pause = 0.0
        self._closed = False
        self._watch: asyncio.Task[None] | None = None
        if sys.platform != "linux":
            most = (settings.memory_mb + _ENGINE_MB) << 20
            self._watch = asyncio.create_task(watch.watch(self._watched, most, self._kill))
        self._refill()

    @classmethod
    async def open(cls, settings: Settings) -> "Pool":
        """Start the sandbox. Raises SandboxUnavailable."""
        return cls(settings, await _started(settings))

    @property
    def report(self) -> Mapping[str, str]:
        """Each layer of the sandbox: `ok`, or why it lacks."""
        return self._nursery.report

    def stats(self) -> Stats:
        """Give how busy the pool is."""
        return Stats(len(self._nursery.workers), self._admission.active, self._admission.waiting, len(self._idle))

    async def run(
        self, request: Mapping[str, Any], limits: Limits, host: HostPort, *, whose: str = "", nested: bool = False
    ) -> Ended:
        """Run a script in its caller's turn. Raises SandboxUnavailable when not begun, and what the host raises."""
        try:
            place = await self._admission.enter(whose=whose, nested=nested)
        except Full:
            return Ended(failure=ends.of(Code.BUSY, limits))
        try:
            last, usage = await self._serve(request, limits, host, place)
        finally:
            place.leave()
        if isinstance(last, message.Checked):
            last = ends.of(Code.SANDBOX_VIOLATION, limits)
        if isinstance(last, Failure):
            return Ended(failure=last, usage=usage)
        return Ended(result=last.result, usage=usage)

    async def check(self, name: str, source: str) -> dict[str, Any]:
        """Read a source without running it and give its outline. Raises ScriptInvalid, SandboxUnavailable."""
        try:
            place = await self._admission.enter()
        except Full:
            raise errors.SandboxUnavailable("So many scripts run or wait that this one was not read.") from None
        try:
            last, _usage = await self._serve({"t": "check", "name": name, "source": source}, _CHECK, _Silent(), place)
        finally:
            place.leave()
        if isinstance(last, message.Done):
            last = ends.of(Code.SANDBOX_VIOLATION, _CHECK)
        if isinstance(last, Failure):
            where = {"code": last.code, "message": last.message, "line": last.line, "column": last.column}
            raise errors.ScriptInvalid(last.message, hint=last.hint, details={"fields": [where]})
        return last.outline

    async def close(self) -> None:
        """End every run and every process."""
        self._closed = True
        if self._restart is not None:
            self._restart.cancel()
            await asyncio.wait({self._restart})
        if self._watch is not None:
            self._watch.cancel()
        self._dismiss()
        await self._nursery.close()

    async def _serve(
        self, request: Mapping[str, Any], limits: Limits, host: HostPort, place: Place
    ) -> tuple[Last, Usage]:
        body = wire.framed(msgspec.json.encode({**request, "limits": {name: getattr(limits, name) for name in _TOLD}}))
        worker = await self._worker()
        place.slow_down = worker.slow_down
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        worker.give(limits.wall_ms + GRACE_MS)
        talk = Talk(worker, place, limits, host, self._room)
        backstop = asyncio.timeout(limits.wall_ms / 1000 + GRACE_MS / 1000 + _LAST_RESORT)
        last: Last
        try:
            async with backstop:
                await talk.begin(body)
                self._refill()
                last = await talk.listen()
        except Gone:
            last = await self._why_gone(worker, talk, limits)
        except TimeoutError:
            if not backstop.expired():
                raise
            last = ends.of(Code.TIMEOUT, limits)
            await self._put_down(worker)
        finally:
            talk.close()
            worker.end()
        return last, _usage(talk, worker, loop.time() - began_at)

    async def _why_gone(self, worker: Worker, talk: Talk, limits: Limits) -> Failure:
        if not worker.exited.done():
            await asyncio.wait({worker.exited}, timeout=_LAST_RESORT)
        stayed = not worker.exited.done()  # it closed its socket and stays, or the machine is slow to tell its end
        if stayed:
            worker.end()
            await asyncio.wait({worker.exited}, timeout=_SLOWEST_END)
        exit_ = worker.exited.result() if worker.exited.done() else None
        if stayed and exit_ is not None and exit_.status == signal.SIGKILL:
            return ends.of(Code.SANDBOX_VIOLATION, limits)
        if exit_ is None:
            return ends.of(Code.SANDBOX_LOST, limits)
        if exit_.status == inside.UNLOCKED << 8 and not talk.heard:  # who has spoken was locked, or lies
            raise errors.SandboxUnavailable("A lock of the sandbox that held at the start did not hold now.")
        return ends.died(exit_, limits)

    async def _put_down(self, worker: Worker) -> None:
        """End a worker that the zygote should have ended long ago; one that cannot takes the zygote with it."""
        worker.end()
        await asyncio.wait({worker.exited}, timeout=_SLOWEST_END)
        if not worker.exited.done():
            self._nursery.abandon()

    async def _worker(self) -> Worker:
        if self._nursery.lost.done():
            await self._started_again()
        while self._idle:
            worker = self._idle.popleft()
            if not worker.exited.done():
                return worker
            worker.end()
        try:
            return self._nursery.spawn()
        except OSError as error:
            raise errors.SandboxUnavailable(f"There is no room for another worker: {error.strerror}.") from None

    def _refill(self) -> None:
        try:
            while len(self._idle) < self._settings.warm and not self._nursery.lost.done():
                self._idle.append(self._nursery.spawn())
        except OSError:
            return  # no descriptor is left; the next run that needs a worker says so

    def _watched(self) -> list[int]:
        return self._nursery.watched()

    def _kill(self, process: int) -> None:
        self._nursery.kill(process)

    def _dismiss(self) -> None:
        while self._idle:
            self._idle.popleft().end()

    async def _started_again(self) -> None:
        if self._closed:
            raise errors.SandboxUnavailable("The sandbox is closed.")
        if self._restart is None or self._restart.done():
            self._restart = asyncio.create_task(self._start_again())
        await asyncio.shield(self._restart)

    async def _start_again(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._started_at > _STEADY:
            self._pause = 0.0
        self._dismiss()
        await self._nursery.close()
        await asyncio.sleep(self._pause)
        self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self._pause * 2))
        self._nursery = await _started(self._settings)
        self._started_at = loop.time()


async def _started(settings: Settings) -> Nursery:
    nursery = await Nursery.start(settings)
    lacking = missing(nursery.report, settings.require)
    if lacking:
        await nursery.close()
        layers = ", ".join(f"{layer} ({nursery.report.get(layer, 'not there')})" for layer in lacking)
        raise errors.SandboxUnavailable(
            f"The sandbox lacks what `sandbox.require: {settings.require}` demands: {layers}.",
            hint="Give the process what it needs for these layers, or demand less with `sandbox.require`.",
        )
    return nursery


def _usage(talk: Talk, worker: Worker, seconds: float) -> Usage:
    exit_ = worker.exited.result() if worker.exited.done() else None
    peak = talk.peak if exit_ is None else exit_.grown  # the kernel's word, when it is there, before the worker's
    return Usage(duration_ms=round(seconds * 1000, 3), steps=talk.steps, peak_memory=peak)
