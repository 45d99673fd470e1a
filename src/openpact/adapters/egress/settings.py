"""What the operator says about the way out, and what follows from it.

Rules of this file:
- What cannot be used stops the start; nothing falls back to something less strict.
- Authorities of the operator's own are trusted besides the system's, never instead of looking.
"""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from openpact.domain.address import Network
from openpact.domain.destination import read_url
from openpact.domain.errors import Invalid

if TYPE_CHECKING:
    from yarl import URL

_PROXY = "Write http.proxy as http://host:port or http://user:password@host:port."


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's part."""

    allow_private: tuple[Network, ...] = ()
    proxy: str | None = None  # http://[user:password@]host:port
    max_body: int = 4_194_304
    ca_file: Path | None = None
    user_agent: str = "OpenPact"

    def __repr__(self) -> str:  # the proxy's URL may hold a password
        return f"Settings(allow_private={len(self.allow_private)}, proxy={self.proxy is not None})"


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Make what verifies every certificate. Raises Invalid."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # A variable left over from debugging (SSLKEYLOGFILE) would write down the keys of what carries secrets.
    context.keylog_filename = None  # type: ignore[assignment]  # typeshed knows no way to turn it off
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError:  # an SSLError is one too
            raise Invalid(
                f"{ca_file} holds no certificates that can be read.", hint="Give a file in PEM form."
            ) from None
    return context


def proxy_url(text: str) -> "URL":
    """Read the URL of the proxy. Raises Invalid, without repeating it."""
    from yarl import URL  # noqa: PLC0415 - only who sends pays for it

    try:
        parts = urlsplit(text)
        place, _ = read_url(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())
        url = URL(text)
    except (Invalid, ValueError):
        raise Invalid("The proxy is not the URL of one.", hint=_PROXY) from None
    if place.scheme != "http" or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise Invalid("A proxy is an http:// URL without a path.", hint=_PROXY)
    if (url.raw_host, url.port) != (place.host, place.port):
        raise Invalid("The URL of the proxy could be read in two ways.", hint=_PROXY)
    return url
