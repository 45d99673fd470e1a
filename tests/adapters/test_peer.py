"""Who is at the other end of a socket: real processes, started from real shells at real terminals."""

import json
import os
import pty
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from openpact.adapters import peer
from openpact.adapters.peer import Peer, Terminal
from tests.unreadable import NOBODY, open_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's word about processes is Linux's here")

# Connects, says its own number and its parent's, and waits until it has been looked at.
CALLER = """
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(json.dumps([os.getpid(), os.getppid()]).encode())
s.recv(1)
"""
# Makes its standard input the terminal of a session of its own, as a terminal's window does, and becomes the shell.
WINDOW = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
SHELL = os.path.realpath("/bin/sh")


class Call:
    """What the kernel and the caller itself say of one call."""

    def __init__(self, seen: Peer, pid: int, parent: int) -> None:
        self.seen = seen
        self.pid = pid
        self.parent = parent

    @property
    def terminal(self) -> Terminal:
        assert self.seen.terminal is not None
        return self.seen.terminal


class Desk:
    """A socket that answers calls, and windows with a shell each that make them."""

    def __init__(self, folder: Path) -> None:
        (folder / "caller.py").write_text(CALLER)
        self.path = folder / "s"
        self.call = f"{sys.executable} -S -E {folder / 'caller.py'} {self.path}"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self.listener.settimeout(20)

    def answer(self) -> Call:
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(20)
            pid, parent = json.loads(connection.recv(100))
            return Call(peer.of_socket(connection), pid, parent)

    @contextmanager
    def window(self, script: str, shell: str = SHELL) -> Iterator["subprocess.Popen[bytes]"]:
        outside, inside = pty.openpty()
        process = subprocess.Popen(  # noqa: S603 - a shell of the test's own
            [sys.executable, "-S", "-E", "-c", WINDOW, shell, "-m", "-c", script + "; true"],
            stdin=inside,
            start_new_session=True,
        )
        try:
            yield process
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()
            os.close(inside)
            os.close(outside)

    def calls(self, script: str, count: int, shell: str = SHELL) -> list[Call]:
        with self.window(script, shell):
            return [self.answer() for _ in range(count)]


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_folder() as folder:
        made = Desk(folder)
        yield made
        made.listener.close()


def started(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


@pytest.mark.promise("APR-4.06")
def test_two_commands_of_one_shell_come_from_one_terminal(desk: Desk) -> None:
    with desk.window(f"{desk.call}; {desk.call}") as shell:
        first = desk.answer()
        at_shell = started(shell.pid)
        second = desk.answer()

    assert first.pid != second.pid
    assert first.seen.pid == first.pid
    assert first.terminal == second.terminal
    assert (first.terminal.shell, first.terminal.shell_started) == (shell.pid, at_shell)
    assert (first.terminal.session, first.terminal.uid) == (shell.pid, os.geteuid())
    assert first.terminal.device != 0


@pytest.mark.promise("APR-4.05", "APR-4.06")
def test_an_agent_started_in_the_same_window_has_another_parent(desk: Desk) -> None:
    person, agent = desk.calls(f"{desk.call}; {SHELL} -m -c '{desk.call}; true'", 2)

    assert agent.terminal != person.terminal
    assert agent.terminal.shell == agent.parent


@pytest.mark.promise("APR-4.05", "APR-4.06")
def test_an_agent_in_the_same_window_that_calls_as_part_of_itself_has_no_terminal(desk: Desk) -> None:
    person, agent = desk.calls(f"{desk.call}; {SHELL} -c '{desk.call}; true'", 2)

    assert person.seen.terminal is not None
    assert agent.seen.terminal is None


@pytest.mark.promise("APR-4.05", "APR-4.06")
def test_an_agent_in_the_background_of_the_same_shell_has_no_terminal(desk: Desk) -> None:
    """Its parent is the person's shell, its own parent having ended or having been that shell: it leads no front."""
    person, agent = desk.calls(f"{desk.call}; {desk.call} & wait", 2)

    assert person.seen.terminal is not None
    assert agent.seen.terminal is None
    assert agent.parent == person.parent


@pytest.mark.promise("APR-4.05", "APR-4.06")
def test_an_agent_in_the_next_window_is_at_another_terminal(desk: Desk) -> None:
    with desk.window(desk.call), desk.window(desk.call):
        one, two = desk.answer(), desk.answer()

    assert one.terminal != two.terminal
    assert one.terminal.device != two.terminal.device


@pytest.mark.promise("APR-4.06")
def test_what_has_left_the_window_s_session_has_no_terminal(desk: Desk) -> None:
    (call,) = desk.calls(f"setsid -w {desk.call}", 1)

    assert call.seen.uid == os.geteuid()
    assert call.seen.terminal is None


@pytest.mark.promise("APR-4.06")
def test_a_process_without_a_terminal_has_none(desk: Desk) -> None:
    """A cron job, a service, an agent's tool."""
    process = subprocess.Popen([*desk.call.split()], stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - the test's own
    try:
        call = desk.answer()
    finally:
        process.wait(20)

    assert (call.seen.pid, call.seen.terminal) == (process.pid, None)


@pytest.mark.promise("APR-4.05", "APR-4.06")
def test_a_shell_without_a_terminal_is_no_terminal(desk: Desk) -> None:
    """Every tool that an agent's service starts has the same parent and no terminal: none may stand for a person."""
    process = subprocess.Popen(  # noqa: S603 - the test's own
        [SHELL, "-c", f"{desk.call}; true"], stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        call = desk.answer()
    finally:
        process.wait(20)

    assert (call.parent, call.seen.terminal) == (process.pid, None)


@pytest.mark.promise("APR-4.06")
def test_a_command_that_no_shell_of_its_terminal_started_has_no_terminal(desk: Desk) -> None:
    """Its parent sits elsewhere: an agent opened a fresh terminal for it."""
    with desk.window(f"exec {desk.call}") as process:
        call = desk.answer()

    assert call.pid == process.pid
    assert call.seen.terminal is None


@pytest.mark.promise("APR-4.06")
def test_a_name_that_looks_like_the_kernel_s_fields_misleads_nobody(desk: Desk) -> None:
    shell = desk.path.with_name("a) S 1 2 3 4 (")
    shutil.copy(SHELL, shell)

    (call,) = desk.calls(f"{desk.call}", 1, str(shell))

    assert call.terminal.shell == call.parent
    assert call.terminal.session == call.parent


def test_the_kernel_says_whose_process_it_is(desk: Desk) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can start a process as somebody else")
    desk.path.chmod(0o777)
    # The interpreter's files may be closed to others: the account is changed once it runs.
    code = f"import json, os, socket; os.setuid({NOBODY}); exec({CALLER!r})"
    process = subprocess.Popen([sys.executable, "-S", "-E", "-c", code, str(desk.path)])  # noqa: S603
    try:
        call = desk.answer()
    finally:
        process.wait(20)

    assert (call.seen.uid, call.seen.pid) == (NOBODY, process.pid)


def test_a_process_that_is_gone_has_no_terminal() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait(20)

    assert peer.terminal_of(process.pid, os.geteuid()) is None


def test_this_process_knows_itself() -> None:
    own = peer.own()

    assert (own.uid, own.pid) == (os.geteuid(), os.getpid())
    one, two = socket.socketpair()
    with one, two:
        assert peer.of_socket(one) == own


def test_a_socket_without_an_account_at_its_other_end_is_nobody_s() -> None:
    with socket.socket(socket.AF_INET) as unconnected:
        seen = peer.of_socket(unconnected)

    assert seen.uid not in {os.geteuid(), 0}
    assert seen.terminal is None
