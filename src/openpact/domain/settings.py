"""Settings from several layers, each over the one before: default < file < environment < flags.

Rules of this file:
- Each layer is judged by itself, so that no layer hides an error of the one beneath it.
- All errors of all layers are reported at once, and none repeats a value.
- `OPENPACT_SECTION__KEY` that names no setting is an error: a misspelt variable must not be silently without effect.
- The environment never reaches what decides how safe the rest is: `security.*`, `engine.*`, `*.approval.*`,
  `approvals.*`, `secrets.*`, `sandbox.*`, `http.*`, and whether hosts are inferred. It is easier to change than the
  file, and nobody reviews it.
- `OPENPACT_SECRET_NAME` is the value of a secret, whatever its name holds, and never a setting.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Literal, TypeVar

import msgspec
import msgspec.inspect as mi

from openpact.domain.document import Fault, Node, Scalar, interpolate, leaves, overlay, quoted, without
from openpact.domain.strict_yaml import read
from openpact.domain.typed import convert, nearest

S = TypeVar("S", bound=msgspec.Struct)
Source = Literal["file", "environment", "flags"]

_PREFIX = "OPENPACT_"
_GUARDED_SECTIONS = frozenset({"approvals", "engine", "http", "sandbox", "secrets", "security"})
_GUARDED_PARTS = frozenset({"approval", "infer_hosts", "secrets"})
_SECRET = re.compile(r"OPENPACT_SECRET_[A-Z]")


class Key(msgspec.Struct, frozen=True):
    """One setting: its dotted name, what it is for, and how its value is shown where that may hold a secret."""

    name: str
    description: str
    mask: Callable[[Any], str] | None

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return _PREFIX + self.name.upper().replace(".", "__")


class Override(msgspec.Struct, frozen=True):
    """A value for one key from outside the file, and where exactly it comes from."""

    key: str
    value: Scalar
    source: Source
    origin: str


class Wrong(msgspec.Struct, frozen=True):
    """One error in one layer; line and column only for the file."""

    source: Source
    fault: Fault


class Merged(msgspec.Struct, Generic[S], frozen=True):
    """What the layers come to: the settings (None when anything is wrong), where each came from, and what is wrong."""

    value: S | None
    origins: Mapping[str, str]
    wrong: tuple[Wrong, ...]


@functools.cache
def keys(target: type[msgspec.Struct]) -> Mapping[str, Key]:
    """Give every setting of a struct of sections, by its dotted name."""
    return {key.name: key for key in _keys(mi.type_info(target), "")}


def _keys(info: mi.Type, name: str) -> Iterator[Key]:
    bare = info.type if isinstance(info, mi.Metadata) else info
    if isinstance(bare, mi.StructType):
        for field in bare.fields:
            yield from _keys(field.type, f"{name}.{field.encode_name}" if name else field.encode_name)
        return
    schema = (info.extra_json_schema if isinstance(info, mi.Metadata) else None) or {}
    extra = (info.extra if isinstance(info, mi.Metadata) else None) or {}
    yield Key(name, str(schema.get("description", "")), extra.get("mask"))


def from_flags(flags: Mapping[str, str | int | bool]) -> list[Override]:
    """Make overrides of command line flags, given by dotted key; the flag has the name of the key's last part."""
    return [
        Override(key, Scalar(0, 0, value, str(value), isinstance(value, str)), "flags", f"flag {_flag(key)}")
        for key, value in flags.items()
    ]


def from_environment(
    target: type[msgspec.Struct], environment: Mapping[str, str]
) -> tuple[list[Override], list[Wrong]]:
    """Make overrides of the environment, and say which of its variables name no setting or may not reach theirs.

    Names without a double underscore (`OPENPACT_WORKSPACE`) are no overrides.
    """
    known = {key.variable: key.name for key in keys(target).values() if not _guarded(key.name)}
    overrides: list[Override] = []
    wrong: list[Wrong] = []
    for variable in sorted(environment):
        if not variable.upper().startswith(_PREFIX) or "__" not in variable[len(_PREFIX) - 1 :]:
            continue
        if _SECRET.match(variable):
            continue
        shown = quoted(variable)[1:-1]  # a variable's name may hold anything, also what a terminal would obey
        key = shown[len(_PREFIX) :].lower().replace("__", ".")
        origin = f"environment {shown}"
        if variable in known:
            text = environment[variable]
            overrides.append(Override(key, Scalar(0, 0, text, text, loose=True), "environment", origin))
        elif _guarded(key):
            message = f"{origin}: the environment cannot change what decides how safe the rest is"
            wrong.append(Wrong("environment", Fault(0, 0, key, message, "Unset it, and set the key in the file.")))
        else:
            near = nearest(variable, known)
            hint = f"Did you mean {near}?" if near else "Unset it; `openpact config schema` lists every key."
            wrong.append(Wrong("environment", Fault(0, 0, key, f"{origin}: there is no such setting", hint)))
    return overrides, wrong


def _flag(key: str) -> str:
    section, _, last = key.rpartition(".")
    return "--" + (section if last == "path" else last).replace("_", "-")


def _guarded(key: str) -> bool:
    first, *rest = key.split(".")
    return first in _GUARDED_SECTIONS or not _GUARDED_PARTS.isdisjoint(rest)


def merge(
    target: type[S],
    *,
    file: str,
    text: bytes,
    environment: Mapping[str, str],
    flags: Mapping[str, str | int | bool],
    unread: str | None = None,
) -> Merged[S]:
    """Lay the layers over each other. An empty text is a file that leaves every default as it is.

    `unread` is a key of the file that stays at its default: who needs none of it must not have its variables.
    """
    root, faults = _read(target, text, environment, unread)
    overrides, wrong = from_environment(target, environment)
    wrong = [*(Wrong("file", fault) for fault in faults), *wrong]
    overrides += from_flags(flags)
    known = keys(target)
    origins = dict.fromkeys(known, "default")
    for path, place in leaves(root) if root else ():
        key = _setting_of(path, known)
        if origins.get(key, "default") == "default":
            origins[key] = f"{file}:{place.line}"
    tree: Node | None = root
    for override in overrides:
        parts = tuple(override.key.split("."))
        for fault in convert(overlay(None, parts, override.value), target)[1]:
            if override.key in known and fault.path != override.key:
                continue  # what keys must be together is judged below, when all layers are in place
            message = f"{override.origin}: {fault.message}"
            wrong.append(Wrong(override.source, Fault(0, 0, fault.path, message, fault.hint)))
        tree = overlay(tree, parts, override.value)
        origins[override.key] = override.origin
    if wrong:
        return Merged(None, origins, tuple(wrong))
    value, faults = convert(tree, target)
    return Merged(value, {key: origins[key] for key in known}, tuple(Wrong("file", each) for each in faults))


def _setting_of(path: str, known: Mapping[str, Key]) -> str:
    """Give the setting that this path lies in: itself, or one that is a table of things with names of their own."""
    return path if path in known else next((key for key in known if path.startswith((f"{key}.", f"{key}["))), path)


def _read(
    target: type[msgspec.Struct], text: bytes, environment: Mapping[str, str], unread: str | None
) -> tuple[Node | None, list[Fault]]:
    document = read(text)
    faults = list(document.faults)
    root = document.root
    if root is not None and unread is not None:
        root = without(root, tuple(unread.split(".")))
    if root is not None:
        root, unset = interpolate(root, environment)
        faults += unset
    if root is not None or not faults:
        faults += convert(root, target)[1]
    return root, sorted(faults, key=lambda fault: (fault.line, fault.column))
