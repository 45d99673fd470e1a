"""People: who they are and what they are trusted with. Signing in stands in sign_in.py, the first one in setup.py.

Rules of this file:
- Every change is an act of the ledger; passwords are hashed before it begins, since that takes long.
- Somebody who may administer must be left: the last active administrator is neither disabled nor given another role.
- Whoever is disabled, or gets another password, is locked at every terminal; a disabled person's tokens end.
"""

from collections.abc import Callable

from openpact.adapters.store import Store, people, throttles, tokens
from openpact.adapters.store.people import Person
from openpact.domain import errors, password
from openpact.domain.principal import Action, Kind, Principal, Role
from openpact.services import tries
from openpact.services.ledger import Act, Ledger
from openpact.services.passwords import Passwords
from openpact.services.unlocks import Unlocks

MAX_GROUPS = 32


class People:
    """The people of one store."""

    def __init__(self, store: Store, ledger: Ledger, passwords: Passwords, unlocks: Unlocks) -> None:
        self._store = store
        self._ledger = ledger
        self._passwords = passwords
        self._unlocks = unlocks

    def everyone(self) -> list[Person]:
        """Give all people by name."""
        with self._store.reading() as snapshot:
            return people.everyone(snapshot)

    def get(self, username: str) -> Person:
        """Give the person of this name. Raises NotFound."""
        with self._store.reading() as snapshot:
            person = people.find_named(snapshot, username.lower())
        if person is None:
            raise errors.NotFound(
                f"There is no person named {username!r}.", hint="`openpact user list` shows who there is."
            )
        return person

    def add(
        self,
        who: Principal,
        username: str,
        secret: str,
        role: Role,
        groups: tuple[str, ...],
        request: str | None = None,
    ) -> Person:
        """Add a person. Raises Invalid, PasswordInvalid, AlreadyExists."""
        self._ledger.expect(who, Action.PERSON_ADD, username[:64], request)
        name = password.check_username(username)
        groups = check_groups(groups)
        hashed = self._passwords.hash(secret, name)

        def change(act: Act) -> Person:
            act.details.update(role=role.value, groups=list(groups))
            return write_new(act, name, hashed, role, groups)

        return self._ledger.act(who, Action.PERSON_ADD, name, change, request_id=request)

    def set_role(self, who: Principal, username: str, role: Role, request: str | None = None) -> Person:
        """Give the person another role. Raises NotFound, LastAdministrator."""

        def change(act: Act, person: Person) -> None:
            if person.role is Role.ADMIN and role is not Role.ADMIN:
                _leave_an_administrator(act, person)
            act.details.update(role=role.value, before=person.role.value)
            people.set_role(act.tx, person.id, role)

        return self._change(who, Action.PERSON_SET_ROLE, username, change, request)

    def regroup(self, who: Principal, username: str, groups: tuple[str, ...], request: str | None = None) -> Person:
        """Put the person into exactly these groups. Raises NotFound, Invalid."""
        wanted = check_groups(groups)

        def change(act: Act, person: Person) -> None:
            act.details.update(groups=list(wanted), before=list(person.groups))
            people.set_groups(act.tx, person.id, wanted)

        return self._change(who, Action.PERSON_REGROUP, username, change, request)

    def disable(self, who: Principal, username: str, request: str | None = None) -> Person:
        """Let the person act no more. Raises NotFound, LastAdministrator, IllegalMove."""

        def change(act: Act, person: Person) -> None:
            _leave_an_administrator(act, person)
            if not people.set_state(act.tx, person.id, "active", "disabled"):
                raise errors.IllegalMove(f"{person.username} is disabled already.")
            act.details["tokens_revoked"] = tokens.revoke_all(act.tx, person.id, act.now)

        person = self._change(who, Action.PERSON_DISABLE, username, change, request)
        self._unlocks.lock_person(person.id)
        return person

    def enable(self, who: Principal, username: str, request: str | None = None) -> Person:
        """Let a disabled person act again; their tokens stay ended. Raises NotFound, IllegalMove."""

        def change(act: Act, person: Person) -> None:
            if not people.set_state(act.tx, person.id, "disabled", "active"):
                raise errors.IllegalMove(f"{person.username} is not disabled.")

        return self._change(who, Action.PERSON_ENABLE, username, change, request)

    def reset_password(
        self, who: Principal, username: str, secret: str, current: str | None, request: str | None = None
    ) -> Person:
        """Put another password in place and lift a lock-out.

        One's own needs the current one: an unlocked terminal that was left alone must not be enough to keep the
        account. Raises NotFound, PasswordInvalid, InvalidCredentials.
        """
        own = username.lower() == who.name and who.kind is Kind.PERSON
        action = Action.PASSWORD_CHANGE if own else Action.PERSON_RESET_PASSWORD
        counted = f"sign-in/{who.name}"
        self._ledger.expect(who, action, username[:64], request)
        if own:
            tries.count(self._ledger, counted)
            if not self._passwords.fits(current or "", self.get(username).password_hash):
                error = errors.InvalidCredentials("The current password is not this one.", hint="Type it again.")
                raise self._ledger.refuse(who, action, who.name, error, request)
        hashed = self._passwords.hash(secret, username.lower())

        def change(act: Act, person: Person) -> None:
            if person.id == act.who.owner:
                raise errors.Forbidden("A token does not change its owner's password.", hint="Do it at a terminal.")
            people.set_password(act.tx, person.id, hashed, act.now)
            # Whoever had a moment at an unlocked terminal must not keep the account by what they enrolled or made.
            people.set_totp(act.tx, person.id, None)
            act.details["tokens_revoked"] = tokens.revoke_all(act.tx, person.id, act.now)
            if own:
                throttles.give_back(act.tx, counted)

        person = self._change(who, action, username, change, request)
        self._unlocks.lock_person(person.id)
        return person

    def _change(
        self,
        who: Principal,
        action: Action,
        username: str,
        change: Callable[[Act, Person], None],
        request: str | None,
    ) -> Person:
        def whole(act: Act) -> Person:
            person = get_person(act, username)
            change(act, person)
            after = people.find(act.tx, person.id)
            if after is None:
                raise errors.NotFound(f"There is no person named {username!r}.")
            act.tx.announce("person", person.id)
            return after

        return self._ledger.act(who, action, username.lower(), whole, request_id=request)


