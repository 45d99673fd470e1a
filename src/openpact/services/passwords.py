"""Passwords: checked against the rules and the commonest breached ones, hashed with argon2id.

Rules of this file:
- A wrong password and an unknown name take the same time.
- Few are hashed at once: each takes 64 MiB, and a flood of sign-ins must not take the machine's memory.
"""

import threading
from importlib import resources

import argon2

from openpact.domain import errors
from openpact.domain import password as rules

_AT_ONCE = 2


class Passwords:
    """The hasher of this process."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._breached: frozenset[str] | None = None
        self._nobody: str | None = None

    def hash(self, password: str, username: str) -> str:
        """Check a new password and hash it. Raises PasswordInvalid."""
        rules.check(password, username=username, breached=self._breached_ones())
        with self._room:
            return self._hasher.hash(rules.normalise(password))

    def fits(self, password: str, stored: str | None) -> bool:
        """Say whether the password is the stored one; with None stored it takes as long and never is."""
        if stored is None and self._nobody is None:
            with self._room:
                self._nobody = self._hasher.hash("nobody has this password")
        try:
            typed = rules.normalise(password)
        except errors.PasswordInvalid:
            typed = ""  # no hash was ever made of such a text; the time is spent all the same
        with self._room:
            try:
                self._hasher.verify(stored or self._nobody or "", typed)
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Say whether the hash was made with weaker settings than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _breached_ones(self) -> frozenset[str]:
        if self._breached is None:
            text = (resources.files("openpact.services") / "breached.txt").read_text("utf-8")
            self._breached = frozenset(line for line in text.splitlines() if line and not line.startswith("#"))
        return self._breached
