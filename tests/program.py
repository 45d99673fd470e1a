"""The real program for tests, as its user meets it: a daemon, commands in pipes, commands in a terminal.

Rules of this file:
- Everything lives in one short folder (a socket's path may not be long), and every process ends with it.
- Nothing waits for a fixed time: a daemon is ready when it has said so, a terminal when it shows what is expected.
"""

import http.client
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.waiting import until
from tests.world import PASSWORD

SECONDS = 30.0
ADMIN = "alice"
_OPENPACT = (sys.executable, "-m", "openpact")


class Ran(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output as one document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Its output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def refusal(self) -> Any:
        """What it said on stderr as one document."""
        return json.loads(self.err)


class Replied(NamedTuple):
    """What the network's door replied."""

    status: int
    json: Any


class Daemon:
    """One `openpact up --json` that is ready."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path, log: Path) -> None:
        self.process = process
        self._out = out
        self._log = log
        until(lambda: out.read_bytes().endswith(b"\n") or process.poll() is not None, SECONDS)
        assert process.poll() is None, self.log
        self.said: dict[str, Any] = json.loads(out.read_text())

    @property
    def log(self) -> str:
        """What it logged so far."""
        return self._log.read_text()

    @property
    def out(self) -> str:
        """What it printed so far."""
        return self._out.read_text()

    def ask(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Replied:
        """Ask over the network, as any HTTP client would."""
        connection = http.client.HTTPConnection(self.said["url"].removeprefix("http://"), timeout=SECONDS)
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        return Replied(answer.status, json.loads(raw) if raw else None)

    def set_up(self) -> Replied:
        """Make the first administrator over the network, with the code that was printed."""
        code = self.said["setup_code"]
        names = {"username": ADMIN, "password": PASSWORD, "confirm_password": PASSWORD, "setup_code": code}
        return self.ask("POST", "/api/setup", names)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


class Home:
    """A folder with a workspace, in which the program is run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.workspace = path / "w"
        self.data = self.workspace / "secure" / "data"
        self._started: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        """What every process here gets: nothing of OpenPact from outside, and this workspace."""
        # Compiled once and kept, also where a developer turned that off: a hundred processes start here.
        left_out = ("OPENPACT_", "XDG_", "PYTHONDONTWRITEBYTECODE", "NO_COLOR")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        names = {"HOME": str(self.path), "OPENPACT_WORKSPACE": str(self.workspace), "TERM": "xterm-256color"}
        return {**kept, **names, "PS1": "$ ", "ENV": "", "OP": shlex.join(_OPENPACT)}

    def configure(self, text: str) -> None:
        """Write the configuration that is found from here."""
        (self.path / "openpact.yaml").write_text(text)

    def run(self, *args: str, lines: Sequence[str] = (), **environment: str) -> Ran:
        """Run one command in pipes; it reads these lines."""
        return self._run([*_OPENPACT, *args], "".join(f"{line}\n" for line in lines), environment)

    def act(self, *args: str, lines: Sequence[str] = (), name: str = ADMIN, password: str = PASSWORD) -> Ran:
        """Run one command in pipes that asks for a person first."""
        return self.run(*args, "--as", name, lines=(password, *lines))

    def shell(self, script: str, **environment: str) -> Ran:
        """Run a script of bash in pipes; `$OP` is the program."""
        return self._run(["/usr/bin/env", "bash", "-c", script], "", environment)

    def start(self, argv: Sequence[str], out: Path, log: Path, **environment: str) -> subprocess.Popen[bytes]:
        """Start a process that ends with this folder at the latest."""
        with out.open("wb") as stdout, log.open("wb") as stderr:
            process = subprocess.Popen(  # noqa: S603 - a program of ours
                argv,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd=self.path,
                env={**self.environment, **environment},
            )
        self._started.append(process)
        return process

    def up(self, *args: str, **environment: str) -> Daemon:
        """Start the daemon on a free port and wait until it is ready."""
        number = len(self._started)
        out, log = self.path / f"out{number}", self.path / f"log{number}"
        argv = [*_OPENPACT, "up", "--port", "0", "--json", *args]
        return Daemon(self.start(argv, out, log, **environment), out, log)

    def up_and_set_up(self) -> Daemon:
        """Start the daemon and make its first administrator."""
        daemon = self.up()
        assert daemon.set_up().status == 200
        return daemon

    @contextmanager
    def terminal(self) -> Iterator["Terminal"]:
        """Open a terminal with a shell in it."""
        controller, side = os.openpty()
        # The shell opens the terminal itself: that makes it the one that controls its session, as for a person.
        argv = ["sh", "-c", 'exec <"$0" >"$0" 2>&1; exec sh -i', os.ttyname(side)]
        shell = subprocess.Popen(argv, start_new_session=True, cwd=self.path, env=self.environment)  # noqa: S603
        self._started.append(shell)
        terminal = Terminal(controller)
        try:
            terminal.see("$ ")
            yield terminal
        finally:
            _end(shell)
            os.close(controller)
            os.close(side)

    def _run(self, argv: Sequence[str], given: str, environment: Mapping[str, str]) -> Ran:
        ended = subprocess.run(  # noqa: S603 - a program of ours
            argv,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            cwd=self.path,
            env={**self.environment, **environment},
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    def close(self) -> None:
        """End whatever still runs."""
        for process in self._started:
            _end(process)


class Terminal:
    """A terminal with a shell at its other end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._shown = b""

    def type(self, line: str) -> None:
        """Type the line and the Enter key."""
        os.write(self._descriptor, line.encode() + b"\n")

    def interrupt(self) -> int:
        """Press Ctrl-C until the command has ended, and give its exit code."""
        # Once is not enough when the key comes in the moment between a question and the reading of its answer: there
        # Python notes the signal and reads on. No hand is that quick, but this one is.
        os.write(self._descriptor, b"\x03")
        for _ in range(int(SECONDS)):
            if self._find(r"\$ ", 1.0) is not None:
                break
            os.write(self._descriptor, b"\x03")
        else:
            pytest.fail(f"Ctrl-C ended nothing: {self._shown.decode(errors='replace')!r}")
        return self.do("(exit $?)")[0]

    def see(self, *wanted: str) -> str:
        """Wait until one of these is shown, and give what was shown up to it."""
        shown = self._find("|".join(re.escape(text) for text in wanted), SECONDS)
        assert shown is not None, f"never saw {wanted} in {self._shown.decode(errors='replace')!r}"
        return shown

    def _find(self, pattern: str, seconds: float) -> str | None:
        ends_at = time.monotonic() + seconds
        while not (found := re.search(pattern.encode(), self._shown)):
            left = ends_at - time.monotonic()
            if not select.select([self._descriptor], [], [], max(left, 0))[0]:
                return None
            self._shown += os.read(self._descriptor, 65_536)
        shown, self._shown = self._shown[: found.end()], self._shown[found.end() :]
        return shown.decode(errors="replace")

    def do(self, command: str) -> tuple[int, str]:
        """Run a command that asks nothing; give its exit code and what was shown."""
        self.type(f"{command}; echo end-$?-$((40+2))")
        shown = self.see("-42\r\n")
        self.see("$ ")
        return int(shown.rpartition("end-")[2].partition("-")[0]), shown.partition("\r\n")[2]

    def answer(self, question: str, answer: str) -> None:
        """Wait for the question and answer it."""
        self.see(question)
        self.type(answer)

    def ended(self) -> int:
        """Give the exit code of the command that ran last."""
        self.see("$ ")
        return self.do("(exit $?)")[0]


@contextmanager
def open_home() -> Iterator[Home]:
    """Give a new folder to run the program in, and end everything in it."""
    with tempfile.TemporaryDirectory(prefix="op", dir="/tmp") as folder:
        home = Home(Path(folder))
        try:
            yield home
        finally:
            home.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait(SECONDS)