def write_new(act: Act, name: str, hashed: str, role: Role, groups: tuple[str, ...]) -> Person:
    """Write a new person inside an act. Raises AlreadyExists."""
    person = Person(
        id=act.new_id("per"),
        username=name,
        role=role,
        state="active",
        password_hash=hashed,
        totp_sealed=None,
        totp_step=0,
        failures=0,
        locked_until=0,
        created_at=act.now,
        created_by=act.who.id,
        password_at=act.now,
        seen_at=None,
        groups=groups,
    )
    if not people.add(act.tx, person):
        raise errors.AlreadyExists(f"There is a person named {name!r} already.", hint="Choose another username.")
    act.details["person"] = person.id
    act.tx.announce("person", person.id)
    return person


def get_person(act: Act, username: str) -> Person:
    """Give the person of this name inside an act. Raises NotFound."""
    person = people.find_named(act.tx, username.lower())
    if person is None:
        raise errors.NotFound(
            f"There is no person named {username!r}.", hint="`openpact user list` shows who there is."
        )
    return person


def check_groups(groups: tuple[str, ...]) -> tuple[str, ...]:
    """Give the groups sorted and each once. Raises Invalid for a name that is none."""
    for name in groups:
        plain = name.isascii() and name == name.lower() and name.replace("-", "").replace("_", "").isalnum()
        if not plain or len(name) > 64:  # noqa: PLR2004 - said in the hint
            raise errors.Invalid(
                f"{name!r} is no name for a group.", hint="Use up to 64 of a-z, 0-9, hyphen and underscore."
            )
    if len(groups) > MAX_GROUPS:
        raise errors.Invalid(f"A person can be in at most {MAX_GROUPS} groups.")
    return tuple(sorted(set(groups)))


def _leave_an_administrator(act: Act, person: Person) -> None:
    if person.role is Role.ADMIN and person.active and people.other_administrators(act.tx, person.id) == 0:
        raise errors.LastAdministrator(
            f"{person.username} is the last administrator.", hint="Make somebody else an administrator first."
        )
