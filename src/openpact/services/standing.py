"""What an asker is trusted with at this moment, as the store says inside the transaction of the act.

Rules of this file:
- A person's role and a token's scopes are read anew for every act: what was carried along may be minutes old.
- Nobody acts while disabled, and a token never outlives its end, its revocation or its owner's standing.
"""

from openpact.adapters.store import Snapshot, people, tokens
from openpact.domain import errors
from openpact.domain.principal import ROLE_NEEDED, SCOPES, Action, Kind, Principal, Role


def authorise(snapshot: Snapshot, who: Principal, action: Action, now: int) -> None:
    """Let the act pass, or raise NotAuthenticated or Forbidden."""
    current = now_standing(snapshot, who, now)
    if current.may(action):
        return
    if who.kind is Kind.LOCAL:
        raise errors.UnlockRequired(
            "This needs a person: the machine's account alone does not decide.",
            hint="Sign in at this terminal with your username and password.",
        )
    raise _forbidden(current, action)


def _forbidden(who: Principal, action: Action) -> errors.Forbidden:
    needed = ROLE_NEEDED.get(action)
    if who.kind is Kind.PERSON and who.role is not None and needed is not None:
        message = f"{who.name} is a {who.role.value}; {action.value} needs the role {needed.value}."
        return errors.Forbidden(message, hint="Ask an administrator for that role, or to do it.")
    scopes = sorted(scope for scope, actions in SCOPES.items() if action in actions)
    if who.kind is Kind.TOKEN and scopes and not who.scopes & set(scopes):
        return errors.Forbidden(
            f"The token {who.name} lacks the scope {' or '.join(scopes)}.", hint="Use another token."
        )
    if who.kind is Kind.TOKEN and not scopes:
        return errors.Forbidden(
            f"No token may do this ({action.value}).", hint="Let a person do it, signed in: without OPENPACT_TOKEN."
        )
    return errors.Forbidden(
        f"{who.name} may not do this ({action.value}).", hint="Ask an administrator for the role that it needs."
    )


def now_standing(snapshot: Snapshot, who: Principal, now: int) -> Principal:
    """Give the principal with the role, groups and scopes that the store has for it now."""
    if who.kind is Kind.PERSON:
        return of_person(_active(snapshot, who.id))
    if who.kind is Kind.TOKEN:
        token = tokens.find(snapshot, who.id)
        if token is None or not token.live(now):
            raise errors.InvalidCredentials("The token has ended or was revoked.", hint="Create a new one.")
        return of_token(token, _active(snapshot, token.owner))
    return who


def of_person(person: people.Person) -> Principal:
    """Give the principal that a signed-in person is."""
    return Principal(
        kind=Kind.PERSON, id=person.id, name=person.username, role=person.role, groups=frozenset(person.groups)
    )


def of_token(token: tokens.Token, owner: people.Person) -> Principal:
    """Give the principal that a token is: no more than its owner, and no more than its scopes."""
    return Principal(
        kind=Kind.TOKEN,
        id=token.id,
        name=f"{owner.username}/{token.name}",
        role=owner.role,
        scopes=frozenset(token.scopes),
        groups=frozenset(owner.groups),
        owner=owner.id,
    )


def require_role(role: str) -> Role:
    """Read a role's name. Raises Invalid."""
    try:
        return Role(role)
    except ValueError:
        known = ", ".join(Role)
        raise errors.Invalid(f"There is no role {role!r}.", hint=f"The roles are: {known}.") from None


def find_active(snapshot: Snapshot, person_id: str) -> people.Person | None:
    """Give the person if they may act at all."""
    person = people.find(snapshot, person_id)
    return person if person is not None and person.active else None


def _active(snapshot: Snapshot, person_id: str) -> people.Person:
    person = find_active(snapshot, person_id)
    if person is None:
        raise errors.InvalidCredentials("This account is disabled.", hint="Ask an administrator to enable it.")
    return person
