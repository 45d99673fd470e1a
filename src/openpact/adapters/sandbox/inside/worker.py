"""One worker: forked, locked, given one request, asked nothing else, ended.

Rules of this file:
- Every lock is closed before the first byte of the request is read.
- A lock that held when the sandbox was tried and does not hold now ends the worker before it reads anything.
- It holds one descriptor, number 3, to the parent; it answers once and ends.
"""

import json
import os
import signal
from collections.abc import Callable
from typing import Any, NoReturn

from openpact.adapters.sandbox import wire
from openpact.adapters.sandbox.inside import lockdown, memory
from openpact.adapters.sandbox.inside.host import Host

Answer = Callable[[dict[str, Any], Host], dict[str, Any]]
Settle = Callable[[], None]

UNLOCKED, OUT_OF_MEMORY, FAULT = 97, 96, 95  # exit statuses
NO_MEMORY_THERE = int(signal.SIGSEGV)  # and one more: see lockdown.exit_at_fault
_LINK = 3
_BEYOND = 4_096  # the zygote has no descriptor above
_NICENESS = 5
_PIECE = 1 << 20


def live(
    link: int, parent: int, limits: lockdown.Limits, held: lockdown.Report, settle: Settle, answer: Answer
) -> NoReturn:
    """Be a worker, in a process that was just forked: lock, settle, read, answer, end."""
    _keep_only(link)
    found = lock(parent, limits)
    if any(found[layer] != lockdown.OK for layer, state in held.items() if state == lockdown.OK and layer in found):
        os._exit(UNLOCKED)
    settle()
    before = memory.most_held()
    try:
        request = _receive()
    except EOFError:
        os._exit(0)  # nothing was asked of it
    try:
        _send(wire.packed(_answered(json.loads(request), answer, before)))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except (EOFError, OSError):
        os._exit(0)  # nobody listens any more
    os._exit(0)


def probe(link: int, parent: int, limits: lockdown.Limits, settle: Settle) -> NoReturn:
    """Be a worker that says which locks hold, then breaks the filter on purpose: the kernel must kill it."""
    _keep_only(link)
    found = lock(parent, limits)
    settle()
    _send(wire.packed(found))
    os.getppid()
    os._exit(0)


def lock(parent: int, limits: lockdown.Limits) -> lockdown.Report:
    """Close the worker's own locks; the zygote's hold already, by inheritance."""
    report: lockdown.Report = {}
    lockdown.attempt(report, "death_signal", lockdown.die_with_parent)
    if os.getppid() != parent:
        os._exit(0)  # it ended before the signal was set
    os.setpriority(os.PRIO_PROCESS, 0, max(_NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))
    lockdown.attempt(report, "capabilities", lockdown.drop_capabilities)
    lockdown.attempt(report, "no_new_privs", lockdown.forbid_new_privileges)
    try:
        lockdown.limit(limits)
    except (OSError, ValueError) as error:
        report["rlimits"] = str(error)
    else:
        report["rlimits"] = lockdown.OK
    lockdown.attempt(report, "seccomp", lockdown.filter_calls)
    return report


def _answered(request: dict[str, Any], answer: Answer, before: int) -> dict[str, Any]:
    try:
        last = answer(request, Host(_send, _receive))
    except (MemoryError, EOFError, OSError):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of the engine is no Exception; whatever it is, it is told
        last = {"t": "failed", "code": "script_error", "message": f"The engine failed: {type(error).__name__}."}
    if last["t"] != "checked":
        last.setdefault("steps", 0)
        last.setdefault("peak", memory.most_held() - before)
    return last


def _keep_only(link: int) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if link != _LINK:
        os.dup2(link, _LINK)
    os.closerange(0, _LINK)
    os.closerange(_LINK + 1, _BEYOND)


def _send(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(_LINK, rest) :]


def _receive() -> bytes:
    (length,) = wire.HEADER.unpack(_exactly(wire.HEADER.size))
    if length > wire.LONGEST_ANSWER:
        raise wire.TooLong(f"a message of {length} bytes; {wire.LONGEST_ANSWER} are allowed")
    return _exactly(length)


def _exactly(count: int) -> bytes:
    found = bytearray()
    while len(found) < count:
        piece = os.read(_LINK, min(count - len(found), _PIECE))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)
