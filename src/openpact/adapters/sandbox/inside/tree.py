"""CPython's reading of a source: the one that knows functions, parameters and the place of each node.

Rules of this file:
- Behind the locks no file can be opened, and CPython opens the file that a syntax error is in. So sources are parsed
  under a name that no file system can have.
- A source is as long as it may be, on as many lines as it likes: no question about a place reads all of it again.
- Most sources that the engine takes are read here too; who parses one that is not gets `Unreadable`, nothing else.
"""

import ast
from array import array
from bisect import bisect_right
from itertools import accumulate

from openpact.adapters.sandbox.inside import memory

# Half of a surrogate pair, which cannot be encoded: the attempt to open it ends before the kernel is asked.
_NO_FILE = "\ud800"


_LONGEST_DEFAULT = 200  # characters
# CPython says MemoryError of a source that is nested too deeply, too. Its reader gives up at a fixed depth, and needs
# less than this until then; a source whose tree really did not fit had more, whatever the limit.
_DEEPEST_TAKES = 32 << 20


class Unreadable(Exception):
    """This source has no tree: it is no Python, or too deeply nested."""


def parsed(source: str) -> ast.Module:
    """Parse a source. Raises Unreadable, MemoryError."""
    before = memory.most_held()
    try:
        return ast.parse(source, _NO_FILE)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from None
    except MemoryError:
        if memory.most_held() - before > _DEEPEST_TAKES:
            raise
        raise Unreadable("too deeply nested") from None


class Positions:
    """Places in a source: from lines (counted from 1) and byte offsets, as trees have them, to characters and back."""

    def __init__(self, source: str) -> None:
        self._lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._starts = list(accumulate((len(line) + 1 for line in self._lines), initial=0))
        self._characters: dict[int, array[int]] = {}

    @property
    def lines(self) -> int:
        """Tell how many lines there are."""
        return len(self._lines)

    def column(self, line: int, offset: int) -> int:
        """Give the column, counted from 1, of a byte of a line."""
        if self._lines[line - 1].isascii():
            return offset + 1
        if line not in self._characters:
            counts = array("I")
            for number, character in enumerate(self._lines[line - 1] + "\n"):
                counts.extend([number] * len(character.encode()))
            self._characters[line] = counts
        return self._characters[line][offset] + 1

    def index(self, line: int, offset: int) -> int:
        """Give the number of the character, in the whole source, at a byte of a line."""
        return self._starts[line - 1] + self.column(line, offset) - 1

    def place(self, index: int) -> tuple[int, int]:
        """Give line and column, both counted from 1, of a character of the whole source."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1


def written(node: ast.AST) -> str:
    """Write a small part of a tree for people to read; one that is too large or too deep is a mark only."""
    try:
        text = ast.unparse(node)
    except (ValueError, RecursionError):
        return "…"
    return text if len(text) <= _LONGEST_DEFAULT else text[: _LONGEST_DEFAULT - 1] + "…"


def constant(node: ast.Constant) -> str:
    """Give the text of a constant: of a string itself, of anything else as it is written."""
    if isinstance(node.value, str):
        return node.value
    try:
        return repr(node.value)
    except ValueError:  # the interpreter writes no integer of more than 4300 digits in tens
        return hex(node.value) if isinstance(node.value, int) else "…"
