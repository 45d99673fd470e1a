"""A script as a file: its name, its bytes, and the hash that stands for them.

Rules of this file:
- A name is read in one way or refused: `weather` and `weather.star` are the same script, and nothing else is.
- Text that the engine and another reader would split into different lines is refused. A lone carriage return ends a
  comment for one of them and not for the other: what a reviewer is told would not be what runs.
"""

import hashlib
import re

from openpact.domain.errors import ScriptInvalid, TooLarge

MAX_SOURCE = 262_144  # bytes
ENDING = ".star"

_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_SEGMENTS = 4
_RESERVED = frozenset({"reload", "lint"})  # they stand where a name would in the addresses of the API
_NAME_HINT = "Write it as weather.star or reports/daily.star: letters, digits, dots, - and _, at most 4 parts."


def read_name(text: str) -> str:
    """Give the one spelling of a script's name, which people may write without its ending. Raises ScriptInvalid."""
    *folders, last = text.removesuffix(ENDING).split("/")
    if len(folders) >= _MOST_SEGMENTS:
        raise _no_name(text, f"it has more than {_MOST_SEGMENTS} parts")
    if not all(_SEGMENT.fullmatch(segment) for segment in (*folders, last + ENDING)):
        raise _no_name(text, "a part is empty, too long, or has other characters than names have")
    if any(segment.lower().endswith(ENDING) for segment in (*folders, last)):
        # `a.star.star`, `a.star/b.star`: one of the two endings would be taken for the end of the name.
        raise _no_name(text, f"only its end is {ENDING}")
    if not folders and last in _RESERVED:
        raise _no_name(text, "the word is taken by an address of the API")
    return "/".join((*folders, last + ENDING))


def source_hash(source: bytes) -> str:
    """Name the bytes of a script by their SHA-256."""
    return "sha256:" + hashlib.sha256(source).hexdigest()


def read_source(source: bytes) -> str:
    """Give the text of a script. Raises TooLarge, ScriptInvalid."""
    if len(source) > MAX_SOURCE:
        raise TooLarge(
            f"The script has {len(source)} bytes; {MAX_SOURCE} are allowed.", hint="Split it, and load the parts."
        )
    try:
        text = source.decode()
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise ScriptInvalid(f"Line {line} of the script is not UTF-8.", hint="Save the file as UTF-8.") from None
    if text.startswith("\ufeff") or "\0" in text:
        raise ScriptInvalid(
            "The script begins with a byte order mark or holds a zero byte.",
            hint="Save the file as UTF-8 without a byte order mark.",
        )
    alone = re.search(r"\r(?!\n)", text)
    if alone:
        line = text.count("\n", 0, alone.start()) + 1
        raise ScriptInvalid(
            f"Line {line} of the script holds a carriage return that ends no line.",
            hint="End lines with \\n or \\r\\n; inside a string write \\r.",
        )
    return text


def _no_name(text: str, why: str) -> ScriptInvalid:
    return ScriptInvalid(f"{text[:80]!a} is not the name of a script: {why}.", hint=_NAME_HINT)
