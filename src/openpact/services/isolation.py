"""Isolation: the ports of a run in which nothing is asked of anybody: answers come from fixtures, secrets are dummies.

Rules of this file:
- Capabilities, places and grants are judged as in a real run; only what lies behind the ports is not there.
- A dummy is sealed like a secret, so that a script that would misuse one fails here and not in production.
- Nothing leaves and nothing is opened, so nothing is recorded.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from openpact.adapters.egress.message import EgressFailed, Incoming, Kind, Outgoing
from openpact.adapters.egress.redirects import Judge
from openpact.domain.fixture import Fixtures
from openpact.domain.redaction import Redactor
from openpact.domain.secret import Secret
from openpact.domain.strict_json import Value
from openpact.services.ledger import Effect
from openpact.services.ports import Load, Ports, load_nothing

_DUMMY_BEGINS = "dummy-value-of-"
_DUMMY = re.compile(_DUMMY_BEGINS + "[A-Z][A-Z0-9_]*")


def isolated(fixtures: Fixtures, load: Load = load_nothing) -> Ports:
    """Give the ports of an isolated run."""
    return Ports(secrets=_Dummies(fixtures), web=_Fixed(fixtures), record=_NoRecord(), load=load, full_urls=True)


class _Dummies:
    """A dummy for every declared secret, unless a fixture gives another."""

    def __init__(self, fixtures: Fixtures) -> None:
        self._fixtures = fixtures

    async def open(self, name: str, script: str) -> Secret | None:
        del script
        return Secret(name=name, value=self._fixtures.secrets.get(name, f"{_DUMMY_BEGINS}{name}"))

    async def has(self, name: str) -> bool:
        del name
        return True

    async def redactor(self) -> Redactor:
        return Redactor.of(())


class _Fixed:
    """Answers that were written down before."""

    def __init__(self, fixtures: Fixtures) -> None:
        self._fixtures = fixtures

    async def fetch(self, outgoing: Outgoing, judge: Judge, *, seconds: float) -> Incoming:
        del judge, seconds
        reply = self._fixtures.answer(outgoing.method, outgoing.url)
        if reply is None:
            raise EgressFailed(
                Kind.REFUSED,
                f"No fixture answers {outgoing.method} {outgoing.url}.",
                hint=f'Add one: http: [{{url: "{self._pattern(outgoing.url)}", method: {outgoing.method}, json: …}}]',
            )
        headers = tuple(reply.all_headers.items())
        return Incoming(status=reply.status, headers=headers, body=reply.content.encode(), url=outgoing.url)

    def close(self) -> None:
        """There is nothing to end."""

    def _pattern(self, url: str) -> str:
        """Write a URL as a fixture can have it: what stands for a secret is shown to nobody, so any text fits there."""
        for value in self._fixtures.secrets.values():
            url = url.replace(quote(value, safe=""), "*")
        return _DUMMY.sub("*", url).replace("[", "?").replace("]", "?")


class _NoRecord:
    async def opened(self, name: str, details: dict[str, Value]) -> None:
        """Nothing was opened."""

    @asynccontextmanager
    async def request(self, target: str, details: dict[str, Value]) -> AsyncIterator[Effect]:
        """Nothing leaves."""
        del target, details
        yield Effect("isolated")
