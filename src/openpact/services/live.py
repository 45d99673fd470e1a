"""The ports of a real run: the stored secrets, the guarded way out, the ledger.

Rules of this file:
- What a script is given and what it sends is recorded before it happens, as the act of that script for whoever ran it.
- A grant is read anew in each run: a secret that was rotated, regranted or deleted is so from the next run on.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from openpact.domain.principal import Action, Kind, Principal
from openpact.domain.redaction import Redactor
from openpact.domain.run import Code, Denied
from openpact.domain.secret import Secret
from openpact.domain.strict_json import Value
from openpact.services.ledger import Act, Effect, Ledger
from openpact.services.ports import Load, Ports, Tools, Web
from openpact.services.secrets import Secrets


def script_principal(name: str, asker: Principal) -> Principal:
    """Give who a script is while it runs for somebody."""
    return Principal(kind=Kind.SCRIPT, id=f"script/{name}", name=name, owner=asker.id)


class Live:
    """Makes the ports of real runs."""

    def __init__(self, ledger: Ledger, secrets: Secrets, web: Callable[[], Web], *, full_urls: bool) -> None:
        self._ledger = ledger
        self._secrets = secrets
        self._web = web  # made when it is first needed
        self.full_urls = full_urls

    def open(self) -> None:
        """Make the way out now: to load it in the middle of the first run would hold up everybody."""
        self._web()

    def ports(self, who: Principal, tools: Tools, load: Load, request_id: str | None = None) -> Ports:
        """Give the ports of one run of a script, which is `who`."""
        return Ports(
            secrets=_Stored(self._secrets),
            web=self._web(),
            record=_Recorded(self._ledger, who, request_id),
            tools=tools,
            load=load,
            full_urls=self.full_urls,
        )


class _Stored:
    """Secrets as the store and the configuration have them. They are opened beside the event loop, which they block."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def open(self, name: str, script: str) -> Secret | None:
        found = await asyncio.to_thread(self._secrets.open, name)
        if found is None:
            return None
        if not found.grant.covers(script):
            raise Denied(
                Code.SECRET_NOT_GRANTED,
                f"The secret {name} is not granted to {script}.",
                f"An administrator can grant it when setting the value: openpact secrets set {name} --script {script}",
            )
        await asyncio.to_thread(self._secrets.note_use, name)
        return Secret(name=name, value=found.value, grant=found.grant, mode=found.mode)

    async def has(self, name: str) -> bool:
        return await asyncio.to_thread(self._secrets.has, name)

    async def redactor(self) -> Redactor:
        return await asyncio.to_thread(self._secrets.redactor)


class _Recorded:
    """The ledger, in the script's name."""

    def __init__(self, ledger: Ledger, who: Principal, request_id: str | None) -> None:
        self._ledger = ledger
        self._who = who
        self._request_id = request_id

    async def opened(self, name: str, details: dict[str, Value]) -> None:
        said = details | {"for": self._who.owner}
        await self._ledger.act_soon(
            self._who, Action.SECRET_ACCESS, name, _nothing_more, details=said, request_id=self._request_id
        )

    def request(self, target: str, details: dict[str, Value]) -> AbstractAsyncContextManager[Effect]:
        said = details | {"for": self._who.owner}
        return self._ledger.effect(self._who, Action.HTTP_REQUEST, target, details=said, request_id=self._request_id)


def _nothing_more(act: Act) -> None:
    """The record is all that changes."""
    del act
