"""`openpact user`: the people, from the machine's own terminal."""

import sys
from collections.abc import Callable
from typing import Any

import click

from openpact.cli import output, place
from openpact.cli.door import Answered, Door, ask_secret, ask_text, part
from openpact.cli.place import Place
from openpact.domain import errors

_TRIES = 3
_ROLES = click.Choice(["viewer", "reviewer", "admin"])
_AS = click.option("--as", "sign_in_as", metavar="NAME", help="Who you are, if it has to be asked.")


@click.group("user", epilog="Example: openpact user add bob --role reviewer")
def command() -> None:
    """Add, list and change people.

    An act asks for your username and password, once for a few minutes at one terminal. Piped, --as says who you are;
    the password and whatever else is asked for are read from standard input, a line each.
    """


@command.command("list", epilog="Example: openpact user list --json")
@place.as_json
@place.placed
def show_all(where: Place, *, as_json: bool) -> None:
    """List everybody."""
    users = Door(where).ask("GET", "/api/users")["users"]
    if as_json:
        output.document(users)
        return
    rows = [
        (
            user["username"],
            user["role"],
            ", ".join(user["groups"]) or "-",
            user["state"],
            "yes" if user["totp"] else "no",
            output.ago(user["last_seen_at"]),
        )
        for user in users
    ]
    output.table(("username", "role", "groups", "state", "authenticator", "last seen"), rows, "There is nobody yet.")


@command.command(
    "add",
    short_help="Add USERNAME; the first one becomes administrator.",
    epilog="Example: openpact user add bob --role reviewer --group finance",
)
@click.argument("username")
@click.option("--role", type=_ROLES, help="What the person is trusted with; viewer unless given.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group for approvals; may be repeated.")
@_AS
@place.as_json
@place.placed
def add(
    where: Place, *, username: str, role: str | None, groups: tuple[str, ...], sign_in_as: str | None, as_json: bool
) -> None:
    """Add USERNAME. The first person needs the set-up code and becomes administrator, in no group."""
    door = Door(where, sign_in_as=sign_in_as)
    first = door.ask("GET", "/api/setup/status")["setup_required"]
    if first:
        asked = [f"--role {role}"] if role not in {None, "admin"} else []
        unused = " and ".join([*asked, *(f"--group {group}" for group in groups)])
        output.note(f"Nobody is here yet: {username} becomes the first administrator.")
        if unused:
            output.note(f"Not used for the first one: {unused}.")
        _set_up(door, username)
        user: dict[str, Any] = {"username": username, "role": "admin", "groups": [], "state": "active"}
    else:
        door.ensure_signed_in()
        body = {"username": username, "role": role or "viewer", "groups": list(groups)}
        user = _with_password(
            f"Password for {username}",
            lambda password: door.ask("POST", "/api/users", {**body, "password": password}),
        )
    if as_json:
        output.document(user)
    elif first:
        output.good(f"{user['username']} is the first administrator. Add others with `openpact user add`.")
    else:
        output.good(f"{user['username']} is added as {user['role']}.")


@command.command("role", epilog="Example: openpact user role bob admin")
@click.argument("username")
@click.argument("role", type=_ROLES)
@_AS
@place.as_json
@place.placed
def set_role(where: Place, *, username: str, role: str, sign_in_as: str | None, as_json: bool) -> None:
    """Give USERNAME another ROLE."""
    user = _alter(Door(where, sign_in_as=sign_in_as), username, {"role": role})
    _say(user, f"{user['username']} is {user['role']} now.", as_json=as_json)


@command.command(
    "groups",
    short_help="Put USERNAME into exactly these GROUPS.",
    epilog="Example: openpact user groups bob finance release",
)
@click.argument("username")
@click.argument("groups", nargs=-1)
@_AS
@place.as_json
@place.placed
def set_groups(where: Place, *, username: str, groups: tuple[str, ...], sign_in_as: str | None, as_json: bool) -> None:
    """Put USERNAME into exactly these GROUPS; without any, into none."""
    user = _alter(Door(where, sign_in_as=sign_in_as), username, {"groups": list(groups)})
    _say(user, f"{user['username']} is in: {', '.join(user['groups']) or 'no group'}.", as_json=as_json)


@command.command("disable", epilog="Example: openpact user disable bob")
@click.argument("username")
@_AS
@place.as_json
@place.placed
def disable(where: Place, *, username: str, sign_in_as: str | None, as_json: bool) -> None:
    """Let USERNAME act no more; their tokens end."""
    user = _alter(Door(where, sign_in_as=sign_in_as), username, {"state": "disabled"})
    _say(user, f"{user['username']} is disabled, and their tokens are revoked.", as_json=as_json)


@command.command("enable", epilog="Example: openpact user enable bob")
@click.argument("username")
@_AS
@place.as_json
@place.placed
def enable(where: Place, *, username: str, sign_in_as: str | None, as_json: bool) -> None:
    """Let a disabled USERNAME act again."""
    user = _alter(Door(where, sign_in_as=sign_in_as), username, {"state": "active"})
    _say(user, f"{user['username']} may act again.", as_json=as_json)


