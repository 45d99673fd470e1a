"""What a process costs: how soon a command answers, how soon a daemon is ready, how much memory it holds.

Rules of this file:
- The real program is started, in a folder and an environment that hold nothing of the one who measures.
- Ready is when `/health` has answered, not when the program says so.
- Every daemon is stopped before the measurement ends, whatever happened.
"""

import http.client
import json
import os
import select
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.frame import Bar, Row
from bench.lab import Lab
from bench.machine import resident_mb

_PATIENCE = 30.0
_IDLE_SECONDS = 2.0


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("OPENPACT_", "PYTHON"))}


def _run(folder: Path, *arguments: str) -> float:
    """Give how long this Python takes for these arguments, in milliseconds."""
    began = time.perf_counter_ns()
    command = [sys.executable, *arguments]
    subprocess.run(command, cwd=folder, env=_environment(), check=True, capture_output=True)  # noqa: S603 - our own
    return (time.perf_counter_ns() - began) / 1e6


@dataclass(frozen=True)
class Daemon:
    """A daemon that is ready."""

    pid: int
    ready_ms: float


@contextmanager
def _daemon(folder: Path, workspace: Path) -> Iterator[Daemon]:
    command = [sys.executable, "-m", "openpact", "up", "--workspace", str(workspace), "--port", "0", "--json"]
    log = folder / "daemon.log"
    began = time.perf_counter_ns()
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
            command, cwd=folder, env=_environment(), stdout=subprocess.PIPE, stderr=errors
        )
    try:
        url = _first_line(process, log)
        _ask_health(url)
        yield Daemon(process.pid, (time.perf_counter_ns() - began) / 1e6)
        process.terminate()
        if process.wait(_PATIENCE) != 0:
            raise RuntimeError(f"the daemon did not stop cleanly:\n{log.read_text()}")
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _first_line(process: "subprocess.Popen[bytes]", log: Path) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], _PATIENCE)
    line = process.stdout.readline() if ready else b""
    if not line:
        raise RuntimeError(f"the daemon did not become ready:\n{log.read_text()}")
    return str(json.loads(line)["url"])


def _ask_health(url: str) -> None:
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"/health answered {answer.status}")
    finally:
        connection.close()


class _Process(Row):
    unit = "ms"
    against = "`python -c pass`"

    def open(self, lab: Lab) -> None:
        self._lab = lab
        self._folder = lab.place()

    def compare(self) -> float:
        return _run(self._folder, "-c", "pass")


class Version(_Process):
    """The smallest command."""

    name = "version"
    what = "`openpact version`"
    bar = Bar(150.0, "≤ 150 ms")

    def measure(self) -> float:
        return _run(self._folder, "-m", "openpact", "version")


class UpNew(_Process):
    """A first start."""

    name = "up.new"
    what = "`openpact up` to its first answer, making a new workspace"
    bar = Bar(1500.0, "≤ 1.5 s")
    heavy = True

    def measure(self) -> float:
        with _daemon(self._folder, self._lab.place() / "workspace") as daemon:
            return daemon.ready_ms


class UpAgain(_Process):
    """Every later start."""

    name = "up.again"
    what = "`openpact up` to its first answer, on a workspace that is there"
    bar = Bar(1500.0, "≤ 1.5 s")
    heavy = True

    def open(self, lab: Lab) -> None:
        super().open(lab)
        with _daemon(self._folder, self._folder / "workspace"):
            pass

    def measure(self) -> float:
        with _daemon(self._folder, self._folder / "workspace") as daemon:
            return daemon.ready_ms


class IdleMemory(Row):
    """What a daemon holds that has nothing to do."""

    name = "idle-memory"
    what = f"resident memory of an idle daemon, {_IDLE_SECONDS:.0f} s after it was ready"
    unit = "MB"
    bar = Bar(110.0, "≤ 110 MB")
    heavy = True

    def open(self, lab: Lab) -> None:
        self._folder = lab.place()

    def measure(self) -> float:
        with _daemon(self._folder, self._folder / "workspace") as daemon:
            time.sleep(_IDLE_SECONDS)
            return resident_mb(daemon.pid)
