"""Left shifts made exact: `a << b` is rewritten into a call before the engine reads it.

The engine's own `<<` gives wrong values for many operands. All its other operators were compared with exact
arithmetic and are right, so this one is never executed: a source that cannot be rewritten surely is refused.

Rules of this file:
- Lines stay lines; only columns move, and `Rewritten.column` leads back to the column that a person sees.
- A source without `<<` is given to the engine as it is.
"""

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from openpact.adapters.sandbox.inside import tree

_BETWEEN = re.compile(r"(?:[\s)\\]|#[^\n]*+)*?(<<)")
# At one place what ends goes before the operator, and that before what begins.
_END, _OPERATOR, _BEGIN = range(3)
_Edit: TypeAlias = tuple[int, int, str, int]  # character, rank, text, how many characters it replaces


class NotExact(Exception):
    """A shift stands where it cannot be rewritten."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class Rewritten(NamedTuple):
    """A source as the engine gets it, and the way back to the columns of the original."""

    text: str
    moved: dict[int, list[tuple[int, int]]]  # line to (column in the new text, column in the old one), ascending

    def column(self, line: int, column: int) -> int:
        """Give the column of the original for one of the rewritten text."""
        marks = self.moved.get(line)
        if not marks:
            return column
        new, old = marks[max(0, bisect_right(marks, (column, 1 << 60)) - 1)]
        return column if column < new else old + column - new


def rewritten(source: str, call: str) -> Rewritten:
    """Rewrite every left shift of a source into a call of a function. Raises NotExact, Unreadable."""
    if "<<" not in source:
        return Rewritten(source, {})
    if "\r" in source or "\f" in source:  # lines that two readers could count differently
        raise NotExact("A source that shifts to the left holds no carriage returns or form feeds.", 1, 1)
    positions = tree.Positions(source)
    new = _edited(source, positions, sorted(_edits(source, positions, call)))
    if any(isinstance(node, ast.LShift) for node in ast.walk(tree.parsed(new.text))):
        raise NotExact("A shift of this source cannot be read.", 1, 1)
    return new


def _edits(source: str, positions: tree.Positions, call: str) -> Iterator[_Edit]:
    for node in ast.walk(tree.parsed(source)):
        if isinstance(node, ast.JoinedStr):
            for part in ast.walk(node):
                if isinstance(part, ast.LShift):  # the places inside are not those of the source
                    raise NotExact("An f-string holds names only.", node.lineno, node.col_offset + 1)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.LShift):
            yield positions.index(node.lineno, node.col_offset), _BEGIN, f"{call}(", 0
            yield _operator(source, positions, node.left), _OPERATOR, ",", 2
            yield _end(positions, node), _END, ")", 0
        elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.LShift):
            at = _operator(source, positions, node.target)
            if not isinstance(node.target, ast.Name):  # its parts would be evaluated twice
                raise NotExact("`<<=` works on plain names only.", *positions.place(at))
            yield at, _OPERATOR, f"= {call}({node.target.id}, ", 3
            yield _end(positions, node), _END, ")", 0


def _operator(source: str, positions: tree.Positions, left: ast.expr) -> int:
    end = _end(positions, left)
    found = _BETWEEN.match(source, end)
    if found is None:
        raise NotExact("This shift cannot be read.", *positions.place(end))
    return found.start(1)


def _end(positions: tree.Positions, node: ast.expr | ast.stmt) -> int:
    return positions.index(node.end_lineno or node.lineno, node.end_col_offset or 0)


def _edited(source: str, positions: tree.Positions, edits: list[_Edit]) -> Rewritten:
    parts: list[str] = []
    moved: dict[int, list[tuple[int, int]]] = {}
    longer: dict[int, int] = {}  # line to how much longer it is by now
    end = 0
    for at, _, text, replaced in edits:
        line, column = positions.place(at)
        before = longer.get(line, 0)
        after = before + len(text) - replaced
        marks = moved.setdefault(line, [])
        marks.append((column + before, column))
        marks.append((column + replaced + after, column + replaced))
        longer[line] = after
        parts += (source[end:at], text)
        end = at + replaced
    return Rewritten("".join([*parts, source[end:]]), moved)
