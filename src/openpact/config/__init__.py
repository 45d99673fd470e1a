"""Every setting, typed and described, and the one way to load them: default < file < environment < flags.

Rules of this file:
- A key stands here only if something reads it; a key without effect would be a false promise.
- A configuration that cannot be read, or that has one error, starts nothing: never the defaults in its place.
- All errors of file, environment and flags are reported at once, each with its place, and none repeats a value.
- The environment never reaches what decides how safe the rest is: see domain/settings.py.
"""

import json
import operator
import os
import stat
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct
from msgspec.json import schema as json_schema

from openpact.config.house import Admin, Audit, Engine, Logging, Security, Server, Store, Workspace
from openpact.config.running import Http, Sandbox, Starlark
from openpact.config.secret import Secrets
from openpact.config.section import Section, check_workspace
from openpact.domain import location, settings
from openpact.domain.document import quoted
from openpact.domain.errors import ConfigInvalid, Invalid, PathRefused

__all__ = [
    "Admin",
    "Audit",
    "Config",
    "Engine",
    "Http",
    "Loaded",
    "Logging",
    "Sandbox",
    "Secrets",
    "Security",
    "Server",
    "Setting",
    "Starlark",
    "Store",
    "Workspace",
    "check_path",
    "find_file",
    "find_workspace",
    "load",
    "schema",
    "show",
]

_LARGEST = 1 << 20  # bytes of a configuration file
_SHOWN = 300  # characters of a path that a message repeats


class Config(Section, frozen=True):
    """The configuration of OpenPact."""

    workspace: Workspace = Workspace()
    server: Server = Server()
    store: Store = Store()
    admin: Admin = Admin()
    security: Security = Security()
    engine: Engine = Engine()
    logging: Logging = Logging()
    audit: Audit = Audit()
    starlark: Starlark = Starlark()
    secrets: Secrets = Secrets()
    sandbox: Sandbox = Sandbox()
    http: Http = Http()


class Loaded(Struct, frozen=True):
    """A configuration without errors, the file it was read from, and where each value came from.

    An origin is `default`, `FILE:LINE`, `environment OPENPACT_SERVER__PORT` or `flag --port`.
    """

    config: Config
    origins: Mapping[str, str]
    file: Path | None


class Setting(Struct, frozen=True):
    """One key as it is shown: a secret in its value is `***`."""

    key: str
    value: Any
    origin: str
    description: str


def load(
    *,
    file: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, str | int | bool],
    unread: str | None = None,
) -> Loaded:
    """Load the configuration, or raise one ConfigInvalid that names every error; `flags` go by dotted key.

    An empty file is valid: it leaves every default as it is. A file that cannot be read never counts as empty.
    The key `unread` of the file is left aside.
    """
    fields: list[dict[str, object]] = []
    text = b""
    if file is not None:
        try:
            text = _content(file)
        except Invalid as error:
            fields.append(_field("", error.message, error.hint, file=str(file)))
    merged = settings.merge(Config, file=str(file), text=text, environment=environment, flags=flags, unread=unread)
    sources = {"file"} if fields else set[str]()
    for wrong in merged.wrong:
        sources.add(wrong.source)
        place = {"file": str(file), "line": wrong.fault.line, "column": wrong.fault.column}
        where = place if wrong.source == "file" else {}
        fields.append(_field(wrong.fault.path, wrong.fault.message, wrong.fault.hint, **where))
    if merged.value is None or fields:
        raise _invalid(fields, sources, file)
    return Loaded(merged.value, merged.origins, file)


def _invalid(fields: list[dict[str, object]], sources: set[str], file: Path | None) -> ConfigInvalid:
    names = {"file": file.name if file else "", "environment": "the environment", "flags": "the flags"}
    where = " and ".join(name for source, name in names.items() if source in sources)
    count = "1 error" if len(fields) == 1 else f"{len(fields)} errors"
    hint = "Correct each one; nothing was started, and no default stands in for a wrong value."
    return ConfigInvalid(f"{count} in {where}", hint=hint, details={"fields": fields})


def _unusable(message: str, hint: str, file: str) -> ConfigInvalid:
    return ConfigInvalid(message, hint=hint, details={"fields": [_field("", message, hint, file=file)]})


def _field(path: str, message: str, hint: str | None, **where: object) -> dict[str, object]:
    return {"path": path, "message": message, **({"hint": hint} if hint else {}), **where}


