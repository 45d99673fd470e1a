"""What a server says, counted as it comes in: one that says much and means little is not listened to.

Rules of this file:
- What is counted is work for the event loop that no bound of the body sees: framing around single bytes, and early
  answers (103 and its like) without end. The time of a request bounds them too, but all others would pay for it.
- Framing may take as much again as the body so far. Chunks of a few bytes each pass; nothing serious sends smaller.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp.client_proto import ResponseHandler

from openpact.adapters.egress.message import EgressFailed, Kind

if TYPE_CHECKING:
    import asyncio

    from aiohttp.http import RawResponseMessage
    from aiohttp.streams import StreamReader

_MOST_EARLY = 32  # answers before the one that was asked for
# Headers, framing of what is small, and what was read from the socket in one go and not yet looked at.
_BESIDES_THE_BODY = 524_288  # bytes
_LAST_EARLY = 199


class Listener(ResponseHandler):
    """One connection, listened to until it is too much."""

    def __init__(self, loop: "asyncio.AbstractEventLoop", refuse: Callable[[EgressFailed], None]) -> None:
        super().__init__(loop)
        self._refuse = refuse
        self._heard = 0
        self._early = 0
        self._deaf = False

    def data_received(self, data: bytes) -> None:
        """Take what came, and hang up when it is too much."""
        if self._deaf:
            return
        super().data_received(data)
        self._heard += len(data)
        body = 0 if self._payload is None else self._payload.total_bytes
        if self._early > _MOST_EARLY:
            self._hang_up(f"The server sent more than {_MOST_EARLY} early answers and not the one that was asked for.")
        elif self._heard > _BESIDES_THE_BODY + 2 * body:
            self._hang_up("The answer comes in pieces so small that they are mostly framing.")

    def feed_data(self, data: "tuple[RawResponseMessage, StreamReader]", size: int = 0) -> None:
        """Take one answer."""
        self._early += data[0].code <= _LAST_EARLY
        super().feed_data(data, size)

    def _hang_up(self, why: str) -> None:
        self._deaf = True
        self._refuse(EgressFailed(Kind.PROTOCOL, why, sent=True))
        if self.transport is not None:  # it may have been closed over what came
            self.transport.abort()
