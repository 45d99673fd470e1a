"""The system calls that a worker may make: a filter for the kernel, for x86_64 and aarch64.

Rules of this file:
- What is not listed kills the process, with SIGSYS: no script needs it, so whoever asks for it is no script.
- Nothing here opens, connects, starts, signals another process or makes memory executable.
- Refused with EPERM instead: memory that would be executable (an allocator may ask, and lives without), and a signal
  to any process but oneself (only `abort` needs tgkill).
"""

import errno
import platform
import struct

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

# Name: (x86_64, aarch64).
_ALLOWED = {
    "read": (0, 63),
    "write": (1, 64),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "getpid": (39, 172),
    "exit": (60, 93),
    "getrusage": (98, 165),
    "gettid": (186, 178),
    "futex": (202, 98),
    "clock_gettime": (228, 113),
    "exit_group": (231, 94),
    "getrandom": (318, 278),
}
_MMAP, _MPROTECT, _TGKILL = (9, 222), (10, 226), (234, 131)

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ALLOW, _REFUSE = 0x80000000, 0x7FFF0000, 0x00050000 | errno.EPERM
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_PROT_EXEC = 4
_X32 = 0x40000000  # the other way to call an x86_64 kernel, with numbers of its own
_INSTRUCTION = struct.Struct("<HBBI")
_AFTER_PID = 3 * _INSTRUCTION.size  # bytes that follow the number of the process


def supported() -> bool:
    """Tell whether there is a filter for this machine."""
    return bool(_OF_NO_PROCESS)


def program(pid: int) -> bytes:
    """Give the filter for the process with this id, as the kernel reads it."""
    end = len(_OF_NO_PROCESS) - _AFTER_PID
    return _OF_NO_PROCESS[: end - 4] + struct.pack("<I", pid) + _OF_NO_PROCESS[end:]


def _of_no_process() -> bytes:
    if platform.machine() not in _ARCHITECTURES:
        return b""
    column, architecture = _ARCHITECTURES[platform.machine()]
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    for numbers in _ALLOWED.values():
        code += [(_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _ALLOW)]
    for numbers in (_MMAP, _MPROTECT):
        code += [
            (_EQUAL, 0, 4, numbers[column]),
            (_LOAD, 0, 0, _ARGUMENTS_AT + 2 * 8),
            (_ANY_BIT, 0, 1, _PROT_EXEC),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    code += [
        (_EQUAL, 0, 4, _TGKILL[column]),
        (_LOAD, 0, 0, _ARGUMENTS_AT),
        (_EQUAL, 1, 0, 0),  # the process, put in by `program`
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _KILL),
    ]
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in code)


_OF_NO_PROCESS = _of_no_process()  # made once, before there are workers
