"""Secrets that are given from outside the store: by the configuration and by the environment.

Rules of this file:
- They are read once, at the start; one that is wrong stops it, and every one that is wrong is named at once.
- A name has one source. Two would hide which grant is in force: the environment's would take the file's away.
- No message repeats a value.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from openpact.config.secret import GivenSecret, read_end
from openpact.domain.errors import ConfigInvalid, Invalid
from openpact.domain.secret import LONGEST, Grant, Mode, Secret, check_name, check_value, read_grant

PREFIX = "OPENPACT_SECRET_"
_FILE = "_FILE"


class Given(msgspec.Struct, frozen=True):
    """One secret from outside the store."""

    secret: Secret
    source: str  # configuration | environment
    origin: str  # where exactly, for people


def read_given(configured: Mapping[str, str | GivenSecret], environment: Mapping[str, str]) -> dict[str, Given]:
    """Give every secret of the configuration and the environment, by name. Raises ConfigInvalid."""
    found = {name: _configured(name, given) for name, given in configured.items()}
    fields: list[dict[str, object]] = []
    for variable in sorted(each for each in environment if each.startswith(PREFIX)):
        from_file = variable.endswith(_FILE)
        name = variable.removeprefix(PREFIX).removesuffix(_FILE)
        try:
            check_name(name)
            if name in found:
                raise Invalid(f"{found[name].origin} gives this secret too.", hint="Take one of the two away.")
            value = _content(Path(environment[variable])) if from_file else environment[variable]
            check_value(value)
        except Invalid as error:
            fields.append({"path": variable, "message": error.message, "hint": error.hint})
            continue
        found[name] = Given(Secret(name=name, value=value, grant=Grant()), "environment", variable)
    if fields:
        count = "1 secret" if len(fields) == 1 else f"{len(fields)} secrets"
        raise ConfigInvalid(
            f"{count} of the environment cannot be used.",
            hint="Correct each one; nothing was started.",
            details={"fields": fields},
        )
    return found


def _configured(name: str, given: str | GivenSecret) -> Given:
    origin = f"starlark.secrets.{name}"
    if isinstance(given, str):
        return Given(Secret(name=name, value=given, grant=Grant()), "configuration", origin)
    secret = Secret(
        name=name,
        value=given.value,
        grant=read_grant(hosts=given.hosts, scripts=given.scripts, places=given.places),
        mode=Mode(given.mode),
        expires_at=None if given.expires is None else read_end(given.expires),
    )
    return Given(secret, "configuration", origin)


def _content(path: Path) -> str:
    """Read the value from a file, without the line end that an editor puts behind it. Raises Invalid."""
    try:
        # Not blocking: a pipe in the file's place would hold the start up for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            raw = file.read(LONGEST + 3) if regular else b""
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else "not the name of a file"
        raise Invalid(f"The file cannot be read: {reason}.", hint="Name a file that this user can read.") from None
    if not regular:
        raise Invalid("It names no regular file.", hint="Name a file that holds the value alone.")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Invalid("The file holds no UTF-8 text.", hint="Store binary values as base64 or hex.") from None
    return without_line_end(text)


def without_line_end(text: str) -> str:
    """Take one line end off: it belongs to the line that the value stood on."""
    return text[:-2] if text.endswith("\r\n") else text.removesuffix("\n")
