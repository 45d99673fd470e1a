"""The shape of a script as the sandbox reports it: diagnostics, functions, loads, and its syntax tree.

The tree is CPython's, flattened in pre-order, one list per node: kind, index of the parent, field in the parent, the
four numbers of its place, and a value (a name, an operator, the text of a constant).

Rules of this file:
- The process that made the outline has read hostile text, so it may be hostile itself: nothing is used before its
  types, its counts and the form of the tree are checked.
- Nothing recurses: a tree may be as deep as it is long. A parent stands before its children, so a walk is a loop.
"""

import functools
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from openpact.domain.errors import ScriptInvalid

MOST_NODES = 50_000

_Place = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
_Word = Annotated[str, msgspec.Meta(max_length=64)]
_Text = Annotated[str, msgspec.Meta(max_length=300_000)]
_NESTING = frozenset({"Tuple", "List", "Starred"})
DOCSTRING = "docstring"


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that the engine or the linter says, and where."""

    severity: Literal["error", "warning", "note"]
    code: _Word
    message: _Text
    line: _Place
    column: _Place
    end_line: _Place
    end_column: _Place


class Parameter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One parameter of a function."""

    name: _Text
    kind: Literal["positional", "keyword_only", "rest", "keywords"]
    default: _Text | None


class Function(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One top-level function."""

    name: _Text
    line: _Place
    public: bool
    doc: _Text | None
    params: tuple[Parameter, ...]


class Load(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One load of another script."""

    path: _Text
    line: _Place
    names: tuple[_Text, ...]


class Node(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One node of the tree; what has no place of its own has that of its parent."""

    kind: _Word
    parent: Annotated[int, msgspec.Meta(ge=-1, lt=MOST_NODES)]
    field: _Word
    line: _Place
    column: _Place
    end_line: _Place
    end_column: _Place
    value: _Text | None


class Outline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a check found out about a script. `nodes` is None where there are too many, or none at all."""

    ok: bool
    diagnostics: Annotated[tuple[Diagnostic, ...], msgspec.Meta(max_length=1_000)]
    functions: Annotated[tuple[Function, ...], msgspec.Meta(max_length=MOST_NODES)]
    loads: Annotated[tuple[Load, ...], msgspec.Meta(max_length=MOST_NODES)]
    nodes: Annotated[tuple[Node, ...], msgspec.Meta(max_length=MOST_NODES)] | None
    truncated: bool = False

    @property
    def analysable(self) -> bool:
        """Say whether there is a tree of a script that the engine takes."""
        return self.ok and bool(self.nodes) and not self.truncated


def read_outline(given: object) -> Outline:
    """Check what the sandbox sent, as decoded JSON. Raises ScriptInvalid."""
    try:
        outline = msgspec.convert(given, Outline)
    except msgspec.ValidationError:
        raise ScriptInvalid("The sandbox gave no outline that can be read.", hint="Check the script again.") from None
    path: list[int] = []
    for index, node in enumerate(outline.nodes or ()):
        while path and path[-1] != node.parent:
            path.pop()
        if (node.parent == -1) is not (index == 0) or (index > 0 and not path):
            raise ScriptInvalid("The sandbox gave a tree that is none.", hint="Check the script again.")
        path.append(index)
    return outline


class Tree:
    """The syntax tree of an outline that has one, for walking around in."""

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self.nodes = nodes
        self._children: list[list[int]] = [[] for _ in nodes]
        for index, node in enumerate(nodes[1:], 1):
            self._children[node.parent].append(index)

    def __len__(self) -> int:
        return len(self.nodes)

    def children(self, index: int, field: str | None = None) -> list[int]:
        """Give the children of a node in their order, all or those of one field."""
        found = self._children[index]
        return found if field is None else [child for child in found if self.nodes[child].field == field]

    def child(self, index: int, field: str) -> int | None:
        """Find the first child in a field."""
        return next(iter(self.children(index, field)), None)

    def parents(self, index: int) -> Iterator[int]:
        """Yield what a node stands in, the innermost first."""
        while (index := self.nodes[index].parent) >= 0:
            yield index

    def of_kind(self, *kinds: str) -> Iterator[int]:
        """Yield the nodes of these kinds, in the order of the text."""
        return (index for index, node in enumerate(self.nodes) if node.kind in kinds)

    def name(self, index: int | None) -> str | None:
        """Find the name that a Name node is."""
        return self.nodes[index].value if index is not None and self.nodes[index].kind == "Name" else None

    def text(self, index: int | None) -> str | None:
        """Find the text of a constant that is no docstring."""
        if index is None or self.nodes[index].kind != "Constant" or self.nodes[index].field == DOCSTRING:
            return None
        return self.nodes[index].value

    def place(self, index: int) -> tuple[int, int]:
        """Give line and column of a node."""
        return self.nodes[index].line, self.nodes[index].column

    def root_name(self, index: int) -> int | None:
        """Find the Name at the bottom of `name.a["b"]`."""
        at: int | None = index
        while at is not None and self.nodes[at].kind in {"Attribute", "Subscript", "Starred"}:
            at = self.child(at, "value")
        return at if at is not None and self.nodes[at].kind == "Name" else None

    @functools.cached_property
    def targets(self) -> frozenset[int]:
        """The nodes that are assigned to."""
        found: set[int] = set()
        for index, node in enumerate(self.nodes):
            nested = (
                node.parent in found and self.nodes[node.parent].kind in _NESTING and node.field in {"elts", "value"}
            )
            if nested or node.field in {"target", "targets"}:
                found.add(index)
        return frozenset(found)
