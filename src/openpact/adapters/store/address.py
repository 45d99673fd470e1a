"""From a store's URL to its engine."""

import urllib.parse
from pathlib import Path

from openpact.adapters.store.engine import Engine
from openpact.adapters.store.sqlite import SqliteEngine
from openpact.domain import errors


def open_engine(url: str) -> Engine:
    """Choose the engine that the URL names. Raises ConfigInvalid."""
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:  # its text repeats a part of the URL
        raise errors.ConfigInvalid(
            "The store's URL cannot be split into its parts.",
            hint="Use sqlite:///… or postgresql://…, and write [ ] in a password as %5B %5D.",
        ) from None
    if parts.scheme == "sqlite":
        if parts.netloc or not parts.path.strip("/") or parts.query or parts.fragment:
            raise errors.ConfigInvalid(
                "The store's URL names no file.", hint="Write sqlite:/// and the path: sqlite:////srv/openpact.db"
            )
        return SqliteEngine(Path(urllib.parse.unquote(parts.path[1:])))
    if parts.scheme in {"postgresql", "postgres"}:
        from openpact.adapters.store.postgres import PostgresEngine  # noqa: PLC0415 - an extra that few need

        return PostgresEngine(url)
    raise errors.ConfigInvalid(
        f"The store's URL begins with {parts.scheme!r}, which is no store.",
        hint="Use sqlite:///… or postgresql://…",
    )
