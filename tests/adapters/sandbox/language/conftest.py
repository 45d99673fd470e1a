"""The language in a process of its own: what a test runs, and how it is told."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

LIMITS = {
    "wall_ms": 5_000,
    "memory_mb": 128,
    "steps": 20_000_000,
    "result_bytes": 1_048_576,
    "log_lines": 1_000,
    "log_chars": 4_096,
}


class Told(NamedTuple):
    """How a script ended, what it asked of its host, and what it printed."""

    answer: dict[str, Any]
    calls: list[list[Any]]
    logs: list[str]
    signal: int

    @property
    def result(self) -> Any:
        assert self.answer["t"] == "done", self.answer
        return json.loads(self.answer["result"])

    @property
    def code(self) -> str:
        assert self.answer["t"] == "failed", self.answer
        return str(self.answer["code"])

    @property
    def message(self) -> str:
        assert self.answer["t"] == "failed", self.answer
        return str(self.answer["message"])

    @property
    def place(self) -> tuple[int, int]:
        return self.answer["line"], self.answer["column"]


class Language:
    """The engine in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  (our own interpreter and file)
            [sys.executable, "-P", Path(__file__).with_name("apart.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"RUST_BACKTRACE": "0", "LANG": "C.UTF-8", "PATH": os.environ["PATH"], "MALLOC_ARENA_MAX": "1"},
            text=True,
            encoding="utf-8",
        )

    def ask(
        self, request: dict[str, Any], answers: dict[str, Any] | None = None, files: dict[str, str] | None = None
    ) -> Told:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"request": request, "answers": answers or {}, "files": files or {}}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Told(**json.loads(self._process.stdout.readline()))

    def run(
        self,
        source: str,
        *,
        function: str | None = None,
        args: str | None = None,
        answers: dict[str, Any] | None = None,
        files: dict[str, str] | None = None,
        **limits: int,
    ) -> Told:
        request = {
            "t": "run",
            "name": "test.star",
            "source": source,
            "function": function,
            "args": args,
            "limits": LIMITS | limits,
        }
        return self.ask(request, answers, files)

    def result(self, expression: str, **more: Any) -> Any:
        return self.run(f"result = {expression}", **more).result

    def outline(self, source: str) -> dict[str, Any]:
        told = self.ask({"t": "check", "name": "test.star", "source": source})
        assert told.answer["t"] == "checked"
        return dict(told.answer["outline"])

    def close(self) -> None:
        self._process.communicate(timeout=10)


@pytest.fixture(scope="session")
def language() -> Iterator[Language]:
    opened = Language()
    yield opened
    opened.close()
