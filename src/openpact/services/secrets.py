"""Secrets: set by administrators, shown as what is known about them, opened for the broker alone.

Rules of this file:
- A value comes in and never goes out, but to `open` and into the redactor. Records, errors and lists have its name.
- A grant changes only together with the value: who does not know a secret cannot send it elsewhere.
- What the configuration or the environment gives is changed there, and counts more than one of that name in the store.
- A value that was replaced is scrubbed for a while longer: a run that began before still has it.
- The redactor is as new as the store at the moment it is asked for. What other processes announce may come late, and
  late is when the new value stands in an answer.
"""

import threading
from collections.abc import Mapping

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from openpact.adapters.keyring import Keyring
from openpact.adapters.store import Store, secrets
from openpact.adapters.store.secrets import Kept
from openpact.config.secret import read_end
from openpact.domain import errors, instant
from openpact.domain.principal import Action, Principal
from openpact.domain.redaction import Redactor
from openpact.domain.secret import SHORTEST, Grant, Mode, check_name, check_value, read_grant
from openpact.services import key_rotation
from openpact.services.key_rotation import Rotated
from openpact.services.ledger import Act, Ledger
from openpact.services.secret_sources import Given

_NOTE_EVERY = instant.MINUTE
_SCRUBBED_AFTER = 15 * instant.MINUTE  # longer than any run lasts
_log = structlog.get_logger("openpact.secrets")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How a secret may be used. What is not named stays as it was; for a new one it is not narrowed."""

    hosts: tuple[str, ...] | UnsetType | None = UNSET
    scripts: tuple[str, ...] | UnsetType | None = UNSET
    places: tuple[str, ...] | UnsetType | None = UNSET
    mode: str | UnsetType = UNSET
    expires: str | UnsetType | None = UNSET  # a date or an instant
    short: bool = False  # allow a value that is too short to be scrubbed


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """What may be seen of a secret."""

    name: str
    source: str  # store | configuration | environment
    grant: Grant
    mode: Mode
    short: bool
    expires_at: int | None
    updated_at: int | None  # None: it came with the start
    used_at: int | None


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A secret with its value, for one run."""

    name: str
    value: str
    grant: Grant
    mode: Mode
    short: bool
    version: int  # another for every value that the name ever had in the store; 0 for one from outside it

    def __repr__(self) -> str:
        """Keep the value out of tracebacks and logs."""
        return f"Opened({self.name})"


