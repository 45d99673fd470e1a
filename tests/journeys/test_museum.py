"""Every hostile script of the museum ends as it must, in time, and disturbs nobody.

Each runs in a pool that all of them share, beside a neighbour that waits for its host the whole time; afterwards the
neighbour goes on to its result, another starts, and no worker is left.
"""

import asyncio
import sys
from collections.abc import Coroutine, Iterator, Mapping
from typing import Any, TypeVar

import pytest

from openpact.adapters.sandbox.pool import Pool, Settings
from openpact.domain import errors
from openpact.domain.run import Code, Denied, Ended, Failure, Limits
from tests.adapters.sandbox.pools import descriptors, settled, soon, workers
from tests.hostile.museum import Piece, library, pieces

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

T = TypeVar("T")
PIECES = pieces()
NAMES = [piece.name for piece in PIECES]
NEIGHBOUR = "def main():\n    time.sleep(1)\n    return [1 << 31, 'é']\n"
NEIGHBOURS_RESULT = '[2147483648,"é"]'
MEMORY_MB, WARM = 64, 2
# What is ours and no script's: a message that holds it was made for nobody.
INNER = ("<prelude>", "<entry>", "_py_", "_hidden", "Panic", "Traceback", "openpact", ".rs:", "RuntimeError")
BODIES = {
    "https://large.test/": "x" * 4_000_000,
    "https://half.test/": "\ud800",
    "https://json.test/": "[" * 100_000,
    "https://numbers.test/": "[" + "1e400," * 100_000 + "1]",
    "https://fine.test/": '{"a": 1}',
}


class Desk:
    """A host of which nothing useful is to be had; what it is asked is kept."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.lines: list[str] = []

    async def call(self, op: str, given: Mapping[str, Any]) -> object:
        self.asked.add(op)
        if op == "load" and (source := library(given["path"])) is not None:
            return {"source": source, "sha256": ""}
        if op == "sleep":
            rung = asyncio.Event()
            asyncio.get_running_loop().call_later(given["seconds"], rung.set)
            await rung.wait()
            return None
        if op == "http" and given["url"] == "https://slow.test/":
            await asyncio.Event().wait()
        if op == "http" and given["url"] in BODIES:
            return {"status": 200, "body": BODIES[given["url"]], "headers": {}, "url": given["url"]}
        raise Denied(Code.CAPABILITY_DENIED, f"{op} is not to be had.", "Declare it.")

    def log(self, text: str) -> None:
        self.lines.append(text)


class Waiting(Desk):
    """The host of a neighbour: it answers when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.there = asyncio.Event()
        self.go = asyncio.Event()

    async def call(self, op: str, given: Mapping[str, Any]) -> object:  # noqa: ARG002 - it answers all alike
        self.there.set()
        await self.go.wait()
        return None


class Museum:
    """The one pool, and the event loop it lives on."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self.pool = self.do(Pool.open(Settings(max_active=2, memory_mb=MEMORY_MB, warm=WARM)))

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(what)

    def close(self) -> None:
        self.do(self.pool.close())
        self._runner.close()


@pytest.fixture(scope="module")
def museum() -> Iterator[Museum]:
    opened = Museum()
    yield opened
    opened.close()


def request(source: str, function: str | None = None, args: str | None = None) -> dict[str, Any]:
    return {"t": "run", "name": "piece.star", "source": source, "function": function, "args": args}


async def beside_a_neighbour(pool: Pool, tried: Coroutine[Any, Any, T], within: float) -> T:
    """Do it while a neighbour waits for its host; see that the neighbour and the next in line get what they want."""
    desk = Waiting()
    neighbour = asyncio.create_task(pool.run(request(NEIGHBOUR), Limits(), desk))
    await desk.there.wait()
    open_before = descriptors()
    async with asyncio.timeout(within):
        done = await tried
    desk.go.set()
    async with asyncio.timeout(10):
        assert (await neighbour).result == NEIGHBOURS_RESULT
        assert (await pool.run(request(NEIGHBOUR), Limits(), desk)).result == NEIGHBOURS_RESULT
    await alone(pool)
    assert descriptors() < open_before + WARM
    return done


async def alone(pool: Pool) -> None:
    """Wait until no worker is left but those that wait for their first run."""
    await settled(pool)
    await soon(lambda: len(workers()) == WARM)
    assert pool.stats().active == pool.stats().waiting == 0


def told(failure: Failure) -> str:
    parts = [failure.message, failure.hint, *(f"{frame.file} {frame.function}" for frame in failure.frames)]
    return "\n".join(part for part in parts if part)


def test_the_museum_is_whole() -> None:
    assert len(PIECES) >= 60
    assert {code for piece in PIECES for code in piece.expect} <= {"ok", *Code}
    assert not any("sandbox_violation" in piece.expect for piece in PIECES)  # no script can; a worker can


@pytest.mark.promise("QUA-2.06", "SCR-3.05", "SCR-3.09", "SCR-3.10")
@pytest.mark.parametrize("piece", PIECES, ids=NAMES)
def test_a_hostile_script_ends_as_it_must_and_disturbs_nobody(museum: Museum, piece: Piece) -> None:
    desk = Desk()
    asked = request(piece.source, piece.function, piece.args)
    tried = museum.pool.run(asked, piece.limits, desk)
    ended: Ended = museum.do(beside_a_neighbour(museum.pool, tried, piece.within))
    failure = ended.failure
    assert ("ok" if failure is None else failure.code.value) in piece.expect, failure or (ended.result or "")[:1000]
    assert desk.asked == piece.asks
    assert len(desk.lines) <= piece.limits.log_lines
    assert all(len(line) <= piece.limits.log_chars for line in desk.lines)
    assert len((ended.result or "").encode()) <= piece.limits.result_bytes
    if failure is not None:
        assert piece.message in failure.message
        assert not [word for word in INNER if word in told(failure) and word not in piece.source]
    elif piece.result is not None:
        assert ended.result == piece.result


@pytest.mark.promise("SCR-3.01")
@pytest.mark.parametrize("piece", PIECES, ids=NAMES)
def test_a_hostile_script_is_read_without_harm(museum: Museum, piece: Piece) -> None:
    async def read() -> str | None:
        async with asyncio.timeout(10):
            try:
                await museum.pool.check("piece.star", piece.source)
            except errors.ScriptInvalid as invalid:
                faults: Any = invalid.details["fields"]
                return str(faults[0]["code"])
            finally:
                await alone(museum.pool)
        return None

    assert museum.do(read()) in (None, Code.RECURSION_LIMIT, Code.MEMORY_LIMIT, Code.SYNTAX_ERROR)
