"""Characters that make a text look like what it is not: those that do not show, and letters that look like others.

Rules of this file:
- What is shown as an escape elsewhere (controls, formats, odd spaces) is found here too; added is what Unicode lets
  be drawn as nothing although it counts as a letter, a mark or a symbol.
- A word is suspect when its letters are of scripts that share their shapes (a Cyrillic letter in `paypal`), or were
  made to stand for others (wide, mathematical). Words of one script are nobody's business: people write in their own.
"""

import re
import unicodedata
from collections.abc import Iterator

import msgspec

from openpact.domain.logfmt import visible

_EMPTY = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # drawn as nothing, or as a space
_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_JOINER, _EMOJI = "\u200d", "\ufe0f"
_SYMBOLS = frozenset({"So", "Sk", "Mn", "Sm"})  # what emoji are made of
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "DESERET"})
_STAND_INS = frozenset({"FULLWIDTH", "MATHEMATICAL", "DOUBLE-STRUCK", "SCRIPT"})
_WORD = re.compile(r"[^\W\d_](?:\w|(?<=\w)[-.](?=\w))*")


class Hidden(msgspec.Struct, frozen=True):
    """A character that does not show: its column, counted from 1, and its escape."""

    column: int
    escape: str
    name: str


def hidden(line: str) -> Iterator[Hidden]:
    """Yield what does not show in one line, whose end is not part of it. Tabs do show, and emoji may be joined."""
    if line.isascii() and line.isprintable():
        return
    for place, character in enumerate(line):
        escape = visible(character)
        if escape == character and (character in _EMPTY or _SELECTORS.match(character)):
            number = ord(character)
            escape = f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"  # noqa: PLR2004 - the form's limit
        if character not in {escape, "\t"} and not _in_emoji(line, place):
            yield Hidden(place + 1, escape, unicodedata.name(character, "control character").lower())


def misleading(line: str) -> Iterator[tuple[int, str]]:
    """Yield the words of a line, with their columns, whose letters pass for others."""
    if line.isascii():
        return
    for found in _WORD.finditer(line):
        if any(pretends(part) for part in re.split(r"[-.]", found[0])):
            yield found.start() + 1, found[0]


def pretends(word: str) -> bool:
    """Say whether letters of the word pass for letters of another script."""
    if word.isascii():
        return False
    kinds = {unicodedata.name(letter, "?").partition(" ")[0] for letter in word if letter.isalpha()}
    return len(kinds & _ALIKE) > 1 or bool(kinds & _STAND_INS)


def _in_emoji(line: str, place: int) -> bool:
    """Say whether a joiner or a selector stands where it makes one emoji of several characters."""
    before = line[place - 1] if place else " "
    if line[place] == _EMOJI:
        return unicodedata.category(before) in {"So", "Sm"} or before in "0123456789#*"
    after = line[place + 1 : place + 2] or " "
    parts = (unicodedata.category(before), unicodedata.category(after))
    return line[place] == _JOINER and parts[0] in _SYMBOLS and parts[1] == "So"
