"""`openpact secrets`: values that scripts use and never see.

Rules of this file:
- A value comes from a hidden prompt or, piped, from the rest of standard input; never from the arguments, and it is
  never printed.
- It is asked for last: nobody types a value to hear then that a host was misspelt.
"""

import datetime as dt
import re
import shutil
import sys
import time
from typing import Any

import click

from openpact.cli import output, place
from openpact.cli.door import Answered, Door, ask_secret, part
from openpact.cli.place import Place
from openpact.config.secret import read_end
from openpact.domain import errors, instant
from openpact.domain.secret import LONGEST, check_name, check_value, read_grant
from openpact.domain.secret import Place as InRequest

_AS = click.option("--as", "sign_in_as", metavar="NAME", help="Who you are, if it has to be asked.")
_DAYS = re.compile(r"([1-9][0-9]{0,4})d")
_FROM = {"configuration": "by config", "environment": "by env"}  # such a one changes with a start
_WIDE = 100  # columns of a terminal that has room for everything
_GLOB = frozenset("*?[")
_LONGEST_TYPED = 4095  # a terminal takes no more on one line, and drops the rest without a word


@click.group("secrets", epilog="Example: openpact secrets set WEATHER_KEY --host api.weather.example --in header")
def command() -> None:
    """Set, list and delete secrets; turn the master key. No command shows a value."""


@command.command("list", epilog="Example: openpact secrets list --json")
@place.as_json
@place.placed
def show_all(where: Place, *, as_json: bool) -> None:
    """List all secrets, without their values."""
    known = Door(where).ask("GET", "/api/secrets")
    secrets = known["secrets"]
    if as_json:
        output.document(secrets)
        return
    ungranted = "nowhere" if known["grants_required"] else "as approved"
    columns = ["name", "hosts", "scripts", "in", "mode", "ends", "changed", "used"]
    rows = [
        [
            secret["name"],
            _some(secret["hosts"], ungranted),
            _some(secret["scripts"], ungranted),
            "anywhere" if len(secret["places"]) == len(InRequest) else _some(secret["places"], "anywhere"),
            secret["mode"] + (", short" if secret["short"] else ""),
            "never" if secret["expires_at"] is None else output.ago(secret["expires_at"]),
            _FROM.get(secret["source"]) or output.ago(secret["last_updated"]),
            output.ago(secret["last_used"]),
        ]
        for secret in secrets
    ]
    if sys.stdout.isatty() and shutil.get_terminal_size().columns < _WIDE:
        columns, rows = columns[:-2], [row[:-2] for row in rows]  # names must not be broken; --json has all
    output.table(columns, rows, "There is no secret. Set one with `openpact secrets set NAME`.")
    if any(secret["short"] for secret in secrets):
        output.note("A short value cannot be scrubbed from what comes back.")


@command.command(
    "set",
    short_help="Set the secret NAME.",
    epilog="Example: openpact secrets set WEATHER_KEY --host api.weather.example --script weather.star",
)
@click.argument("name")
@click.option("--host", "hosts", multiple=True, metavar="HOST", help="Where it may be sent; may be repeated.")
@click.option("--script", "scripts", multiple=True, metavar="GLOB", help="Which scripts may use it; may be repeated.")
@click.option(
    "--in",
    "places",
    multiple=True,
    type=click.Choice([each.value for each in InRequest]),
    help="Where in a request; may be repeated.",
)
@click.option("--mode", type=click.Choice(["sealed", "plain"]), help="What a script sees; sealed for a new one.")
@click.option("--expires", metavar="WHEN", help="When it ends: 90d, 2027-01-31 or an instant; `never` for no end.")
@click.option("--short", is_flag=True, help="Allow fewer than 8 bytes, which are not scrubbed from answers.")
@_AS
@place.as_json
@place.placed
def put(
    where: Place,
    *,
    name: str,
    hosts: tuple[str, ...],
    scripts: tuple[str, ...],
    places: tuple[str, ...],
    mode: str | None,
    expires: str | None,
    short: bool,
    sign_in_as: str | None,
    as_json: bool,
) -> None:
    """Set the secret NAME, new or anew. What no option names stays as it was.

    The value is asked for twice, or read from the rest of standard input, without its last line end. With --as and a
    pipe, the first line is the password.
    """
    path = f"/api/secrets/{part(name, 'secrets')}"
    _check_name(name)
    scripts = tuple(_named(script) for script in scripts)
    read_grant(hosts=hosts, scripts=scripts, places=places)
    body: dict[str, Any] = {"short": True} if short else {}
    for key, given in (("hosts", hosts), ("scripts", scripts), ("places", places)):
        if given:
            body[key] = list(given)
    if mode is not None:
        body["mode"] = mode
    if expires is not None:
        body["expires_at"] = None if expires == "never" else _end(expires)
    door = Door(where, sign_in_as=sign_in_as)
    door.ensure_signed_in()
    _expect_settable(door, name, body)
    body["value"] = _value(name)
    check_value(body["value"], short=short)
    answer = door.ask("POST", path, body)
    if as_json:
        output.document(answer)
    else:
        output.good(f"{name} is set. Every run that starts from now on uses it.")


