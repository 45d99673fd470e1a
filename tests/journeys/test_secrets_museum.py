"""No script carries a secret out: not to another host, not to people, in no encoding; and those that mean well work.

Each script runs for real: stored secret, sandbox, broker, TLS, two hosts. Afterwards everything that people or the
other host could have seen is searched for the value, by a search that knows nothing of the one it checks.
"""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from openpact.domain.principal import Principal, Role
from openpact.domain.run import Code, Outcome
from openpact.domain.sealed import TOKEN
from openpact.services.inspection import inspect
from openpact.services.live import script_principal
from openpact.services.ports import load_nothing
from openpact.services.secrets import Terms
from tests.adapters.servers import Answer
from tests.carrying import written
from tests.carrying.checking import checking
from tests.carrying.hosts import Hosts, open_hosts
from tests.carrying.pieces import Piece, pieces
from tests.world import World, open_world

T = TypeVar("T")
VALUE = "sk_live_9f8/Zq+Lm==\"&%7Ex<'é"
OTHER = "another secret: 7c4a8d09ca37"
LINES = "-----BEGIN KEY-----\n" + "\n".join(f"{n:02d}MIIEvQIBADANBgkqhkiG9w0BAQEF{n * n:04d}" for n in range(20))
LONG = "".join(f"{number * 7919 % 65536:04x}" for number in range(15_000))
SECRETS = {"KEY": VALUE, "OTHER": OTHER, "LINES": LINES, "LONG": LONG}
PIECES = pieces("secrets")
WORKING = pieces("integrations")


class Tools:
    """A gateway with a tool that knows the secret, and one that sends."""

    def __init__(self) -> None:
        self.called: list[str] = []

    async def call(self, name: str, arguments: str) -> str:
        self.called.append(arguments)
        return json.dumps({VALUE: [VALUE]}) if name == "vault.read" else "null"


class Museum:
    """One house, both hosts, and the event loop they live on."""

    def __init__(self, url: str, folder: Path, answer: Answer | None = None) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.hosts: Hosts = self.do(self._stack.enter_async_context(open_hosts(folder, OTHER, answer)))
        self.world: World = open_world(url, folder / "secure", egress=self.hosts.egress)
        self.boss: Principal = self.world.person("boss", Role.ADMIN)
        self.tools = Tools()
        for name, value in SECRETS.items():
            self.world.house.secrets.set(self.boss, name, value, Terms())
        self.do(self.world.house.runs.open())

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(what)

    async def ran(self, piece: Piece, args: list[Any] | None) -> Outcome:
        house, name = self.world.house, f"{piece.name}.star"
        looked = await inspect(house.runs, name, piece.run_as(self.hosts.ports), infer_hosts=True)
        ports = house.live.ports(script_principal(name, self.boss), self.tools, load_nothing)
        given = None if args is None else _ported(json.dumps(args), self.hosts.ports)
        return await house.runs.run(looked.script(), ports, args=given)

    def close(self) -> None:
        self.do(self.world.house.runs.close())
        self.do(self._stack.aclose())
        self.world.close()
        self._runner.close()


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Museum]:
    folder = tmp_path_factory.mktemp("museum")
    opened = Museum(f"sqlite:///{folder}/openpact.db", folder)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Museum]:
    folder = tmp_path_factory.mktemp("service")
    opened = Museum(f"sqlite:///{folder}/openpact.db", folder, checking(VALUE))
    yield opened
    opened.close()


def _ported(text: str, ports: dict[str, int]) -> str:
    for port, real in ports.items():
        text = text.replace(port, str(real))
    return text


def told(outcome: Outcome) -> list[str]:
    """Give everything that people see of a run, as it is and in its parts."""
    document = json.loads(msgspec.json.encode(outcome.as_document()))
    parts = list(written.leaves(document))
    result = list(written.leaves(document.get("result")))
    return [json.dumps(document), json.dumps(document, ensure_ascii=False), *parts, "".join(result)]


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.name)
@pytest.mark.promise(
    "QUA-2.08", "SCR-3.13", "SCR-4.06", "SCR-4.09", "SCR-4.10", "SCR-4.11", "SCR-4.12", "SCR-4.13", "SCR-4.14"
)
def test_no_script_carries_a_secret_out(museum: Museum, piece: Piece, capfd: pytest.CaptureFixture[str]) -> None:
    museum.world.house.secrets.set(museum.boss, "KEY", VALUE, piece.terms(museum.hosts.ports))
    for each in piece.each:
        museum.hosts.evil.asked.clear()
        museum.hosts.evil.tls_names.clear()
        museum.tools.called.clear()
        before = len(museum.world.events())
        argument = VALUE if each == "VALUE" else each
        outcome = museum.do(museum.ran(piece, None if argument is None else [argument]))
        if piece.replay:
            letters = json.loads(outcome.ended.result or "")
            assert TOKEN.fullmatch("".join(letters))
            outcome = museum.do(museum.ran(piece, [letters]))

        failure = outcome.ended.failure
        assert ("ok" if failure is None else failure.code.value) in piece.expect, (each, failure, outcome.ended.result)
        seen = told(outcome)
        seen += [f"{event.target} {event.details}" for event in museum.world.events()[before:]]
        seen += [*capfd.readouterr(), *museum.tools.called]
        assert written.found(SECRETS.values(), seen) == []
        assert written.found(SECRETS.values(), museum.hosts.reached_evil()) == []
        assert not TOKEN.findall("\n".join(museum.hosts.reached_evil()))
        assert len(museum.hosts.evil.asked) in piece.evil
        assert failure is None or piece.message in failure.message
        assert piece.result is None or outcome.ended.result == piece.result


def test_the_museum_is_whole() -> None:
    assert len(PIECES) >= 100
    assert len(WORKING) >= 25
    assert {code for piece in PIECES for code in piece.expect} <= {"ok", *Code}
    assert "sandbox_violation" not in {code for piece in PIECES for code in piece.expect}


@pytest.mark.promise("SCR-2.13", "SCR-4.10")
@pytest.mark.parametrize("piece", WORKING, ids=lambda piece: piece.name)
def test_a_script_that_means_well_is_served(service: Museum, piece: Piece) -> None:
    service.world.house.secrets.set(service.boss, "KEY", VALUE, piece.terms(service.hosts.ports))
    outcome = service.do(service.ran(piece, None))

    assert outcome.ended.failure is None
    assert outcome.ended.result == piece.result, service.hosts.good.asked[-1]
    assert outcome.secrets_used == ("KEY",)
    assert written.found([VALUE], told(outcome)) == []
