"""The two hosts of the museum of carrying out: the right one, which sends back what it got in every way, and another.

Rules of this file:
- The right host is granted the secret and helps the script as much as a thoughtless service could: it echoes, keeps,
  packs, cuts and redirects.
- The other one only remembers what reached it.
"""

import asyncio
import base64
import codecs
import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from openpact.adapters.egress.door import Egress
from openpact.adapters.egress.settings import Settings
from tests.adapters.asking import LOOPBACK, here
from tests.adapters.servers import Answer, Asked, Authority, Served, serving
from tests.carrying.written import everyway

PIECE = 4
MUCH = 3_000_000
GOOD, EVIL = "4443", "4444"  # as the scripts write the ports


class Hosts(NamedTuple):
    """Both hosts, and the way to them."""

    good: Served
    evil: Served
    egress: Egress

    @property
    def ports(self) -> dict[str, int]:
        """The real ports, for those that the scripts write."""
        return {GOOD: self.good.port, EVIL: self.evil.port}

    def reached_evil(self) -> list[str]:
        """Give everything that reached the other host, in the ways that it could be put together again."""
        texts = [asked.raw.decode() + asked.body.decode("utf-8", "replace") for asked in self.evil.asked]
        texts += ["".join(asked.headers.values()) for asked in self.evil.asked]
        return [*texts, "".join(texts), *filter(None, self.evil.tls_names)]


@asynccontextmanager
async def open_hosts(folder: Path, others: str, answer: Answer | None = None) -> AsyncIterator[Hosts]:
    """Start both; `others` is what the right host knows besides what it is sent. It may also answer in another way."""
    authority = Authority(folder)
    good = Good(others)
    tls, evil_tls = authority.server("good.test"), authority.server("evil.test", "*.evil.test")
    async with serving(answer or good.answer, tls) as served, serving(good.other, evil_tls) as evil:
        good.ports = {"good": served.port, "evil": evil.port}
        egress = Egress(Settings(allow_private=LOOPBACK, ca_file=authority.file), here)
        try:
            yield Hosts(served, evil, egress)
        finally:
            egress.close()


