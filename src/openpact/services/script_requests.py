"""The requests of one run: judged, recorded, sent, and their answers scrubbed.

Rules of this file:
- A place is judged before a secret goes in, and again on each redirect: what the last place answered may be an attempt
  to have a secret carried to the next.
- The record of a request is durable before it leaves. What left and was not answered is recorded as unknown.
- Nothing that comes back reaches the script unscrubbed: body, headers, the last URL, the text of a failure.
"""

import codecs
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from openpact.adapters.egress.message import EgressFailed, Incoming, Outgoing
from openpact.adapters.egress.redirects import Hop
from openpact.domain import capability, errors
from openpact.domain.capability import Capabilities
from openpact.domain.destination import HostRule, read_url
from openpact.domain.outgoing import Misplaced, Placed, Request
from openpact.domain.placing import MOST_BODY, MOST_HEADERS, place
from openpact.domain.redaction import Redactor
from openpact.domain.run import Code, Denied, Exchange, Limits
from openpact.domain.sealed import Vault
from openpact.domain.secret import EVERYWHERE, Place, Reach, Secret, reach
from openpact.domain.strict_json import Value
from openpact.services.aside import SMALL, aside
from openpact.services.ledger import Effect
from openpact.services.ports import Record, Web

Scrub = Callable[[str], str]

MOST_PARAMS = 1_000
MOST_BESIDE_BODY = 262_144  # characters of all that a request has besides its body
_CHARSETS = frozenset(
    {"ascii", "iso-8859-1", "iso-8859-15", "us-ascii", "utf-16", "utf-16be", "utf-16le", "utf-8", "windows-1252"}
)
_FEWEST_UNITS = 4  # of UTF-16 that does not say so; fewer may be anything


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request as the script wrote it."""

    method: str
    url: str
    headers: dict[str, str] = {}
    params: list[str] = []  # key, value, key, value …
    body: str | None = None
    content_type: str | None = None
    json: str | None = None
    auth: tuple[str, str] | None = None
    timeout: float | None = None

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The parameters two by two."""
        return tuple(zip(self.params[::2], self.params[1::2], strict=True))

    @property
    def size_beside_body(self) -> int:
        """The characters of all but the body."""
        texts = (self.method, self.url, self.content_type or "", *(self.auth or ()), *self.params)
        return sum(map(len, texts)) + sum(len(name) + len(value) for name, value in self.headers.items())

    @property
    def size(self) -> int:
        """The characters of everything."""
        return self.size_beside_body + len(self.body or "") + len(self.json or "")


class _Watched(NamedTuple):
    """A secret whose value the script holds: where it may go, and what finds it."""

    reach: Reach
    places: frozenset[Place]
    search: Redactor

    def may_stand(self, part: Place) -> bool:
        """Say whether it may stand there; Basic credentials are a header."""
        return part in self.places or (part is Place.HEADER and Place.BASIC in self.places)


