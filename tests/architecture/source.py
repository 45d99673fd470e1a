"""What the architecture tests look at: the files of this repository, read and parsed once.

Rules of this file:
- "Ours" is what git tracks or would track: a file that is not added yet is judged before it is committed.
- A check takes a Source and gives sentences, one a fault, each with its place. So every check can be proven on a
  Source that was written to be wrong: a check that never fails checks nothing.
"""

import ast
import functools
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
HOUSE = "src/openpact/"


class Source(NamedTuple):
    """One Python file: where it is from the root of the repository, its text, its tree."""

    path: str
    text: str
    tree: ast.Module

    def at(self, node: ast.AST) -> str:
        """Give the place of a node for a sentence."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


def parse(text: str, path: str = "src/openpact/services/example.py") -> Source:
    """Give a Source of this text, as if it stood at the path."""
    return Source(path, text, ast.parse(text))


@functools.cache
def ours() -> tuple[str, ...]:
    """Give the path of every file that git tracks or would track."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)  # noqa: S603
    return tuple(sorted(path for path in set(done.stdout.split("\0")) if path and (ROOT / path).is_file()))


def named(*suffixes: str, under: str = "") -> list[str]:
    """Give the files of ours that end so, under this folder."""
    return [path for path in ours() if path.startswith(under) and path.endswith(suffixes)]


@functools.cache
def read(path: str) -> str:
    """Read a file of ours."""
    return (ROOT / path).read_text(encoding="utf-8")


@functools.cache
def python(under: str = "") -> tuple[Source, ...]:
    """Give every Python file of ours under this folder."""
    return tuple(parse(read(path), path) for path in named(".py", under=under))


def functions(tree: ast.AST) -> Iterable[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give every function and method."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imports(tree: ast.AST) -> Iterable[tuple[ast.AST, str]]:
    """Give every name that is imported, dotted, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module or '.'}.{alias.name}") for alias in node.names)


def dotted(node: ast.AST) -> str:
    """Give a plain chain of names as text (`self._store.write`), or nothing for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""