class Good:
    """The right host."""

    def __init__(self, others: str) -> None:
        self.ports: dict[str, int] = {}
        self._others = others
        self._kept = ""

    async def answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        """Answer by the first part of the path."""
        kind, _, rest = asked.path()[1:].partition("/")
        told = sent(asked)
        if kind == "redirect":
            status, _, how = rest.partition("/")
            await self._redirect(writer, int(status), how, told)
            return
        if kind == "keep":
            self._kept = told
        await _WAYS.get(kind, _echo)(writer, rest, self._others if kind == "other" else told)

    async def other(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        """Answer as the other host: it has nothing to say, but may send the asker back."""
        if asked.path() == "/back":
            await say(writer, b"", status="302 Found", headers={"Location": f"https://good.test:{self.ports['good']}/"})
        else:
            await say(writer, b"thanks")

    async def _redirect(self, writer: asyncio.StreamWriter, status: int, how: str, told: str) -> None:
        good, evil = (f"https://{name}.test:{port}/" for name, port in self.ports.items())
        places: dict[str, Callable[[], str]] = {
            "bare": lambda: evil,
            "carry": lambda: f"{evil}?k={quote(told, safe='')}",
            "base64": lambda: f"{evil}?k={quote(base64.b64encode(told.encode()).decode())}",
            "hex": lambda: f"{evil}{told.encode().hex()}",
            "reversed": lambda: f"{evil}?k={quote(told[::-1], safe='')}",
            "twice": lambda: f"{evil}?k={quote(quote(told, safe=''), safe='')}",
            "rot13": lambda: f"{evil}?k={quote(codecs.encode(told, 'rot13'), safe='')}",
            "upper": lambda: f"{evil}?k={quote(told.upper(), safe='')}",
            "path": lambda: f"{evil}a/{quote(told, safe='')}/b",
            "fragment_of_query": lambda: f"{evil}?a=1&b={quote(told)}#x",
            "name": lambda: f"https://{told.encode().hex()[:60]}.evil.test:{self.ports['evil']}/",
            "kept": lambda: f"{evil}?k={quote(self._kept, safe='')}",
            "clear": lambda: good.replace("https", "http") + quote(told, safe=""),
            "itself": lambda: f"{good}redirect/307/carry",
            "here": lambda: f"{good}echo/{quote(told, safe='')}?k={quote(told, safe='')}",
            "nonsense": lambda: f"https://[{told.encode().hex()}/{quote(told, safe='')}",
        }
        await say(writer, b"", status=f"{status} Moved", headers={"Location": places[how]()})


def sent(asked: Asked) -> str:
    """Find what a request carries: the value of a header, of the query, of Basic credentials, of the path, the body."""
    query = [value for _, value in parse_qsl(asked.target.partition("?")[2])]
    given = asked.headers.get("authorization", "")
    if given.startswith("Basic "):
        given = base64.b64decode(given[6:]).decode().partition(":")[2]
    found = [asked.headers.get("x-key", ""), *query, given, asked.body.decode(), unquote(asked.path().split("/")[-2])]
    return next(filter(None, found), "")


async def say(
    writer: asyncio.StreamWriter,
    body: bytes,
    *,
    status: str = "200 OK",
    headers: dict[str, str] | None = None,
    length: int | None = None,
) -> None:
    """Write one answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()


async def _echo(writer: asyncio.StreamWriter, _rest: str, told: str) -> None:
    await say(writer, everyway(told).encode())


async def _gzip(writer: asyncio.StreamWriter, _rest: str, told: str) -> None:
    await say(writer, gzip.compress(everyway(told).encode()), headers={"Content-Encoding": "gzip"})


async def _json(writer: asyncio.StreamWriter, _rest: str, told: str) -> None:
    body = json.dumps({told: [told, {"a": told}], "key": "before " + told})
    await say(writer, body.encode(), headers={"Content-Type": "application/json"})


async def _headers(writer: asyncio.StreamWriter, _rest: str, told: str) -> None:
    written = [told, quote(told, safe=""), base64.b64encode(told.encode()).decode(), told.encode().hex(), told[::-1]]
    headers = {f"X-Echo-{at}": text for at, text in enumerate(written)}
    await say(writer, b"see above", headers={**headers, f"X-{told.encode().hex()}": "a", "Set-Cookie": f"k={told}"})


async def _reason(writer: asyncio.StreamWriter, _rest: str, told: str) -> None:
    await say(writer, b"see above", status=f"200 {told}")


async def _utf16(writer: asyncio.StreamWriter, rest: str, told: str) -> None:
    charsets = {"said": "utf-16", "le": "utf-16le", "be": "utf-16be"}
    types = {"Content-Type": f'text/plain; Charset="{charsets[rest]}"'} if rest in charsets else {}
    codec = {"mark": "utf-16", "silent": "utf-16-le"}.get(rest) or charsets[rest]
    await say(writer, f"it is {told} and nothing else".encode(codec), headers=types)


async def _fault(writer: asyncio.StreamWriter, _rest: str, told: str) -> None:
    await say(writer, f"no such key: {told}".encode(), status="500 Internal Server Error")


async def _cut(writer: asyncio.StreamWriter, _rest: str, told: str) -> None:
    await say(writer, told.encode(), length=10_000)


async def _nonsense(writer: asyncio.StreamWriter, _rest: str, told: str) -> None:
    writer.write(f"{told}\r\n{told}: {told}\r\n\r\n".encode())
    await writer.drain()


async def _much(writer: asyncio.StreamWriter, _rest: str, told: str) -> None:
    await say(writer, b"x" * MUCH + everyway(told).encode())


async def _piece(writer: asyncio.StreamWriter, rest: str, told: str) -> None:
    await say(writer, told[int(rest) : int(rest) + PIECE].encode())


_WAYS = {
    "500": _fault,
    "cut": _cut,
    "gzip": _gzip,
    "headers": _headers,
    "json": _json,
    "much": _much,
    "nonsense": _nonsense,
    "piece": _piece,
    "reason": _reason,
    "utf16": _utf16,
}
