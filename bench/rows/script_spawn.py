"""What a run costs beside the plain way to wall it in: a process of its own, started for it.

Rules of this file:
- The process gets no help that it would not have, and no hindrance: its files are in memory, its modules compiled, and
  its time ends with its answer.
"""

import importlib.util
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from bench import spawned
from bench.frame import Bar
from bench.lab import Lab
from bench.rows.scripts import Trivial
from bench.stage import ARGUMENTS, TRIVIAL, WARM
from openpact.adapters.sandbox import wire
from openpact.domain.run import Limits

_PATIENCE = 60.0  # seconds
_CONFIG = {"memory_mb": WARM.memory_mb, "cpu_seconds": WARM.largest_ms // 1000 + 1}
_ENVIRONMENT = {"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1", "RUST_BACKTRACE": "0"}


class ScriptRunSpawned(Trivial):
    """Beside a process for each run, which does it all anew: start, import, lock, run."""

    name = "script-run.spawn"
    against = "a process spawned per run, with the same locks"
    bar = Bar(0.1, "ratio ≤ 1/10", of="ratio")

    def open(self, lab: Lab) -> None:
        super().open(lab)
        self._spawns = lab.times(10)
        empty = lab.place()
        folders = list(dict.fromkeys(_folder(name) for name in ("bench", "openpact", "starlark")))
        held = json.dumps(dict(self._stage.runs.report))
        program = (
            f"import runpy, sys; sys.path += {folders!r}; runpy.run_module({spawned.__name__!r}, None, '__main__')"
        )
        self._before = [sys.executable, "-I", "-S", "-B", "-c", program]
        self._behind = [str(os.getpid()), str(empty), held, json.dumps(_CONFIG)]
        limits = msgspec.to_builtins(Limits())
        self._request = wire.packed(
            {
                "t": "run",
                "name": TRIVIAL.name,
                "source": TRIVIAL.source,
                "function": None,
                "args": ARGUMENTS,
                "limits": limits,
            }
        )

    def compare(self) -> float:
        return statistics.median(self._spawn() for _ in range(self._spawns))

    def _spawn(self) -> float:
        """Give how long it took until the answer was there; the end of the process is not waited for."""
        ours, theirs = socket.socketpair()
        ours.settimeout(_PATIENCE)
        with ours, theirs:
            began = time.perf_counter_ns()
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and program
                [*self._before, str(theirs.fileno()), *self._behind],
                pass_fds=[theirs.fileno()],
                env=_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            theirs.close()  # so that its end is heard of
            try:
                ours.sendall(self._request)
                said = _answer(ours)
                spent = (time.perf_counter_ns() - began) / 1e6
            finally:
                process.kill()
                process.wait()
        if said.get("result") != '{"sum":3}':
            raise RuntimeError(f"the spawned process did not run the script: {said}")
        return spent


def _answer(link: socket.socket) -> dict[str, object]:
    inbox = wire.Inbox(wire.LONGEST)
    while (said := inbox.find_message()) is None:
        data = link.recv(65_536)
        if not data:
            raise RuntimeError("the spawned process ended without an answer")
        inbox.feed(data)
    answer: dict[str, object] = json.loads(said)
    return answer


def _folder(package: str) -> str:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    return str(Path(found.origin).parents[1])
