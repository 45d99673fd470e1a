"""The way to the checked addresses: names are resolved once, every address judged, and only these connected to.

Rules of this file:
- One refused address refuses the name: to pick the harmless ones would let an attacker try until it fits.
- A connector connects to what was judged and never asks for the name again: a name that changes its mind in between
  changes nothing. It gives out one connection, so no request is ever sent twice by a library that means well.
- No connection is kept. One that was signed in by one script must not carry the next one's request.
- Lookups have threads of their own: names that are slow to resolve must not hold up anything else in the house.
"""

import asyncio
import errno
import functools
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from openpact.adapters.egress.listening import Listener
from openpact.adapters.egress.message import EgressFailed, Kind, refused
from openpact.domain.address import Network, refusal
from openpact.domain.destination import is_literal

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import AddrInfoType, Connection
    from aiohttp.tracing import Trace

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

_LOOKUPS = 16
_MOST_ADDRESSES = 32


def system_resolve(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name; blocks."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(place[0]) for _, _, _, _, place in found]


class Addresses:
    """Where names lead to, judged."""

    def __init__(self, resolve: Resolve, allowed: Sequence[Network]) -> None:
        self._resolve = resolve
        self._allowed = tuple(allowed)
        self._threads = ThreadPoolExecutor(_LOOKUPS, "lookup")

    def judge_literal(self, host: str) -> None:
        """Judge a host that is an address already; a name is left alone. Raises EgressFailed."""
        if is_literal(host) and (reason := refusal(host, self._allowed)):
            raise refused(f"{host} is {reason}, and is not connected to.", hint=_HINT)

    async def judged(self, host: str, port: int) -> tuple[str, ...]:
        """Give the addresses that this host may be connected to at. Raises EgressFailed."""
        self.judge_literal(host)
        found = await self.unjudged(host, port)
        for address in found:
            if reason := refusal(address, self._allowed):
                raise refused(f"{host} leads to {reason}, and is not connected to.", hint=_HINT)
        return found

    async def unjudged(self, host: str, port: int) -> tuple[str, ...]:
        """Give the addresses of a host that the operator named. Raises EgressFailed."""
        if is_literal(host):
            return (host,)
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, self._resolve, host, port)
        except (OSError, UnicodeError):
            raise EgressFailed(Kind.CONNECT, f"The name {host} was not found.") from None
        if not found:
            raise EgressFailed(Kind.CONNECT, f"The name {host} was not found.")
        if len(found) > _MOST_ADDRESSES:
            raise refused(f"{host} leads to more than {_MOST_ADDRESSES} addresses.")
        return tuple(dict.fromkeys(found))

    def close(self) -> None:
        """End the lookups; one that is under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Connector(aiohttp.TCPConnector):
    """The way to one host, once."""

    def __init__(self, host: str, addresses: Sequence[str], tls: ssl.SSLContext) -> None:
        self.reached = False  # a connection was given out: from here on something may have been sent
        self.too_much: EgressFailed | None = None  # why the server was not listened to any longer
        self._checked = frozenset(addresses)
        super().__init__(
            ssl=tls,
            resolver=_Pinned(host, addresses),
            use_dns_cache=False,
            force_close=True,
            limit=1,
            socket_factory=self._open,
        )
        # The library has no other place for it. Were this one gone, a test of endless answers would fail.
        listener: Callable[..., ResponseHandler] = Listener
        self._factory = functools.partial(listener, self._loop, self._refuse)

    def _refuse(self, failure: EgressFailed) -> None:
        self.too_much = failure

    async def connect(
        self,
        req: "ClientRequest",
        traces: list["Trace"],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the library's own parameter
    ) -> "Connection":
        """Connect, the first time. Raises EgressFailed when asked again: that would repeat the request."""
        if self.reached:
            broken = EgressFailed(Kind.CONNECT, "The connection broke before there was an answer.", sent=True)
            raise self.too_much or broken
        connection = await super().connect(req, traces, timeout)
        self.reached = True
        return connection

    def _open(self, place: "AddrInfoType") -> socket.socket:
        # The last door: an address written in the URL does not pass the resolver, and whatever the library may do
        # one day, no socket is made for what was not judged.
        family, kind, protocol, _, address = place
        if address[0] not in self._checked:
            raise OSError(errno.EACCES, "not a checked address")
        return socket.socket(family, kind, protocol)


class _Pinned(AbstractResolver):
    def __init__(self, host: str, addresses: Sequence[str]) -> None:
        self._host = host
        self._addresses = tuple(addresses)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host != self._host:
            raise OSError(errno.EACCES, "not the checked host")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


_HINT = "An administrator can open a network of their own: http.allow_private."