@command.command("delete", epilog="Example: openpact secrets delete WEATHER_KEY --yes")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@_AS
@place.as_json
@place.placed
def delete(where: Place, *, name: str, yes: bool, sign_in_as: str | None, as_json: bool) -> None:
    """Delete the secret NAME."""
    door, path = Door(where, sign_in_as=sign_in_as), f"/api/secrets/{part(name, 'secrets')}"
    door.ask("GET", path)  # nobody is asked about what is not there
    if not yes:
        _confirm(f"Delete {name}? Scripts that use it fail from now on.")
    door.ask("DELETE", path)
    if as_json:
        output.document({"name": name, "set": False})
    else:
        output.good(f"{name} is deleted.")


@command.command(
    "rotate-key",
    short_help="Make a new master key and seal everything anew.",
    epilog="Example: openpact secrets rotate-key --yes",
)
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@_AS
@place.as_json
@place.placed
def rotate_key(where: Place, *, yes: bool, sign_in_as: str | None, as_json: bool) -> None:
    """Turn the master key: make a new one and seal everything anew with it."""
    if not yes:
        output.note("Copy master.key first: backups from before open only with it.")
        _confirm("Turn the master key?")
    answer = Door(where, sign_in_as=sign_in_as).ask("POST", "/api/secrets/rotate-key", {})
    if as_json:
        output.document(answer)
        return
    output.good(f"{output.count(answer['resealed'], 'sealed value')} sealed anew with the key {answer['key_id']}.")
    if answer["turned"]:
        output.note("Backups from before open only with the key before; keep the one that belongs to each.")
        output.note("Copy the new master.key to where you keep it.")
    else:
        output.note("OPENPACT_MASTER_KEY_PREVIOUS can be taken away now.")


def _some(texts: list[str] | None, otherwise: str) -> str:
    if texts is None:
        return otherwise
    return ", ".join(texts) or "none"


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise errors.Invalid("Nobody can be asked whether it is meant.", hint="Say so with --yes.")
    click.confirm(question, abort=True, err=True)


def _check_name(name: str) -> None:
    try:
        check_name(name)
    except errors.Invalid as error:
        # What stands in the name's place may be the value, by mistake: it is not repeated.
        raise errors.Invalid("This is not a name for a secret.", hint=error.hint) from None


def _named(script: str) -> str:
    """Give the script's whole name; a glob is left as it is."""
    whole = not script or script.endswith((".star", "/")) or not _GLOB.isdisjoint(script)
    return script if whole else f"{script}.star"


def _expect_settable(door: Door, name: str, body: dict[str, Any]) -> None:
    """Refuse before the value is asked for what the service would refuse after it."""
    try:
        known = door.ask("GET", "/api/secrets")
    except Answered as refusal:
        if refusal.code == errors.Forbidden.code:
            return  # a token that may set secrets and not list them: the service says no, once it has the value
        raise
    before: dict[str, Any] = next((secret for secret in known["secrets"] if secret["name"] == name), {})
    if before.get("source") in _FROM:
        origin = f"starlark.secrets.{name}" if before["source"] == "configuration" else "the environment"
        raise errors.IllegalMove(
            f"{name} is given by {origin}, and is changed there.",
            hint="Change it there and start again, or take it away there first.",
        )
    granted = all(body.get(key) is not None or before.get(key) is not None for key in ("hosts", "scripts"))
    if known["grants_required"] and not granted:
        raise errors.Invalid(
            f"{name} has no grant, and secrets.require_grants is on.",
            hint="Name the hosts and the scripts that it is for: --host api.example.com --script weather.star",
        )


def _end(text: str) -> str:
    days = _DAYS.fullmatch(text)
    if days is not None:
        return (dt.datetime.now(dt.UTC) + dt.timedelta(days=int(days[1]))).strftime("%Y-%m-%dT%H:%M:%SZ")
    try:
        ends_at = read_end(text)
    except errors.Invalid as error:
        raise errors.Invalid(error.message, hint="Write 90d, 2027-01-31, an instant, or never.") from None
    if ends_at <= time.time() * instant.SECOND:
        raise errors.Invalid(
            "The secret would have ended already.", hint="Write a later end: 90d, 2027-01-31 or never."
        )
    return text


def _value(name: str) -> str:
    if sys.stdin.isatty():
        value = ask_secret(f"Value of {name}", twice=True)
        if len(value.encode("utf-8", "surrogateescape")) >= _LONGEST_TYPED:
            raise errors.Invalid("A terminal takes no line of that length whole.", hint="Pipe it: … < FILE")
        return value
    try:
        text = sys.stdin.read(LONGEST + 3)  # who pipes the wrong file in waits for no end of it
        text.encode()  # in some locales what is no text comes through, as halves of surrogate pairs
    except UnicodeError:
        raise errors.Invalid(
            "The value is not UTF-8 text.", hint=f"Give it as base64: base64 < FILE | openpact secrets set {name}"
        ) from None
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")
