"""A worker that an attacker owns: hostile Python in place of the script engine, after every lock was closed.

Rules of this file:
- A trick gives what it achieved; `refused` means that the kernel said no and the process lived on.
- Everything is imported and bound before the locks: what fails then fails for the right reason.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from openpact.adapters.sandbox import wire
from openpact.adapters.sandbox.inside.host import Host
from openpact.adapters.sandbox.inside.worker import UNLOCKED

LIBC = ctypes.CDLL(None, use_errno=True)
LINK = 3
INTEL = platform.machine() == "x86_64"
_ANONYMOUS, _WRITE_AND_RUN = 0x22, 6
_PAGE = 4096

mapped = LIBC.mmap
mapped.restype = ctypes.c_void_p
mapped.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
LIBC.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
STORED = ctypes.create_string_buffer(3 * _PAGE)


def called(intel: int, arm: int, *given: int) -> Callable[[], str]:
    """Give a trick that makes one system call by its number."""

    def trick() -> str:
        result = LIBC.syscall(ctypes.c_long(intel if INTEL else arm), *map(ctypes.c_long, given))
        return f"it gave {result}" if result >= 0 else errno.errorcode[ctypes.get_errno()]

    return trick


def executable_memory() -> str:
    found = mapped(None, _PAGE, 1 | _WRITE_AND_RUN, _ANONYMOUS, -1, 0)
    return "refused" if found == ctypes.c_void_p(-1).value and ctypes.get_errno() == errno.EPERM else "mapped"


def data_made_executable() -> str:
    page = (ctypes.addressof(STORED) + _PAGE) // _PAGE * _PAGE
    failed = LIBC.mprotect(page, _PAGE, 1 | _WRITE_AND_RUN) < 0
    return "refused" if failed and ctypes.get_errno() == errno.EPERM else "made executable"


def signal_to_others() -> str:
    for process in (1, 2, os.getpid() - 1):
        if LIBC.syscall(ctypes.c_long(234 if INTEL else 131), process, process, signal.SIGTERM) >= 0:
            return "sent"
    return "refused"


def other_descriptors() -> str:
    for number in (*range(LINK), *range(LINK + 1, 1024)):
        try:
            os.read(number, 1)
        except OSError as error:
            if error.errno != errno.EBADF:
                return f"{number}: {error}"
        else:
            return f"read from {number}"
    return "refused"


# What the kernel must kill the process for.
DEADLY: dict[str, Callable[[], Any]] = {
    "fork": os.fork,
    "vfork": called(58, 220),
    "clone3": called(435, 435, 0, 0),
    "exec": lambda: os.execv("/bin/sh", ["sh"]),  # noqa: S606
    "open": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "create": lambda: os.open("x", os.O_CREAT | os.O_WRONLY),
    "list": lambda: os.listdir("/"),  # noqa: PTH208
    "stat": lambda: os.stat("/"),  # noqa: PTH116
    "unlink": lambda: os.unlink("x"),  # noqa: PTH108
    "internet": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "unix_socket": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "socket_pair": socket.socketpair,
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "ptrace": lambda: LIBC.ptrace(0, 0, 0, 0),
    "read_memory": called(310, 270, 1, 0, 0, 0, 0, 0),
    "kill_parent": lambda: os.kill(1, signal.SIGKILL),
    "kill_everybody": lambda: os.kill(-1, signal.SIGKILL),
    "who_is_parent": os.getppid,
    "setuid": lambda: os.setuid(0),
    "unshare": lambda: LIBC.unshare(0x10000000),
    "join_namespace": called(308, 268, LINK, 0),
    "mount": called(165, 40),
    "chroot": lambda: os.chroot("."),
    "raise_limits": lambda: resource.setrlimit(resource.RLIMIT_AS, (1, 1)),
    "limits_of_others": called(302, 261, 1, 0, 0, 0),
    "pipe": os.pipe,
    "duplicate": lambda: os.dup(LINK),
    "send_descriptor": lambda: LIBC.sendmsg(LINK, 0, 0),
    "io_uring": called(425, 425, 8, 0),
    "memfd": lambda: os.memfd_create("x"),
    "bpf": called(321, 280, 0, 0, 0),
    "userfaultfd": called(323, 282, 0),
    "perf": called(298, 241, 0, 0, -1, -1, 0),
    "keyring": called(250, 219, 0, 0, 0),
    "pidfd": called(434, 434, 1, 0),
    "privileges": lambda: LIBC.prctl(38, 1, 0, 0, 0),
    "be_nice": lambda: os.nice(-5),
    "timer": lambda: signal.setitimer(signal.ITIMER_REAL, 0),
    "shared_memory": called(29, 194, 0, 4096, 0o1600),
}
if INTEL:
    DEADLY["other_numbers"] = called(0x40000000 + 39, 0)  # x32: getpid under its other number

REFUSED: dict[str, Callable[[], str]] = {
    "executable_memory": executable_memory,
    "data_made_executable": data_made_executable,
    "signal_to_others": signal_to_others,
    "other_descriptors": other_descriptors,
}


def said(*messages: bytes) -> Callable[[Host], None]:
    """Give a trick that writes these bytes in place of an answer and ends without another word."""

    def trick(_host: Host) -> None:
        for data in messages:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(LINK, rest) :]
        os._exit(0)

    return trick


def flood(host: Host) -> None:
    while True:
        host.log("x")


def never(_host: Host) -> None:
    while True:
        pass


def half_a_call(_host: Host) -> None:
    """Announce the longest call, write all but its end, and wait."""
    start = b'{"t":"call","op":"echo","given":{"text":"'
    for data in (struct.pack("<I", wire.LONGEST), start, b"x" * (wire.LONGEST - 1_000)):
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(LINK, rest) :]
    never(_host)


def large_call(host: Host) -> None:
    host.call("long", {"text": "x" * 2_000_000})


def deaf(_host: Host) -> None:
    os.write(LINK, wire.packed({"t": "call", "op": "long", "given": {}}))
    never(_host)


def crash(_host: Host) -> None:
    ctypes.string_at(0)


def full_and_crash(host: Host) -> None:
    held = b"x" * 50_000_000
    crash(host)
    del held


def deeper(_: int = 0) -> list[int]:
    return sorted([0], key=deeper)


def overflow(_host: Host) -> None:
    sys.setrecursionlimit(1 << 30)
    deeper()


def hungry(_host: Host) -> None:
    held = []
    while True:
        held.append(bytearray(1 << 20))


def calls_for_ever(host: Host) -> None:
    while True:
        host.call("echo", {"text": "x"})


def unmoved(_host: Host) -> None:
    """Ask for what is refused, and go on as if nothing had been said."""
    os.write(LINK, wire.packed({"t": "call", "op": "deny", "given": {}}))
    os.read(LINK, 4096)
    os.write(LINK, wire.packed({"t": "done", "result": "1", "steps": 0, "peak": 0}))


def spoken_and_unlocked(host: Host) -> None:
    host.log("x")
    os._exit(UNLOCKED)


def done(result: str, **more: Any) -> bytes:
    return wire.packed({"t": "done", "result": result, "steps": 0, "peak": 0, **more})


def claim(code: str) -> bytes:
    return wire.packed({"t": "failed", "code": code, "message": "it says so itself"})


LIES: dict[str, Callable[[Host], None]] = {
    "huge": said(struct.pack("<I", 2**31), b"x" * 100_000),
    "no_json": said(wire.framed(b"{")),
    "no_text": said(wire.framed(b'{"t":"log","text":"\xff"}')),
    "no_object": said(wire.framed(b"[]")),
    "unknown": said(wire.packed({"t": "root"})),
    "more_than_allowed": said(done("1", more=1)),
    "not_all": said(wire.packed({"t": "done", "result": "1"})),
    "negative": said(wire.packed({"t": "done", "result": "1", "steps": -1, "peak": 0})),
    "wrong_type": said(wire.packed({"t": "log", "text": 1})),
    "no_result": said(done("{")),
    "deep_result": said(done("[" * 100_000 + "]" * 100_000)),
    "outline": said(wire.packed({"t": "checked", "outline": {}})),
    "deep_outline": said(wire.framed(b'{"t":"checked","outline":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}}")),
    "nested_call": said(wire.packed({"t": "call", "op": "echo", "given": {"text": [["deep"]]}})),
    "long_operation": said(wire.packed({"t": "call", "op": "x" * 65, "given": {}})),
    "nothing": said(),
    "half": said(wire.framed(b'{"t":"log"')[:-3]),
    "no_such_code": said(claim("fine")),
    "violation": said(claim("sandbox_violation")),
    "approval": said(claim("approval_required")),
    "secret": said(claim("secret_not_granted")),
    "unmoved": unmoved,
}
DEEDS: dict[str, Callable[[Host], object]] = {
    "twice": said(done('"first"') + done('"second"')),
    "flood": flood,
    "long_line": said(wire.packed({"t": "log", "text": "x" * 100_000})),
    "large_result": said(done('"' + "x" * 2_000_000 + '"')),
    "never": never,
    "deaf": deaf,
    "half a call": half_a_call,
    "large call": large_call,
    "huge log": said(struct.pack("<I", wire.LONGEST), b'{"t":"log","text":"'),
    "huge result": said(struct.pack("<I", wire.LONGEST), b'{"t":"done","result":"'),
    "huge unknown": said(struct.pack("<I", wire.LONGEST), b'{"op":"call","t":"call"'),
    "crash": crash,
    "hungry, crash": full_and_crash,
    "overflow": overflow,
    "hungry": hungry,
    "abort": lambda _host: os.abort(),
    "status": lambda _host: os._exit(1),
    "unlocked": lambda _host: os._exit(UNLOCKED),
    "speak, unlocked": spoken_and_unlocked,
    "calls": calls_for_ever,
    "ask": lambda host: host.call("long", {}),
}


def warm() -> None:
    """Have nothing left to load."""


def settle() -> None:
    """Need nothing."""


def answer(request: dict[str, Any], host: Host) -> dict[str, Any]:
    """Do what the request's source names; a text that names nothing is the result itself."""
    name = request["source"]
    if name in DEADLY or name in REFUSED:
        achieved = DEADLY.get(name, REFUSED.get(name, str))()
        return {"t": "done", "result": f'"{achieved}"'}
    if name in LIES or name in DEEDS:
        LIES.get(name, DEEDS.get(name, never))(host)
    if name.startswith("large "):
        return {"t": "done", "result": str(len(host.call("echo", {"text": "x" * int(name[6:])})))}
    if name.startswith("echo "):
        return {"t": "done", "result": host.call("echo", {"text": name[5:]})}
    return {"t": "done", "result": name}
