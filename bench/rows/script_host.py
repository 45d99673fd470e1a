"""What it costs when a script asks its host: a question there and back, a request with a secret in it, redaction.

Rules of this file:
- Nothing leaves this machine, and nothing is waited for: the answers are fixtures, the sleep is one of no seconds.
- Redaction is measured with as many secrets as a large house has, each in all its encodings.
"""

import asyncio
import hashlib
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import time

import uvloop

from bench.frame import Row, median_of
from bench.lab import Lab
from bench.stage import stage
from openpact.domain.capability import Capabilities
from openpact.domain.destination import read_rule
from openpact.domain.fixture import Fixtures, Reply
from openpact.domain.redaction import Redactor, marker
from openpact.domain.run import Limits
from openpact.domain.sealed import Vault
from openpact.services.broker import Redaction, Session
from openpact.services.isolation import isolated
from openpact.services.runs import Script

_ECHO = "import os, sys\nlink = int(sys.argv[1])\nwhile data := os.read(link, 4096):\n    os.write(link, data)\n"
_QUESTION = b'\x2a\0\0\0{"t":"call","op":"sleep","given":{"seconds":0}}'
_SECRETS = 200
_SIZE = 10_000
_HELD = 20  # how many secrets stand in the result of the row `redact.found`
_HOST = "api.bench.example"


class HostCall(Row):
    """A script's question: out of the worker, through the broker, back into the script."""

    name = "script-host-call"
    what = "a script's call of its host (`time.sleep(0)`), there and back, the run's own time divided among many"
    against = "the same bytes through a socket to a process that sends them back"

    def open(self, lab: Lab) -> None:
        self._stage = stage(lab)
        self._times = lab.times(2000)
        source = f"def main():\n    for _ in range({self._times}):\n        time.sleep(0)\n"
        self._script = Script(name="asks.star", source=source)
        self._link, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-I", "-S", "-c", _ECHO, str(theirs.fileno())]
            echo = subprocess.Popen(command, pass_fds=[theirs.fileno()])  # noqa: S603 - our own interpreter and program
        lab.keep(echo.wait)
        lab.keep(self._link.close)

    def measure(self) -> float:
        (spent,) = self._stage.spent(1, self._script)
        return spent * 1000 / self._times

    def compare(self) -> float:
        return median_of(self._times, self._there_and_back)

    def _there_and_back(self) -> None:
        self._link.sendall(_QUESTION)
        missing = len(_QUESTION)
        while missing:
            missing -= len(self._link.recv(missing))


class SealedRequest(Row):
    """A request with a secret in a header: judged, the value put in, the answer scrubbed."""

    name = "script-sealed-request"
    what = "a script's request with a sealed secret in a header, answered by a fixture: judged, placed, scrubbed"
    against = "the same request without a secret"

    def open(self, lab: Lab) -> None:
        self._times = lab.times(500)
        reply = Reply(url=f"https://{_HOST}/*", method="POST", json={"things": ["a thing that was answered"] * 30})
        self._ports = isolated(Fixtures(http=(reply,)))
        self._limits = Limits(http_calls=self._times)
        self._capabilities = Capabilities(secrets=("API_KEY",), hosts=(read_rule(_HOST),), methods=("POST",))
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        lab.keep(self._runner.close)

    def measure(self) -> float:
        return self._runner.run(self._send(sealed=True))

    def compare(self) -> float:
        return self._runner.run(self._send(sealed=False))

    async def _send(self, *, sealed: bool) -> float:
        session = Session("sends.star", self._capabilities, self._limits, self._ports, chance=os.urandom)
        key = (
            await session.call("secrets.get", {"name": "API_KEY"})
            if sealed
            else "no-secret-but-as-long-as-a-sealed-one"
        )
        asked = {
            "method": "POST",
            "url": f"https://{_HOST}/v1/things",
            "headers": {"Authorization": f"Bearer {key}", "Accept": "application/json"},
            "json": '{"title":"Something is broken","labels":["bug","p1"]}',
        }
        spent = []
        for _ in range(self._times):
            began = time.perf_counter_ns()
            await session.call("http", asked)
            spent.append(time.perf_counter_ns() - began)
        return statistics.median(spent) / 1000


class Redact(Row):
    """A result on its way to people."""

    def __init__(self, variant: str) -> None:
        held = {"clean": 0, "found": _HELD}[variant]
        self.name = f"redact.{variant}"
        self.what = f"redaction of a result of {_SIZE:,} bytes with {_SECRETS} secrets, {held or 'none'} of them in it"
        self.against = "as many str.replace, which find only what is written plainly"
        self._held = held

    def open(self, lab: Lab) -> None:
        self._times = lab.times(100)
        self._secrets = [(f"SECRET_{number}", _value(number)) for number in range(_SECRETS)]
        self._redaction = Redaction(Redactor.of(self._secrets), Vault(os.urandom))
        self._text = _result([value for _, value in self._secrets[: self._held]])
        assert self._plainly() == self._redaction.json(self._text)

    def measure(self) -> float:
        return median_of(self._times, lambda: self._redaction.json(self._text))

    def compare(self) -> float:
        return median_of(self._times, self._plainly)

    def _plainly(self) -> str:
        text = self._text
        for name, value in self._secrets:
            text = text.replace(value, marker(name))
        return text


def _value(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:40]


def _result(held: list[str]) -> str:
    """Write a list of things, as a server gives them; the first of them hold these texts."""
    things: list[dict[str, object]] = []
    for number, text in enumerate(itertools.chain(held, itertools.repeat("nothing that anybody hides"))):
        things.append({"id": number, "name": f"thing-{number}", "open": True, "text": f"What it says: {text}."})
        said = json.dumps(things, separators=(",", ":"))
        if len(said) >= _SIZE:
            return said
    raise AssertionError  # for the type checker: the chain does not end
