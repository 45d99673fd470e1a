"""The first administrator: made once, by whoever holds the code that the terminal shows.

Rules of this file:
- Only the hash of the code is kept; a new start shows a new code and ends the one before.
- Five wrong codes a minute are looked at, counted where every daemon counts; 128 bits bear that.
- The code is spent and the administrator made in one transaction: of two at once, one is first and the other late.
"""

import hashlib
import secrets

from openpact.adapters.store import Store, people, setup
from openpact.adapters.store.people import Person
from openpact.domain import errors, instant, password, setup_code
from openpact.domain.principal import SYSTEM, Action, Kind, Principal, Role
from openpact.services import tries
from openpact.services.ledger import Act, Ledger
from openpact.services.passwords import Passwords
from openpact.services.people import write_new


class Setup:
    """The set-up of one store."""

    def __init__(self, store: Store, ledger: Ledger, passwords: Passwords, lifetime: int) -> None:
        self._store = store
        self._ledger = ledger
        self._passwords = passwords
        self._lifetime = lifetime
        self._finished = False  # people are never deleted, so this holds once it is true

    def required(self) -> bool:
        """Say whether there is nobody yet."""
        if not self._finished:
            with self._store.reading() as snapshot:
                self._finished = people.count(snapshot) > 0
        return not self._finished

    def open(self) -> str | None:
        """Make a code that lets its holder finish the set-up; None when that is done."""
        if not self.required():
            return None
        raw = secrets.token_bytes(setup_code.BYTES)

        def change(act: Act) -> bool:
            act.details["expires_at"] = instant.as_text(act.now + self._lifetime)
            return setup.open_with(act.tx, _hash(raw), act.now + self._lifetime)

        opened = self._ledger.act(SYSTEM, Action.SETUP_OPEN, "setup", change)
        return setup_code.format_code(raw) if opened else None

    def finish(
        self, who: Principal, code: str, username: str, secret: str, confirmation: str, request: str | None = None
    ) -> Person:
        """Make the first administrator.

        Raises SetupCompleted, SetupCodeInvalid, LimitExceeded, PasswordMismatch, PasswordInvalid, Invalid.
        """
        if not self.required():
            error = errors.SetupCompleted("The set-up is finished; there is an administrator.")
            if who.kind is Kind.AGENT:
                raise error  # a stranger on the network must not make the record grow
            raise self._ledger.refuse(who, Action.SETUP_FINISH, "setup", error, request)
        # The code comes first: who does not hold it learns nothing more, not even which passwords are refused.
        try:
            raw = setup_code.parse_code(code)
            self._expect(raw)
        except errors.Refused as error:
            tries.count(
                self._ledger, "setup"
            )  # a right code is no guess: strangers' guesses do not keep its holder out
            raise self._ledger.refuse(who, Action.SETUP_FINISH, "setup", error, request) from None
        if secret != confirmation:
            raise errors.PasswordMismatch("The two passwords differ.", hint="Type the same password twice.")
        name = password.check_username(username)
        hashed = self._passwords.hash(secret, name)

        def change(act: Act) -> Person:
            if people.count(act.tx) or not setup.finish(act.tx, _hash(raw), act.now):
                raise errors.SetupCompleted("The set-up was finished a moment ago by somebody else.")
            act.details["role"] = Role.ADMIN.value
            return write_new(act, name, hashed, Role.ADMIN, ())

        holder = Principal(kind=Kind.SETUP, id=who.id, name=who.name)  # the code is what lets them, over any door
        return self._ledger.act(holder, Action.SETUP_FINISH, name, change, request_id=request)

    def _expect(self, raw: bytes) -> None:
        with self._store.reading() as snapshot:
            kept = setup.find(snapshot)
        if kept is not None and kept.finished_at is not None:
            raise errors.SetupCompleted("The set-up was finished a moment ago by somebody else.")
        if kept is None or kept.code_hash is None or not secrets.compare_digest(kept.code_hash, _hash(raw)):
            raise errors.SetupCodeInvalid(
                "This is not the set-up code.", hint="Each start of `openpact up` prints a new one: use the newest."
            )
        if kept.expires_at <= self._ledger.now():
            raise errors.SetupCodeInvalid("The set-up code has ended.", hint="Start `openpact up` again for a new one.")


def _hash(raw: bytes) -> str:
    return hashlib.sha256(b"openpact setup code\0" + raw).hexdigest()
