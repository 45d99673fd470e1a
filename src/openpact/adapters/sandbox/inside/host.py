"""What a script's world may ask of the parent: calls that are answered or refused, and log lines.

Rules of this file:
- One call at a time; a worker that waits for its answer does nothing else.
- A refusal ends the run, so it is never turned into a value that a script could go on with.
"""

import json
from collections.abc import Callable
from typing import Any

from openpact.adapters.sandbox import wire


class Refused(Exception):
    """The parent said no to a call; the run ends with this code, at the line of the call."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class Host:
    """The worker's one way out: two functions that send a message to the parent and read one from it."""

    def __init__(self, send: Callable[[bytes], None], receive: Callable[[], bytes]) -> None:
        self._send = send
        self._receive = receive

    def call(self, op: str, given: dict[str, Any]) -> Any:
        """Ask the parent to do something and give what it answers. Raises Refused, TooLong when nobody was asked."""
        message = wire.packed({"t": "call", "op": op, "given": given})
        if len(message) > wire.LONGEST:  # the parent would take it for a violation
            raise wire.TooLong(f"a call of {len(message)} bytes; {wire.LONGEST} are allowed")
        self._send(message)
        answer = json.loads(self._receive())
        if answer["t"] == "refused":
            raise Refused(answer["code"], answer["message"], answer.get("hint"))
        return answer["value"]

    def log(self, text: str) -> None:
        """Send one log line; there is no answer."""
        self._send(wire.packed({"t": "log", "text": text}))
