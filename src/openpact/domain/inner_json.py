"""Where tokens stand in a JSON text: in how many strings in one another, and whether their place there is plain.

A value that is put into JSON which stands in a string of other JSON must be escaped once for each, or what it spells
becomes keys of the inner object.

Rules of this file:
- A token has only letters that no encoder changes, so the tokens of a text and those of its strings are the same, in
  the same order. Where they are not, the inner text is not read.
- What is no JSON to us may be something to whoever reads it (a query, a markup, a script): there a value that could end
  a string or begin an element has no place.
"""

import re
from collections.abc import Sequence

import msgspec

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_AWKWARD = re.compile(r"""["'\\<>&\x00-\x1f\x7f]""")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_STRUCTURE = re.compile(r"""["'\\<>&{}\[\]=\r\n]""")
_LINE = re.compile(r"[:,;]")


class Spot(msgspec.Struct, frozen=True):
    """The place of one token."""

    depth: int = 0  # in how many strings of JSON it stands
    unclear: bool = False  # the text around it means something that is not read here
    line: bool = False  # the text around it may be one line of something


def breaks_out(value: str, spot: Spot) -> bool:
    """Say whether a value could break out of its place."""
    if spot.unclear:
        return _AWKWARD.search(value) is not None
    return spot.line and _CONTROL.search(value) is not None


def is_json(text: str) -> bool:
    """Say whether a text is a JSON object or list."""
    return text.lstrip().startswith(("{", "[")) and _reads(text)


def spots(text: str, token: re.Pattern[str]) -> list[Spot] | None:
    """Find the place of each token in a JSON text; None for a text that is none."""
    if not _reads(text):
        return None
    found: list[Spot] = []
    for match in _STRING.finditer(text):
        if tokens := token.findall(match.group()):
            inner = inside(msgspec.json.decode(match.group(), type=str), tokens, token)
            found += [Spot(spot.depth + 1, spot.unclear, spot.line) for spot in inner]
    return found


def inside(text: str, tokens: Sequence[str], token: re.Pattern[str]) -> list[Spot]:
    """Find the places of these tokens in a text that may be JSON, and whose own place is known."""
    same = token.findall(text) == list(tokens)
    found = spots(text, token) if same and text.lstrip().startswith(("{", "[", '"')) else None
    if found is None:
        around = token.sub("", text).strip()
        unclear = not same or _STRUCTURE.search(around) is not None
        found = [Spot(unclear=unclear, line=_LINE.search(around) is not None)] * len(tokens)
    return found


def _reads(text: str) -> bool:
    # Only checked, so that megabytes cost little. Keys that come twice and numbers beyond a double are no matter here.
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return False
    return True
