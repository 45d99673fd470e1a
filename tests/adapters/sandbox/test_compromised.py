"""What a worker that an attacker owns can do after the locks: nothing, as root's child and as an ordinary user's."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from openpact.adapters.sandbox.pool import Pool
from openpact.domain.run import Code, Limits
from tests.adapters.sandbox.pools import QUICK, Desk, code_of, on_pool, run
from tests.hostile.compromised import DEADLY, LIES, REFUSED

ROOT = Path(__file__).parents[3]
AS_USER = (
    "import json; from tests.adapters.sandbox.test_compromised import tried;"
    " from tests.adapters.sandbox.pools import on_pool; print(json.dumps(on_pool(tried, require='strict')))"
)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the locks are Linux's")


async def tried(pool: Pool) -> dict[str, str]:
    outcomes = {}
    for name in (*DEADLY, *REFUSED):
        ended = await run(pool, name, Limits(wall_ms=5_000))
        outcomes[name] = str(code_of(ended) or json.loads(ended.result or "null"))
    return outcomes


EXPECTED = {**dict.fromkeys(DEADLY, "sandbox_violation"), **dict.fromkeys(REFUSED, "refused")}


@pytest.mark.promise("SCR-3.01", "SCR-3.02")
def test_a_compromised_worker_reaches_nothing_and_is_killed_for_trying() -> None:
    assert on_pool(tried, require="strict") == EXPECTED


@pytest.mark.promise("SCR-3.01", "SCR-3.02")
def test_a_compromised_worker_of_an_ordinary_user_reaches_nothing_either() -> None:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can start a process as somebody else")
    # The interpreter's own files may be closed to others: the right to read is all that this user has more.
    rights = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    done = subprocess.run(  # noqa: S603 - the test's own
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *rights, sys.executable, "-c", AS_USER],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == EXPECTED


@pytest.mark.parametrize("lie", sorted(LIES))
def test_what_no_worker_can_say_ends_it_as_a_violation(lie: str) -> None:
    async def use(pool: Pool) -> None:
        ended = await run(pool, lie, Limits(wall_ms=5_000))
        assert (code_of(ended), ended.result) == (Code.SANDBOX_VIOLATION, None)
        assert (await run(pool, "1")).result == "1"

    on_pool(use)


def test_a_second_answer_is_never_heard() -> None:
    async def use(pool: Pool) -> None:
        assert (await run(pool, "twice")).result == '"first"'

    on_pool(use)


@pytest.mark.promise("SCR-3.05")
def test_a_flood_of_log_lines_ends_at_its_limit() -> None:
    async def use(pool: Pool) -> None:
        desk = Desk()
        ended = await run(pool, "flood", Limits(wall_ms=20_000, log_lines=7), desk)
        assert (code_of(ended), len(desk.lines)) == (Code.OUTPUT_LIMIT, 7)
        assert code_of(await run(pool, "long_line", QUICK, desk)) is Code.OUTPUT_LIMIT
        assert len(desk.lines) == 7

    on_pool(use)


@pytest.mark.promise("SCR-3.05")
def test_calls_beyond_their_limit_are_not_made() -> None:
    async def use(pool: Pool) -> None:
        desk = Desk()
        ended = await run(pool, "calls", Limits(wall_ms=20_000, host_calls=5), desk)
        assert code_of(ended) is Code.STEP_LIMIT
        assert desk.calls == ["echo"] * 5

    on_pool(use)
