"""Who may compute now: a few slots, a queue in order of arrival, and a way around those who never stop.

    place = await admission.enter(whose="weather.star")   # Full: too many wait already
    place.rest(); ...; await place.again()    # a worker that waits for its host does not compute
    place.leave()

Rules of this file:
- A slot is held by who computes, from its turn until it rests or leaves; none is lost when a caller is cancelled.
- Callers have turns one after the other, however much each of them wants. Within one caller, turns come in order of
  arrival; only who returns from its host may pass those who wait to be let in at all.
- A named caller has at most five sixths of the places inside and of the queue: the rest is there when others come.
- Who computes for long while others wait loses its slot and goes on, slowed down: an endless loop stops nobody, and
  how many may go on so is bounded by `max_workers`.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

PATIENCE = 0.1  # seconds that one may compute while others wait


class Full(Exception):
    """So many wait that no more are let in."""


@dataclass(frozen=True, eq=False)
class _Waiting:
    number: int
    place: "Place"
    turn: "asyncio.Future[None]"


@dataclass(frozen=True, eq=False)
class _Queue:
    """Those of one caller who wait."""

    entering: deque[_Waiting] = field(default_factory=deque)
    returning: deque[_Waiting] = field(default_factory=deque)


class Place:
    """One run's place: inside from its turn until it leaves, computing while it holds a slot."""

    def __init__(self, admission: "Admission", whose: str) -> None:
        self._admission = admission
        self.whose = whose
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
        self._inside: dict[str, set[Place]] = {}  # by caller
        self._count_inside = 0
        self._queues: dict[str, _Queue] = {}  # of each caller of whom somebody waits; whose turn it is first
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def active(self) -> int:
        """How many hold a slot."""
        return len(self._active)

    @property
    def inside(self) -> int:
        """How many have been let in and have not left."""
        return self._count_inside

    @property
    def waiting(self) -> int:
        """How many wait to be let in."""
        return sum(len(queue.entering) for queue in self._queues.values())

    async def enter(self, *, whose: str = "", nested: bool = False) -> Place:
        """Wait for a turn and give the place. Raises Full.

        Who is nested in a run that is inside already does not queue behind others: that run would wait for itself.
        """
        place = Place(self, whose)
        if nested:
            if self._count_inside >= self._max_workers:
                raise Full
            self._let_in(place)
            try:
                await self.again(place)
            except asyncio.CancelledError:
                self.leave(place)
                raise
            return place
        if self._is_full(whose) and not self._free(whose):
            raise Full
        await self._wait(place, entering=True)
        return place

    def rest(self, place: Place) -> None:
        """Take the place's slot back, if it still has it."""
        if self._active.pop(place, None) is not None:
            self._pass_on()

    async def again(self, place: Place) -> None:
        """Give the place a slot again, in turn."""
        await self._wait(place, entering=False)

    def leave(self, place: Place) -> None:
        """Take back all that the place has."""
        self._active.pop(place, None)
        inside = self._inside.get(place.whose, set())
        if place in inside:
            inside.remove(place)
            self._count_inside -= 1
            if not inside:
                del self._inside[place.whose]
        self._pass_on()

    def _let_in(self, place: Place) -> None:
        inside = self._inside.setdefault(place.whose, set())
        self._count_inside += place not in inside
        inside.add(place)

    def _is_full(self, whose: str) -> bool:
        own = len(self._queues[whose].entering) if whose in self._queues else 0
        return self.waiting >= self._max_pending or own >= _share(whose, self._max_pending)

    def _free(self, whose: str) -> bool:
        return len(self._active) < self._max_active and self._has_room(whose) and whose not in self._queues

    def _has_room(self, whose: str) -> bool:
        own = len(self._inside.get(whose, ()))
        return self._count_inside < self._max_workers and own < _share(whose, self._max_workers)

    async def _wait(self, place: Place, *, entering: bool) -> None:
        self._count += 1
        waiting = _Waiting(self._count, place, asyncio.get_running_loop().create_future())
        queue = self._queues.setdefault(place.whose, _Queue())
        lane = queue.entering if entering else queue.returning
        lane.append(waiting)
        self._pass_on()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            if waiting in lane:
                lane.remove(waiting)
                self._forget(place.whose, queue)
            elif entering:
                self.leave(place)
            else:
                self.rest(place)
            raise

    def _forget(self, whose: str, queue: _Queue) -> None:
        if not queue.entering and not queue.returning:
            self._queues.pop(whose, None)

    def _next(self) -> tuple[str, deque[_Waiting]] | None:
        """Find whose turn it is, and the lane from which the next one comes."""
        for whose, queue in self._queues.items():
            may_enter = queue.entering and self._has_room(whose)
            if may_enter and (not queue.returning or queue.entering[0].number < queue.returning[0].number):
                return whose, queue.entering
            if queue.returning:
                return whose, queue.returning
        return None

    def _take(self) -> _Waiting | None:
        """Take out who is next; its caller's next turn comes after all others had theirs."""
        if (found := self._next()) is None:
            return None
        whose, lane = found
        waiting = lane.popleft()
        queue = self._queues.pop(whose)
        if queue.entering or queue.returning:
            self._queues[whose] = queue
        return waiting

    def _pass_on(self) -> None:
        loop = asyncio.get_running_loop()
        while len(self._active) < self._max_active and (waiting := self._take()) is not None:
            if not waiting.turn.cancelled():  # its caller was cancelled and has not been heard of yet
                self._active[waiting.place] = loop.time()
                self._let_in(waiting.place)
                waiting.turn.set_result(None)
        if self._timer is None and self._active and self._next() is not None:
            self._timer = loop.call_at(next(iter(self._active.values())) + PATIENCE, self._move_on)

    def _move_on(self) -> None:
        """Take the slots of those who have computed for long while others wait; they go on, slowed down."""
        self._timer = None
        since = asyncio.get_running_loop().time() - PATIENCE
        for place, began_at in list(self._active.items()):
            if began_at > since or self._next() is None:
                break
            del self._active[place]
            if place.slow_down is not None:
                place.slow_down()
            self._pass_on()
        self._pass_on()


def _share(whose: str, most: int) -> int:
    return max(1, most * 5 // 6) if whose else most
