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

    def find_message(self) -> bytes | None:
        """Take out the next message; None while it is not whole. Raises TooLong."""
        if len(self._bytes) < HEADER.size:
            return None
        (length,) = HEADER.unpack_from(self._bytes)
        if length > self._longest:
            raise TooLong(f"a message of {length} bytes; {self._longest} are allowed")
        end = HEADER.size + length
        if len(self._bytes) < end:
            return None
        message = bytes(self._bytes[HEADER.size : end])
        del self._bytes[:end]
        return message
