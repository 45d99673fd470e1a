"""How a command reaches the services: through the running daemon's socket, or in this process when none runs.

Rules of this file:
- Both ways ask the same API and get the same answers; no command knows which it was.
- Acts of a person need a person: when the door says so, the command asks for name and password and tries again.
- A name is asked for at a terminal alone. In a pipe it comes from --as, and then the first line is always the password:
  what was meant as a secret must never be taken for a name, nor a password for a part of the secret.
- A secret comes from a hidden prompt or, piped, from standard input; never from the command's arguments.
"""

import base64
import contextlib
import getpass
import http.client
import json
import os
import socket
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from openpact.adapters import peer
from openpact.cli.place import Place
from openpact.domain import errors

_TIMEOUT = 60.0
_OTP_DIGITS = 6
_RETRIES = 2
_CHUNK = 65_536

Sink = Callable[[int, bytes], object]


class Answered(errors.OpenPactError):
    """An error that the door answered with."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(
            str(document.get("message", "The daemon's answer makes no sense.")),
            hint=document.get("hint"),
            details={"fields": document["fields"]} if "fields" in document else None,
        )
        self.code = str(document.get("error", "internal"))  # type: ignore[misc]


class Door:
    """The way of one command to the services."""

    def __init__(self, place: Place, *, sign_in_as: str | None = None) -> None:
        self._place = place
        self._sign_in_as = sign_in_as
        self._proof: str | None = None
        self._signed_in = False
        self._way: _Socket | _Inside | None = None
        token = os.environ.get("OPENPACT_TOKEN")
        if token:
            self._proof = f"Bearer {token}"
        click.get_current_context().call_on_close(self.close)

    def ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, query: Mapping[str, Any] | None = None
    ) -> Any:
        """Ask, and give the answer's document; sign in on the way when the act needs a person."""
        status, document = self._send(method, path, body, query or {})
        if status == http.client.UNAUTHORIZED and document.get("error") == "unlock_required" and self._proof is None:
            self._sign_in_to_act()
            status, document = self._send(method, path, body, query or {})
        if status >= http.client.MULTIPLE_CHOICES:
            if (self._proof or "").startswith("Bearer ") and document.get("error") == "invalid_credentials":
                document["hint"] = "It comes from OPENPACT_TOKEN: unset it, or set another."
            raise Answered(document)
        return document

    @property
    def running(self) -> bool:
        """Say whether a daemon answers on this workspace."""
        return isinstance(self._through(), _Socket)

    def ensure_signed_in(self) -> dict[str, Any]:
        """Sign in now, before anything else is asked, unless that is done; the answer says who it is."""
        if self._sign_in_as is not None and not self._signed_in and not sys.stdin.isatty():
            if self._proof is not None:
                raise errors.Invalid(
                    "OPENPACT_TOKEN says who you are, and --as says it too.", hint="Leave one of them out."
                )
            self._sign_in_to_act()  # also at an unlocked terminal: which line is the password must not depend on that
        me: dict[str, Any] = self.ask("GET", "/api/auth/me")
        if me.get("role") is None and self._proof is None:
            self._sign_in_to_act()
            me = self.ask("GET", "/api/auth/me")
        return me

    def sign_in(self) -> dict[str, Any]:
        """Sign in at this terminal; the answer says until when it is remembered."""
        self._through()  # where there is nobody to sign in to, nobody is asked
        username = self._sign_in_as or _ask_who()
        proof = ask_secret("Password or one-time code")
        is_code = len(proof) == _OTP_DIGITS and proof.isdigit()  # no password is that short
        body = {"username": username, "otp" if is_code else "password": proof}
        status, document = self._send("POST", "/api/auth/unlock", body, {})
        if status >= http.client.BAD_REQUEST:
            raise Answered(document)
        self._signed_in = True
        if document.get("unlocked_until") is None:
            # A code is spent by now, and the act would need another.
            self._proof = None if is_code else "Basic " + base64.b64encode(f"{username}:{proof}".encode()).decode()
        return document

    def _sign_in_to_act(self) -> None:
        if self.sign_in().get("unlocked_until") is None and self._proof is None:
            raise errors.InvalidCredentials(
                "A one-time code is good once, and this terminal is not remembered.",
                hint="Give your password, or run the command by itself at a terminal: not in a pipe or a script.",
            )

    def copy(self, path: str, sink: Callable[[bytes], object], **query: Any) -> None:
        """Ask for something long and give it on piece by piece; sign in first when that is needed."""
        self.ensure_signed_in()
        refused: list[bytes] = []

        def take(status: int, piece: bytes) -> None:
            if status >= http.client.BAD_REQUEST:
                refused.append(piece)
            else:
                sink(piece)

        self._through().answer("GET", _target(path, query), self._headers(), b"", take)
        if refused:
            raise Answered(_read(b"".join(refused)))

    def close(self) -> None:
        """End the way."""
        if self._way is not None:
            self._way.close()

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, query: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        raw = b"" if body is None else json.dumps(body).encode()
        status, pieces = 0, []

        def take(said: int, piece: bytes) -> None:
            nonlocal status
            status = said
            pieces.append(piece)

        self._through().answer(method, _target(path, query), self._headers(), raw, take)
        document = _read(b"".join(pieces))
        return status, document if isinstance(document, dict) else {}

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Host": "localhost"}
        return headers if self._proof is None else {**headers, "Authorization": self._proof}

    def _through(self) -> "_Socket | _Inside":
        if self._way is None:
            path = self._place.workspace / "run" / "admin.sock"
            chosen = self._place.chosen
            self._way = _Socket(path, chosen=chosen) if answers(path, chosen=chosen) else _Inside(self._place)
        return self._way


