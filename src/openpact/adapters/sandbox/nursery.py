"""The parent's side of the zygote: starts it, asks it for workers, hears of their ends.

Rules of this file:
- It starts with an empty environment and one descriptor; nothing of this process goes in with it.
- When its socket ends, every worker of it is dead: all are told so, and this nursery is never used again.
- No call here waits for the zygote: what it does not take at once is queued.
"""

import asyncio
import contextlib
import importlib.util
import itertools
import os
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from openpact.adapters.sandbox import message, wire
from openpact.adapters.sandbox.settings import Settings
from openpact.domain import errors

START_SECONDS = 15.0
END_SECONDS = 3.0
_LONGEST = 65_536
_BOOT = (
    "import sys; sys.path += sys.argv[3:]; from openpact.adapters.sandbox.inside import zygote;"
    " zygote.main(int(sys.argv[1]), int(sys.argv[2]))"
)
# One arena: what a script allocates is counted against its own limit, not spread over arenas per thread. Traces of
# the engine's panics would be printed, slowly, to nobody.
_ENVIRONMENT = {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1", "RUST_BACKTRACE": "0", "PYTHONHASHSEED": "random"}


class Worker:
    """One worker, as the parent knows it: its number, the socket to it, and its end once it is known."""

    def __init__(self, number: int, link: socket.socket, nursery: "Nursery") -> None:
        self.number = number
        self.link = link
        self.process: int | None = None  # known only where its memory must be watched
        self.exited: asyncio.Future[message.Exit | None] = asyncio.get_running_loop().create_future()
        self._nursery = nursery

    def give(self, milliseconds: int) -> None:
        """Let the zygote kill the worker after this time, whatever becomes of the parent."""
        self._nursery.order({"op": "deadline", "id": self.number, "ms": milliseconds})

    def slow_down(self) -> None:
        """Let everything else go first."""
        self._nursery.order({"op": "renice", "id": self.number})

    def end(self) -> None:
        """Kill the worker and let go of its socket."""
        self.link.close()
        if not self.exited.done():
            self._nursery.order({"op": "kill", "id": self.number})


class Nursery:
    """One zygote that is ready, and its workers."""

    def __init__(self, process: "subprocess.Popen[bytes]", control: socket.socket) -> None:
        self.report: Mapping[str, str] = {}
        self.workers: dict[int, Worker] = {}
        self._process = process
        self._control = control
        self._inbox = wire.Inbox(_LONGEST)
        self._unsent: deque[tuple[memoryview, socket.socket | None]] = deque()
        self._numbers = itertools.count(1)
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[message.Ready | message.Unready | None] = self._loop.create_future()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(control.fileno(), self._listen)

    @classmethod
    async def start(cls, settings: Settings) -> "Nursery":
        """Start a zygote and wait until it is locked. Raises SandboxUnavailable."""
        folders = _folders(settings)
        ours, theirs = socket.socketpair()
        # The zygote keeps the empty folder as its root. Once it is gone, nothing can be made in it any more.
        with tempfile.TemporaryDirectory(prefix="openpact-empty-") as empty:
            with theirs:
                process = _started(theirs.fileno(), folders)
            if process is None:
                ours.close()
                raise errors.SandboxUnavailable(
                    "The sandbox cannot be started: this machine has no room for a process."
                )
            ours.setblocking(False)  # noqa: FBT003 - the socket's own signature
            nursery = cls(process, ours)
            nursery.order(
                {
                    "entry": settings.entry,
                    "empty": empty,
                    "memory_mb": settings.memory_mb,
                    "cpu_seconds": settings.largest_ms // 1000 + 1,
                }
            )
            try:
                await nursery._until_ready()
            except BaseException:
                await nursery.close()
                raise
        return nursery

    async def _until_ready(self) -> None:
        why = "it did not answer in time"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                said = await self._ready
            if isinstance(said, message.Ready):
                self.report = said.report
                return
            why = said.why if said is not None else f"it ended at its start with status {self._process.poll()}"
        raise errors.SandboxUnavailable(f"The sandbox cannot be started: {why}.")

    def spawn(self) -> Worker:
        """Ask for a worker; it can be written to at once."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - the socket's own signature
        worker = Worker(next(self._numbers), ours, self)
        if self.lost.done():
            theirs.close()
            worker.exited.set_result(None)
            return worker
        self.workers[worker.number] = worker
        self._send(wire.packed({"op": "spawn", "id": worker.number}), theirs)
        return worker

    def order(self, what: Mapping[str, Any]) -> None:
        """Tell the zygote something."""
        if not self.lost.done():
            self._send(wire.packed(what), None)

    def watched(self) -> list[int]:
        """Give the processes whose memory the kernel does not bound."""
        return [worker.process for worker in self.workers.values() if worker.process is not None]

    def kill(self, process: int) -> None:
        """Kill the worker that is this process."""
        for worker in self.workers.values():
            if worker.process == process:
                self.order({"op": "kill", "id": worker.number})

    def abandon(self) -> None:
        """Kill the zygote, and with it every worker."""
        self._process.kill()

    async def close(self) -> None:
        """End the zygote and all its workers, and wait for it."""
        self._lose()
        ends_at = self._loop.time() + END_SECONDS
        while self._process.poll() is None:
            if self._loop.time() > ends_at:
                self._process.kill()
            await asyncio.sleep(0.002)

    def _send(self, data: bytes, link: socket.socket | None) -> None:
        self._unsent.append((memoryview(data), link))
        if len(self._unsent) == 1:
            self._flush()

    def _flush(self) -> None:
        try:
            while self._unsent:
                data, link = self._unsent[0]
                if link is None:
                    sent = self._control.send(data)
                else:
                    sent = socket.send_fds(self._control, [data], [link.fileno()])
                    link.close()
                self._unsent[0] = (data[sent:], None)
                if sent == len(data):
                    self._unsent.popleft()
        except BlockingIOError:
            self._loop.add_writer(self._control.fileno(), self._flush)
            return
        except OSError:
            self._lose()
            return
        self._loop.remove_writer(self._control.fileno())

    def _listen(self) -> None:
        try:
            data = self._control.recv(_LONGEST)
            self._inbox.feed(data)
            while (said := self._inbox.find_message()) is not None:
                self._hear(message.from_zygote(said))
        except BlockingIOError:
            return
        except (OSError, message.Invalid, wire.TooLong):
            data = b""
        if not data:
            self._lose()

    def _hear(self, said: message.FromZygote) -> None:
        if isinstance(said, message.Born):
            if said.id in self.workers:
                self.workers[said.id].process = said.process
            return
        if not isinstance(said, message.Exit):
            if not self._ready.done():
                self._ready.set_result(said)
            return
        worker = self.workers.pop(said.id, None)
        if worker is not None and not worker.exited.done():
            worker.exited.set_result(said)

    def _lose(self) -> None:
        if self.lost.done():
            return
        self._loop.remove_reader(self._control.fileno())
        self._loop.remove_writer(self._control.fileno())
        self._control.close()
        self.lost.set_result(None)
        if not self._ready.done():
            self._ready.set_result(None)
        while self._unsent:
            link = self._unsent.popleft()[1]
            if link is not None:
                link.close()
        for worker in self.workers.values():
            if not worker.exited.done():
                worker.exited.set_result(None)
        self.workers.clear()


def _started(link: int, folders: list[str]) -> "subprocess.Popen[bytes] | None":
    """Start the process, in this thread: the kernel ends it when the thread that started it ends."""
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter, with nothing of anybody's on its command line
            [sys.executable, "-I", "-S", "-B", "-c", _BOOT, str(link), str(os.getpid()), *folders],
            pass_fds=[link],
            env=_ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None


def _folders(settings: Settings) -> list[str]:
    """Give the folders that hold what is imported inside. Raises SandboxUnavailable when the engine is not there."""
    folders = []
    for name in (__name__, settings.engine, settings.entry):
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise errors.SandboxUnavailable(
                f"The package {name!r} is not installed, so no script can run here.",
                hint="It has wheels for Linux with glibc (x86_64; aarch64 up to Python 3.13) and for macOS on arm64.",
            )
        place = Path(found.origin)
        depth = name.count(".") + (place.name == "__init__.py")
        folders.append(str(place.parents[depth]))
    return list(dict.fromkeys(folders))
