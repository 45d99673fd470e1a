"""The zygote: one process with the engine loaded and warm, locked for good, that forks a worker for each run.

Rules of this file:
- Single-threaded, always: a fork copies one thread, and the locks of the others would stay locked for ever.
- It never reads what workers say and never holds a script: it forks, counts time, kills and reports.
- Its own clock ends a worker. A parent that is stuck, or gone, keeps nothing running.
- Nothing blocks it: what the parent does not read at once waits in memory.
"""

import gc
import heapq
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from typing import Any, NoReturn

from openpact.adapters.sandbox import wire
from openpact.adapters.sandbox.inside import lockdown, locks, memory, worker

_LONGEST_ORDER = 65_536
_MOST_DESCRIPTORS = 4_000
_LAZY = 19
_KILLED_BY_FILTER = signal.SIGSYS


def main(link: int, parent: int) -> NoReturn:
    """Be the zygote on this descriptor, until the parent closes its end."""
    control = socket.socket(fileno=link)
    sys.stdout = sys.stderr = None  # a trace that is shown opens the files it is about: behind the locks that is deadly
    try:
        inbox = wire.Inbox(_LONGEST_ORDER)
        while (first := inbox.find_message()) is None:
            data = control.recv(_LONGEST_ORDER)
            if not data:
                os._exit(0)
            inbox.feed(data)
        zygote = Zygote(control, inbox, json.loads(first), parent)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent must hear why there is no sandbox
        control.sendall(wire.packed({"t": "unready", "why": f"{type(error).__name__}: {error}"}))
        os._exit(1)
    zygote.work()


class Zygote:
    """The process after its locks: children, their deadlines, and what is still to be told."""

    def __init__(self, control: socket.socket, inbox: wire.Inbox, config: dict[str, Any], parent: int) -> None:
        self._control = control
        self._inbox = inbox
        self._unsent = bytearray()
        self._links: list[int] = []  # descriptors that came and whose order has not been carried out
        self._process: dict[int, int] = {}  # by worker
        self._worker: dict[int, int] = {}  # by process
        self._deadlines: list[tuple[float, int]] = []
        self._late: set[int] = set()
        report: lockdown.Report = {}
        entry = importlib.import_module(config["entry"])
        entry.warm()
        self._settle: worker.Settle = entry.settle
        self._answer: worker.Answer = entry.answer
        gc.collect()
        memory.give_back()
        gc.freeze()
        gc.disable()  # a worker ends before it would be worth it, and to look through its memory is to copy it
        limits = locks.limits(config)
        locks.leave_namespaces(
            report, control, parent
        )  # a namespace of users may take the right to read what is imported
        lockdown.limit(lockdown.settled({"RLIMIT_NOFILE": _MOST_DESCRIPTORS}))
        self._limits = lockdown.settled(limits)
        locks.close(report, config["empty"])
        self._pid = os.getpid()
        self._woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if lockdown.LINUX else _pipe()
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)
        lockdown.exit_at_fault()
        control.setblocking(False)  # noqa: FBT003 - the socket's own signature
        self._held: lockdown.Report = {}
        self._held, self._most_held = self._probed()
        report.update({layer: state for layer, state in self._held.items() if report.get(layer, "ok") == "ok"})
        self._tell({"t": "ready", "report": report})

    def work(self) -> NoReturn:
        """Carry out orders until the parent is gone; then nothing is left."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        while True:
            poll.register(self._control, select.POLLIN | (select.POLLOUT if self._unsent else 0))
            for descriptor, _event in poll.poll(self._patience()):
                if descriptor == self._woken:
                    os.read(self._woken, _LONGEST_ORDER)
                elif not self._listen():
                    self._end()
            self._kill_late()
            self._reap()
            self._flush()

    def _patience(self) -> int | None:
        if not self._deadlines:
            return None
        return max(0, int((self._deadlines[0][0] - time.monotonic()) * 1000) + 1)

    def _listen(self) -> bool:
        try:
            data, links, _flags, _address = socket.recv_fds(self._control, _LONGEST_ORDER, 64)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._links += links
        self._inbox.feed(data)
        while (order := self._inbox.find_message()) is not None:
            self._obey(json.loads(order))
        return bool(data)

    def _obey(self, order: dict[str, Any]) -> None:
        identity = order["id"]
        match order["op"]:
            case "spawn":
                self._spawn(identity, self._links.pop(0))
            case "deadline":
                heapq.heappush(self._deadlines, (time.monotonic() + order["ms"] / 1000, identity))
            case "kill":
                self._kill(identity)
            case "renice":
                if identity in self._process:
                    os.setpriority(os.PRIO_PROCESS, self._process[identity], _LAZY)

    def _spawn(self, identity: int, link: int) -> None:
        try:
            child = os.fork()
        except OSError:  # the machine has no room for a process; the status says so
            self._tell({"t": "exit", "id": identity, "status": -1, "grown": 0, "cpu": 0.0, "late": False})
        else:
            if child == 0:
                try:
                    worker.live(link, self._pid, self._limits, self._held, self._settle, self._answer)
                finally:
                    os._exit(worker.FAULT)
            self._process[identity] = child
            self._worker[child] = identity
            if not lockdown.LINUX:  # nothing there bounds memory, so the parent looks at it
                self._tell({"t": "born", "id": identity, "process": child})
        os.close(link)

    def _kill(self, identity: int) -> None:
        if identity in self._process:  # not reaped, so the number is still this worker's
            os.kill(self._process[identity], signal.SIGKILL)

    def _kill_late(self) -> None:
        now = time.monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            identity = heapq.heappop(self._deadlines)[1]
            if identity in self._process:
                self._late.add(identity)
                self._kill(identity)

    def _reap(self) -> None:
        while self._process:
            child, status, used = os.wait4(-1, os.WNOHANG)
            if child == 0:
                return
            identity = self._worker.pop(child, None)
            if identity is None:
                continue
            del self._process[identity]
            self._tell(
                {
                    "t": "exit",
                    "id": identity,
                    "status": status,
                    "grown": max(0, used.ru_maxrss - self._most_held) * memory.UNIT,
                    "cpu": used.ru_utime + used.ru_stime,
                    "late": identity in self._late,
                }
            )
            self._late.discard(identity)

    def _tell(self, message: dict[str, Any]) -> None:
        self._unsent += wire.packed(message)
        self._flush()

    def _flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._control.send(self._unsent)]
        except BlockingIOError:
            return
        except OSError:
            self._end()

    def _end(self) -> NoReturn:
        for child in self._worker:
            os.kill(child, signal.SIGKILL)
        os._exit(0)

    def _probed(self) -> tuple[lockdown.Report, int]:
        """Try the worker's locks in a child that then breaks the filter, which must end it; and what memory it held."""
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            try:
                worker.probe(theirs.fileno(), self._pid, self._limits, self._settle)
            finally:
                os._exit(worker.FAULT)
        theirs.close()
        with ours:
            said = bytearray()
            while piece := ours.recv(_LONGEST_ORDER):
                said += piece
        _, status, used = os.wait4(child, 0)
        found: lockdown.Report = json.loads(said[wire.HEADER.size :])
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == _KILLED_BY_FILTER
        if found["seccomp"] == lockdown.OK and not killed:
            found["seccomp"] = "the filter is in place, but a call outside it went through"
        return found, used.ru_maxrss


def _pipe() -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    return ends
