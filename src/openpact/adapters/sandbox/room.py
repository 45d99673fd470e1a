"""Room for the large messages of all workers together: who finds none waits, unread.

    share = room.ask(len(message), whose="weather.star")
    await share.turn
    room.give_back(share)                     # also when its turn never came

Rules of this file:
- Room is taken for a whole message before it is read, so two halves never wait for each other.
- Turns come in order of arrival. A named caller has at most half of the room; who waits only for that is passed.
- One message always has room where nobody has any: what is allowed at all is never locked out for good.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class Share:
    """The room of one message, from its turn on."""

    size: int
    whose: str
    turn: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Room:
    """So many bytes, for whoever comes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._by_caller: Counter[str] = Counter()
        self._waiting: dict[Share, None] = {}

    @property
    def taken(self) -> int:
        """How many bytes are taken."""
        return self._taken

    def ask(self, size: int, *, whose: str = "") -> Share:
        """Ask for room; it is there at the turn of the share that is given."""
        share = Share(size, whose)
        self._waiting[share] = None
        self._pass_on()
        return share

    def give_back(self, share: Share) -> None:
        """Give the room of a share back, or give up waiting for it."""
        if share in self._waiting:
            del self._waiting[share]
        else:
            self._taken -= share.size
            self._by_caller[share.whose] -= share.size
            if not self._by_caller[share.whose]:
                del self._by_caller[share.whose]
        self._pass_on()

    def _pass_on(self) -> None:
        for share in list(self._waiting):
            own = self._by_caller[share.whose]
            if share.whose and own and own + share.size > self._most // 2:
                continue
            if self._taken and self._taken + share.size > self._most:
                break
            del self._waiting[share]
            self._taken += share.size
            self._by_caller[share.whose] += share.size
            share.turn.set_result(None)
