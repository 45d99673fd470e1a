"""People over the API: shown without anything that proves who they are."""

import msgspec

from openpact.adapters.store.people import Person
from openpact.domain import errors, instant
from openpact.services.standing import require_role
from openpact.web.ask import Ask, Made


class Add(msgspec.Struct, forbid_unknown_fields=True):
    """A new person."""

    username: str
    password: str
    role: str = "viewer"
    groups: list[str] = []


class Alter(msgspec.Struct, forbid_unknown_fields=True):
    """What is to change; what is not named stays."""

    role: str | None = None
    groups: list[str] | None = None
    state: str | None = None
    password: str | None = None
    current_password: str | None = None


def everyone(ask: Ask) -> object:
    """List all people."""
    return {"users": [shown(person) for person in ask.house.people.everyone()]}


def one(ask: Ask) -> object:
    """Show one person."""
    return shown(ask.house.people.get(ask.path["username"]))


def add(ask: Ask) -> object:
    """Add a person."""
    body = ask.body(Add)
    role = require_role(body.role)
    person = ask.house.people.add(ask.who, body.username, body.password, role, tuple(body.groups), ask.request_id)
    return Made(shown(person))


def alter(ask: Ask) -> object:
    """Change exactly one thing about a person, so that one record says one thing."""
    body = ask.body(Alter)
    name, people, request = ask.path["username"], ask.house.people, ask.request_id
    wanted = [field for field in ("role", "groups", "state", "password") if getattr(body, field) is not None]
    if len(wanted) != 1:
        raise errors.Invalid("Change one of role, groups, state or password at a time.")
    if body.role is not None:
        return shown(people.set_role(ask.who, name, require_role(body.role), request))
    if body.groups is not None:
        return shown(people.regroup(ask.who, name, tuple(body.groups), request))
    if body.password is not None:
        return shown(people.reset_password(ask.who, name, body.password, body.current_password, request))
    if body.state == "disabled":
        return shown(people.disable(ask.who, name, request))
    if body.state == "active":
        return shown(people.enable(ask.who, name, request))
    raise errors.Invalid(f"There is no state {body.state!r}.", hint="The states are: active, disabled.")


def shown(person: Person) -> dict[str, object]:
    """Give what others may see of a person."""
    return {
        "id": person.id,
        "username": person.username,
        "role": person.role.value,
        "groups": list(person.groups),
        "state": person.state,
        "totp": person.totp_sealed is not None,
        "locked_until": instant.as_text(person.locked_until) if person.locked_until else None,
        "created_at": instant.as_text(person.created_at),
        "created_by": person.created_by,
        "password_at": instant.as_text(person.password_at),
        "last_seen_at": None if person.seen_at is None else instant.as_text(person.seen_at),
    }
