"""Every way OpenPact says no, in one tree.

OpenPactError                      code                      said when
├ NotAuthenticated                 not_authenticated         nobody we know is asking
│  ├ InvalidCredentials            invalid_credentials       name, password, code or token do not fit together
│  └ UnlockRequired                unlock_required           the act needs a person, proven now, at this terminal
├ Refused                          (abstract)                saying it again will not help
│  ├ Forbidden                     forbidden                 the role or the scopes do not reach this act
│  ├ SetupCompleted                setup_completed           there is an administrator already
│  ├ SecretNotGranted              secret_not_granted        its owner does not allow this use of the secret
│  ├ SetupRequired                 setup_required            there is no administrator yet
│  └ SetupCodeInvalid              setup_code_invalid        not the code that this terminal shows
├ Invalid                          invalid                   the question itself is wrong
│  ├ PasswordInvalid               password_invalid          the password breaks the rules
│  ├ PasswordMismatch              password_mismatch         the two passwords differ
│  ├ JsonInvalid                   json_invalid              not JSON, or JSON that two readers may read differently
│  ├ ConfigInvalid                 config_invalid            the configuration has these errors
│  ├ PathRefused                   path_refused              a path where nothing of ours may live
│  ├ MediaTypeRefused              media_type_refused        the body is of a kind that is not read here
│  ├ ScriptInvalid                 script_invalid            a script's name, metadata or text is wrong
│  └ TooLarge                      too_large                 more bytes than a request may have
├ NotFound                         not_found                 there is no such thing
├ Conflict                         (abstract)                look again, then retry
│  ├ AlreadyExists                 already_exists            the name is taken
│  ├ LastAdministrator             last_administrator        nobody could undo it
│  └ IllegalMove                   illegal_move              this state does not lead there
├ LimitExceeded                    rate_limited              too often; may be tried again later
├ OutcomeUnknown                   outcome_unknown           the deed left, and its end was not seen; never repeated
└ Unavailable                      unavailable               not now; nothing has happened
   ├ StoreUnavailable              store_unavailable         the store does not answer
   ├ StoreBusy                     store_busy                somebody else holds the store's lock
   ├ StoreFull                     store_full                the disk has no room
   ├ StoreCorrupt                  store_corrupt             the database is damaged
   ├ StoreNewer                    store_newer               a newer OpenPact wrote this database
   ├ WorkspaceUnusable             workspace_unusable        a folder cannot be made, read or written
   ├ KeyExposed                    key_exposed               others can read a private key
   ├ KeyUnusable                   key_unusable              a key file is damaged or missing
   ├ NotDelivered                  not_delivered             the deed provably never left; it may be tried again
   ├ PortInUse                     port_in_use               another program listens there
   ├ SandboxUnavailable            sandbox_unavailable       no script can run here, and why
   └ DaemonUnavailable             daemon_unavailable        no daemon answers on the workspace's socket

Rules of this file:
- A code never changes its meaning; clients and scripts match on it.
- A message is one sentence for people; a hint is what to do next; every leaf has one for when a raise gives
  no better. Neither ever holds a secret.
- Errors know no protocol. Each door has one table (web/respond.py, gateway/respond.py, cli/exits.py) and a test
  asserts that every leaf is in each.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar


class OpenPactError(Exception):
    """The root: an answer of ours, not a fault of ours."""

    code: ClassVar[str] = ""
    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint if hint is not None else type(self).hint
        self.details = dict(details or {})


class NotAuthenticated(OpenPactError):
    """Nobody we know is asking."""

    code = "not_authenticated"
    hint = "Sign in, or send an API token."


class InvalidCredentials(NotAuthenticated):
    """Name, password, code or token do not fit together; which of them is never said."""

    code = "invalid_credentials"
    hint = "Check each of them; after several tries the account is locked for a while."


class UnlockRequired(NotAuthenticated):
    """The act needs a person who proves, now and at this terminal, who they are."""

    code = "unlock_required"
    hint = "Run the command at a terminal, and prove who you are when it asks."


class Refused(OpenPactError):
    """Saying it again will not help."""


class Forbidden(Refused):
    """The role or the scopes do not reach this act."""

    code = "forbidden"
    hint = "Ask an administrator to do it, or for a role or a scope that reaches it."


class SetupCompleted(Refused):
    """There is an administrator already; set-up happens once."""

    code = "setup_completed"
    hint = "Sign in, or ask an administrator to add you."


class SecretNotGranted(Refused):
    """The owner of the secret does not allow this use of it, or not any more."""

    code = "secret_not_granted"
    hint = "Set the secret again with a grant that covers this; `openpact secrets list` shows what it has."


class SetupRequired(Refused):
    """There is no administrator yet, so nobody can be asked."""

    code = "setup_required"
    hint = "Set it up with the code that `openpact up` printed: `openpact user add NAME`."


class SetupCodeInvalid(Refused):
    """Not the set-up code that the terminal shows, or one that has ended."""

    code = "setup_code_invalid"
    hint = "Use the code that `openpact up` printed last; starting it again prints a new one."


class Invalid(OpenPactError):
    """The question itself is wrong; `fields` says where."""

    code = "invalid"
    hint = "Correct what the message names, then ask again."

    @property
    def fields(self) -> list[Mapping[str, object]]:
        """Each thing that is wrong, with its path; empty when the message says it all."""
        found = self.details.get("fields")
        return list(found) if isinstance(found, list) else []


class PasswordInvalid(Invalid):
    """The password breaks the rules; the message says which."""

    code = "password_invalid"
    hint = "Take four or five words that have nothing to do with each other."


class PasswordMismatch(Invalid):
    """The password and its repetition differ."""

    code = "password_mismatch"
    hint = "Type the same password twice."


class JsonInvalid(Invalid):
    """Not JSON, or JSON that two readers could read differently."""

    code = "json_invalid"
    hint = "Send JSON that every reader reads alike; the message says what two could read differently."


class ConfigInvalid(Invalid):
    """The configuration has errors; each is in `fields` with file, line and column."""

    code = "config_invalid"
    hint = "Correct each error; `openpact config check` reads it again."


class PathRefused(Invalid):
    """A path where nothing of ours may live."""

    code = "path_refused"
    hint = "Name a folder of the user that runs OpenPact."


class MediaTypeRefused(Invalid):
    """The body is of a kind that is not read here."""

    code = "media_type_refused"
    hint = "Send JSON, and say so: Content-Type: application/json"


class TooLarge(Invalid):
    """More bytes than a request may have."""

    code = "too_large"
    hint = "Send less at once."


class ScriptInvalid(Invalid):
    """A script's name, metadata or text is wrong; each error is in `fields` with its line."""

    code = "script_invalid"
    hint = "Correct each error; `openpact scripts lint FILE` shows them with their lines."


