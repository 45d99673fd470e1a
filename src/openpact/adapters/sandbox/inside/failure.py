"""How a failed run is told: the fault, and the places in the script's own files that led to it.

Rules of this file:
- The line is one of the script that was run; a fault in a file that it loads says so in its message and its calls.
- Only files of the run appear; what the prelude did in between is left out.
- Lines and columns are those of the source as it was written, not as the engine got it.
"""

import ast
from typing import Any, NamedTuple

from openpact.adapters.sandbox.inside import tree
from openpact.adapters.sandbox.inside.dialect import SHIFT
from openpact.adapters.sandbox.inside.shift import Rewritten
from openpact.adapters.sandbox.inside.trace import Place, Trace
from openpact.adapters.sandbox.inside.world import Fault

_AT_EACH_END = 10  # of the calls, when there are more than both ends have
_MAX_SNIPPET = 400
_MAX_MESSAGE = 4_000
NOWHERE = Trace((), None, "")


class Failed(Exception):
    """The run has failed; `failure` is what is told of it."""

    def __init__(self, failure: dict[str, Any]) -> None:
        super().__init__(failure["message"])
        self.failure = failure


class _File(NamedTuple):
    source: str
    rewritten: Rewritten


class Files:
    """The files of a run, to tell places in them."""

    def __init__(self, entry: str) -> None:
        self._entry = entry
        self._files: dict[str, _File] = {}

    def add(self, name: str, source: str, rewritten: Rewritten) -> None:
        """Remember a file."""
        self._files[name] = _File(source, rewritten)

    def frames(self, told: Trace) -> list[list[Any]]:
        """Give the calls of an error that were made in files of the run; the innermost is last."""
        frames: list[list[Any]] = [list(frame) for frame in told.frames if frame[0] in self._files]
        place = told.place
        if place is not None and place.file in self._files and (not frames or told.frames[-1][:2] != place[:2]):
            frames.append([place.file, place.line, self._function_at(place)])
        return frames

    def failure(self, fault: Fault, told: Trace) -> dict[str, Any]:
        """Tell a fault, at the innermost place of the run's own files."""
        frames = self.frames(told)
        place = told.place
        if place is None or place.file not in self._files:
            place = self._call_place(told, None)
        else:
            place = place._replace(column=self._files[place.file].rewritten.column(place.line, place.column))
        if place is None or place.file == self._entry:
            return self._told(fault, fault.message, place, frames)
        message = f"{fault.message} ({place.file}, line {place.line})"
        return self._told(fault, message, self._call_place(told, self._entry), frames)

    def failure_at(self, fault: Fault, place: Place) -> dict[str, Any]:
        """Tell a fault at a place of the source as it was written."""
        frames = [[place.file, place.line, "<module>"]]
        if place.file == self._entry:
            return self._told(fault, fault.message, place, frames)
        return self._told(fault, f"{fault.message} ({place.file}, line {place.line})", None, frames)

    def failure_behind(self, inner: dict[str, Any], told: Trace) -> dict[str, Any]:
        """Tell the failure of a loaded file once more, from the file that loads it."""
        outer = self.failure(Fault(""), told)
        placed = {key: outer[key] for key in ("line", "column", "snippet")}
        return {**inner, **placed, "frames": _few([*outer["frames"], *inner["frames"]])}

    def _told(self, fault: Fault, message: str, place: Place | None, frames: list[list[Any]]) -> dict[str, Any]:
        return {
            "t": "failed",
            "code": fault.code,
            "message": message[:_MAX_MESSAGE],
            "hint": fault.hint,
            "line": None if place is None else place.line,
            "column": None if place is None else place.column,
            "snippet": None if place is None else self._line(place)[:_MAX_SNIPPET],
            "frames": _few(frames),
        }

    def _call_place(self, told: Trace, within: str | None) -> Place | None:
        """Find the innermost call made in a file, or in any of the run's: the engine tells its line only."""
        for number in range(len(told.frames) - 1, -1, -1):
            file, line, _ = told.frames[number]
            if file == within or (within is None and file in self._files):
                return self._call_in(Place(file, line, 1), self._called(told, number))
        return None

    def _called(self, told: Trace, number: int) -> str:
        """Give the name of the function that the call of one frame went into."""
        if number + 1 < len(told.frames):
            return told.frames[number + 1].function
        return self._function_at(told.place) if told.place is not None and told.place.file in self._files else ""

    def _call_in(self, place: Place, function: str) -> Place:
        text = self._line(place)
        ways = ("<<",) if function == SHIFT else (f"{function.replace('_', '.', 1)}(", f"{function}(")
        at = max(map(text.find, ways)) if function else -1
        return place._replace(column=(at if at >= 0 else len(text) - len(text.lstrip(" "))) + 1)

    def _line(self, place: Place) -> str:
        lines = self._files[place.file].source.split("\n")
        return lines[place.line - 1].rstrip("\r") if 0 < place.line <= len(lines) else ""

    def _function_at(self, place: Place) -> str:
        try:
            whole = tree.parsed(self._files[place.file].source)
        except tree.Unreadable:
            return "<module>"  # the other reader of sources does not take this one; the line is told anyway
        name = "<module>"
        for node in ast.walk(whole):  # outer functions come before inner ones
            if isinstance(node, ast.FunctionDef | ast.Lambda) and node.lineno <= place.line <= (node.end_lineno or 0):
                name = node.name if isinstance(node, ast.FunctionDef) else name
        return name


def _few(frames: list[list[Any]]) -> list[list[Any]]:
    return frames if len(frames) <= 2 * _AT_EACH_END else [*frames[:_AT_EACH_END], *frames[-_AT_EACH_END:]]
