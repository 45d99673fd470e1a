"""One request at the people's door, once it is known who asks.

Rules of this file:
- Bodies are JSON, read strictly, and every key of them is named by the type that is asked for.
- A NUL is refused wherever text comes in: no name has one, and not every store can keep one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from openpact.adapters.peer import Peer
from openpact.domain import errors, strict_json
from openpact.domain.principal import Principal
from openpact.services.house import House

T = TypeVar("T")

MAX_BODY = 1_048_576
_LIMITS = strict_json.Limits(max_bytes=MAX_BODY)


@dataclass(frozen=True)
class Ask:
    """Who asks what."""

    house: House
    who: Principal
    request_id: str
    address: str
    peer: Peer | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    raw: bytes = b""

    def body(self, shape: type[T]) -> T:
        """Read the body as this shape. Raises JsonInvalid, TooLarge, Invalid."""
        document = strict_json.parse(self.raw, _LIMITS)
        if b"\\u0000" in self.raw:
            raise errors.Invalid("A text of the request holds a NUL character.")
        try:
            return msgspec.convert(document, shape)
        except msgspec.ValidationError as fault:
            said, _, path = str(fault).partition(" - at ")
            where = path.strip("`").removeprefix("$").removeprefix(".") or "body"
            raise errors.Invalid(
                "The request's body is not what is expected here.",
                details={"fields": [{"path": where, "message": said}]},
            ) from fault

    def number(self, name: str, default: int, most: int) -> int:
        """Read a positive whole number from the query. Raises Invalid."""
        text = self.query.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))) or not 1 <= int(text) <= most:
            raise errors.Invalid(f"{name} must be a whole number from 1 to {most}.")
        return int(text)


@dataclass(frozen=True)
class Lines:
    """An answer that is a stream of lines."""

    lines: object  # an iterator of bytes
    media_type: str
    file_name: str


@dataclass(frozen=True)
class Made:
    """An answer to something that was created."""

    document: object


DONE = object()  # an answer with nothing to show
