"""Who is unlocked at which terminal, for a few minutes: what a password or a one-time code opened there.

Rules of this file:
- It lives in the daemon's memory alone. On a machine where agent and person share one account, a file that unlocks
  could be read by both.
- It is bound to the shell that started the command, not to the account and not to the window alone.
- A terminal that cannot be told apart is never unlocked: the person is asked each time.
"""

import threading

from openpact.adapters.peer import Terminal


class Unlocks:
    """The unlocked terminals of this daemon."""

    def __init__(self, lifetime: int) -> None:
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._open: dict[Terminal, tuple[str, int, int]] = {}  # who, since when, until when

    def unlock(self, terminal: Terminal | None, person_id: str, now: int) -> int | None:
        """Remember the person at this terminal; the answer is until when, or None when it is not remembered."""
        if terminal is None or self._lifetime <= 0:
            return None
        until = now + self._lifetime
        with self._lock:
            self._open = {known: end for known, end in self._open.items() if end[2] > now}
            self._open[terminal] = (person_id, now, until)
        return until

    def who(self, terminal: Terminal | None, now: int) -> tuple[str, int] | None:
        """Give the id of the person who is unlocked at this terminal, and since when."""
        if terminal is None:
            return None
        with self._lock:
            person_id, since, until = self._open.get(terminal, ("", 0, 0))
        return (person_id, since) if until > now else None

    def lock(self, terminal: Terminal | None) -> None:
        """Forget who is at this terminal."""
        with self._lock:
            if terminal is not None:
                self._open.pop(terminal, None)

    def lock_person(self, person_id: str) -> None:
        """Forget this person at every terminal: disabled, or with another password."""
        with self._lock:
            self._open = {known: end for known, end in self._open.items() if end[0] != person_id}