def _read(answer: bytes) -> Any:
    try:
        return json.loads(answer) if answer else {}
    except ValueError as fault:
        raise errors.DaemonUnavailable(
            "The daemon's answer cannot be read.", hint="It may have too much to do: try again, then `openpact doctor`."
        ) from fault


def ask_text(question: str) -> str:
    """Ask for a text: at the terminal, or from the next line of standard input."""
    if not sys.stdin.isatty():
        return _next_line(question)
    try:
        answer: str = click.prompt(question, err=True)
    except click.Abort:
        click.echo(err=True)  # what is said next begins on a line of its own
        raise
    return answer


def ask_secret(question: str, *, twice: bool = False) -> str:
    """Ask for a secret without showing it, or take the next line of standard input."""
    if not sys.stdin.isatty():
        return _next_line(question)
    first = getpass.getpass(f"{question}: ", stream=sys.stderr)
    for _ in range(_RETRIES if twice else 0):  # to end here would hand the next thing that is typed to the shell
        if getpass.getpass("The same again: ", stream=sys.stderr) == first:
            return first
        click.echo("These two differ; once more from the start.", err=True)
        first = getpass.getpass(f"{question}: ", stream=sys.stderr)
    if twice and getpass.getpass("The same again: ", stream=sys.stderr) != first:
        raise errors.PasswordMismatch("The two passwords differ.", hint="Type the same password twice.")
    return first


def _ask_who() -> str:
    if not sys.stdin.isatty():
        raise errors.UnlockRequired(
            "This needs a person, and standard input is no terminal to ask at.",
            hint="Say who you are: --as NAME (the first line is then the password), OPENPACT_TOKEN, "
            "or unlock the terminal first.",
        )
    return ask_text("Who are you? Username")


def _next_line(question: str) -> str:
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:  # bytes are read ahead: it may be a later line that is none
        raise errors.Invalid(
            "Standard input is not UTF-8 text.", hint="Give binary values as base64: base64 < FILE"
        ) from None
    if not line:
        raise errors.UnlockRequired(
            f"{question}: there is nobody to ask, and standard input has ended.",
            hint="Run it in a terminal, or give what it asks for as lines of standard input.",
        )
    return line.rstrip("\n")


def _target(path: str, query: Mapping[str, Any]) -> str:
    pairs = [
        (name.removesuffix("_"), str(item))
        for name, value in query.items()
        if value is not None
        for item in (value if isinstance(value, list | tuple) else [value])
    ]
    return path + ("?" + urllib.parse.urlencode(pairs) if pairs else "")


