"""Who is at the other end of a UNIX socket: the account, the process, and the terminal it was started from.

Rules of this file:
- The kernel says who it is; nothing that the peer sends is believed.
- A terminal is told apart by its device, its session and the very shell that started the command, with the start
  time of that shell: an agent in the same window has another parent, and a process number used again another start.
- What cannot be told is None, and None unlocks nothing.
"""

import os
import socket
import struct
import sys
from pathlib import Path

import msgspec


class Terminal(msgspec.Struct, frozen=True):
    """One shell at one terminal."""

    uid: int
    device: int
    session: int
    shell: int
    shell_started: int


class Peer(msgspec.Struct, frozen=True):
    """The process at the other end."""

    uid: int
    pid: int | None
    terminal: Terminal | None


def of_socket(connection: socket.socket) -> Peer:
    """Ask the kernel who is at the other end. Raises OSError when it does not say."""
    if sys.platform == "darwin":
        # struct xucred: version, uid, count of groups, groups; macOS tells no process of a socket we could trust
        raw = connection.getsockopt(0, 1, 76)
        _version, uid = struct.unpack_from("=II", raw)
        return Peer(uid, None, None)
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _gid = struct.unpack("3i", raw)
    return Peer(uid, pid, terminal_of(pid, uid))


def own() -> Peer:
    """Say who this process is, as a socket would."""
    return Peer(os.geteuid(), os.getpid(), terminal_of(os.getpid(), os.geteuid()))


def terminal_of(pid: int, uid: int) -> Terminal | None:
    """Find the shell and the terminal that the process was started from, or None where there is none."""
    asked = _stat(pid)
    # What the shell has put into the foreground leads its own group there. An agent in the background, or one that the
    # shell inherited when its own parent ended, does not.
    if asked is None or asked.device == 0 or not asked.group == asked.foreground == pid:
        return None
    shell = _stat(asked.parent)
    # The shell must stand in the same session at the same terminal: a parent elsewhere is no shell at this terminal.
    if shell is None or shell.session != asked.session or shell.device != asked.device:
        return None
    if _is_first(asked.parent):
        return None  # the first process of a container inherits every orphan: a child of it says nothing
    return Terminal(uid, asked.device, asked.session, asked.parent, shell.started)


class _Stat(msgspec.Struct, frozen=True):
    parent: int
    group: int
    session: int
    device: int
    foreground: int
    started: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return None
    # The command's name stands in parentheses and may hold anything, parentheses too: count from the last one.
    fields = text.rpartition(")")[2].split()
    parent, group, session, device, foreground = (int(field) for field in fields[1:6])
    return _Stat(parent, group, session, device, foreground, int(fields[19]))


def _is_first(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return True
    inner = [line.split()[-1] for line in text.splitlines() if line.startswith("NSpid:")]
    return inner == ["1"] or pid == 1
