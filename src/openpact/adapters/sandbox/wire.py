"""The wire between the parent and the sandbox: four bytes of length, then one JSON object.

Rules of this file:
- Standard library only: it is loaded inside the sandbox too.
- A length is judged before anything is kept: nobody makes the other side hold more than it allows.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

HEADER = struct.Struct("<I")
_encoded = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
SMALL = 64 * 1024  # bytes of a message for which nobody needs to make room
LONGEST = 8 * 1024 * 1024  # bytes of one message from a worker
LONGEST_ANSWER = 32 * 1024 * 1024  # bytes of one message to a worker: the largest body, escaped


class TooLong(ValueError):
    """A message is longer than its reader allows."""


def framed(body: bytes) -> bytes:
    """Put the length before a message's bytes."""
    return HEADER.pack(len(body)) + body


def packed(message: Mapping[str, Any]) -> bytes:
    """Give a message as it goes over the wire. Raises ValueError for what is no JSON or no text."""
    return framed(_encoded(message).encode())


class Inbox:
    """Bytes as they come in, taken out as whole messages."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        """Add what was read."""
        self._bytes += data

    @property
    def length(self) -> int | None:
        """The length of the next message; None while it is not there. Raises TooLong."""
        if len(self._bytes) < HEADER.size:
            return None
        length: int = HEADER.unpack_from(self._bytes)[0]
        if length > self._longest:
            raise TooLong(f"a message of {length} bytes; {self._longest} are allowed")
        return length

    @property
    def missing(self) -> int:
        """How many bytes of the next message are not there; before its length is known, those of the length."""
        return HEADER.size + (self.length or 0) - len(self._bytes)

    def find_start(self, size: int) -> bytes | None:
        """Give the first bytes of the next message and leave them; None while they are not there."""
        end = HEADER.size + size
        return bytes(self._bytes[HEADER.size : end]) if len(self._bytes) >= end else None

    def find_message(self) -> bytes | None:
        """Take out the next message; None while it is not whole. Raises TooLong."""
        length = self.length
        if length is None or self.missing > 0:
            return None
        end = HEADER.size + length
        message = bytes(self._bytes[HEADER.size : end])
        del self._bytes[:end]
        return message
