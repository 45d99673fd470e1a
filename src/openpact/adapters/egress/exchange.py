"""One request and its answer, over one connection that was dialled for it.

Rules of this file:
- The URL on the wire is written from what was judged; nothing of it is read a second time.
- Every part of an answer has its bound, and over it the answer is refused, whole.
- What the library says goes no further: its texts hold addresses, and URLs with secrets in them.
"""

import io
import ssl
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from openpact.adapters.egress.dialling import Connector
from openpact.adapters.egress.message import EgressFailed, Incoming, Kind, Outgoing, refused
from openpact.adapters.egress.settings import Settings
from openpact.adapters.egress.unpacking import ACCEPTED, too_large, unpacked
from openpact.domain.destination import Destination

_MOST_HEADERS = 128
_LONGEST_LINE = 8_190
_LONGEST_HEADER = 16_384
_MOST_HEADER_BYTES = 65_536
_AS_WRITTEN = "%!$&'()*+,/:;=?@~"  # what stands in a path or query as it is; an escape is the writer's
_NO_TIMES = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)  # ours holds for all
_SWITCHING = 101
_ABOUT_THE_PACKING = frozenset({"content-encoding", "content-length"})


async def exchange(
    outgoing: Outgoing, place: Destination, connector: Connector, settings: Settings, proxy: URL | None
) -> Incoming:
    """Send the request and give the whole answer. Raises EgressFailed."""
    url = _on_the_wire(outgoing.url, place)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=_NO_TIMES,
                max_line_size=_LONGEST_LINE,
                max_field_size=_LONGEST_HEADER,
                max_headers=_MOST_HEADERS,
            ) as session,
            session.request(
                outgoing.method,
                url,
                headers=_headers(outgoing, settings),
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                data=None if outgoing.body is None else io.BytesIO(outgoing.body),
                allow_redirects=False,
                proxy=proxy,
                proxy_headers=None if proxy is None else {"User-Agent": settings.user_agent},
            ) as response,
        ):
            return await _whole(response, outgoing.url, settings.max_body)
    except (aiohttp.ClientError, HttpProcessingError, OSError) as error:
        raise connector.too_much or _translated(error, place, sent=connector.reached) from None


def _on_the_wire(text: str, place: Destination) -> URL:
    parts = urlsplit(text)
    try:
        path, query = (quote(part, safe=_AS_WRITTEN) for part in (parts.path, parts.query))
        url = URL(f"{place.origin}{path or '/'}" + (f"?{query}" if query else ""), encoded=True)
    except ValueError:
        raise refused("The URL holds what no URL can hold.") from None
    if (url.scheme, url.raw_host, url.port) != (place.scheme, place.host, place.port) or url.user is not None:
        raise refused("The URL could be read in two ways.")
    return url


def _headers(outgoing: Outgoing, settings: Settings) -> CIMultiDict[str]:
    headers = CIMultiDict(outgoing.headers)
    headers.setdefault("Accept", "*/*")
    headers.setdefault("User-Agent", settings.user_agent)
    headers["Accept-Encoding"] = ACCEPTED  # whatever was asked for: nothing else would be understood
    return headers


async def _whole(response: aiohttp.ClientResponse, url: str, most: int) -> Incoming:
    if response.status == _SWITCHING:
        raise EgressFailed(Kind.PROTOCOL, "The answer changes the protocol, which was not asked for.", sent=True)
    headers = tuple((_text(name), _text(value)) for name, value in response.raw_headers)
    if sum(len(name) + len(value) for name, value in headers) > _MOST_HEADER_BYTES:
        message = f"The headers of the answer have more than {_MOST_HEADER_BYTES} bytes."
        raise EgressFailed(Kind.PROTOCOL, message, sent=True)
    packed = await _body(response, most)
    body = unpacked(packed, [value for name, value in headers if name.lower() == "content-encoding"], most)
    if body is not packed:  # then these two speak of what is no longer there
        headers = tuple(pair for pair in headers if pair[0].lower() not in _ABOUT_THE_PACKING)
    return Incoming(status=response.status, headers=headers, body=body, url=url)


async def _body(response: aiohttp.ClientResponse, most: int) -> bytes:
    parts, room = [], most
    async for part in response.content.iter_any():
        room -= len(part)
        if room < 0:
            raise too_large(most)
        parts.append(part)
    return b"".join(parts)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _translated(error: Exception, place: Destination, *, sent: bool) -> EgressFailed:
    match error:
        case aiohttp.ClientConnectorCertificateError():
            inner = error.certificate_error
            why = inner.verify_message if isinstance(inner, ssl.SSLCertVerificationError) else "it cannot be verified"
            kind, message = Kind.TLS, f"The certificate of {place.origin} is not accepted: {why.rstrip('.')}."
        case aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            kind, message = Kind.TLS, f"No TLS connection could be made with {place.origin}."
        case aiohttp.ClientProxyConnectionError():
            kind, message = Kind.CONNECT, "The proxy could not be connected to."
        case aiohttp.ClientHttpProxyError():
            kind, message = Kind.CONNECT, f"The proxy did not open a way to {place.origin}: it answered {error.status}."
        case aiohttp.ClientConnectorError():
            kind, message = Kind.CONNECT, f"{place.origin} could not be connected to."
        case aiohttp.ServerDisconnectedError() | OSError():
            kind, message = Kind.CONNECT, f"The connection to {place.origin} broke before there was a whole answer."
        case _:
            kind, message = Kind.PROTOCOL, f"{place.origin} sent what is no whole HTTP answer."
    return EgressFailed(kind, message, sent=sent)