def part(name: str, kind: str) -> str:
    """Give a name as one part of a path. Raises NotFound for what can be none: it would lead to another address."""
    if not name or "/" in name or name in {".", ".."}:
        raise errors.NotFound(f"There is no {kind} {name!r}.", hint=f"`openpact {kind} list` shows what there is.")
    return urllib.parse.quote(name, safe="")


def answers(path: Path, *, chosen: bool = True) -> bool:
    """Say whether a daemon listens on this socket. Raises Forbidden when it is another account's."""
    try:
        _connect(path, chosen=chosen, seconds=2).close()
    except PermissionError as fault:
        raise errors.Forbidden(
            f"The socket {path} belongs to another account.",
            hint="Run this as the user that runs OpenPact, for example with sudo -u.",
        ) from fault
    except (OSError, ValueError):
        return False
    return True


def _connect(path: Path, *, chosen: bool, seconds: float = _TIMEOUT) -> socket.socket:
    """Connect, and go on only when the kernel says that our own account listens there. Raises Forbidden, OSError.

    Anybody may put a socket into a folder that others work in, and wait for a password. Only root, and only in a
    workspace that it named, speaks to another account's daemon.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(str(path))
        owner = peer.of_socket(connection).uid
        if owner != os.geteuid() and not (os.geteuid() == 0 and chosen):
            raise errors.Forbidden(
                f"What listens on {path} runs as another account (user {owner}); nothing was sent to it.",
                hint="Run this as the user that runs OpenPact, or name the right workspace with --workspace.",
            )
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def _listening() -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException) as fault:
        raise errors.DaemonUnavailable(
            "The daemon did not answer.",
            hint="Run `openpact doctor`; whether the act was done stands in the audit.",
        ) from fault


class _Socket:
    """Through the daemon's socket."""

    def __init__(self, path: Path, *, chosen: bool) -> None:
        self._path = path
        self._chosen = chosen

    def answer(self, method: str, target: str, headers: dict[str, str], raw: bytes, sink: Sink) -> None:
        """Send one request; the sink gets the status and each piece of the body."""
        connection = http.client.HTTPConnection("localhost", timeout=_TIMEOUT)
        try:
            with _listening():
                connection.sock = _connect(self._path, chosen=self._chosen)
                connection.request(method, target, raw or None, headers)
                answer = connection.getresponse()
                piece = answer.read(_CHUNK)
            sink(answer.status, b"")
            while piece:
                sink(answer.status, piece)  # a fault of the sink is none of the daemon's
                with _listening():
                    piece = answer.read(_CHUNK)
        finally:
            connection.close()

    def close(self) -> None:
        """Nothing is left open."""


class _Inside:
    """In this process: the same door, without a daemon."""

    def __init__(self, place: Place) -> None:
        data = place.workspace / "secure" / "data"
        try:
            owner = data.stat().st_uid
        except PermissionError as fault:
            raise errors.Forbidden(
                f"{data} belongs to another account.", hint="Run this as the user that runs OpenPact."
            ) from fault
        except OSError as fault:
            raise errors.NotFound(
                f"There is no workspace at {place.workspace}.",
                hint="Make one with `openpact up`, or name it with --workspace.",
            ) from fault
        if owner != os.geteuid():
            raise errors.Forbidden(f"{data} belongs to another account.", hint="Run this as the user that owns it.")
        from openpact import app

        self._inside = app.Inside(place.loaded.config, place.workspace)

    def answer(self, method: str, target: str, headers: dict[str, str], raw: bytes, sink: Sink) -> None:
        """Answer one request here; the sink gets the status and each piece of the body."""
        faults: list[OSError] = []

        def take(status: int, piece: bytes) -> None:
            try:
                sink(status, piece)
            except OSError as fault:
                faults.append(fault)
                raise

        try:
            self._inside.answer(method, target, headers, raw, take)
        except Exception:
            # Whatever the web framework makes of it, a client that hung up: it was our own output that failed.
            if faults:
                raise faults[0] from None
            raise

    def close(self) -> None:
        """Seal what was done."""
        self._inside.close()
