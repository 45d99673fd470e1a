"""One event as one line of text: key=value, quoted and escaped where a reader could be misled.

Rules of this file:
- A line stays one line and reads in one direction: line ends, controls, invisible and bidirectional characters are
  shown as escapes, because some values come from strangers.
"""

import unicodedata
from collections.abc import Mapping

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.:/@+,*%~^&;<>{}[]()!?#$|")
# Controls, formats (bidi and zero width among them), halves of pairs, line and paragraph ends, odd spaces.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str) -> str:
    """Give the text with every character that does not show, or that moves others, as an escape."""
    return "".join(_escape(c) if _is_hidden(c) else c for c in text)


def value(thing: object) -> str:
    """Give a value as it stands behind its key."""
    if thing is None:
        return "null"
    if isinstance(thing, bool):
        return "true" if thing else "false"
    if isinstance(thing, list | tuple):
        thing = ",".join(map(str, thing))
    text = thing if isinstance(thing, str) else str(thing)
    if text and all(c in _PLAIN for c in text):
        return text
    return '"' + visible(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def pairs(fields: Mapping[str, object]) -> str:
    """Give the fields as `key=value key="a value"`."""
    return " ".join(f"{key}={value(thing)}" for key, thing in fields.items())


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN or (character.isspace() and character != " ")


def _escape(character: str) -> str:
    number = ord(character)
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    return short or (f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}")  # noqa: PLR2004 - the form's limit
