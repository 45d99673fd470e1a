"""The door itself: asks, follows what the judge lets it follow, and answers.

    egress = Egress(Settings(allow_private=(read_network("10.1.0.0/16"),)))
    answer = await egress.fetch(Outgoing(method="GET", url="https://api.example.com/x"), judge, seconds=10)

Rules of this file:
- A host is resolved once, all its addresses are judged, and the connection goes to one of these (`dialling`).
- A redirect is followed only after the judge, who knows what may go where, has written the next request (`redirects`).
- The time holds for everything together: lookup, connection, TLS, every hop, the last byte of the body.
- TLS is verified for the name, always. There are no cookies, no `.netrc`, no proxy from the environment.
"""

import asyncio

from openpact.adapters.egress.dialling import Addresses, Connector, Resolve, system_resolve
from openpact.adapters.egress.exchange import exchange
from openpact.adapters.egress.message import EgressFailed, Incoming, Kind, Outgoing, check, refused
from openpact.adapters.egress.redirects import MOST, Judge, following
from openpact.adapters.egress.settings import Settings, proxy_url, tls_context
from openpact.domain.destination import read_url
from openpact.domain.errors import Invalid


class Egress:
    """The way out, for any number of requests at once."""

    def __init__(self, settings: Settings, resolve: Resolve = system_resolve) -> None:
        """Prepare it. Raises Invalid for a proxy or a file of authorities that cannot be used."""
        self._settings = settings
        self._tls = tls_context(settings.ca_file)
        self._proxy = None if settings.proxy is None else proxy_url(settings.proxy)
        self._addresses = Addresses(resolve, settings.allow_private)

    def close(self) -> None:
        """End it: nothing is looked up any more, and what is under way ends by itself."""
        self._addresses.close()

    async def fetch(self, outgoing: Outgoing, judge: Judge, *, seconds: float) -> Incoming:
        """Ask, follow up to five redirects, and give the whole answer. Raises EgressFailed, and what the judge raises.

        The first request is not shown to the judge: who asks has judged it. What the judge raises comes after a request
        that was sent and answered.
        """
        trail = _Trail()
        try:
            async with asyncio.timeout(seconds):
                for number in range(1, MOST + 1):
                    answer = await self._ask(outgoing, trail)
                    hop = following(outgoing, answer, number)
                    if hop is None:
                        return answer
                    outgoing = judge(hop)
                answer = await self._ask(outgoing, trail)
                if following(outgoing, answer, MOST) is None:
                    return answer
                raise refused(f"More than {MOST} redirects are not followed.")
        except EgressFailed as failure:
            failure.sent = failure.sent or trail.sent
            raise
        except TimeoutError:
            message = f"There was no whole answer within {seconds:g} seconds."
            raise EgressFailed(Kind.TIMEOUT, message, sent=trail.sent) from None

    async def _ask(self, outgoing: Outgoing, trail: "_Trail") -> Incoming:
        check(outgoing)
        try:
            place, _ = read_url(outgoing.url)
        except Invalid as error:
            raise refused(error.message, error.hint) from None
        if self._proxy is None:
            host, addresses = place.host, await self._addresses.judged(place.host, place.port)
        else:
            # The proxy finds names by itself, and is the operator's guard for them; an address is judged here as well.
            self._addresses.judge_literal(place.host)
            host = self._proxy.raw_host or ""
            addresses = await self._addresses.unjudged(host, self._proxy.port or 0)
        trail.connectors.append(connector := Connector(host, addresses, self._tls))
        return await exchange(outgoing, place, connector, self._settings, self._proxy)


class _Trail:
    """The ways that were dialled for one request and its redirects."""

    def __init__(self) -> None:
        self.connectors: list[Connector] = []

    @property
    def sent(self) -> bool:
        """Say whether anything may have left on one of them."""
        return any(connector.reached for connector in self.connectors)