class Requests:
    """All requests of one run."""

    def __init__(
        self,
        capabilities: Capabilities,
        limits: Limits,
        web: Web,
        record: Record,
        vault: Vault,
        *,
        full_urls: bool,
    ) -> None:
        self.exchanges: list[Exchange] = []
        self.hosts: dict[str, None] = {}
        self._watched: dict[str, _Watched] = {}
        self._sent = 0
        self._capabilities = capabilities
        self._limits = limits
        self._web = web
        self._record = record
        self._vault = vault
        self._full_urls = full_urls

    async def send(self, asked: Asked, scrub: Scrub) -> dict[str, object]:
        """Send one request and give its answer as the script gets it. Raises Denied."""
        self._judge(asked)
        small = asked.size <= SMALL
        placed, shown = self._prepared(asked, scrub) if small else await aside(self._prepared, asked, scrub)
        began_at = time.monotonic()
        status: int | None = None
        problem: str | None = "The run ended before there was an answer."
        carrying = sorted({*placed.used, *await aside(self._plain_in, placed)}) if self._watched else placed.used
        details: dict[str, Value] = {"carrying": list(carrying)}
        try:
            async with self._record.request(f"{placed.method} {shown}", details) as effect:
                answer = await self._fetch(placed, asked, scrub, effect)
            status, problem = answer.status, None
        except (errors.NotDelivered, errors.OutcomeUnknown) as failure:
            problem = failure.message
            raise Denied(Code.HTTP_ERROR, failure.message, failure.hint) from None
        except (Denied, errors.OpenPactError) as refusal:
            problem = scrub(refusal.message)  # where a redirect leads to is the answering host's word
            raise
        finally:
            self.exchanges.append(
                Exchange(
                    method=placed.method,
                    url=shown,
                    status=status,
                    error=problem,
                    duration_ms=round((time.monotonic() - began_at) * 1000, 3),
                    secrets=tuple(carrying),
                )
            )
        size = len(answer.body) + sum(len(name) + len(value) for name, value in answer.headers)
        return _given(answer, scrub) if size <= SMALL else await aside(_given, answer, scrub)

    def watch(self, opened: Secret, hosts: tuple[HostRule, ...]) -> None:
        """Hold the script to the grant of a secret whose value it was given: by search, so as far as that reaches."""
        places = EVERYWHERE if opened.grant is None else opened.grant.places
        search = Redactor.of([(opened.name, opened.value)])
        self._watched[opened.name] = _Watched(reach(hosts, opened.grant), places, search)

    def _plain_in(self, placed: Placed) -> list[str]:
        """Name the plain secrets in a request. Raises Denied for one that may not go there, or not stand there."""
        parts = {
            Place.QUERY: placed.url,
            Place.HEADER: "\n".join(value for _, value in placed.headers),
            Place.BODY: (placed.body or b"").decode(errors="replace"),
        }
        found = []
        for name, watched in self._watched.items():
            stands = [part for part, text in parts.items() if watched.search.scrub(text) != text]
            if not stands:
                continue
            if not watched.reach.allows(placed.destination):
                raise Denied(
                    Code.SECRET_NOT_GRANTED,
                    f"The secret {name} may not go to {placed.destination.origin}.",
                    f"It may go to: {watched.reach}.",
                )
            wrong = [part for part in stands if not watched.may_stand(part)]
            if wrong:
                raise Denied(
                    Code.SECRET_NOT_GRANTED,
                    f"The secret {name} may not stand in the {wrong[0].value} of a request.",
                    f"Its grant allows: {', '.join(sorted(watched.places))}.",
                )
            found.append(name)
        return found

    def _judge(self, asked: Asked) -> None:
        if len(asked.params) > 2 * MOST_PARAMS or len(asked.headers) > MOST_HEADERS:
            raise Denied(
                Code.HTTP_ERROR,
                f"A request has {MOST_PARAMS} parameters and {MOST_HEADERS} headers at most.",
                "Send what is more in the body.",
            )
        beside, body = asked.size_beside_body, asked.size - asked.size_beside_body
        if beside > MOST_BESIDE_BODY or body > MOST_BODY:
            raise Denied(
                Code.HTTP_ERROR,
                f"The body of a request has {MOST_BODY} characters at most, and all the rest {MOST_BESIDE_BODY}.",
                "Send less at once.",
            )
        method = asked.method.upper()
        if not self._capabilities.allows_method(method):
            raise capability.denied_method(method, self._capabilities.methods)
        try:
            destination, _ = read_url(asked.url)
        except errors.Invalid as error:
            raise Denied(Code.HTTP_ERROR, self._vault.redact(error.message), error.hint) from error
        if not self._capabilities.allows_host(destination):
            raise capability.denied_host(destination)
        if len(asked.params) % 2:
            raise Denied(Code.SANDBOX_VIOLATION, "The sandbox sent a parameter without its value.")
        if self._sent >= self._limits.http_calls:
            raise Denied(
                Code.HTTP_ERROR,
                f"A run sends {self._limits.http_calls} requests at most.",
                "Ask for more at once, or divide the work among several runs.",
            )
        self._sent += 1

    def _prepared(self, asked: Asked, scrub: Scrub) -> tuple[Placed, str]:
        """Give the request with its secrets put in, and the text that people see of it."""
        return self._place(asked), scrub(self._vault.redact(self._shown(asked)))

    def _place(self, asked: Asked) -> Placed:
        request = Request(
            method=asked.method,
            url=asked.url,
            headers=tuple(asked.headers.items()),
            params=asked.pairs,
            body=asked.body,
            content_type=asked.content_type,
            json=asked.json,
            auth=asked.auth,
        )
        try:
            return place(self._vault, request)
        except Misplaced as refusal:
            raise Denied(refusal.code, refusal.message, refusal.hint) from refusal

    async def _fetch(self, placed: Placed, asked: Asked, scrub: Scrub, effect: Effect) -> Incoming:
        outgoing = Outgoing(
            method=placed.method,
            url=placed.url,
            headers=placed.headers,
            body=placed.body,
            portable=not (placed.sealed or self._watched),
        )
        self.hosts[placed.destination.origin] = None
        seconds = self._limits.wall_ms / 1000
        if asked.timeout is not None:
            seconds = min(seconds, max(asked.timeout, 0.001))
        try:
            answer = await self._web.fetch(outgoing, lambda hop: self._follow(hop, scrub), seconds=seconds)
        except EgressFailed as failure:
            effect.details["problem"] = failure.kind.value
            kind = errors.OutcomeUnknown if failure.sent else errors.NotDelivered
            raise kind(scrub(failure.message), hint=failure.hint or _HINTS[failure.sent]) from None
        except Denied as refusal:  # of a redirect: what was asked first was answered, and the answer is not followed
            effect.fail(refusal.code.value)
            raise
        effect.details.update(status=answer.status, bytes=len(answer.body))
        return answer

    def _follow(self, hop: Hop, scrub: Scrub) -> Outgoing:
        if not self._capabilities.allows_host(hop.place):
            raise capability.denied_host(hop.place)
        if not self._capabilities.allows_method(hop.outgoing.method):
            raise capability.denied_method(hop.outgoing.method, self._capabilities.methods)
        if hop.crossed and scrub(hop.url) != hop.url:
            raise Denied(
                Code.SECRET_NOT_GRANTED,
                f"The answer redirects to {hop.place.origin} with a secret in the address, which is not followed.",
                "Ask that host itself, with a secret that is for it.",
            )
        self.hosts[hop.place.origin] = None
        return hop.outgoing

    def _shown(self, asked: Asked) -> str:
        destination, parts = read_url(asked.url)
        shown = destination.origin + (parts.path or "/")
        if not self._full_urls:
            return shown
        query = "&".join(part for part in (parts.query, urlencode(asked.pairs)) if part)
        return f"{shown}?{query}" if query else shown


