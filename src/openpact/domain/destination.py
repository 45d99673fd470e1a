"""Where a request goes: one strict reading of a URL, and the host rules that say whether it may go there.

Rules of this file:
- A URL that two readers could split differently is refused: what is judged here is what the wire will be given.
- A host is a name in lower-case ASCII (IDNA) or a plain IP literal. Spellings of an address that only some programs
  read as one (`0x7f.1`, `127.1`, `2130706433`) are refused as names.
- What an international name looks like is what it is: letters that only turn into others (`ⓛocalhost`, `127。0。0。1`,
  `faß`, which two standards read as two hosts) are refused.
- A message shows the host of a URL and no more of it: path and query may hold a secret.
- A rule without a scheme means https or http on their usual ports; a wildcard stands for one or more whole labels
  at the front, and never for the name itself.
"""

import ipaddress
from urllib.parse import SplitResult, urlsplit

import msgspec

from openpact.domain.errors import Invalid

DEFAULT_PORTS = {"http": 80, "https": 443}

_LONGEST_NAME = 253
_LONGEST_LABEL = 63
_LONGEST_URL = 8192
_HIGHEST_PORT = 65535
_LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_MIN_LABELS_BEHIND_WILDCARD = 2


class Destination(msgspec.Struct, frozen=True):
    """One place that a request can go to."""

    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """The place as text, without a port that the scheme says already."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}")


class HostRule(msgspec.Struct, frozen=True):
    """Some places: `api.example.com`, `*.example.com`, `localhost:8080`, `http://intranet`."""

    host: str  # without the `*.` of a wildcard
    wildcard: bool = False
    port: int | None = None  # None: the usual one of the scheme
    scheme: str | None = None  # None: https or http

    def matches(self, place: Destination) -> bool:
        """Say whether this place is one of the rule's."""
        if self.scheme is not None and self.scheme != place.scheme:
            return False
        if place.port != (DEFAULT_PORTS[place.scheme] if self.port is None else self.port):
            return False
        return place.host.endswith("." + self.host) if self.wildcard else place.host == self.host

    def __str__(self) -> str:
        """Write the rule as people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "" if self.scheme is None else f"{self.scheme}://"
        return scheme + ("*." if self.wildcard else "") + host + ("" if self.port is None else f":{self.port}")


def read_rule(text: str) -> HostRule:
    """Read a host rule. Raises Invalid with what is wrong."""
    if not _plain(text):
        raise Invalid(
            "The host holds a space, a control character or a backslash.",
            hint="Write api.example.com or localhost:8080; name each host by itself.",
        )
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "", text
    elif scheme not in DEFAULT_PORTS:
        raise Invalid(f"{_shown(text)}: only http:// and https:// can stand before a host")
    wildcard = rest.startswith("*.")
    if wildcard:
        rest = rest[2:]
    if "/" in rest or "?" in rest or "#" in rest:
        raise Invalid(f"{_shown(text)}: a host alone, without a path", hint="Write api.example.com or localhost:8080.")
    parts = _authority(f"//{rest}")
    host, port = check_host(parts.hostname or ""), _port(parts)
    if wildcard and (is_literal(host) or host.count(".") + 1 < _MIN_LABELS_BEHIND_WILDCARD):
        raise Invalid(
            f"{_shown(text)}: a wildcard needs two labels behind it", hint="Write *.example.com, or each host."
        )
    return HostRule(host, wildcard, port, scheme or None)


def read_url(text: str) -> tuple[Destination, SplitResult]:
    """Split the URL of a request. Raises Invalid."""
    if len(text) > _LONGEST_URL:
        raise Invalid(f"A URL has at most {_LONGEST_URL} characters.")
    check_characters(text)
    scheme, separator, _ = text.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in DEFAULT_PORTS:
        raise Invalid("Only http:// and https:// URLs can be asked for.", hint="Write the URL in full: https://…")
    parts = _authority(text)
    host = check_host(parts.hostname or "")
    port = _port(parts)
    return Destination(scheme, host, DEFAULT_PORTS[scheme] if port is None else port), parts


def check_characters(text: str) -> None:
    """Refuse what some readers drop or read as a slash. Raises Invalid."""
    if not _plain(text):
        raise Invalid("The URL holds a space, a control character or a backslash.", hint="Encode it: url.quote(text).")


def _plain(text: str) -> bool:
    return not any(ord(char) <= ord(" ") or ord(char) == 0x7F or char == "\\" for char in text)  # noqa: PLR2004 - DEL


def check_host(host: str) -> str:
    """Give the host in its one spelling. Raises Invalid."""
    host = host.lower()
    if is_literal(host):
        return str(ipaddress.ip_address(host))
    name = host if host.isascii() else _in_ascii(host)
    labels = name.removesuffix(".").split(".")
    well_formed = all(
        0 < len(label) <= _LONGEST_LABEL and set(label) <= _LABEL and label[0] != "-" and label[-1] != "-"
        for label in labels
    )
    if not well_formed or len(name) > _LONGEST_NAME or name.endswith("."):
        raise Invalid(f"{_shown(host)} is not the name of a host.", hint="Write a name like api.example.com.")
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        # A program behind us could read these digits as an address that was never checked.
        raise Invalid(
            f"{_shown(host)}: a number is not the name of a host.", hint="Write an address in full: 192.0.2.1"
        )
    return name


def is_literal(host: str) -> bool:
    """Say whether the host is an IP address written in full. One with a zone (`%eth0`) is not."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _in_ascii(host: str) -> str:
    try:
        name = host.encode("idna").decode("ascii")
        same = name.encode("ascii").decode("idna") == host
    except UnicodeError:
        raise Invalid(f"{_shown(host)} is not the name of a host.", hint="Write a name like api.example.com.") from None
    if not same:
        raise Invalid(f"{_shown(host)} is read as another host, {name}.", hint="Write the host that is meant.")
    return name


def _authority(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise Invalid("Host and port of the URL cannot be told apart.", hint="Write https://host:port/path.") from None
    if "@" in parts.netloc:
        raise Invalid("A URL with a name or password before its host is refused.", hint="Use auth=(user, password).")
    if host.isascii() != parts.netloc.isascii():  # U+212A, the sign for kelvin, is a k when it is made small
        raise Invalid(f"{_shown(host)} is written with letters that only look like it.", hint="Write it in ASCII.")
    if "[" in parts.netloc:
        # Python drops what stands before or behind the brackets; others go there.
        before, _, rest = parts.netloc.partition("[")
        inside, _, behind = rest.partition("]")
        if before or ":" not in inside or not is_literal(inside) or (behind and behind[0] != ":"):
            raise Invalid("Brackets are for an address, alone.", hint="Write [2001:db8::1], or a name without them.")
    return parts


def _port(parts: SplitResult) -> int | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is None and not parts.netloc.endswith(":"):
        return None
    if port is None or not 0 < port <= _HIGHEST_PORT:
        raise Invalid(f"{_shown(parts.hostname or '')}: the port is a number from 1 to 65535.")
    return port


def _shown(text: str) -> str:
    return repr(text if len(text) <= 100 else text[:100] + "…")  # noqa: PLR2004 - enough to know it by
