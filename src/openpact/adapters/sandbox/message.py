"""What the sandbox says to the parent, read strictly: the parent believes nothing that it cannot check.

Rules of this file:
- A message is one of the types below, whole and without more, or it is `Invalid` and its sender is killed.
- What a worker may give to the host is flat: no depth can be hidden in it.
"""

from typing import Annotated, Any

import msgspec

_MOST = 2**53  # what every reader of JSON keeps exactly
_Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]

Given = bool | int | float | str | list[str] | dict[str, str] | None


class Invalid(ValueError):
    """No message that the sandbox can have sent by itself."""


class _Message(msgspec.Struct, frozen=True, tag_field="t", forbid_unknown_fields=True):
    pass


class Log(_Message, frozen=True, tag="log"):
    """One log line."""

    text: str


class Call(_Message, frozen=True, tag="call"):
    """The script asks its host for something."""

    op: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    given: dict[str, Given]


class Done(_Message, frozen=True, tag="done"):
    """The script ended with this result, a JSON text."""

    result: str
    steps: _Count
    peak: _Count


class Failed(_Message, frozen=True, tag="failed"):
    """The script failed, and where."""

    code: str
    message: str
    hint: str | None = None
    line: _Count | None = None
    column: _Count | None = None
    snippet: str | None = None
    frames: list[tuple[str, _Count, str]] = []
    steps: _Count = 0
    peak: _Count = 0


class Checked(_Message, frozen=True, tag="checked"):
    """What stands in a source that was only read."""

    outline: dict[str, Any]


class Ready(_Message, frozen=True, tag="ready"):
    """The zygote is locked: each layer with `ok` or why it lacks."""

    report: dict[str, str]


class Unready(_Message, frozen=True, tag="unready"):
    """The zygote could not be made ready."""

    why: str


class Born(_Message, frozen=True, tag="born"):
    """A worker's process; told only where the parent must look at its memory."""

    id: int
    process: int


class Exit(_Message, frozen=True, tag="exit"):
    """A worker ended: its wait status (-1: it was never started), and whether the zygote's clock ended it."""

    id: int
    status: int
    grown: int  # bytes: how far its memory has grown at most
    cpu: float  # seconds
    late: bool


FromWorker = Log | Call | Done | Failed | Checked
FromZygote = Ready | Unready | Born | Exit

START = 16  # bytes from which the type of a message can be told
_STARTS = {f'{{"t":"{name}",'.encode(): name for name in ("log", "call", "done", "failed", "checked")}

_worker = msgspec.json.Decoder(FromWorker)
_zygote = msgspec.json.Decoder(FromZygote)
_anything = msgspec.json.Decoder()


def kind_of(start: bytes) -> str:
    """Tell the type of a worker's message by how it begins, as our own end writes it. Raises Invalid."""
    for begun, name in _STARTS.items():
        if start.startswith(begun):
            return name
    raise Invalid("a message that begins like none")


def from_worker(data: bytes) -> FromWorker:
    """Read what a worker sent. Raises Invalid."""
    said: FromWorker = _read(_worker, data)
    return said


def from_zygote(data: bytes) -> FromZygote:
    """Read what the zygote sent. Raises Invalid."""
    said: FromZygote = _read(_zygote, data)
    return said


def check_json(text: str) -> None:
    """Raise Invalid unless the text is JSON."""
    _read(_anything, text)


def _read(decoder: "msgspec.json.Decoder[Any]", data: bytes | str) -> Any:
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Invalid(str(error)) from None
