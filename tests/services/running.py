"""A house with a host that answers it, for tests of what a script may ask: real store, ledger and TLS.

Rules of this file:
- The host is called good.test, and stands for the one that a script may ask; every other name leads to it as well.
"""

import json
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from openpact.adapters.egress.door import Egress
from openpact.adapters.egress.settings import Settings
from openpact.domain.audit import Event
from openpact.domain.capability import Capabilities, granted
from openpact.domain.metadata import read_metadata
from openpact.domain.principal import Principal, Role
from openpact.domain.run import Denied, Limits, Outcome
from openpact.services.broker import Session
from openpact.services.live import Live, script_principal
from openpact.services.ports import Load, NoTools, Ports, Tools, load_nothing
from openpact.services.runs import Script
from openpact.services.secret_sources import Given
from openpact.services.secrets import Terms
from tests.adapters.asking import LOOPBACK, here
from tests.adapters.servers import Answer, Authority, Served, says, serving
from tests.world import World, open_world

VALUE = "sk_live_9f8/Zq+Lm==\"&%7Ex<'é"
NAME = "weather.star"
ANYTHING = Terms(hosts=None, scripts=None, places=None)


class Running:
    """One house, one host, and what a script is given of both."""

    def __init__(self, world: World, served: Served, egress: Egress) -> None:
        self.world = world
        self.served = served
        self.boss: Principal = world.person("boss", Role.ADMIN)
        self._egress = egress

    @property
    def origin(self) -> str:
        return f"https://good.test:{self.served.port}"

    def set(self, name: str, value: str = VALUE, terms: Terms = ANYTHING) -> None:
        self.world.house.secrets.set(self.boss, name, value, terms)

    def capabilities(self, *lines: str, hosts: Iterable[str] = ("good.test",)) -> Capabilities:
        """Give what a script may use that declares KEY, these hosts at the port of the server, and these lines."""
        declared = " ".join(f"{host}:{self.served.port}" for host in hosts)
        return granted(read_metadata("\n".join(["# @secrets: KEY", f"# @hosts: {declared}", *lines])))

    def ports(self, *, tools: Tools | None = None, load: Load = load_nothing, full_urls: bool = False) -> Ports:
        house = self.world.house
        live = Live(self.world.ledger, house.secrets, lambda: self._egress, full_urls=full_urls)
        return live.ports(script_principal(NAME, self.boss), tools or NoTools(), load, "req_1")

    def session(
        self,
        *lines: str,
        hosts: Iterable[str] = ("good.test",),
        limits: Limits | None = None,
        ports: Ports | None = None,
    ) -> Session:
        capabilities = self.capabilities(*lines, hosts=hosts)
        return Session(NAME, capabilities, limits or Limits(), ports or self.ports(), chance=os.urandom)

    async def run(self, source: str, *lines: str, **given: Any) -> Outcome:
        """Run a source in the sandbox, which must be open."""
        script = Script(
            name=NAME, source=source, capabilities=self.capabilities(*lines), timeout_ms=given.pop("ms", None)
        )
        return await self.world.house.runs.run(script, given.pop("ports", None) or self.ports(), **given)

    def recorded(self, action: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Give target, outcome and details of what was recorded of one kind."""
        return [(event.target, event.outcome, json.loads(event.details)) for event in self.events(action)]

    def events(self, action: str) -> list[Event]:
        return self.world.events(action=action)


@asynccontextmanager
async def running(
    folder: Path,
    answer: Answer | None = None,
    *,
    sandbox: bool = False,
    given: Mapping[str, Given] | None = None,
    require_grants: bool = False,
    max_body: int = 4_194_304,
) -> AsyncIterator[Running]:
    """Open a house beside a host that answers like this."""
    authority = Authority(folder)
    async with serving(
        answer or says(200, b"fine"), authority.server("good.test", "other.test", "*.good.test")
    ) as served:
        egress = Egress(Settings(allow_private=LOOPBACK, ca_file=authority.file, max_body=max_body), here)
        world = open_world(
            f"sqlite:///{folder}/openpact.db",
            folder / "secure",
            egress=egress,
            given=given or {},
            require_grants=require_grants,
        )
        try:
            if sandbox:
                await world.house.runs.open()
            house = Running(world, served, egress)
            if given is None:
                house.set("KEY")
            yield house
        finally:
            await world.house.runs.close()
            egress.close()
            world.close()


async def denied(session: Session, op: str, /, **given: Any) -> Denied:
    """Ask what is refused, and give the refusal."""
    with pytest.raises(Denied) as refusal:
        await session.call(op, given)
    return refusal.value
