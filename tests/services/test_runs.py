"""Runs: a script in the sandbox, answered by a session; redacted whatever it does, and recorded however it ends."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from openpact.adapters.sandbox.pool import Settings
from openpact.domain import errors
from openpact.domain.run import Code, Failure, Frame, Limits, Outcome
from openpact.services.ports import Loaded
from openpact.services.runs import Runs, Script
from tests.adapters.sandbox.pools import kill, workers
from tests.adapters.servers import Asked, says
from tests.services.running import VALUE, running


def failure_of(outcome: Outcome) -> Failure:
    assert outcome.ended.failure is not None, outcome
    assert not outcome.success
    return outcome.ended.failure


@pytest.mark.promise("SCR-7.07", "SCR-4.14")
def test_a_run_tells_everything_about_itself_and_nothing_secret(tmp_path: Path) -> None:
    source = """
def main(city):
    key = secrets.get("KEY")
    print("asking for", city, key)
    answer = http.get(ORIGIN, params = {"q": city, "k": key})
    return {"status": answer["status"], "said": answer["body"], key: [key]}
"""

    async def tried() -> None:
        async with running(tmp_path, says(200, f"it is {VALUE}".encode()), sandbox=True) as here:
            outcome = await here.run(f'ORIGIN = "{here.origin}/now"\n{source}', args='{"city": "Bern"}')
            assert outcome.success
            assert json.loads(outcome.ended.result or "") == {
                "status": 200, "said": "it is [REDACTED:KEY]", "[REDACTED:KEY]": ["[REDACTED:KEY]"],
            }  # fmt: skip
            assert outcome.logs == ("asking for Bern [REDACTED:KEY]",)
            assert outcome.secrets_used == ("KEY",)
            assert outcome.hosts == (here.origin,)
            (exchange,) = outcome.exchanges
            assert (exchange.url, exchange.status) == (f"{here.origin}/now", 200)
            document = outcome.as_document()
            assert document["success"] is True
            assert document["steps"] == outcome.ended.usage.steps

    asyncio.run(tried())


@pytest.mark.promise("SCR-7.07", "SCR-4.14")
def test_a_failure_says_where_and_nothing_secret(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path, sandbox=True) as here:
            outcome = await here.run('def inner(x):\n    fail("no: " + x)\ninner(secrets.get("KEY"))\n')
            failure = failure_of(outcome)
            assert (failure.code, failure.line) == (Code.SCRIPT_ERROR, 2)
            assert "no: [REDACTED:KEY]" in failure.message
            assert failure.frames == (Frame("weather.star", 3, "<module>"), Frame("weather.star", 2, "inner"))
            document = outcome.as_document()
            assert (document["success"], document["code"]) == (False, "script_error")
            refused = failure_of(await here.run('result = http.get("https://other.test/")'))
            assert (refused.code, refused.line) == (Code.CAPABILITY_DENIED, 1)
            assert refused.hint == "Declare it: # @hosts: other.test"

    asyncio.run(tried())


@pytest.mark.promise("SCR-3.09", "SCR-4.17")
def test_a_request_that_outlives_the_deadline_is_cancelled_and_recorded(tmp_path: Path) -> None:
    gone = asyncio.Event()

    async def never(_got: Asked, writer: asyncio.StreamWriter) -> None:
        try:
            await writer.wait_closed()
        finally:
            gone.set()

    async def tried() -> None:
        async with running(tmp_path, never, sandbox=True) as here:
            source = f'result = http.get("{here.origin}/slow?k=" + secrets.get("KEY"), timeout = 60)'
            outcome = await here.run(source, ms=400)
            assert failure_of(outcome).code is Code.TIMEOUT
            assert outcome.ended.usage.duration_ms < 2_000
            (exchange,) = outcome.exchanges
            assert (exchange.status, exchange.url, exchange.secrets) == (None, f"{here.origin}/slow", ("KEY",))
            assert exchange.error == "The run ended before there was an answer."
            assert [outcome for _, outcome, _ in here.recorded("http.request")] == ["begun", "unknown"]
            assert here.recorded("http.request")[1][2]["reason"] == "interrupted"
            assert len(here.served.asked) == 1

    asyncio.run(tried())


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks into /proc")  # noqa: PTH112 - at import
def test_a_worker_that_dies_during_a_request_ends_the_run_and_the_request_is_recorded(tmp_path: Path) -> None:
    async def tried() -> None:
        reached = asyncio.Event()

        async def never(_got: Asked, _writer: asyncio.StreamWriter) -> None:
            reached.set()
            await asyncio.Event().wait()

        async with running(tmp_path, never, sandbox=True) as here:
            run = asyncio.create_task(here.run(f'result = http.get("{here.origin}/")'))
            await reached.wait()
            kill(workers())
            outcome = await run
            assert failure_of(outcome).code in {Code.SANDBOX_LOST, Code.SANDBOX_VIOLATION, Code.MEMORY_LIMIT}
            assert [outcome for _, outcome, _ in here.recorded("http.request")] == ["begun", "unknown"]
            fine = await here.run("result = 1")
            assert fine.ended.result == "1"

    asyncio.run(tried())


@pytest.mark.promise("SCR-3.05")
def test_a_script_makes_its_time_shorter_and_never_longer(tmp_path: Path) -> None:
    endless = "def main():\n    for x in range(10000000):\n        for y in range(10000000):\n            pass\n"

    async def tried() -> None:
        async with running(tmp_path, sandbox=True) as here:
            outcome = await here.run(endless, ms=150)
            assert failure_of(outcome).code is Code.TIMEOUT
            assert outcome.ended.usage.duration_ms < 1_500
            runs = Runs(Settings(max_active=1), Limits(wall_ms=200))
            await runs.open()
            outcome = await runs.run(Script(name="a.star", source=endless, timeout_ms=60_000), here.ports())
            await runs.close()
            assert failure_of(outcome).code is Code.TIMEOUT
            assert outcome.ended.usage.duration_ms < 1_500

    asyncio.run(tried())


@pytest.mark.parametrize("args", ["1", '"a"', "null", "", "{", '{"a":1,"a":2}', "[1e999]", "[" * 2000])
def test_arguments_are_a_list_or_an_object(args: str, tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            with pytest.raises((errors.Invalid, errors.JsonInvalid)):
                await here.run("def main(*args):\n    return 1", args=args)

    asyncio.run(tried())


def test_without_a_sandbox_nothing_runs_and_it_is_said(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path) as here:
            runs = here.world.house.runs
            assert runs.report == {}
            for asked in (here.run("result = 1"), runs.outline("a.star", "result = 1")):
                with pytest.raises(errors.SandboxUnavailable):
                    await asked
            with pytest.raises(errors.SandboxUnavailable):
                runs.stats()
            await runs.close()
            await runs.open()
            assert runs.stats().active == 0
            assert runs.report
            assert (await runs.outline("a.star", "def f(x):\n    return x")).functions[0].name == "f"

    asyncio.run(tried())


@pytest.mark.promise("SCR-2.06")
def test_what_a_loaded_script_declares_gives_nothing_to_the_one_that_loads_it(tmp_path: Path) -> None:
    async def load(path: str) -> Loaded:
        source = '# @secrets: OTHER\n# @hosts: other.test\n\ndef read():\n    return secrets.get("OTHER")\n'
        return Loaded(path, source + 'def ask():\n    return http.get("https://other.test/")\n', "sha256:1")

    async def tried() -> None:
        async with running(tmp_path, sandbox=True) as here:
            here.set("OTHER")
            for call in ("read", "ask"):
                source = f'load("lib/a.star", "{call}")\nresult = {call}()'
                failure = failure_of(await here.run(source, ports=here.ports(load=load)))
                assert failure.code is Code.CAPABILITY_DENIED
                assert failure.frames[-1] == Frame("lib/a.star", 5 if call == "read" else 7, call)
            assert here.events("secret.access") == here.events("http.request") == []

    asyncio.run(tried())


@pytest.mark.promise("SCR-4.13", "SCR-4.14")
def test_a_plain_value_is_in_nothing_that_people_see_not_even_in_the_hosts(tmp_path: Path) -> None:
    value = "plainvalue4f9d8a7b"

    async def tried() -> None:
        from openpact.services.secrets import Terms  # noqa: PLC0415 - beside its use

        async with running(tmp_path, sandbox=True) as here:
            here.set("KEY", value, Terms(mode="plain"))
            port = here.served.port
            source = f'key = secrets.get("KEY")\nresult = http.get("https://" + key + ".good.test:{port}/")["url"]'
            outcome = await here.run(source, f"# @hosts: *.good.test:{port}")
            assert outcome.success, outcome
            shown = f"https://[REDACTED:KEY].good.test:{port}"
            assert (outcome.hosts, outcome.exchanges[0].url) == ((shown,), f"{shown}/")
            assert value not in json.dumps(outcome.as_document(), default=repr)
            assert value not in str(here.world.events())
            assert value in str(here.served.asked)

    asyncio.run(tried())


def test_a_script_that_wants_everything_does_not_hold_up_another(tmp_path: Path) -> None:
    async def tried() -> None:
        async with running(tmp_path, sandbox=True) as here:
            runs, ports = here.world.house.runs, here.ports()
            endless = Script(name="endless.star", source="def main():\n    for i in range(100000000): i\n")
            hog = [asyncio.create_task(runs.run(endless, ports)) for _ in range(40 * (os.cpu_count() or 1))]
            while not runs.stats().waiting:  # noqa: ASYNC110 - what is waited for happens in other processes
                await asyncio.sleep(0.002)
            began = asyncio.get_running_loop().time()
            assert (await runs.run(Script(name="quick.star", source="result = 1"), ports)).success
            assert asyncio.get_running_loop().time() - began < 1.5  # and not the forty turns of the other's
            for each in hog:
                each.cancel()
            await asyncio.wait(hog)

    asyncio.run(tried())