@command.command(
    "reset-password", short_help="Give USERNAME another password.", epilog="Example: openpact user reset-password bob"
)
@click.argument("username")
@_AS
@place.as_json
@place.placed
def reset_password(where: Place, *, username: str, sign_in_as: str | None, as_json: bool) -> None:
    """Give USERNAME another password and lift a lock-out. Your own asks for the current one."""
    door = Door(where, sign_in_as=sign_in_as)
    me = door.ensure_signed_in()
    body: dict[str, Any] = {}
    if me["kind"] == "person" and me["username"] == username.lower():
        body["current_password"] = ask_secret("Your current password")
    user = _with_password(
        f"New password for {username}", lambda password: _alter(door, username, {**body, "password": password})
    )
    _say(user, f"{user['username']} has another password; every terminal is locked for them.", as_json=as_json)


@command.group("totp", short_help="Enrol or remove an authenticator app.", epilog="Example: openpact user totp enrol")
def totp() -> None:
    """Enrol or remove an authenticator app, whose codes unlock a terminal instead of the password."""


@totp.command("enrol", epilog="Example: openpact user totp enrol")
@_AS
@place.as_json
@place.placed
def enrol(where: Place, *, sign_in_as: str | None, as_json: bool) -> None:
    """Enrol an authenticator for yourself."""
    door = Door(where, sign_in_as=sign_in_as)
    me = door.ensure_signed_in()
    enrolment = door.ask("POST", "/api/auth/totp", {"current_password": ask_secret("Your current password")})
    output.note("Add this to your authenticator app, and keep it from everybody else:")
    output.note(f"  {enrolment['uri']}")
    door.ask("POST", "/api/auth/totp/confirm", {"code": ask_text("The code it shows now")})
    _say({"username": me["username"], "totp": True}, "The authenticator is enrolled.", as_json=as_json)


@totp.command("remove", short_help="Remove USERNAME's authenticator.", epilog="Example: openpact user totp remove bob")
@click.argument("username")
@_AS
@place.as_json
@place.placed
def remove(where: Place, *, username: str, sign_in_as: str | None, as_json: bool) -> None:
    """Remove USERNAME's authenticator: your own, or as an administrator somebody else's."""
    Door(where, sign_in_as=sign_in_as).ask("DELETE", f"/api/users/{part(username, 'user')}/totp")
    _say({"username": username, "totp": False}, f"{username} has no authenticator any more.", as_json=as_json)


@command.command("unlock", epilog="Example: openpact user unlock --as alice")
@_AS
@place.as_json
@place.placed
def unlock(where: Place, *, sign_in_as: str | None, as_json: bool) -> None:
    """Sign in at this terminal for a few minutes."""
    door = Door(where, sign_in_as=sign_in_as)
    if not door.running:
        raise errors.DaemonUnavailable(
            "No daemon runs, so nothing can remember this terminal.",
            hint="Start it with `openpact up`. Without it, each act asks.",
        )
    answer = door.sign_in()
    if as_json:
        output.document(answer)
    elif answer["unlocked_until"] is None:
        output.note("This terminal cannot be told apart from others, so each act asks again.")
    else:
        until = output.ago(answer["unlocked_until"])
        output.good(f"{answer['username']} is signed in at this terminal; it ends {until}, or with `user lock`.")


@command.command("lock", epilog="Example: openpact user lock")
@place.as_json
@place.placed
def lock(where: Place, *, as_json: bool) -> None:
    """Forget who is signed in at this terminal."""
    Door(where).ask("POST", "/api/auth/lock", {})
    _say({"locked": True}, "This terminal is locked.", as_json=as_json)


def _set_up(door: Door, username: str) -> None:
    code = ask_secret("Set-up code, as `openpact up` printed it")
    body = {"username": username, "setup_code": code}
    _with_password(
        f"Password for {username}",
        lambda password: door.ask("POST", "/api/setup", {**body, "password": password, "confirm_password": password}),
    )


def _with_password(question: str, act: Callable[[str], Any]) -> Any:
    """Ask for a new password and act with it; at a terminal, ask again for one that breaks a rule."""
    for _ in range(_TRIES - 1 if sys.stdin.isatty() else 0):
        try:
            return act(ask_secret(question, twice=True))
        except Answered as refusal:
            if refusal.code != errors.PasswordInvalid.code:
                raise
            output.note(f"{refusal.message} {refusal.hint or ''}".rstrip())
    return act(ask_secret(question, twice=True))


def _alter(door: Door, username: str, body: dict[str, Any]) -> dict[str, Any]:
    door.ensure_signed_in()
    user: dict[str, Any] = door.ask("PATCH", f"/api/users/{part(username, 'user')}", body)
    return user


def _say(user: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        output.document(user)
    else:
        output.good(text)