class Secrets:
    """The secrets of one store, and those that this process was given."""

    def __init__(
        self, store: Store, ledger: Ledger, keys: Keyring, given: Mapping[str, Given], *, require_grants: bool
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._keys = keys
        self._given = given
        self._require_grants = require_grants
        self._lock = threading.Lock()
        self._redactor: tuple[int, Redactor] | None = None
        self._in_force: list[tuple[str, str]] = []
        self._replaced: dict[tuple[str, str], int] = {}  # name and value → until when they are scrubbed all the same
        self._noted: dict[str, int] = {}

    @property
    def grants_required(self) -> bool:
        """Say whether a secret is refused to every script until its owner has named hosts and scripts."""
        return self._require_grants

    def everything(self) -> list[Listed]:
        """Give all secrets by name, without their values."""
        with self._store.reading() as snapshot:
            used = secrets.uses(snapshot)
            kept = secrets.everything(snapshot)
        found = [_listed_kept(each, used.get(each.name)) for each in kept if each.name not in self._given]
        found += [_listed_given(each, used.get(name)) for name, each in self._given.items()]
        return sorted(found, key=lambda each: each.name)

    def get(self, name: str) -> Listed:
        """Give what may be seen of one secret. Raises NotFound."""
        found = next((each for each in self.everything() if each.name == name), None)
        if found is None:
            raise _unknown()
        return found

    def set(self, who: Principal, name: str, value: str, terms: Terms, request: str | None = None) -> None:
        """Set a secret, new or anew. Raises Invalid, IllegalMove, Forbidden."""
        _check_name(name)
        check_value(value, short=terms.short)

        def change(act: Act) -> None:
            self._refuse_given(name)
            version = secrets.advance(act.tx, name)
            before = secrets.find(act.tx, name)
            grant = _granted(terms, before)
            self._expect_grant(name, grant, on_setting=True)
            kept = Kept(
                name=name,
                sealed="",
                grant=grant,
                mode=_mode(terms, before),
                short=len(value.encode()) < SHORTEST,
                version=version,
                created_at=act.now if before is None else before.created_at,
                updated_at=act.now,
                updated_by=act.who.name,
                expires_at=_end(terms, before, act.now),
            )
            kept = msgspec.structs.replace(kept, sealed=self._keys.seal(value.encode(), kept.purpose))
            secrets.put(act.tx, kept)
            act.details.update(
                new=before is None,
                hosts=None if grant.hosts is None else [str(rule) for rule in grant.hosts],
                scripts=None if grant.scripts is None else list(grant.scripts),
                places=[place.value for place in sorted(grant.places)],
                mode=kept.mode.value,
                short=kept.short,
                expires_at=None if kept.expires_at is None else instant.as_text(kept.expires_at),
            )

        self._ledger.act(who, Action.SECRET_SET, name, change, request_id=request)

    def delete(self, who: Principal, name: str, request: str | None = None) -> None:
        """Delete a secret. Raises NotFound, IllegalMove, Forbidden."""
        if not _is_name(name):
            raise _unknown()

        def change(act: Act) -> None:
            self._refuse_given(name)
            secrets.advance(act.tx, name)
            if not secrets.delete(act.tx, name):
                raise _unknown()

        self._ledger.act(who, Action.SECRET_DELETE, name, change, request_id=request)

    def rotate_key(self, who: Principal, request: str | None = None) -> Rotated:
        """Turn the master key and seal everything anew. Raises KeyUnusable, IllegalMove, Forbidden."""
        return key_rotation.rotate(self._ledger, self._keys, who, request)

    def finish_rotation(self) -> None:
        """End a rotation that a process began and did not live to end."""
        key_rotation.finish(self._ledger, self._keys)

    def warn_of_hidden(self) -> None:
        """Say which stored secrets are not used, because the configuration or the environment gives their names."""
        with self._store.reading() as snapshot:
            names = [each.name for each in secrets.everything(snapshot)]
        for name in names:
            if name in self._given:
                origin = self._given[name].origin
                _log.warning("a stored value is not used: its name is given elsewhere", name=name, origin=origin)

    def open(self, name: str) -> Opened | None:
        """Give the secret as it is now, for the broker of a run; None when there is none.

        Raises SecretNotGranted for one that has ended, or lacks a grant that must be there.
        """
        found, expires_at = self._find(name)
        if found is None:
            return None
        if expires_at is not None and self._ledger.now() >= expires_at:
            raise errors.SecretNotGranted(
                f"The secret {name} ended {instant.as_short_text(expires_at)}.", hint="Set it again with a later end."
            )
        self._expect_grant(name, found.grant, on_setting=False)
        return found

    def has(self, name: str) -> bool:
        """Say whether the secret is there and has not ended, without opening it."""
        given = self._given.get(name)
        if given is not None:
            return not given.secret.expired(self._ledger.now())
        with self._store.reading() as snapshot:
            kept = secrets.find(snapshot, name)
        return kept is not None and (kept.expires_at is None or self._ledger.now() < kept.expires_at)

    def redactor(self) -> Redactor:
        """Give the redactor of every value that there is now."""
        with self._store.reading() as snapshot:
            generation = secrets.generation(snapshot)
            with self._lock:
                if self._redactor is not None and self._redactor[0] == generation:
                    return self._redactor[1]
            kept = secrets.everything(snapshot)
        values = [(name, each.secret.value) for name, each in self._given.items() if each.secret.scrubbed]
        for each in kept:
            if each.short:
                continue
            try:
                values.append((each.name, self._value_of(each)))
            except errors.KeyUnusable as fault:
                # What this process cannot open it cannot let out either; the other values are scrubbed all the same.
                _log.warning("a secret cannot be opened", name=each.name, problem=fault.message)
        return self._remembered(generation, values)

    def note_use(self, name: str) -> None:
        """Note that the secret was used now; once a minute is often enough to know when it was last needed."""
        now = self._ledger.now()
        with self._lock:
            noted = self._noted.get(name)
            if noted is not None and 0 <= now - noted < _NOTE_EVERY:
                return
            self._noted[name] = now
        self._ledger.keep(lambda tx: secrets.note_use(tx, name, now))

    def _remembered(self, generation: int, values: list[tuple[str, str]]) -> Redactor:
        now = self._ledger.now()
        with self._lock:
            if self._redactor is not None and self._redactor[0] >= generation:
                return self._redactor[1]  # another thread was as quick, and saw no less
            self._replaced |= dict.fromkeys(set(self._in_force) - set(values), now + _SCRUBBED_AFTER)
            self._replaced = {known: until for known, until in self._replaced.items() if until > now}
            self._in_force = values
            made = Redactor.of([*values, *self._replaced])
            self._redactor = (generation, made)
        return made

    def _find(self, name: str) -> tuple[Opened | None, int | None]:
        given = self._given.get(name)
        if given is not None:
            secret = given.secret
            grant = secret.grant or Grant()
            short = not secret.scrubbed
            opened = Opened(name=name, value=secret.value, grant=grant, mode=secret.mode, short=short, version=0)
            return opened, secret.expires_at
        with self._store.reading() as snapshot:
            kept = secrets.find(snapshot, name)
        if kept is None:
            return None, None
        value = self._value_of(kept)
        opened = Opened(
            name=name, value=value, grant=kept.grant, mode=kept.mode, short=kept.short, version=kept.version
        )
        return opened, kept.expires_at

    def _value_of(self, kept: Kept) -> str:
        return self._keys.open(kept.sealed, kept.purpose).decode()

    def _refuse_given(self, name: str) -> None:
        if name in self._given:
            raise errors.IllegalMove(
                f"{name} is given by {self._given[name].origin}, and is changed there.",
                hint="Change it there and start again, or take it away there first.",
            )

    def _expect_grant(self, name: str, grant: Grant, *, on_setting: bool) -> None:
        if not self._require_grants or (grant.hosts is not None and grant.scripts is not None):
            return
        message = f"{name} has no grant, and secrets.require_grants is on."
        hint = "Name the hosts and the scripts that it is for: --host api.example.com --script weather.star"
        if on_setting:
            raise errors.Invalid(message, hint=hint)
        raise errors.SecretNotGranted(message, hint=hint)


def _is_name(name: str) -> bool:
    try:
        check_name(name)
    except errors.Invalid:
        return False
    return True


def _check_name(name: str) -> None:
    try:
        check_name(name)
    except errors.Invalid as error:
        # What stands in the name's place may be the value, by mistake: it is not repeated.
        raise errors.Invalid("This is not a name for a secret.", hint=error.hint) from None


def _unknown() -> errors.NotFound:
    return errors.NotFound(
        "There is no secret of this name in the store.", hint="`openpact secrets list` shows what there is."
    )


def _granted(terms: Terms, before: Kept | None) -> Grant:
    known = Grant() if before is None else before.grant
    named = read_grant(
        hosts=None if terms.hosts is UNSET else terms.hosts,
        scripts=None if terms.scripts is UNSET else terms.scripts,
        places=None if terms.places is UNSET else terms.places,
    )
    return Grant(
        hosts=known.hosts if terms.hosts is UNSET else named.hosts,
        scripts=known.scripts if terms.scripts is UNSET else named.scripts,
        places=known.places if terms.places is UNSET else named.places,
    )


def _mode(terms: Terms, before: Kept | None) -> Mode:
    if terms.mode is UNSET:
        return Mode.SEALED if before is None else before.mode
    try:
        return Mode(terms.mode)
    except ValueError:
        raise errors.Invalid("There is no such mode.", hint=f"The modes are: {', '.join(Mode)}.") from None


def _end(terms: Terms, before: Kept | None, now: int) -> int | None:
    if terms.expires is UNSET:
        ends_at = None if before is None else before.expires_at
    else:
        ends_at = None if terms.expires is None else read_end(terms.expires)
    if ends_at is not None and ends_at <= now:
        raise errors.Invalid("The secret would have ended already.", hint="Give a later end, or none.")
    return ends_at


def _listed_kept(kept: Kept, used_at: int | None) -> Listed:
    return Listed(
        name=kept.name,
        source="store",
        grant=kept.grant,
        mode=kept.mode,
        short=kept.short,
        expires_at=kept.expires_at,
        updated_at=kept.updated_at,
        used_at=used_at,
    )


def _listed_given(given: Given, used_at: int | None) -> Listed:
    return Listed(
        name=given.secret.name,
        source=given.source,
        grant=given.secret.grant or Grant(),
        mode=given.secret.mode,
        short=not given.secret.scrubbed,
        expires_at=given.secret.expires_at,
        updated_at=None,
        used_at=used_at,
    )