_HINTS = {
    False: "Nothing was sent. Check the host's name and whether it can be reached from here.",
    True: "The request may have arrived: look at the other side before it is sent again.",
}


def _given(answer: Incoming, scrub: Scrub) -> dict[str, object]:
    headers: dict[str, str] = {}
    for name, value in answer.headers:
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return {
        "status": answer.status,
        "headers": {scrub(name): scrub(value) for name, value in headers.items()},
        "body": scrub(_text(answer)),
        "url": scrub(answer.url),
    }


def _text(answer: Incoming) -> str:
    said = (answer.header("content-type") or "").lower()
    charsets = (part.partition("=")[2].strip(" \"'") for part in said.split(";") if "charset" in part)
    charset = next(charsets, "")
    return answer.body.decode(charset if charset in _CHARSETS else _guessed(answer.body), errors="replace")


def _guessed(body: bytes) -> str:
    """Say how a text that does not say it is encoded: UTF-16 read as UTF-8 would hide a secret between zero bytes."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(body) < 2 * _FEWEST_UNITS or b"\0" not in body:
        return "utf-8"
    even, odd = body[::2].count(0), body[1::2].count(0)
    return "utf-8" if 4 * max(even, odd) < len(body) else "utf-16-be" if even > odd else "utf-16-le"
