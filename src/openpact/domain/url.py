"""The URLs of the configuration: of the store and of a proxy, also without their passwords, and of our own site.

Rules of this file:
- A URL that two readers could split differently is refused: then nobody can say which part is the password.
- No message repeats the URL, and of its options only those are shown that are known to be harmless.
"""

from pathlib import PurePosixPath
from urllib.parse import urlsplit

from openpact.domain import location
from openpact.domain.errors import Invalid

_SITE = "Give scheme, host and port alone, as in https://openpact.example.com."
_PROXY = "Write http://proxy.example.com:3128, with user:password@ before the host where it asks for them."
_STORES = "Write sqlite:////absolute/path.db or postgresql://user@host/database."
_HARMLESS = frozenset(
    {"application_name", "connect_timeout", "dbname", "host", "port", "sslmode", "sslrootcert", "user"}
)


def check_store(url: str) -> None:
    """Raise Invalid unless the URL names a store that there can be."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise Invalid("not the URL of a store", hint=_STORES)
    if scheme == "sqlite":
        _check_file(rest)
    elif scheme == "postgresql":
        _check_server(url)
    else:
        raise Invalid("a kind of store that is not known here", hint=_STORES)


def _check_file(rest: str) -> None:
    path = PurePosixPath("/", rest.lstrip("/"))
    if not rest.startswith("/") or path == PurePosixPath("/"):
        raise Invalid("the URL of a database file that names no file", hint=_STORES)
    if "?" in rest or "#" in rest or "%" in rest:
        raise Invalid("a database file takes no options and no escapes", hint=_STORES)
    location.check(path, "the database")


def _check_server(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Invalid("a URL that cannot be split into host and port", hint=_STORES) from None
    # An @, a slash or a question mark in a password would move the place where the host begins.
    if url.count("@") != parts.netloc.count("@") or parts.netloc.count("@") > 1 or parts.fragment or port == 0:
        raise Invalid("a URL whose parts are not clear", hint="Write @ / ? # in a password as %40 %2F %3F %23.")
    if not parts.path.strip("/"):
        raise Invalid("no database is named", hint=_STORES)


def masked_store(url: str) -> str:
    """Give the URL with `***` for each password in it; a URL that `check_store` refuses is masked whole."""
    try:
        check_store(url)
    except Invalid:
        return "***"
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return url
    login, at, host = parts.netloc.rpartition("@")
    user, colon, _password = login.partition(":")
    secret = ":***" if colon else ""
    options = [
        option if option.partition("=")[0] in _HARMLESS else "***" for option in parts.query.split("&") if option
    ]
    query = "?" + "&".join(options) if options else ""
    return f"{parts.scheme}://{user}{secret}{at}{host}{parts.path}{query}"


def check_site(url: str) -> None:
    """Raise Invalid unless the URL is that of a web server and nothing more: origins are compared with it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Invalid("not a URL", hint=_SITE) from None
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise Invalid("not the URL of a web server", hint=_SITE)
    if "@" in parts.netloc or parts.path not in {"", "/"} or "?" in url or "#" in url:
        raise Invalid("a URL with more than scheme, host and port", hint=_SITE)


def check_proxy(url: str) -> None:
    """Raise Invalid unless the URL is that of a proxy that can be asked over http."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Invalid("a URL that cannot be split into host and port", hint=_PROXY) from None
    if parts.scheme != "http" or not host or port == 0:
        raise Invalid("not the http:// URL of a proxy", hint=_PROXY)
    if url.count("@") != parts.netloc.count("@") or parts.netloc.count("@") > 1:
        raise Invalid("a URL whose parts are not clear", hint="Write @ / ? # in a password as %40 %2F %3F %23.")
    if parts.path not in {"", "/"} or "?" in url or "#" in url:
        raise Invalid("a URL with more than scheme, host and port", hint=_PROXY)


def masked_proxy(url: str) -> str:
    """Give the URL with `***` for what signs in to the proxy; one that `check_proxy` refuses is masked whole."""
    try:
        check_proxy(url)
    except Invalid:
        return "***"
    signed_in, at, rest = url.removeprefix("http://").rpartition("@")
    del signed_in
    return "http://" + ("***@" if at else "") + rest
