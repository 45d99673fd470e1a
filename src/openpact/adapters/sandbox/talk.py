"""One run's talk with its worker: the request, what the script asks of its host, the last word.

Rules of this file:
- The worker is taken for hostile: what it may not say, or says too often, ends it.
- A call of the host is cancelled when time is up or the worker is gone; nothing waits for it longer than `PARTING`.
- After a refusal the worker has one thing left to say: that it failed.
- What is not small is read only once there is room for it, and the room is held until it has been dealt with.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from openpact.adapters.sandbox import ends, message, wire
from openpact.adapters.sandbox.admission import Place
from openpact.adapters.sandbox.nursery import Worker
from openpact.adapters.sandbox.room import Room, Share
from openpact.domain.run import Code, Denied, Failure, Limits

PARTING = 0.25  # seconds that a cancelled call may take to end
_PIECE = 262_144
_ESCAPED = 6  # bytes that one character of a text has at most on the wire

Last = message.Done | message.Checked | Failure


class HostPort(Protocol):
    """What a run may ask of the world outside."""

    async def call(self, op: str, given: Mapping[str, Any]) -> object:
        """Do it and give a JSON value. Raises Denied."""

    def log(self, text: str) -> None:
        """Take one log line."""


class Gone(Exception):
    """The worker ended, or is as good as ended, without a last word."""


class _TooMuch(Exception):
    """A message says by its length that it holds more than its limit."""


class Talk:
    """The talk with one worker about one run."""

    def __init__(self, worker: Worker, place: Place, limits: Limits, host: HostPort, room: Room) -> None:
        self._worker = worker
        self._place = place
        self._limits = limits
        self._host = host
        self._room = room
        self._share: Share | None = None
        self._loop = asyncio.get_running_loop()
        self._inbox = wire.Inbox(wire.LONGEST)
        self._ends_at = self._loop.time() + limits.wall_ms / 1000
        self._lines = 0
        self._calls = 0
        self._denied: Denied | None = None
        self.heard = False
        self.steps = 0
        self.peak = 0

    async def begin(self, request: bytes) -> None:
        """Send the request. Raises Gone."""
        await self._send(request)

    async def listen(self) -> Last:
        """Serve the worker until its last word. Raises Gone, and what the host raises except Denied."""
        while True:
            try:
                last = await self._hear()
            except (message.Invalid, wire.TooLong):
                return self._failure(Code.SANDBOX_VIOLATION)
            except _TooMuch:
                return self._failure(Code.OUTPUT_LIMIT)
            if last is not None:
                return last

    def close(self) -> None:
        """Give back what the talk has taken."""
        share, self._share = self._share, None
        if share is not None:
            self._room.give_back(share)

    async def _hear(self) -> Last | None:
        """Deal with one message. What it holds goes with this call, before its room is given to another."""
        said = message.from_worker(await self._receive())
        match said:
            case message.Failed():
                self.steps, self.peak = said.steps, said.peak
                return ends.failed(said, self._denied) or self._failure(Code.SANDBOX_VIOLATION)
            case _ if self._denied is not None:
                return self._failure(Code.SANDBOX_VIOLATION)
            case message.Log():
                self._lines += 1
                if self._lines > self._limits.log_lines or len(said.text) > self._limits.log_chars:
                    return self._failure(Code.OUTPUT_LIMIT)
                self._host.log(said.text)
            case message.Call():
                await self._send(await self._answer(said))
            case message.Done():
                return self._checked(said)
            case message.Checked():
                return said
        return None

    def _checked(self, said: message.Done) -> Last:
        self.steps, self.peak = said.steps, said.peak
        if len(said.result.encode()) > self._limits.result_bytes:
            return self._failure(Code.OUTPUT_LIMIT)
        try:
            message.check_json(said.result)
        except message.Invalid:
            return self._failure(Code.SANDBOX_VIOLATION)
        return said

    async def _answer(self, call: message.Call) -> bytes:
        self._calls += 1
        if self._calls > self._limits.host_calls:
            return self._refusal(self._failure(Code.STEP_LIMIT))
        if self._worker.exited.done():
            raise Gone
        self._place.rest()
        asked = self._loop.create_task(self._ask(call))
        either: set[asyncio.Future[Any]] = {asked, self._worker.exited}
        try:
            await asyncio.wait(
                either,
                timeout=self._ends_at - self._loop.time(),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            if not asked.done():
                asked.cancel()
                await asyncio.wait({asked}, timeout=PARTING)
        if asked.cancelled() or not asked.done():
            if self._worker.exited.done():
                raise Gone
            return self._refusal(self._failure(Code.TIMEOUT))
        return asked.result()

    async def _ask(self, call: message.Call) -> bytes:
        try:
            value = await self._host.call(call.op, call.given)
        except Denied as denied:
            answer = self._refusal(denied)
        else:
            answer = self._packed({"t": "answer", "value": value})
        await self._place.again()  # it will compute again
        return answer

    def _packed(self, answer: Mapping[str, object]) -> bytes:
        try:
            data = msgspec.json.encode(answer)
        except UnicodeEncodeError:  # a server may send half a surrogate pair, which no JSON can carry
            return self._refusal(Denied(Code.HTTP_ERROR, "The answer holds what is no text."))
        if len(data) > wire.LONGEST_ANSWER:
            return self._refusal(Denied(Code.HTTP_ERROR, "The answer is too long.", "Ask for less at once."))
        return wire.framed(data)

    def _refusal(self, no: Denied | Failure) -> bytes:
        self._denied = no if isinstance(no, Denied) else Denied(no.code, no.message, no.hint)
        return wire.packed({"t": "refused", "code": no.code, "message": no.message, "hint": no.hint})

    def _failure(self, code: Code) -> Failure:
        return ends.of(code, self._limits)

    async def _send(self, data: bytes) -> None:
        try:
            await self._loop.sock_sendall(self._worker.link, data)
        except ConnectionError:
            raise Gone from None

    async def _receive(self) -> bytes:
        self.close()
        while (said := self._inbox.find_message()) is None:
            await self._make_room()
            piece = wire.SMALL if self._share is None else min(_PIECE, self._inbox.missing)
            try:
                data = await self._loop.sock_recv(self._worker.link, piece)
            except ConnectionError:
                raise Gone from None
            if not data:
                raise Gone
            self.heard = True
            self._inbox.feed(data)
        return said

    async def _make_room(self) -> None:
        """Wait for room for the next message, once it is known to be no small one. Raises Gone."""
        length, start = self._inbox.length, self._inbox.find_start(message.START)
        if self._share is not None or start is None or length is None or length <= wire.SMALL:
            return
        kind = message.kind_of(start)
        most = {"log": _ESCAPED * self._limits.log_chars, "done": 2 * self._limits.result_bytes}.get(kind, wire.LONGEST)
        if length > most + wire.SMALL:
            raise _TooMuch
        self._share = self._room.ask(length, whose=self._place.whose)
        if not self._share.turn.done():
            self._place.rest()  # it cannot go on before it is read
            either: set[asyncio.Future[Any]] = {self._share.turn, self._worker.exited}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not self._share.turn.done():
                raise Gone
