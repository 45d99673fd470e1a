"""Putting sealed secrets into a request: the last step before the wire, and the only one that sees value and host.

Rules of this file:
- The host is judged on the URL as the script wrote it. The URL that is sent is written anew around that host, and must
  read to the same destination again.
- A value stands only in a header's value, in the path or a query value, in Basic credentials or in the body, escaped as
  each of these demands, once for each that stands in another; a token anywhere else ends the request, whole or in
  pieces. So does a value that could break out of a place that we do not know.
- What says how a message is framed or who is asked (Host, Content-Length, Connection, …) is not a script's to send.
- No refusal holds a value or a token.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

from openpact.domain import destination, signing
from openpact.domain.body_places import as_it_is, body_writing, in_url, inside, quoted, within_url
from openpact.domain.errors import Invalid
from openpact.domain.inner_json import Spot, breaks_out
from openpact.domain.outgoing import Misplaced, Placed, Request
from openpact.domain.run import Code
from openpact.domain.sealed import TOKEN, Sealed, Vault
from openpact.domain.secret import Place

MOST_BODY = 8 * 1024 * 1024  # characters, with the values put in
MOST_HEADER = 64 * 1024
MOST_HEADERS = 100
_MOST_URL = 64 * 1024  # while it is put together; what is sent is held to the limit of every URL

_METHOD = re.compile(r"[A-Za-z]{1,20}")
_FIELD = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BASIC = re.compile(r"(basic)[ \t]+(\S+)[ \t]*", re.IGNORECASE)
# With another Host the checked address would be asked for another site; with another framing, for another request.
_NOT_A_SCRIPT_S = frozenset(
    """
    connection content-length expect host http2-settings keep-alive proxy-authenticate proxy-authorization
    proxy-connection te trailer transfer-encoding upgrade
    """.split()  # noqa: SIM905  (thirteen quoted words would hide the list)
)
_SENT_AS_WRITTEN = "%/:@!$&'()*+,;=~?[]"  # in a URL; anything else is percent-encoded
_DOTS = frozenset({".", ".."})
_JSON = "application/json"
_QUERY = "url.encode_query"

_WHOLE = "Use it whole; base64, hex, hash, hmac, url and auth= work on the true value."
_CLEAR = "Send it with json=, as the whole of a value there; or use a secret without such characters."
_PLACES = "It can stand in a header's value, in the path or a query value, in auth= and in the body."


def place(vault: Vault, request: Request) -> Placed:
    """Put the secrets of a run into a request. Raises Misplaced when one may not stand where the script put it."""
    try:
        return _Placing(vault, request).placed()
    except Misplaced as refusal:
        raise Misplaced(refusal.code, vault.redact(refusal.message), refusal.hint) from None
    except UnicodeEncodeError:
        raise Misplaced(Code.HTTP_ERROR, "The request holds half of a surrogate pair, which is no text.") from None
    except Invalid as refusal:
        raise Misplaced(Code.HTTP_ERROR, vault.redact(refusal.message), refusal.hint) from None


class _Placing:
    """One request being put together."""

    def __init__(self, vault: Vault, asked: Request) -> None:
        self._vault = vault
        self._asked = asked
        self._used: dict[Sealed, None] = {}
        self._check_tokens()
        self._to, self._parts = destination.read_url(asked.url)

    def placed(self) -> Placed:
        if not _METHOD.fullmatch(self._asked.method):
            raise Misplaced(Code.HTTP_ERROR, "The method is not one word of letters.", "Write GET or POST.")
        url = self._url()
        secret_url = bool(self._used)
        body, content_type, secret_body = self._body()
        headers, secret_headers = self._headers(content_type)
        return Placed(
            method=self._asked.method.upper(),
            url=url,
            destination=self._to,
            headers=headers,
            body=body,
            sealed=tuple(self._used),
            secret_headers=secret_headers,
            secret_url=secret_url,
            secret_body=secret_body,
        )

    def _check_tokens(self) -> None:
        """Refuse tokens that are not whole, not of this run, or where none can stand."""
        texts = list(self._texts())
        damaged = self._vault.tampered(*texts)
        if damaged is not None:
            raise Misplaced(Code.SCRIPT_ERROR, f"The sealed text of {damaged.label} was cut or changed.", _WHOLE)
        if any(not self._vault.has(token) for text in texts for token in TOKEN.findall(text)):
            raise Misplaced(Code.SCRIPT_ERROR, "A sealed text is none of this run's.", "Read it with secrets.get.")
        asked, (before, _, fragment) = self._asked, self._asked.url.partition("#")
        scheme, _, rest = before.partition("://")
        authority = re.split(r"[/?\\]", rest, maxsplit=1)[0]
        wrong = {
            "the method": asked.method,
            "scheme, host or port": scheme + "\n" + authority,
            "the fragment of the URL": fragment,
            "the content type": "\n".join([asked.content_type or "", *self._given("content-type")]),
            "the name of a header": "\n".join(name for name, _ in asked.headers),
            "the name of a parameter": "\n".join(key for key, _ in asked.params),
        }
        for where, text in wrong.items():
            if self._vault.has(text):
                raise Misplaced(Code.SCRIPT_ERROR, f"A sealed secret stands in {where}.", _PLACES)

    def _texts(self) -> Iterator[str]:
        asked = self._asked
        yield from (asked.method, asked.url, asked.body or "", asked.content_type or "", asked.json or "")
        for pair in (*asked.params, asked.auth or ()):
            yield from pair
        for name, value in asked.headers:
            yield name
            yield self._inside(name, value) or value

    def _given(self, header: str) -> list[str]:
        return [value for name, value in self._asked.headers if name.lower() == header]

    def _inside(self, name: str, value: str) -> str | None:
        """Read Basic credentials that the script encoded itself, with a token in them."""
        match = _BASIC.fullmatch(value) if name.lower() == "authorization" else None
        if match is None:
            return None
        try:
            inside = base64.b64decode(match[2] + "=" * (-len(match[2]) % 4), validate=True).decode()
        except (binascii.Error, ValueError):
            return None
        return inside if self._vault.has(inside) else None

    def _put(
        self, text: str, escape: Callable[[Sealed], str], where: Place, most: int, spots: Sequence[Spot] = ()
    ) -> str:
        """Put values into one part of the request; each must be allowed there, at this host."""
        for sealed in self._vault.used_in(text):
            if not sealed.reach.allows(self._to):
                hint = f"It goes to: {sealed.reach}."
                if self._to.scheme == "http":
                    hint += " Over http only where its grant names the http:// host."
                raise Misplaced(Code.SECRET_NOT_GRANTED, f"{sealed.label} may not be sent to {self._to.origin}.", hint)
            if where not in sealed.places:
                raise Misplaced(
                    Code.SECRET_NOT_GRANTED,
                    f"{sealed.label} may not stand in {_NAMES[where]}.",
                    f"Its grant names: {', '.join(sorted(sealed.places)) or 'no place'}.",
                )
            self._used[sealed] = None
        for token, spot in zip(TOKEN.findall(text), spots, strict=False):
            (sealed,) = self._vault.used_in(token)
            if breaks_out(sealed.value, spot):
                raise Misplaced(
                    Code.SCRIPT_ERROR,
                    f"{sealed.label} has a quote, a backslash, an angle bracket, `&` or a control character, and could "
                    f"break out of its place in {_NAMES[where]}.",
                    _CLEAR,
                )
        return self._vault.opened(text, escape, most=most, depths=[spot.depth for spot in spots])

    def _url(self) -> str:
        path = "/".join(self._segment(segment) for segment in self._parts.path.split("/")) or "/"
        pairs = [self._pair(pair) for pair in self._parts.query.split("&")] if self._parts.query else []
        for key, value in self._asked.params:
            spots = inside(value, TOKEN.findall(value), TOKEN)
            given = self._put(quote(value, safe=""), quoted, Place.QUERY, _MOST_URL, spots)
            pairs.append(f"{quote(key, safe='')}={given}")
        url = self._to.origin + path + ("?" + "&".join(pairs) if pairs else "")
        if _read(url) != self._to:
            raise Misplaced(Code.HTTP_ERROR, "With its secrets put in, the URL is too long to be sent.")
        return url

    def _segment(self, segment: str) -> str:
        written = self._put(quote(segment, safe=_SENT_AS_WRITTEN), in_url, Place.QUERY, _MOST_URL)
        if written in _DOTS and segment not in _DOTS:
            raise Misplaced(Code.SCRIPT_ERROR, "A secret in the path would lead out of its folder.")
        return written

    def _pair(self, pair: str) -> str:
        key, equals, _ = pair.partition("=")
        whole = [sealed.made_by == _QUERY for sealed in self._vault.used_in(key)]
        if whole and (equals or not all(whole) or not TOKEN.fullmatch(key)):
            raise Misplaced(Code.SCRIPT_ERROR, "A sealed secret stands in the name of a parameter.", _PLACES)
        return self._put(quote(pair, safe=_SENT_AS_WRITTEN), in_url, Place.QUERY, _MOST_URL, within_url(pair, TOKEN))

    def _headers(self, content_type: str | None) -> tuple[tuple[tuple[str, str], ...], frozenset[str]]:
        asked = self._asked
        found, secret = list[tuple[str, str]](), set[str]()
        for name, value in asked.headers:
            if not _FIELD.fullmatch(name) or name.lower() in _NOT_A_SCRIPT_S:
                raise Misplaced(Code.HTTP_ERROR, f"A script cannot send the header {name[:40]!r}.", "Leave it out.")
            found.append((name, self._header(name, value)))
            if self._vault.has(self._inside(name, value) or value):
                secret.add(name.lower())
        if asked.auth is not None:
            if self._given("authorization"):
                raise Misplaced(Code.HTTP_ERROR, "auth= and an Authorization header are given.", "Give one of them.")
            user, password = (self._put(text, as_it_is, Place.BASIC, MOST_HEADER) for text in asked.auth)
            found.append(("Authorization", signing.basic_auth(user, password)))
            if self._vault.used_in(*asked.auth):
                secret.add("authorization")
        if content_type is not None and not self._given("content-type"):
            found.append(("Content-Type", self._sendable("Content-Type", content_type)))
        if len(found) > MOST_HEADERS or len(self._given("content-type")) > 1:
            raise Misplaced(Code.HTTP_ERROR, f"More than {MOST_HEADERS} headers, or Content-Type twice.", "Send less.")
        return tuple(found), frozenset(secret)

    def _header(self, name: str, value: str) -> str:
        inside = self._inside(name, value)
        if inside is not None:
            opened = self._put(inside, as_it_is, Place.BASIC, MOST_HEADER)
            return "Basic " + signing.base64_text(opened.encode())
        # What the wire carries decides which place it is: credentials may also come sealed as a whole.
        opened = self._vault.opened(value, as_it_is, most=MOST_HEADER)
        basic = name.lower() == "authorization" and _BASIC.match(opened) is not None
        return self._sendable(name, self._put(value, as_it_is, Place.BASIC if basic else Place.HEADER, MOST_HEADER))

    def _sendable(self, name: str, value: str) -> str:
        if _CONTROL.search(value):
            raise Misplaced(
                Code.HTTP_ERROR,
                f"The value of the header {name} holds a line break or a control character.",
                "If it comes from a secret, store that without its line end.",
            )
        if any(char > "\xff" for char in value):
            raise Misplaced(
                Code.HTTP_ERROR, f"The value of the header {name} is not latin-1 text.", "Encode it: url.quote(text)."
            )
        return value

    def _body(self) -> tuple[bytes | None, str | None, bool]:
        asked = self._asked
        if asked.json is not None and asked.body:
            raise Misplaced(Code.HTTP_ERROR, "body= and json= are given.", "Give one of them.")
        text = asked.body if asked.json is None else asked.json
        if text is None:
            return None, None, False
        content_type = [*self._given("content-type"), asked.content_type][0]
        if asked.json is not None:
            content_type = content_type or _JSON
        if not self._vault.has(text):
            return text.encode(), content_type, False
        escape, spots = body_writing(_JSON if asked.json is not None else content_type or "", text, TOKEN)
        return self._put(text, escape, Place.BODY, MOST_BODY, spots).encode(), content_type, True


_NAMES = {
    Place.HEADER: "a header",
    Place.QUERY: "the URL",
    Place.BASIC: "Basic credentials",
    Place.BODY: "the body",
}


def _read(url: str) -> destination.Destination | None:
    try:
        return destination.read_url(url)[0]
    except Invalid:  # what it says would quote the value
        return None
