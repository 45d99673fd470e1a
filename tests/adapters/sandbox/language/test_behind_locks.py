"""The language in real workers: nothing that a script can do makes one do what the locks forbid."""

from collections.abc import Mapping
from typing import Any

import pytest

from openpact.adapters.sandbox.inside import rehearsal
from openpact.adapters.sandbox.inside.host import Refused
from openpact.adapters.sandbox.pool import Pool
from openpact.adapters.sandbox.settings import ENTRY
from openpact.domain import errors
from openpact.domain.run import Code, Denied, Ended, Limits
from tests.adapters.sandbox.pools import on_pool
from tests.conformance.test_conformance import ASSERTIONS, HOLDING, LOAD

LIMITS = Limits(wall_ms=5_000, steps=1_000_000)


class Desk:
    """A host that answers as the rehearsal's does, and keeps the lines."""

    def __init__(self) -> None:
        self._stand = rehearsal.Stand()
        self.lines: list[str] = []

    async def call(self, op: str, given: Mapping[str, Any]) -> object:
        if op == "load" and given["path"] == "assert.star":
            return {"source": ASSERTIONS, "sha256": ""}
        try:
            return self._stand.call(op, dict(given))
        except Refused as refused:
            raise Denied(Code(refused.code), refused.message, refused.hint) from None

    def log(self, text: str) -> None:
        self.lines.append(text)


def _order(source: str, **more: Any) -> dict[str, Any]:
    return {"t": "run", "name": "run.star", "source": source, "function": None, "args": None, **more}


@pytest.mark.promise("SCR-3.02")
def test_everything_rehearsed_works_behind_the_locks() -> None:
    async def use(pool: Pool) -> list[tuple[str, Ended]]:
        orders = [{**order, "limits": None} for order in rehearsal.REQUESTS if order["t"] == "run"]
        for order in orders:
            del order["limits"]
        return [(order["source"], await pool.run(order, LIMITS, Desk())) for order in orders]

    ends = on_pool(use, entry=ENTRY)
    assert ends[0][1].result is not None
    for source, ended in ends:
        assert ended.failure is None or ended.failure.code is not Code.SANDBOX_VIOLATION, source


@pytest.mark.promise("SCR-3.01")
def test_every_outline_is_made_behind_the_locks() -> None:
    async def use(pool: Pool) -> list[dict[str, Any]]:
        orders = [order for order in rehearsal.REQUESTS if order["t"] == "check"]
        return [await pool.check(order["name"], order["source"]) for order in orders]

    assert all(outline["diagnostics"] is not None for outline in on_pool(use, entry=ENTRY))


@pytest.mark.promise("SCR-2.01")
def test_the_specification_holds_behind_the_locks() -> None:
    desk = Desk()

    async def use(pool: Pool) -> list[Ended]:
        return [await pool.run(_order(f"{LOAD}\n{chunk.source}\n"), LIMITS, desk) for chunk in HOLDING]

    for chunk, ended in zip(HOLDING, on_pool(use, entry=ENTRY), strict=True):
        assert ended.failure is None, chunk.name
    assert len(desk.lines) >= 400
    assert set(desk.lines) == {"ok"}


@pytest.mark.promise("SCR-3.05")
@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("x = [1] * 1000000000", Code.MEMORY_LIMIT),
        ("x = 'a' * 2000000000", Code.MEMORY_LIMIT),
        ("x = [1]\nfor i in range(60):\n    x = x + x", Code.MEMORY_LIMIT),
        ("x = 3\nfor i in range(60):\n    x = x * x", Code.TIMEOUT),
        ("x = int('9' * 10000000)", Code.TIMEOUT),
    ],
)
def test_what_the_engine_cannot_stop_by_itself_is_stopped(source: str, code: Code) -> None:
    async def use(pool: Pool) -> Ended:
        return await pool.run(_order(source), Limits(wall_ms=1_000), Desk())

    ended = on_pool(use, entry=ENTRY)
    assert ended.failure is not None
    assert ended.failure.code is code


def test_a_source_that_no_reader_takes_is_told_so() -> None:
    async def use(pool: Pool) -> list[object]:
        found: list[object] = []
        for source in ("x = " + "(" * 3_000 + "1" + ")" * 3_000, "x = " + "[" * 200_000, "x = " + "- " * 100_000 + "1"):
            try:
                found.append((await pool.check("deep.star", source))["ok"])
            except errors.ScriptInvalid as refused:
                found.append(refused.message)
        return found

    assert all(told is not True for told in on_pool(use, entry=ENTRY))
