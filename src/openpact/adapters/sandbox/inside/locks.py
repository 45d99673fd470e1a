"""The zygote's locks, in the one order that works, and the limits that its workers will have.

Rules of this file:
- What is left of the rights of root is used to take more away, and then given up itself.
- A change of account takes the death signal back, and Landlock needs a descriptor: each comes after what undoes it.
- A lock that lacks is written down; the parent decides.
"""

import os
import socket
from typing import Any, NoReturn

from openpact.adapters.sandbox.inside import lockdown

_MEGABYTE = 1 << 20
_STACK = 64 * _MEGABYTE
_BEYOND_DATA, _BEYOND_SPACE = 32 * _MEGABYTE, 96 * _MEGABYTE  # what stack and the result's conversion take


def leave_namespaces(report: lockdown.Report, control: socket.socket, parent: int) -> None:
    """Leave every namespace that the kernel lets go of; the process that comes back is the first of its own."""
    if lockdown.LINUX and os.geteuid() != 0:  # root has what the others need a user namespace for
        lockdown.attempt(report, "user_namespace", lambda: lockdown.unshare(lockdown.USER_NAMESPACE))
    for layer, flag in lockdown.NAMESPACES.items():
        lockdown.attempt(report, layer, lambda flag=flag: lockdown.unshare(flag))  # type: ignore[misc]
    if report["pid_namespace"] == lockdown.OK:
        child = os.fork()
        if child:
            _stand_outside(control, parent, child)
    elif lockdown.LINUX and os.getppid() != parent:
        os._exit(0)


def _stand_outside(control: socket.socket, parent: int, child: int) -> NoReturn:
    """Be the process that the parent knows, outside of the namespace: it owns nothing and ends with either side."""
    control.close()
    locks: lockdown.Report = {}
    lockdown.attempt(locks, "unprivileged_user", lockdown.become_nobody)
    lockdown.attempt(locks, "capabilities", lockdown.drop_capabilities)
    lockdown.attempt(locks, "no_new_privs", lockdown.forbid_new_privileges)
    lockdown.attempt(locks, "death_signal", lockdown.die_with_parent)
    if os.getppid() == parent:  # else it ended before the signal was set; the zygote sees its socket end
        os.waitpid(child, 0)
    os._exit(0)


def close(report: lockdown.Report, empty: str) -> None:
    """Close the locks that workers inherit, in the one order in which none takes away what the next one needs."""
    lockdown.attempt(report, "chroot", lambda: lockdown.chroot(empty))
    was_root = os.geteuid() == 0
    bounded: lockdown.Report = {}
    lockdown.attempt(bounded, "capabilities", lockdown.empty_bounding_set)
    lockdown.attempt(report, "unprivileged_user", lockdown.become_nobody)
    lockdown.attempt(report, "capabilities", lockdown.drop_capabilities)
    if was_root and report["capabilities"] == lockdown.OK:  # for others no_new_privs bounds what can be regained
        report["capabilities"] = bounded["capabilities"]
    lockdown.attempt(report, "no_new_privs", lockdown.forbid_new_privileges)
    lockdown.attempt(report, "death_signal", lockdown.die_with_parent)
    lockdown.attempt(report, "landlock", lockdown.deny_files)


def limits(config: dict[str, Any]) -> dict[str, int]:
    """Give the limits of a worker: what the warm engine holds already, and what a script may add."""
    memory = config["memory_mb"] * _MEGABYTE
    found = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NPROC": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_NOFILE": 4,
        "RLIMIT_CPU": config["cpu_seconds"],
        "RLIMIT_STACK": _STACK,
    }
    if lockdown.LINUX:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - the zygote loads no more than it needs
            pages = [int(count) for count in file.read().split()]
        page = os.sysconf("SC_PAGE_SIZE")
        found["RLIMIT_AS"] = pages[0] * page + memory + _BEYOND_SPACE
        found["RLIMIT_DATA"] = pages[5] * page + memory + _BEYOND_DATA
    return found
