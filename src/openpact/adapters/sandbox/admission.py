"""Who may compute now: a few slots, a queue in order of arrival, and a way around those who never stop.

    place = await admission.enter()           # Full: too many wait already
    place.rest(); ...; await place.again()    # a worker that waits for its host does not compute
    place.leave()

Rules of this file:
- A slot is held by who computes, from its turn until it rests or leaves; none is lost when a caller is cancelled.
- Turns come in order of arrival. Only who returns from its host may pass those who wait to be let in at all.
- Who computes for long while others wait loses its slot and goes on, slowed down: an endless loop stops nobody, and
  how many may go on so is bounded by `max_workers`.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

PATIENCE = 0.1  # seconds that one may compute while others wait


class Full(Exception):
    """So many wait that no more are let in."""


@dataclass(frozen=True, eq=False)
class _Waiting:
    number: int
    place: "Place"
    turn: "asyncio.Future[None]"


class Place:
    """One run's place: inside from its turn until it leaves, computing while it holds a slot."""

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self.slow_down: Callable[[], None] | None = None

    def rest(self) -> None:
        """Give the slot back while waiting for the host."""
        self._admission.rest(self)

    async def again(self) -> None:
        """Take a slot again, in turn."""
        await self._admission.again(self)

    def leave(self) -> None:
        """Give everything back, for good."""
        self._admission.leave(self)


class Admission:
    """The slots of one pool."""

    def __init__(self, *, max_active: int, max_workers: int, max_pending: int) -> None:
        self._max_active = max_active
        self._max_workers = max_workers
        self._max_pending = max_pending
        self._active: dict[Place, float] = {}  # since when; the oldest first
        self._inside: set[Place] = set()
        self._entering: deque[_Waiting] = deque()
        self._returning: deque[_Waiting] = deque()
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def active(self) -> int:
        """How many hold a slot."""
        return len(self._active)

    @property
    def inside(self) -> int:
        """How many have been let in and have not left."""
        return len(self._inside)

    @property
    def waiting(self) -> int:
        """How many wait to be let in."""
        return len(self._entering)

    async def enter(self, *, nested: bool = False) -> Place:
        """Wait for a turn and give the place. Raises Full.

        Who is nested in a run that is inside already does not queue behind others: that run would wait for itself.
        """
        place = Place(self)
        if nested:
            if len(self._inside) >= self._max_workers:
                raise Full
            self._inside.add(place)
            try:
                await self._wait(place, self._returning)
            except asyncio.CancelledError:
                self.leave(place)
                raise
            return place
        if len(self._entering) >= self._max_pending and not self._free():
            raise Full
        await self._wait(place, self._entering)
        return place

    def rest(self, place: Place) -> None:
        """Take the place's slot back, if it still has it."""
        if self._active.pop(place, None) is not None:
            self._pass_on()

    async def again(self, place: Place) -> None:
        """Give the place a slot again, in turn."""
        await self._wait(place, self._returning)

    def leave(self, place: Place) -> None:
        """Take back all that the place has."""
        self._active.pop(place, None)
        self._inside.discard(place)
        self._pass_on()

    def _free(self) -> bool:
        room = len(self._active) < self._max_active and len(self._inside) < self._max_workers
        return room and not self._entering and not self._returning

    async def _wait(self, place: Place, lane: deque[_Waiting]) -> None:
        self._count += 1
        waiting = _Waiting(self._count, place, asyncio.get_running_loop().create_future())
        lane.append(waiting)
        self._pass_on()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting in lane:
                lane.remove(waiting)
            elif lane is self._entering:
                self.leave(place)
            else:
                self.rest(place)
            raise

    def _next_lane(self) -> deque[_Waiting] | None:
        may_enter = self._entering and len(self._inside) < self._max_workers
        if not self._returning:
            return self._entering if may_enter else None
        if may_enter and self._entering[0].number < self._returning[0].number:
            return self._entering
        return self._returning

    def _pass_on(self) -> None:
        loop = asyncio.get_running_loop()
        while len(self._active) < self._max_active and (lane := self._next_lane()) is not None:
            waiting = lane.popleft()
            if not waiting.turn.cancelled():  # its caller was cancelled and has not been heard of yet
                self._active[waiting.place] = loop.time()
                self._inside.add(waiting.place)
                waiting.turn.set_result(None)
        if self._timer is None and self._active and self._next_lane() is not None:
            self._timer = loop.call_at(next(iter(self._active.values())) + PATIENCE, self._move_on)

    def _move_on(self) -> None:
        """Take the slots of those who have computed for long while others wait; they go on, slowed down."""
        self._timer = None
        since = asyncio.get_running_loop().time() - PATIENCE
        for place, began_at in list(self._active.items()):
            if began_at > since or self._next_lane() is None:
                break
            del self._active[place]
            if place.slow_down is not None:
                place.slow_down()
            self._pass_on()
        self._pass_on()
