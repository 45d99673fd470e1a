"""What an unquoted text of YAML means: the types of YAML 1.2, and nothing that an older reader takes otherwise.

Rules of this file:
- Words are words: `yes`, `no`, `on`, `off`, `y`, `n`, `1:30`, `1_000`, `0b1` and dates are texts.
- A number that two readers read differently is refused: `012` is ten for YAML 1.1 and twelve for YAML 1.2.
- Numbers are exact: int, or Decimal when there is a point or an exponent. Infinities and NaN are refused.
"""

import re
from decimal import Decimal

from openpact.domain.document import Value
from openpact.domain.errors import Invalid

_WORDS: dict[str, Value] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE]([-+]?[0-9]+))?")
_ENDLESS = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LENGTH = 100  # characters of a number; an int() of thousands of digits is slow
_EXPONENT = 308  # what every other reader of numbers can hold too
_TEXT = "Put it in quotes if it is a text."


def resolve(text: str) -> Value:
    """Give the value of an unquoted text. Raises Invalid for a number that has no single or no exact meaning."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":  # nothing else begins a number
        return text
    if _ENDLESS.fullmatch(text):
        raise Invalid("an infinity or NaN", hint="Give a number, or put the text in quotes.")
    based = _BASED.fullmatch(text)
    number = based or _NUMBER.fullmatch(text)
    if number is None:
        return text
    if len(text) > _LENGTH:
        raise Invalid(f"a number of more than {_LENGTH} characters", hint=_TEXT)
    return int(text, 0) if based else _decimal(text, number[1] or "0")


def _decimal(text: str, exponent: str) -> int | Decimal:
    if _INT.fullmatch(text):
        if text.lstrip("+-").startswith("0") and text not in {"0", "-0", "+0"}:
            raise Invalid("a number with a leading zero, which some readers take for octal", hint=_TEXT)
        return int(text)
    if abs(int(exponent)) > _EXPONENT:
        raise Invalid("a number too large or too small to be kept exactly", hint=_TEXT)
    return Decimal(text)
