r"""Texts that the engine takes for another text than CPython does: a script that holds one is refused.

The findings and the inferred hosts are read from CPython's tree, and the engine runs the script. In an f-string the
engine decodes escapes first and looks for placeholders second, CPython the other way round: `f"\x7bkey\x7d"` runs as
the value of `key` and would be reviewed as five letters.

Rules of this file:
- What the two take differently is refused, never translated: what is reviewed is what runs.
- Both have parsed the source before: a text stands between its quotes, and no two stand side by side.
"""

import ast
import re
from collections.abc import Iterator

from openpact.adapters.sandbox.inside import tree

_LONE_RETURN = re.compile(r"\r(?!\n)")
# No possessive quantifiers here: Pythons before 3.11.5 match groups of them wrongly.
_PREFIX = re.compile(r"fr?|r|")
_INSIDE = {quote: re.compile(rf"\\.|{quote}", re.DOTALL) for quote in ("'''", '"""', "'", '"')}
_ESCAPE = re.compile(r"\\([0-7]{1,3}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", re.DOTALL)
_BRACES = frozenset(map(ord, "{}"))
_PLAIN_PART = "An f-string holds plain names only, without `!r` and without a format."


class NotTheSame(Exception):
    """A text means one thing to who reviews the script and another to who runs it."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


def check(source: str, whole: ast.Module) -> None:
    """Look through the texts of a source that both readers take. Raises NotTheSame."""
    lone = _LONE_RETURN.search(source)
    if lone is not None:  # one of the readers begins a line there
        begin = source.rfind("\n", 0, lone.start()) + 1
        message = "The source holds a carriage return that ends no line."
        raise NotTheSame(message, source.count("\n", 0, begin) + 1, lone.start() - begin + 1)
    positions = tree.Positions(source)
    lines = source.split("\n")
    for text in _texts(whole):
        wrong = _parts(text) if isinstance(text, ast.JoinedStr) else None
        wrong = wrong or _spelling(_written(text, lines, positions))
        if wrong is not None:
            raise NotTheSame(wrong, text.lineno, positions.column(text.lineno, text.col_offset))


def _texts(whole: ast.Module) -> Iterator[ast.expr]:
    waiting: list[ast.AST] = [whole]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
            yield node  # what an f-string holds has no place of its own
        else:
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _parts(text: ast.JoinedStr) -> str | None:
    for part in text.values:
        if isinstance(part, ast.FormattedValue):
            plain = isinstance(part.value, ast.Name) and part.conversion == -1 and part.format_spec is None
            if not plain:
                return _PLAIN_PART
    return None


def _written(text: ast.expr, lines: list[str], positions: tree.Positions) -> str:
    """Give a text as the source spells it; unlike the tree's own way, in time that grows with its length only."""
    first, last = text.lineno, text.end_lineno or text.lineno
    begin = positions.column(first, text.col_offset) - 1
    end = positions.column(last, text.end_col_offset or 0) - 1
    if first == last:
        return lines[first - 1][begin:end]
    return "\n".join([lines[first - 1][begin:], *lines[first : last - 1], lines[last - 1][:end]])


def _spelling(written: str) -> str | None:
    """Say what is wrong with how a text is spelled."""
    prefix, body = _divided(written)
    if body is None:
        return "This text cannot be read."
    for escape in _ESCAPE.finditer(body) if "\\" in body else ():
        behind = escape[1]
        if prefix in {"r", "fr"}:
            if behind in {'"', "'", "\r"}:  # the engine leaves the backslash out, or the return in
                return "A text with `r` in front holds no backslash before a quote or at the end of a line."
        elif behind == "N":
            return "There are no characters by name: write `\\u` and the number of the character."
        elif prefix == "f" and _number(behind) in _BRACES:
            return "An f-string holds no brace that is written as an escape: double it, `{{`."
    return None


def _divided(written: str) -> tuple[str, str | None]:
    """Give what stands before the quotes and between them; None where it is not one whole text."""
    found = _PREFIX.match(written)
    prefix = found[0] if found else ""
    rest = written[len(prefix) :]
    for quote, inside in _INSIDE.items():
        if rest.startswith(quote) and rest.endswith(quote) and len(rest) >= 2 * len(quote):
            body = rest[len(quote) : -len(quote)]
            ends = any(part[0] == quote for part in inside.finditer(body))
            return prefix, None if ends else body
    return prefix, None


def _number(behind: str) -> int | None:
    """Give the character that an escape names by its number."""
    if len(behind) > 1 and behind[0] in "xuU":
        return int(behind[1:], 16)
    return int(behind, 8) if behind[0] in "01234567" else None