def _open(name: str, flags: int) -> int:
    # Not blocking, because a pipe in the file's place would hold the start up for ever.
    return os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _content(file: Path) -> bytes:
    """Read the whole of a regular file that is small enough. Raises Invalid."""
    try:
        with open(file, "rb", opener=_open) as stream:
            regular = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
            text = stream.read(_LARGEST + 1) if regular else b""
    except IsADirectoryError:
        raise Invalid("a folder, not a file", hint="Name the file in it.") from None
    except FileNotFoundError:
        raise Invalid(
            "there is no such file", hint="Correct the name, or leave it out to start with the defaults."
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not the name of a file"
        raise Invalid(f"the file cannot be read: {reason}", hint="Let the user that starts OpenPact read it.") from None
    if not regular:
        raise Invalid("not a regular file", hint="Write the configuration into a file.")
    if len(text) > _LARGEST:
        raise Invalid(f"more than {_LARGEST} bytes", hint="No configuration is that long; name the right file.")
    return text


def schema() -> dict[str, Any]:
    """Give the JSON Schema of the configuration file, made of the structs above."""
    parts = json_schema(Config)["$defs"]
    whole = dict(parts["Config"])
    sections = {
        key: {**parts[section["$ref"].rpartition("/")[2]], "default": section["default"]}
        for key, section in whole["properties"].items()
    }
    told = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        "title": "OpenPact configuration",
        "properties": _inlined(sections, parts),
    }
    document: dict[str, Any] = json.loads(json.dumps(told))  # as a program reads it: JSON has no tuples
    return document


def _inlined(node: Any, parts: Mapping[str, Any]) -> Any:
    """Put every part that is referred to in the place of the reference: editors that follow none read it too."""
    if isinstance(node, dict):
        if "$ref" in node:
            return _inlined(parts[node["$ref"].rpartition("/")[2]], parts)
        return {key: _inlined(each, parts) for key, each in node.items()}
    return [_inlined(each, parts) for each in node] if isinstance(node, list) else node


def show(loaded: Loaded) -> list[Setting]:
    """Give every setting in effect with its origin and description, secrets masked."""
    shown = []
    for key in settings.keys(Config).values():
        value = operator.attrgetter(key.name)(loaded.config)
        if key.mask is not None and value is not None:
            value = key.mask(value)
        shown.append(Setting(key.name, value, loaded.origins[key.name], key.description))
    return shown


def find_file(
    *, explicit: str | None, workspace: Path | None, environment: Mapping[str, str], cwd: Path
) -> Path | None:
    """Find the configuration file: --config, OPENPACT_CONFIG, the workspace's own, ./openpact.yaml; None for none.

    The first two must exist once they are given. What cannot be looked at is an error: it may hold stricter settings.
    """
    for source, name in (("--config", explicit), ("OPENPACT_CONFIG", environment.get("OPENPACT_CONFIG"))):
        if name is None:
            continue
        file = cwd / name
        if not name or not _exists(file):
            message = (
                f"there is no file {quoted(name, _SHOWN)}, which {source} names" if name else f"{source} names no file"
            )
            raise _unusable(message, "Correct the name, or leave it out.", name)
        return file
    own = () if workspace is None else (workspace / "secure" / "config.yaml",)
    return next((file for file in (*own, cwd / "openpact.yaml") if _exists(file)), None)


def _exists(file: Path) -> bool:
    """Say whether there is something of this name, if only a link that leads nowhere. Raises ConfigInvalid."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not the name of a file"
        message = f"{quoted(str(file), _SHOWN)} cannot be looked at: {reason}"
        raise _unusable(message, "Start OpenPact as the user that owns the workspace.", str(file)) from None
    return True


def find_workspace(
    *,
    explicit: str | None,
    environment: Mapping[str, str],
    configured: str | None,
    cwd: Path,
    home: Path,
    platform: str,
) -> Path:
    """Find the workspace: --workspace, OPENPACT_WORKSPACE, workspace.path, ./workspace, the user's data folder."""
    named = (
        ("--workspace", explicit),
        ("OPENPACT_WORKSPACE", environment.get("OPENPACT_WORKSPACE")),
        ("workspace.path", configured),
    )
    source, name = next(((source, name) for source, name in named if name is not None), ("the workspace", None))
    if source == "workspace.path":
        check_workspace(name or "")
    if name is not None:
        folder = _expanded(name, source, cwd, home)
    elif _exists(cwd / "workspace"):
        folder = cwd / "workspace"
    elif platform == "darwin":
        folder = home / "Library" / "Application Support" / "OpenPact"
    else:
        data = environment.get("XDG_DATA_HOME", "")
        # The XDG specification: a relative path there is to be ignored.
        folder = (Path(data) if data.startswith("/") else home / ".local" / "share") / "openpact"
    check_path(folder, source)
    return folder


def _expanded(name: str, what: str, cwd: Path, home: Path) -> Path:
    if not name:
        raise PathRefused(f"{what} is empty", hint="Name a folder, or leave it out.")
    if name == "~" or name.startswith("~/"):
        return home / name[2:].lstrip("/")
    if name.startswith("~"):
        raise PathRefused(f"{what} names another user's home", hint="Write the path in full.")
    return cwd / name


def check_path(path: Path, what: str) -> None:
    """Raise PathRefused where nothing of ours may live; `what` says what the path is for."""
    named = f"{what} {quoted(str(path), _SHOWN)}"
    location.check(PurePosixPath(path), named)
    try:
        resolved = path.resolve()
        endless = resolved.is_symlink()  # newer Pythons stop at a loop of links, older ones raise RuntimeError
    except (OSError, RuntimeError):
        endless = True
    if endless:
        raise PathRefused(f"{named} leads nowhere", hint="Name a folder that this user can reach.")
    if resolved != path:
        location.check(PurePosixPath(resolved), f"{named} leads to {quoted(str(resolved), _SHOWN)}, which")
