"""One request through the real way out, to a server of the test, whatever name it is asked by."""

from collections.abc import Callable, Sequence
from ipaddress import ip_network

import pytest

from openpact.adapters.egress.dialling import Resolve
from openpact.adapters.egress.door import Egress
from openpact.adapters.egress.message import EgressFailed, Incoming, Outgoing
from openpact.adapters.egress.redirects import Hop
from openpact.adapters.egress.settings import Settings
from openpact.domain.address import Network

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"),)


def here(host: str, port: int) -> Sequence[str]:
    """Every name leads to this machine."""
    del host, port
    return ["127.0.0.1"]


def follow(hop: Hop) -> Outgoing:
    return hop.outgoing


def never(hop: Hop) -> Outgoing:
    raise AssertionError(f"a redirect was offered: {hop.url}")


async def ask(
    url: str,
    judge: Callable[[Hop], Outgoing] = never,
    *,
    settings: Settings | None = None,
    resolve: Resolve = here,
    seconds: float = 10,
    **parts: object,
) -> Incoming:
    """Ask for a URL; what is not said is a GET to a server on a loopback address."""
    egress = Egress(settings or Settings(allow_private=LOOPBACK), resolve)
    try:
        asked = {"method": "GET", "url": url, **parts}
        return await egress.fetch(Outgoing(**asked), judge, seconds=seconds)  # type: ignore[arg-type]
    finally:
        egress.close()


async def failure(url: str, judge: Callable[[Hop], Outgoing] = never, **parts: object) -> EgressFailed:
    """Ask, and give how it failed."""
    with pytest.raises(EgressFailed) as failed:
        await ask(url, judge, **parts)  # type: ignore[arg-type]
    return failed.value
