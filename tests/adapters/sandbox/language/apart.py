"""A process that answers scripts for tests, each in a child of its own: what hostile scripts break is not the test.

It has none of the worker's locks; those are tested with the pool. Orders and answers are lines of JSON.
"""

import json
import os
import resource
import signal
import sys
from typing import Any

from openpact.adapters.sandbox.inside import engine
from openpact.adapters.sandbox.inside.host import Host, Refused

_ADDRESS_SPACE = 1 << 30
_STACK = 64 << 20


class Desk(Host):
    """A host with prepared answers, which keeps what it was asked."""

    def __init__(self, answers: dict[str, Any], files: dict[str, str]) -> None:
        super().__init__(lambda _: None, lambda: b"")
        self._answers = answers
        self._files = files
        self.calls: list[Any] = []
        self.logs: list[str] = []

    def call(self, op: str, given: dict[str, Any]) -> Any:
        self.calls.append([op, given])
        if op == "load" and given["path"] in self._files:
            return {"source": self._files[given["path"]], "sha256": ""}
        if op not in self._answers:
            raise Refused("capability_denied", f"{op} is not to be had.", "Declare it.")
        return self._answers[op]

    def log(self, text: str) -> None:
        self.logs.append(text)


def _child(order: dict[str, Any], writer: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(20)
    desk = Desk(order["answers"], order["files"])
    answer = engine.answer(order["request"], desk)
    with os.fdopen(writer, "w") as out:
        json.dump({"answer": answer, "calls": desk.calls, "logs": desk.logs}, out)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_STACK, (_STACK, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    engine.warm()
    for line in sys.stdin:
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            try:
                os.close(reader)
                _child(json.loads(line), writer)
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as source:
            text = source.read()
        _, status = os.waitpid(child, 0)
        told = json.loads(text) if text else {"answer": None, "calls": [], "logs": []}
        print(json.dumps({**told, "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
