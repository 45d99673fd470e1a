"""The locks of Linux, each one function that holds or raises OSError, and what each came to.

Rules of this file:
- A lock is read back where the kernel can be asked, so that `ok` means that it holds.
- Nothing here decides whether a missing lock matters: it is reported, and the parent refuses or goes on.
- Only libc through ctypes: no library has to be there, and nothing is loaded later, when nothing can be.
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Callable

from openpact.adapters.sandbox.inside import seccomp

LINUX = sys.platform == "linux"
NOBODY = 65_534
OK = "ok"

NAMESPACES = {
    "net_namespace": 0x40000000,
    "ipc_namespace": 0x08000000,
    "uts_namespace": 0x04000000,
    "mount_namespace": 0x00020000,
    "cgroup_namespace": 0x02000000,
    "pid_namespace": 0x20000000,  # holds for the children, so the caller forks
}
USER_NAMESPACE = 0x10000000

_SET_DEATH_SIGNAL, _SET_DUMPABLE, _SET_SECCOMP, _DROP_BOUNDING = 1, 4, 22, 24
_GET_DEATH_SIGNAL, _SET_NO_NEW_PRIVS, _GET_NO_NEW_PRIVS, _AMBIENT = 2, 38, 39, 47
_CLEAR_ALL_AMBIENT, _SECCOMP_FILTER = 4, 2
_CAPABILITIES = struct.pack("<II", 0x20080522, 0)
_CREATE_RULESET, _RESTRICT_SELF, _ASK_VERSION = 444, 446, 1  # the same on every architecture

_libc = ctypes.CDLL(None, use_errno=True)
Report = dict[str, str]
Limits = list[tuple[int, int]]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def attempt(report: Report, layer: str, lock: Callable[[], None]) -> None:
    """Close one lock and write down whether it holds, or why not."""
    try:
        if not LINUX:
            raise OSError(errno.ENOSYS, "this system has no such lock")
        lock()
    except (OSError, ValueError) as error:
        report[layer] = str(error)
    else:
        report[layer] = OK


def unshare(flag: int) -> None:
    """Leave a namespace for a fresh one."""
    _checked(_libc.unshare(ctypes.c_int(flag)))


def chroot(folder: str) -> None:
    """Make a folder, which is empty, all that there is of the file system."""
    os.chdir(folder)
    os.chroot(".")


def become_nobody() -> None:
    """Leave root for an account that owns nothing; an ordinary user stays who they are."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    if 0 in {*os.getresuid(), *os.getresgid()}:
        raise OSError(errno.EPERM, "the process is still root")


def empty_bounding_set() -> None:
    """Give up what a program that is started could regain; possible only while the process may change its own."""
    for capability in range(64):
        try:
            _prctl(_DROP_BOUNDING, capability)
        except OSError as error:
            if error.errno == errno.EINVAL and capability:  # the kernel knows no more
                return
            raise


def drop_capabilities() -> None:
    """Give up every capability."""
    try:
        _prctl(_AMBIENT, _CLEAR_ALL_AMBIENT)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a kernel without ambient capabilities
            raise
    _checked(_libc.capset(ctypes.c_char_p(_CAPABILITIES), ctypes.c_char_p(bytes(24))))
    left = ctypes.create_string_buffer(24)
    _checked(_libc.capget(ctypes.c_char_p(_CAPABILITIES), left))
    if any(left.raw):
        raise OSError(errno.EPERM, "capabilities are left")


def forbid_new_privileges() -> None:
    """No program that is started can have more rights than its starter; also nobody can read our memory."""
    _prctl(_SET_NO_NEW_PRIVS, 1)
    _prctl(_SET_DUMPABLE, 0)
    if _prctl(_GET_NO_NEW_PRIVS) != 1:
        raise OSError(errno.EPERM, "the kernel did not keep it")


def die_with_parent() -> None:
    """Be killed when the parent ends. A change of account takes this back, so it comes after."""
    _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    kept = ctypes.c_int()
    _checked(_libc.prctl(ctypes.c_int(_GET_DEATH_SIGNAL), ctypes.byref(kept)))
    if kept.value != signal.SIGKILL:
        raise OSError(errno.EPERM, "the kernel did not keep it")


def exit_at_fault() -> None:
    """At a fault of memory, end with the signal's number as the status, unless the stack has overflowed.

    The kernel runs what is set for a signal on the stack of who faulted. One that overflowed has no room, so the signal
    itself ends the process: nesting and a heap that is used up can be told apart. Set is the C library's `_exit`.
    """
    _libc.signal(ctypes.c_int(signal.SIGSEGV), ctypes.cast(_libc._exit, ctypes.c_void_p))  # noqa: SLF001 - its name in C


def deny_files() -> None:
    """Landlock with a ruleset that allows nothing: no file, no TCP, no signal and no socket beyond ourselves."""
    version = _landlock(_CREATE_RULESET, None, 0, _ASK_VERSION)
    files = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}.get(version, 0xFFFF)
    handled = struct.pack("<QQQ", files, 3, 3)  # the kernel knows TCP from version 4 on, scopes from version 6 on
    size = 8 if version < 4 else 16 if version < 6 else 24  # noqa: PLR2004 - versions of Landlock
    ruleset = _landlock(_CREATE_RULESET, ctypes.c_char_p(handled[:size]), size, 0)
    try:
        _landlock(_RESTRICT_SELF, ctypes.c_int(ruleset), 0)
    finally:
        os.close(ruleset)


def filter_calls() -> None:
    """Let the kernel kill this process at the first system call that is not listed. The last lock of all."""
    if not seccomp.supported():
        raise OSError(errno.ENOSYS, f"there is no filter for {platform.machine()}")
    code = seccomp.program(os.getpid())
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    _checked(_libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_FILTER), ctypes.byref(program), 0, 0))


def settled(limits: dict[str, int]) -> Limits:
    """Give limits of resources as `limit` sets them; one that stands lower already stays."""
    found = []
    for name, wanted in limits.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue  # this system does not count it
        hard = resource.getrlimit(kind)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        found.append((kind, most))
    return found


def limit(limits: Limits) -> None:
    """Set limits of resources, soft and hard."""
    for kind, most in limits:
        resource.setrlimit(kind, (most, most))


def _prctl(option: int, value: int = 0) -> int:
    zero = ctypes.c_ulong(0)
    return _checked(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero))


def _landlock(number: int, *given: object) -> int:
    return _checked(_libc.syscall(ctypes.c_long(number), *given))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
