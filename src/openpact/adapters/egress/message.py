"""What is asked, what came back, and how it failed.

Rules of this file:
- A request may hold secrets in every part, so its text form shows method and origin alone.
- `sent` is false only when no byte of any request can have left: then, and only then, nothing has happened there.
- A message names hosts that the asker named, and the kind of an address, never an address that a name led to.
- What a request says about its own framing or its host is written here, by nobody else: a `Host` of somebody else's
  would reach another site behind the address that was judged, a second length would smuggle a second request.
"""

import enum
import re

import msgspec

from openpact.domain.destination import read_url
from openpact.domain.errors import Invalid

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_METHOD = re.compile(r"[A-Z]{1,20}")
_BAD_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MOST_HEADERS = 100
_MOST_HEADER_CHARS = 65_536

# A tunnel is no request, and TRACE gives back what the broker put in.
_REFUSED_METHODS = frozenset({"CONNECT", "TRACE"})
_OURS = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class Kind(enum.StrEnum):
    """Why there is no answer."""

    REFUSED = "refused"  # by us
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    TLS = "tls"
    CONNECT = "connect"
    PROTOCOL = "protocol"


class EgressFailed(Exception):
    """There is no answer to give."""

    def __init__(self, kind: Kind, message: str, *, hint: str | None = None, sent: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        self.sent = sent


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it goes to the wire, with every secret in its place."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    portable: bool = False  # nothing in it is bound to this origin: a redirect may carry it on to another

    def __repr__(self) -> str:
        try:
            origin = read_url(self.url)[0].origin
        except Invalid:
            origin = "?"
        return f"Outgoing({self.method} {origin})"


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One whole answer, unpacked. Its headers are in their order, with the names as they came."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    url: str  # the one that answered, after redirects

    def header(self, name: str) -> str | None:
        """Give the first header of this name."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def __repr__(self) -> str:
        return f"Incoming({self.status}, {len(self.body)} bytes)"


def refused(message: str, hint: str | None = None) -> EgressFailed:
    """Make the failure that says no before anything is sent."""
    return EgressFailed(Kind.REFUSED, message, hint=hint)


def check(outgoing: Outgoing) -> None:
    """Refuse what could be read as something else than one plain request. Raises EgressFailed."""
    if not _METHOD.fullmatch(outgoing.method) or outgoing.method in _REFUSED_METHODS:
        raise refused(f"The method {outgoing.method[:20]!r} cannot be sent.", hint="Write GET, POST, PUT, …")
    room = _MOST_HEADER_CHARS
    if len(outgoing.headers) > _MOST_HEADERS:
        raise refused(f"A request has at most {_MOST_HEADERS} headers.")
    for name, value in outgoing.headers:
        room -= len(name) + len(value)
        if room < 0:
            raise refused(f"The headers of a request have at most {_MOST_HEADER_CHARS} characters.")
        if not _TOKEN.fullmatch(name):
            raise refused(f"{name[:60]!r} is not the name of a header.")
        if name.lower() in _OURS or name.lower().startswith("proxy-"):
            raise refused(f"The header {name} cannot be set.", hint="It is written by what sends the request.")
        # The value itself is not shown: it may hold a secret.
        if _BAD_IN_VALUE.search(value) or not _has_bytes(value):
            raise refused(f"The value of the header {name} holds a line break or a control character.")


def _has_bytes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
