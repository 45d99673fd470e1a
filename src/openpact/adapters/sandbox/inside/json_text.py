"""JSON for scripts: integers keep their digits, and whatever has no exact JSON form is an error.

Rules of this file:
- The engine's own reader rounds large integers and dies of `1e400`, so it is only given texts that hold neither; all
  others are read here. Its writer dies of deep lists and writes NaN as null: it is never used.
- What is written here was looked through in the prelude before, where NaN and functions can still be told apart.
- Nothing is deeper than 100.
"""

import json
import math
from itertools import accumulate
from typing import Any, Never

from openpact.adapters.sandbox.inside.world import Fault

DEEPEST = 100
_MOST_DIGITS = 4_300  # what the interpreter reads and writes

# With all digits written as 0, what the engine's reader could get wrong: an integer beyond 64 bits, an exponent that
# leads out of a double's range.
_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")
_BEYOND_ENGINE = (b"0" * 19, b"e000", b"e+000", b"e-000")
_STEP = {**dict.fromkeys(b"[{", 1), **dict.fromkeys(b"]}", -1)}
_NO_MARK = bytes(set(range(256)) - set(b'"[]{}'))


def is_plain(text: str) -> bool:
    """Say whether the engine's reader reads this text exactly. Raises Fault when it is too deep for anybody."""
    data = text.encode()
    _check_depth(data)
    shape = data.translate(_SHAPE)
    return not any(mark in shape for mark in _BEYOND_ENGINE)


def is_moderate(text: str) -> bool:
    """Say whether every reader takes the integers of a text: many give up at some thousand digits."""
    if b"0" * _MOST_DIGITS not in text.encode().translate(_SHAPE):
        return True
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def read(text: str) -> Any:
    """Read JSON text exactly. Raises Fault."""
    _check_depth(text.encode())
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise Fault(f"Not JSON at line {error.lineno}, column {error.colno}: {error.msg}.") from None
    if "\\ud" in text or "\\uD" in text:
        _check_surrogates(value)
    return value


def indented(text: str, spaces: int) -> str:
    """Write JSON text over several lines. Raises Fault."""
    try:
        return json.dumps(read(text), ensure_ascii=False, indent=spaces)
    except ValueError:  # the interpreter writes no integer of more than 4300 digits
        raise Fault("An integer has too many digits to be written.") from None


def _check_depth(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return
    # A bracket with an even number of quotes before it stands outside a string, once escaped quotes are gone.
    marks = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NO_MARK).replace(b'""', b"")
    depths = accumulate(map(_STEP.__getitem__, b"".join(marks.split(b'"')[::2])))
    if max(depths, default=0) > DEEPEST:
        raise Fault(f"Objects and lists stand more than {DEEPEST} deep in one another.")


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Fault("A string or key holds half of a surrogate pair, which is no text.") from None


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # the interpreter reads no more than 4300
        raise Fault(f"The number {digits[:40]}… has too many digits to be read.") from None


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise Fault(f"The number {digits[:40]} is too large.")
    return value


def _constant(name: str) -> Never:
    raise Fault(f"{name} is not a JSON number.")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant)
