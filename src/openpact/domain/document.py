"""A text as a tree in which every value knows its place, and the faults found in it.

Rules of this file:
- Nodes are never changed; a step that changes something (`interpolate`, `overlay`) gives a new tree.
- A fault names the place and the path, says what is wrong and what to do. It never repeats a value, which may be a
  secret; it may repeat a key.
- What could not be read is `Broken`: its fault is reported already, so whoever meets the node stays silent.
- Variables go into single values, never into text, so that no variable can add a key or a line.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

Value = str | int | Decimal | bool | None

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_VARIABLE = re.compile(r"\$\$|\$\{([^}]*)(\}?)")
_REFERENCE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong in a text: where (counted from 1), in which key, what, and what to do about it."""

    line: int
    column: int
    path: str
    message: str
    hint: str | None = None


class Place(msgspec.Struct, frozen=True):
    """A line and a column, counted from 1; 0 and 0 for what stands in no text."""

    line: int
    column: int

    def fault(self, path: str, message: str, hint: str | None = None) -> Fault:
        """Say that something is wrong here."""
        return Fault(self.line, self.column, path, message, hint)


class Scalar(Place, frozen=True):
    """One value. `loose` means that its source knows only text (a variable), so that the target decides the type."""

    value: Value
    text: str  # as written, without quotes
    loose: bool = False


class Items(Place, frozen=True):
    """A list of nodes."""

    nodes: tuple["Node", ...]


class Entry(Place, frozen=True):
    """The node of one key, and where the key stands."""

    node: "Node"


class Table(Place, frozen=True):
    """Keys with their nodes, in the order of the text."""

    entries: Mapping[str, Entry]


class Broken(Place, frozen=True):
    """A node that could not be read and whose fault is reported."""


Node = Scalar | Items | Table | Broken


def quoted(text: str, longest: int = 60) -> str:
    """Give a key or a path in quotes for a message: short, and without characters that a terminal would obey."""
    short = text if len(text) <= longest else text[:longest] + "…"
    return json.dumps(short, ensure_ascii=not short.isprintable())


def join(path: str, key: str | int) -> str:
    """Give the path of a key or an index beneath a path: `tools.refund.rules[0]`, `tools["a.b"]`."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{quoted(key)}]"
    return f"{path}.{key}" if path else key


def plain(node: Node) -> object:
    """Give the tree as plain values: dict, list, str, int, Decimal, bool and None. A broken node raises ValueError."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [plain(each) for each in node.nodes]
    if isinstance(node, Table):
        return {key: plain(entry.node) for key, entry in node.entries.items()}
    raise ValueError("a broken node has no value")


def leaves(node: Node, path: str = "") -> Iterator[tuple[str, Place]]:
    """Yield the path and place of everything that is not a table of further keys; for a key, the key's place."""
    if not isinstance(node, Table):
        yield path, node
        return
    for key, entry in node.entries.items():
        beneath = join(path, key)
        if isinstance(entry.node, Table):
            yield from leaves(entry.node, beneath)
        else:
            yield beneath, entry


def overlay(node: Node | None, keys: tuple[str, ...], value: Scalar) -> Node:
    """Give the tree with one value put at these keys; what stands in the way gives way to it."""
    if not keys:
        return value
    entries = dict(node.entries) if isinstance(node, Table) else {}
    old = entries.get(keys[0])
    beneath = overlay(old.node if old else None, keys[1:], value)
    entries[keys[0]] = Entry(value.line, value.column, beneath)
    place = node if node is not None else value
    return Table(place.line, place.column, entries)


def without(node: Node, keys: tuple[str, ...]) -> Node:
    """Give the tree without what stands at these keys, if anything does."""
    if not isinstance(node, Table) or keys[0] not in node.entries:
        return node
    entries = dict(node.entries)
    old = entries.pop(keys[0])
    if len(keys) > 1:
        entries[keys[0]] = Entry(old.line, old.column, without(old.node, keys[1:]))
    return Table(node.line, node.column, entries)


def interpolate(node: Node, variables: Mapping[str, str], path: str = "") -> tuple[Node, list[Fault]]:
    """Put variables into the values of a tree: `${NAME}`, `${NAME:-default}`, and `$$` for a plain `$`.

    The default stands for a variable that is unset or empty. What a variable holds is not looked at again, and a `$`
    without a brace is itself. A value with a variable becomes `loose`.
    """
    if isinstance(node, Scalar):
        return _filled(node, variables, path)
    faults: list[Fault] = []
    if isinstance(node, Items):
        nodes = []
        for index, each in enumerate(node.nodes):
            new, found = interpolate(each, variables, join(path, index))
            nodes.append(new)
            faults += found
        return Items(node.line, node.column, tuple(nodes)), faults
    if isinstance(node, Table):
        entries = {}
        for key, entry in node.entries.items():
            new, found = interpolate(entry.node, variables, join(path, key))
            entries[key] = Entry(entry.line, entry.column, new)
            faults += found
        return Table(node.line, node.column, entries), faults
    return node, faults


def _filled(node: Scalar, variables: Mapping[str, str], path: str) -> tuple[Scalar | Broken, list[Fault]]:
    if not isinstance(node.value, str) or "$" not in node.value:
        return node, []
    faults: list[Fault] = []
    loose = False

    def content(match: re.Match[str]) -> str:
        nonlocal loose
        if match[0] == "$$":
            return "$"
        reference = _REFERENCE.fullmatch(match[1])
        if reference is None or not match[2]:
            hint = "Write ${NAME} or ${NAME:-default}; for a plain $ before a brace write $$."
            faults.append(node.fault(path, "a ${ that names no variable", hint))
            return ""
        loose = True
        name, default = reference[1], reference[2]
        found = variables.get(name)
        if found is None and default is None:
            hint = f"Set it, or give a default: ${{{name}:-default}}."
            faults.append(node.fault(path, f"the environment variable {name} is not set", hint))
            return ""
        if default is not None and not found:
            return str(default)
        text = found or ""
        if not _is_text(text):
            faults.append(node.fault(path, f"the environment variable {name} is not UTF-8 text", "Set it again."))
        return text

    text = _VARIABLE.sub(content, node.value)
    if faults:
        return Broken(node.line, node.column), faults
    return Scalar(node.line, node.column, text, text, loose), []


def _is_text(text: str) -> bool:
    """Say whether the text has no half characters, which stand for bytes that are not UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
