"""What a script's session reaches the world through: each port is the real thing, or what stands for it in isolation.

Rules of this file:
- A port refuses by raising Denied. Where there is nothing behind a port, it refuses: nothing is made up.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from openpact.adapters.egress.message import Incoming, Outgoing
from openpact.adapters.egress.redirects import Judge
from openpact.domain.redaction import Redactor
from openpact.domain.run import Code, Denied
from openpact.domain.secret import Secret
from openpact.domain.strict_json import Value
from openpact.services.ledger import Effect


class Loaded(msgspec.Struct, frozen=True):
    """The source of a script that another one loads."""

    path: str
    source: str
    sha256: str


class Keeper(Protocol):
    """Where secrets come from."""

    async def open(self, name: str, script: str) -> Secret | None:
        """Give the secret as it is now, None when it has no value. Raises Denied where its grant does not reach."""

    async def has(self, name: str) -> bool:
        """Say whether the secret has a value."""

    async def redactor(self) -> Redactor:
        """Give what finds every secret's value in a text."""


class Web(Protocol):
    """The way out."""

    async def fetch(self, outgoing: Outgoing, judge: Judge, *, seconds: float) -> Incoming:
        """Ask, and give the whole answer. Raises EgressFailed."""

    def close(self) -> None:
        """End it."""


class Record(Protocol):
    """Where it is written down, before it happens."""

    async def opened(self, name: str, details: dict[str, Value]) -> None:
        """Record that the script was given a secret."""

    def request(self, target: str, details: dict[str, Value]) -> AbstractAsyncContextManager[Effect]:
        """Record that a request leaves, and then how it ended."""


class Tools(Protocol):
    """The tools of the gateway."""

    async def call(self, name: str, arguments: str) -> str:
        """Call a tool, and give its result as JSON text."""


class NoTools:
    """Where there is no gateway, no tool is called."""

    async def call(self, name: str, arguments: str) -> str:
        """Refuse."""
        del arguments
        raise Denied(
            Code.CAPABILITY_DENIED,
            f"No tool is called here, so {name} was not.",
            "A run in isolation calls no tools; test the rest of the script with a function of its own.",
        )


Load = Callable[[str], Awaitable[Loaded]]


async def load_nothing(path: str) -> Loaded:
    """Refuse: what a script loads is pinned by its approval, and here there is none."""
    raise Denied(Code.SCRIPT_ERROR, f"There is no script {path!r} to load here.", "Put what it needs into this file.")


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """All the ways out of one session."""

    secrets: Keeper
    web: Web
    record: Record
    tools: Tools = NoTools()
    load: Load = load_nothing
    full_urls: bool = False  # queries stand in records and answers to people; secrets never do
