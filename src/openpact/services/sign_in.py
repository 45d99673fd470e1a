"""Signing in: who somebody is, shown by a password, a one-time code or a token.

Rules of this file:
- A try is counted before the proof is looked at, by account and by address; failures in a row lock the account for
  longer and longer, across restarts.
- Unknown name, wrong proof, disabled and locked account cost the same and read the same.
- A one-time code works once: its time step is spent in the transaction that accepts it.
- A name that nobody has is kept nowhere, neither in the record nor where tries are counted: it may be a password, or
  the first line of a key that was piped into the wrong place.
"""

import hashlib
import secrets
from datetime import UTC, datetime

import msgspec
import pyotp

from openpact.adapters import keyring
from openpact.adapters.store import Durability, Store, Transaction, people, throttles, tokens
from openpact.adapters.store.people import Person
from openpact.domain import errors, instant
from openpact.domain import password as rules
from openpact.domain.principal import Action, Kind, Principal
from openpact.services import standing, tries
from openpact.services.ledger import Act, Ledger
from openpact.services.passwords import Passwords
from openpact.services.people import get_person
from openpact.services.tokens import hash_of

TRIES_A_MINUTE_FROM_ONE_ADDRESS = 30  # for all names together: one source does not walk through every account
FAILURES_BEFORE_LOCK = 10
LONGEST_LOCK = instant.HOUR
TOTP_SECONDS = 30
_SEEN_EVERY = instant.MINUTE
_NOBODY = "unknown"  # no username: it is reserved


class Proof(msgspec.Struct, frozen=True):
    """What somebody brings to show who they are: one of the two."""

    password: str | None = None
    otp: str | None = None


class Enrolment(msgspec.Struct, frozen=True):
    """An authenticator that waits for its first code."""

    uri: str
    secret: str