class NotFound(OpenPactError):
    """There is no such thing, or none that the asker may know of."""

    code = "not_found"
    hint = "Look it up in the list of what there is; names and ids must be exact."


class Conflict(OpenPactError):
    """The world is not as the asker believes: look again, then retry."""


class AlreadyExists(Conflict):
    """The name is taken."""

    code = "already_exists"
    hint = "Take another name, or change what is there."


class LastAdministrator(Conflict):
    """Without this person nobody could administer OpenPact."""

    code = "last_administrator"
    hint = "Make somebody else an administrator first."


class IllegalMove(Conflict):
    """This state does not lead there."""

    code = "illegal_move"
    hint = "Look at its state now; it may have happened already."


class LimitExceeded(OpenPactError):
    """Too often; `retry_after` seconds from now it may be tried again."""

    code = "rate_limited"
    hint = "Wait a while, then try again."

    def __init__(self, message: str, *, retry_after: float, hint: str | None = None) -> None:
        super().__init__(message, hint=hint, details={"retry_after": retry_after})
        self.retry_after = retry_after


class OutcomeUnknown(OpenPactError):
    """The deed left us and its end was not seen; it is never repeated by itself."""

    code = "outcome_unknown"
    hint = "Look at what happened before you do it again."


class Unavailable(OpenPactError):
    """Not now; nothing has happened."""

    code = "unavailable"
    hint = "Try again in a moment; `openpact doctor` looks for the cause."


class StoreUnavailable(Unavailable):
    """The store does not answer; what needs it does not happen."""

    code = "store_unavailable"
    hint = "Run `openpact doctor` to see what is wrong with the store."


class StoreBusy(Unavailable):
    """Somebody else held the store's lock for too long."""

    code = "store_busy"
    hint = "Try again; if it stays so, look for a long-running backup or a stopped process that holds the database."


class StoreFull(Unavailable):
    """The disk under the store has no room."""

    code = "store_full"
    hint = "Free some space on the disk that holds the store, then try again; nothing has been half written."


class StoreCorrupt(Unavailable):
    """The database is damaged; it is left as it is."""

    code = "store_corrupt"
    hint = "Keep the file as it is for inspection and put back a backup."


class StoreNewer(Unavailable):
    """A newer OpenPact wrote this database; an older one could misread it."""

    code = "store_newer"
    hint = "Install the OpenPact version that last ran here, or a newer one."


class WorkspaceUnusable(Unavailable):
    """A folder of the workspace cannot be made, read or written."""

    code = "workspace_unusable"
    hint = "Run `openpact doctor` to see what is wrong with the workspace."


class KeyExposed(Unavailable):
    """A private key that others can read is no longer private."""

    code = "key_exposed"
    hint = "Take the others' right to read it away, and replace the key if somebody may have read it."


class KeyUnusable(Unavailable):
    """A key file is damaged, or missing where it must be."""

    code = "key_unusable"
    hint = "Put the file back from a backup; a key cannot be made anew."


class NotDelivered(Unavailable):
    """The deed provably never left us, so it may be tried again."""

    code = "not_delivered"
    hint = "Try again."


class PortInUse(Unavailable):
    """Another program listens there."""

    code = "port_in_use"
    hint = "Choose another port with --port, or stop the program that listens there."


class SandboxUnavailable(Unavailable):
    """No script can run here; everything else goes on."""

    code = "sandbox_unavailable"
    hint = "Run `openpact doctor` to see which layers of the sandbox this machine has."


class DaemonUnavailable(Unavailable):
    """No daemon answers on the workspace's socket."""

    code = "daemon_unavailable"
    hint = "Start it with `openpact up`."


def leaves(root: type[OpenPactError] = OpenPactError) -> Iterator[type[OpenPactError]]:
    """Yield every class of the tree that can be raised: those with a code of their own."""
    if "code" in root.__dict__ and root.code:
        yield root
    for branch in root.__subclasses__():
        yield from leaves(branch)
