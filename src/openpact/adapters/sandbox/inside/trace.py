"""What the engine says of an error, read into places and plain words.

The engine gives one text: the calls, the message, the place, a snippet. The message and the snippet hold words that
the script chose, so the text is read from its fixed ends inwards.

Rules of this file:
- Frames of the prelude and of the engine's own files are nobody's business: what is told is the script's own line.
- No word of Python's or of this folder's reaches a person.
"""

import re
from typing import NamedTuple

_FRAME = re.compile(r"  \* (.+):([0-9]+), in (.+)")
_PLACE = re.compile(r"\n *--> ([^\n]+):([0-9]+):([0-9]+)\n")
_TOO_MANY = 60
_EXPECTED = re.compile(r", expected one of .*", re.DOTALL)
_OURS = re.compile(r"<prelude>\.([a-z0-9]+)_")
_SUGGESTS_OURS = re.compile(r", did you mean `_hidden[0-9]+_[a-z]+`\?")
_PLAIN_OURS = re.compile(r"<prelude>\.([a-z]+)")


_PLAIN_DATA = "Give plain data: strings, numbers, booleans, None, lists and dicts with string keys."
# What the engine says of values that cannot leave it, and of arguments of its own functions.
_REWORDED = (
    (
        re.compile(r"StarlarkError: Operation `serde::serialize` not supported on type `([^`]*)`"),
        r"A value of type \1 cannot be given to this function.",
        _PLAIN_DATA,
    ),
    (re.compile(r"StarlarkError: Cycle"), "A list or dict that holds itself cannot be given here.", _PLAIN_DATA),
    (re.compile(r"[A-Z][A-Za-z]*Error: "), "This value cannot be given to this function.", _PLAIN_DATA),
    (
        re.compile(r"Error unpacking value for parameter `[a-z0-9]*` of type `int"),
        "An integer up to 2147483647 is needed here.",
        None,
    ),
)

_HINTS = (
    ("reserved keyword `while`", "There is no while: loop with `for i in range(n)` and break."),
    ("reserved keyword `import`", 'There is no import: `load("lib/name.star", "function")` loads another script.'),
    ("reserved keyword `from`", 'There is no import: `load("lib/name.star", "function")` loads another script.'),
    ("reserved keyword `try`", "Errors cannot be caught: check values first."),
    ("reserved keyword `except`", "Errors cannot be caught: check values first."),
    ("reserved keyword `raise`", 'End the run with `fail("why")`.'),
    ("reserved keyword `assert`", 'Write `if not condition: fail("why")`.'),
    ("reserved keyword `is`", "Compare with `==`."),
    ("reserved keyword `class`", "There are no classes: use dicts, or struct(name=value)."),
    ("reserved keyword `global`", "A function cannot assign to globals: return the value."),
    ("reserved keyword `nonlocal`", "A function cannot assign to outer names: keep the value in a list or dict."),
    ("tabs are not allowed", "Indent with spaces."),
    ("Not a valid identifier", "An f-string holds plain names only: give the value a name first."),
    ("unexpected string literal", "Texts are joined with `+`; there are no b-strings."),
    ("unexpected symbol '**'", "There is no power operator: multiply."),
    ("Variable `set` not found", "There are no sets: use a dict with True as values."),
    ("referenced before assignment", "A function cannot change a global: give it as an argument and return it."),
    ("Cannot be mutated", "What was loaded, or is gone through by a loop, cannot be changed: copy it first."),
)


class Place(NamedTuple):
    """One place in a file, lines and columns counted from 1."""

    file: str
    line: int
    column: int


class Call(NamedTuple):
    """One call on the way to an error: where it was made, and in which function."""

    file: str
    line: int
    function: str


class Trace(NamedTuple):
    """An error of the engine: the calls that led to it (innermost last), where it is, and what it is."""

    frames: tuple[Call, ...]
    place: Place | None
    message: str


def read(text: str) -> Trace:
    """Read an error text of the engine."""
    frames: list[Call] = []
    lines = text.split("\n")
    # Source lines stand under their frames with six blanks, so the first line that says `error:` is the engine's.
    at = next((number for number, line in enumerate(lines) if line.startswith("error: ")), None)
    if at is None:
        return Trace((), None, text.strip())
    for line in lines[:at]:
        found = _FRAME.fullmatch(line)
        if found:
            frames.append(Call(found[1], int(found[2]), found[3]))
    rest = "\n".join(lines[at:])[len("error: ") :]
    places = list(_PLACE.finditer(rest))  # snippet lines have a `|`, so the last arrow is the engine's
    if not places:
        return Trace(tuple(frames), None, rest.strip())
    last = places[-1]
    return Trace(tuple(frames), Place(last[1], int(last[2]), int(last[3])), rest[: last.start()])


def plain(message: str) -> tuple[str, str | None]:
    """Give a message in plain words, and a hint where one helps."""
    if message.startswith("fail:"):
        return message.removeprefix("fail:").removeprefix(" ") or "The script failed.", None
    for pattern, words, hint in _REWORDED:
        found = pattern.match(message)
        if found:
            return found.expand(words), hint
    hint = next((hint for part, hint in _HINTS if part in message), None)
    message = message.removeprefix("Parse error: ")
    if len(message) > _TOO_MANY:
        message = _EXPECTED.sub("", message)
    message = _SUGGESTS_OURS.sub("", message)
    message = _PLAIN_OURS.sub(r"\1", _OURS.sub(r"\1.", message)).replace("<entry>.", "")
    message = message[:1].upper() + message[1:]
    return (message if message.endswith((".", "!", "?")) else message + "."), hint