class SignIn:
    """The sign-ins of one store."""

    def __init__(self, store: Store, ledger: Ledger, passwords: Passwords, keys: keyring.Keyring, issuer: str) -> None:
        self._store = store
        self._ledger = ledger
        self._passwords = passwords
        self._keys = keys
        self._issuer = issuer
        self._salt = secrets.token_bytes(32)
        self._enrolments: dict[str, str] = {}  # person → secret that waits for its first code

    def person(self, who: Principal, username: str, proof: Proof, address: str, request: str | None = None) -> Person:
        """Give the person that the proof shows, and record the sign-in. Raises InvalidCredentials, LimitExceeded."""
        given = _readable(username)
        with self._store.reading() as snapshot:
            known = people.find_named(snapshot, given)
        name = _NOBODY if known is None else known.username
        by_name, by_address = f"sign-in/{given if known else self._unread(given)}", f"sign-in-from/{address}"
        tries.count(self._ledger, by_address, TRIES_A_MINUTE_FROM_ONE_ADDRESS)
        tries.count(self._ledger, by_name)
        step = self._proven(known, proof)
        now = self._ledger.now()
        if known is None or step is None or not known.active or known.locked_until > now:
            self._note_failure(known)
            error = errors.InvalidCredentials(
                "Username and password or code do not fit together.", hint="Check the username and what you typed."
            )
            raise self._ledger.refuse(who, Action.SESSION_UNLOCK, name, error, request)

        def change(act: Act) -> Person:
            person = people.find(act.tx, known.id)
            if person is None or not person.active or person.password_hash != known.password_hash:
                raise errors.InvalidCredentials("The account was changed a moment ago.", hint="Sign in again.")
            if step and not people.spend_totp_step(act.tx, person.id, step):
                raise errors.InvalidCredentials("This one-time code was used before.", hint="Wait for the next one.")
            people.note_success(act.tx, person.id, act.now)
            for counted in (by_name, by_address):  # who proves it may do so as often as there are acts
                throttles.give_back(act.tx, counted)
            act.details.update(person=person.id, by="totp" if step else "password")
            return person

        return self._ledger.act(who, Action.SESSION_UNLOCK, name, change, request_id=request)

    def token(self, text: str) -> Principal:
        """Give the principal that the token is. Raises InvalidCredentials."""
        now = self._ledger.now()
        with self._store.reading() as snapshot:
            token = tokens.find_by_hash(snapshot, hash_of(text))
            owner = None if token is None else people.find(snapshot, token.owner)
        if token is None or not token.live(now) or owner is None or not owner.active:
            raise errors.InvalidCredentials(
                "The token is unknown, has ended or was revoked.", hint="Create one with `openpact token create`."
            )
        if token.seen_at is None or now - token.seen_at > _SEEN_EVERY:
            self._ledger.keep(lambda tx: tokens.note_use(tx, token.id, now))
        return standing.of_token(token, owner)

    def enrol_totp(self, who: Principal, current: str, request: str | None = None) -> Enrolment:
        """Begin to enrol an authenticator for oneself; it counts once `confirm_totp` has seen a code of it."""
        if who.kind is not Kind.PERSON:
            raise errors.UnlockRequired("An authenticator belongs to a person.", hint="Sign in at this terminal first.")
        # An unlocked terminal that was left alone must not be enough to keep the account.
        by_name = f"sign-in/{who.name}"
        tries.count(self._ledger, by_name)
        with self._store.reading() as snapshot:
            known = standing.find_active(snapshot, who.id)
        if not self._passwords.fits(current, None if known is None else known.password_hash):
            error = errors.InvalidCredentials("The current password is not this one.", hint="Type it again.")
            raise self._ledger.refuse(who, Action.TOTP_ENROL, who.name, error, request)
        self._ledger.keep(lambda tx: throttles.give_back(tx, by_name))
        secret = pyotp.random_base32()
        self._enrolments[who.id] = secret
        uri = pyotp.TOTP(secret).provisioning_uri(name=who.name, issuer_name=self._issuer)
        return Enrolment(uri, secret)

    def confirm_totp(self, who: Principal, code: str, request: str | None = None) -> None:
        """Enrol the authenticator whose code this is. Raises InvalidCredentials, IllegalMove."""
        secret = self._enrolments.get(who.id)
        if secret is None:
            raise errors.IllegalMove(
                "No authenticator waits for a code.", hint="Begin with `openpact user totp enrol`."
            )
        tries.count(self._ledger, f"totp/{who.id}")
        step = self._step(secret, code)
        if step is None:
            error = errors.InvalidCredentials("This is not the code it shows now.", hint="Check the device's clock.")
            raise self._ledger.refuse(who, Action.TOTP_ENROL, who.name, error, request)

        def change(act: Act) -> None:
            people.set_totp(act.tx, who.id, self._keys.seal(secret.encode(), f"totp/{who.id}"))
            people.spend_totp_step(act.tx, who.id, step)

        self._ledger.act(who, Action.TOTP_ENROL, who.name, change, request_id=request)
        self._enrolments.pop(who.id, None)

    def remove_totp(self, who: Principal, username: str, request: str | None = None) -> None:
        """Take an authenticator away: one's own, or, for an administrator, somebody else's."""
        own = username.lower() == who.name
        action = Action.TOTP_REMOVE if own else Action.PERSON_RESET_PASSWORD

        def change(act: Act) -> None:
            person = get_person(act, username)
            act.details["totp"] = "removed"
            people.set_totp(act.tx, person.id, None)

        self._ledger.act(who, action, username.lower(), change, request_id=request)

    def _unread(self, name: str) -> str:
        # Tries are counted name by name all the same, under what nobody can read back: the salt ends with the process.
        return "?" + hashlib.blake2b(name.encode(), key=self._salt, digest_size=16).hexdigest()

    def _proven(self, known: Person | None, proof: Proof) -> int | None:
        """Give 0 for a fitting password, the time step of a fitting code, None for anything else."""
        if proof.password is not None:
            fits = self._passwords.fits(proof.password, None if known is None else known.password_hash)
            return 0 if fits else None
        self._passwords.fits("", None)  # as long as a password takes: the time does not tell who has an authenticator
        if proof.otp is None or known is None or known.totp_sealed is None:
            return None
        secret = self._keys.open(known.totp_sealed, f"totp/{known.id}").decode()
        return self._step(secret, proof.otp)

    def _step(self, secret: str, code: str) -> int | None:
        typed = "".join(code.split())
        seconds = self._ledger.now() // instant.SECOND
        now = seconds // TOTP_SECONDS
        for step in (now, now - 1, now + 1):  # one step of clock skew either way
            moment = datetime.fromtimestamp(step * TOTP_SECONDS, UTC)
            if secrets.compare_digest(pyotp.TOTP(secret).at(moment).encode(), typed.encode()):
                return step
        return None

    def _note_failure(self, known: Person | None) -> None:
        now = self._ledger.now()
        if known is None or known.locked_until > now:
            # A lock that is knocked at does not grow: it ends, and the owner gets in. The time is spent all the same.
            self._ledger.keep(lambda tx: throttles.take(tx, "sign-in-of-nobody", now, 0, 0), Durability.FULL)
            return

        def job(tx: Transaction) -> None:
            failures = people.note_failure(tx, known.id)
            if failures >= FAILURES_BEFORE_LOCK:
                doubled = instant.MINUTE << min(failures - FAILURES_BEFORE_LOCK, 10)
                people.lock_out(tx, known.id, now + min(doubled, LONGEST_LOCK))

        self._ledger.keep(job, Durability.FULL)


def _readable(username: str) -> str:
    try:
        return rules.check_username(username)
    except errors.Invalid:
        return _NOBODY  # what is no username is nobody's
