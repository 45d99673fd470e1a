"""JSON that every reader reads alike: strict parsing, one canonical form, and what is forwarded.

A policy that judges `{"name": "safe", "name": "rm"}` as `safe` while the tool's own parser runs `rm` has judged
nothing. So whatever two readers could read differently is refused, never repaired.

Rules of this file:
- `parse` answers a value or raises `JsonInvalid` or `TooLarge`; hostile bytes never come out as anything else.
- A number is an `int` or a `Decimal` with the digits that came in. A float has lost digits before it gets here, so
  to pass one is a fault of the program (`TypeError`), not of the input.
- No arithmetic on a `Decimal`: to build one is exact; to calculate (also `normalize`, also unary minus) rounds.
- Every step is linear in the input, and depth is known before anything recurses.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache, partial
from itertools import accumulate
from typing import Never, TypeAlias

import msgspec

from openpact.domain.errors import JsonInvalid, TooLarge

Value: TypeAlias = bool | int | Decimal | str | list["Value"] | tuple["Value", ...] | dict[str, "Value"] | None
_Object: TypeAlias = dict[str, Value]
_Pairs: TypeAlias = list[tuple[str, Value]]
_Number: TypeAlias = Callable[[Decimal], str]
_Order: TypeAlias = Callable[[dict[str, object]], Iterable[str]]


class Limits(msgspec.Struct, frozen=True):
    """How much JSON is too much."""

    max_bytes: int = 1_048_576
    max_depth: int = 64
    max_number_chars: int = 1_100  # the smallest doubles, written out, have 1 076


DEFAULT = Limits()

# Nothing deeper is read or written, whatever the limits say: recursion stays far from the end of the stack, and what
# was parsed at the default depth can still be wrapped.
DEEPEST = 128

# What MCP's own objects are made of. Go's encoding/json, and others, match keys without regard to case: `Name` beside
# or instead of `name` would be judged as one call and run as another.
PROTOCOL_KEYS = frozenset(
    """
    jsonrpc id method params result error code message data _meta name arguments uri cursor nextCursor progressToken
    progress total requestId reason level logger protocolVersion supportedVersions capabilities clientInfo serverInfo
    instructions resultType ttlMs cacheScope inputResponses inputRequests requestState task taskId taskIds status
    statusMessage ttl pollInterval pollIntervalMs tools prompts resources resourceTemplates contents content
    structuredContent isError messages description ref argument context completion roots notifications elicitationId
    mode requestedSchema url action
    """.split()  # noqa: SIM905  (seventy quoted words would hide the table)
)

# The objects whose keys belong to the protocol, besides the message itself and a `_meta` in these. In `arguments` and
# other payload the keys are the tool's own, and `ID` is as good a name there as `id`.
_ENVELOPES = ("params", "result", "error")

# Case folding keeps the Turkish letters apart from `i`; readers that compare char by char (Java) do not.
_TURKISH = str.maketrans({"\u0130": "i", "\u0131": "i"})
_STEP = {**dict.fromkeys(b"[{", 1), **dict.fromkeys(b"]}", -1)}
_NO_MARK = bytes(set(range(256)) - set(b'"[]{}'))

_PLAIN_UTF8 = "Send JSON as UTF-8 without a byte order mark."
# A context of our own, so that no caller's can turn what cannot be built into a NaN.
_EXACT = Context(traps=[InvalidOperation])
_PLAIN_INT = 10**18  # smaller integers are plain digits in every form, and fit a machine word
_SURELY_FINITE = 300  # characters: the largest double has 309 digits
_MOST_DIGITS, _MOST_ZEROS = 21, 6  # where ECMAScript goes over to an exponent


def parse(data: bytes, limits: Limits = DEFAULT, *, protocol: bool = False) -> Value:
    """Read JSON text strictly; with `protocol`, also refuse keys that some readers take for one of MCP's own."""
    if len(data) > limits.max_bytes:
        raise TooLarge(f"The JSON text has {len(data)} bytes; {limits.max_bytes} are allowed.", hint="Send less.")
    text = _text(data)
    _check_depth(data, min(limits.max_depth, DEEPEST))
    try:
        value: Value = _decoder(limits.max_number_chars, _protocol_object if protocol else _object).decode(text)
    except json.JSONDecodeError as error:
        raise JsonInvalid(f"Not JSON at line {error.lineno}, column {error.colno}: {error.msg}.") from None
    if "\\ud" in text or "\\uD" in text:
        encode(value)  # UTF-8 has no surrogates, so only an escape brings one in, and a lone one cannot be written
    if protocol:
        for message in value if isinstance(value, list) else [value]:
            _check_message(message)
    return value


def canonical(value: Value) -> bytes:
    """Write the one form of a value: RFC 8785, but a number keeps every digit where that would round to a double."""
    return _written(value, _shortest, _sorted)


def digest(value: Value) -> str:
    """Name a value by the SHA-256 of its canonical form."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


def encode(value: Value) -> bytes:
    """Write a value compactly, keys in their order and numbers with their digits, so that `parse` reads it back."""
    return _written(value, _spelled, iter)


def _text(data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise JsonInvalid(f"Not UTF-8 at byte {error.start}.", hint=_PLAIN_UTF8) from None
    if not text.strip(" \t\r\n"):
        raise JsonInvalid("The JSON text is empty.")
    if text[0] == "\ufeff" or "\0" in text:
        raise JsonInvalid("The JSON text begins with a BOM or holds a zero byte.", hint=_PLAIN_UTF8)
    return text


def _check_depth(data: bytes, deepest: int) -> None:
    if data.count(b"[") + data.count(b"{") <= deepest:
        return
    # A bracket with an even number of quotes before it stands outside a string, once escaped quotes are gone. (Two
    # quotes side by side change no such count.) A backslash outside a string can upset that only behind itself, where
    # the decoder has already stopped.
    marks = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _NO_MARK).replace(b'""', b"")
    depths = accumulate(map(_STEP.__getitem__, b"".join(marks.split(b'"')[::2])))
    if max(depths, default=0) > deepest:
        raise JsonInvalid(f"Objects and lists stand more than {deepest} deep in one another.", hint="Nest less.")


@lru_cache(maxsize=16)
def _decoder(max_chars: int, make_object: Callable[[_Pairs], _Object]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=make_object,
        parse_int=partial(_integer, max_chars),
        parse_float=partial(_decimal, max_chars),
        parse_constant=_constant,
    )


def _object(pairs: _Pairs) -> _Object:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse_twins([key for key, _ in pairs], str)
    return found


def _protocol_object(pairs: _Pairs) -> _Object:
    found = _object(pairs)
    if len(set(map(str.casefold, found))) != len(found):
        _refuse_twins([key for key in found if _folded(key) in _BY_FOLD], _folded)
    return found


def _refuse_twins(keys: list[str], form: Callable[[str], str]) -> None:
    seen: dict[str, str] = {}
    for key in keys:
        twin = seen.get(form(key))
        if twin is not None:
            raise JsonInvalid(f"One object holds {twin[:60]!a} and again {key[:60]!a}.", hint="Give each key once.")
        seen[form(key)] = key


def _check_message(message: Value) -> None:
    if not isinstance(message, dict):
        return
    parts = [message, *map(message.get, _ENVELOPES)]
    parts += [part.get("_meta") for part in parts if isinstance(part, dict)]
    for part in parts:
        for key in part if isinstance(part, dict) else ():
            if key not in PROTOCOL_KEYS and (meant := _BY_FOLD.get(_folded(key))):
                raise JsonInvalid(f"Some readers take the key {key[:60]!a} for {meant}.", hint=f"Write {meant}.")


def _folded(key: str) -> str:
    return key.casefold() if key.isascii() else key.translate(_TURKISH).casefold()


_BY_FOLD = {_folded(key): key for key in PROTOCOL_KEYS}


def _integer(max_chars: int, text: str) -> int:
    if len(text) > _SURELY_FINITE:
        _check_number(text, max_chars)
    return int(text)


def _decimal(max_chars: int, text: str) -> Decimal:
    _check_number(text, max_chars)
    try:
        return Decimal(text, _EXACT)
    except InvalidOperation:  # a zero whose exponent lies beyond every range
        raise JsonInvalid(f"The exponent of the number {text[:60]!a} cannot be kept.") from None


def _check_number(text: str, max_chars: int) -> None:
    if len(text) > max_chars:
        raise JsonInvalid(f"The number {text[:60]!a} has {len(text)} characters; {max_chars} are allowed.")
    double = float(text)
    if math.isinf(double):
        raise JsonInvalid(f"Readers that use doubles take the number {text[:60]!a} for infinite.")
    if not double and text.lower().partition("e")[0].strip("-0."):
        raise JsonInvalid(f"Readers that use doubles take the number {text[:60]!a} for zero.")


def _constant(name: str) -> Never:
    raise JsonInvalid(f"{name} is not a JSON number.")


def _written(value: Value, number: _Number, order: _Order) -> bytes:
    def shaped(part: object, room: int) -> object:  # rebuilt of exact types: numbers written, keys in order
        if isinstance(part, str):
            return str.__str__(part)
        if part is None or isinstance(part, bool):
            return part
        if isinstance(part, int):
            return int(part) if -_PLAIN_INT < part < _PLAIN_INT else msgspec.Raw(number(Decimal(part)))
        if isinstance(part, Decimal):
            return msgspec.Raw(number(part))
        if not isinstance(part, list | tuple | dict):
            raise TypeError(f"{type(part).__name__} has no exact JSON form; a number is an int or a Decimal")
        if not room:
            raise JsonInvalid(f"Objects and lists stand more than {DEEPEST} deep in one another.", hint="Nest less.")
        if isinstance(part, dict):
            return {str.__str__(key): shaped(part[key], room - 1) for key in order(part)}
        return [shaped(item, room - 1) for item in part]

    try:
        return msgspec.json.encode(shaped(value, DEEPEST))
    except UnicodeEncodeError:
        raise JsonInvalid("A string or key holds half of a surrogate pair, which is no text.") from None


def _sorted(part: dict[str, object]) -> list[str]:
    """Sort keys by UTF-16 code unit, as RFC 8785 has it; for ASCII that is Python's own order. TypeError if no text."""
    return sorted(part) if "".join(part).isascii() else sorted(part, key=lambda key: key.encode("utf-16-be"))


def _spelled(number: Decimal) -> str:
    text = str(number)
    if not number.is_finite():
        raise JsonInvalid(f"{text} is not a JSON number.")
    _check_number(text, len(text))
    return text


def _shortest(number: Decimal) -> str:
    """Lay out a number as ECMAScript's Number::toString does, but over its exact digits."""
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise JsonInvalid(f"{number} is not a JSON number.")
    written = "".join(map(str, digits))
    kept = written.rstrip("0")
    point = len(written) + exponent  # how many digits stand before the decimal point
    if not kept:
        return "0"
    if len(kept) <= point <= _MOST_DIGITS:
        text = kept.ljust(point, "0")
    elif 0 < point <= _MOST_DIGITS:
        text = f"{kept[:point]}.{kept[point:]}"
    elif -_MOST_ZEROS < point <= 0:
        text = f"0.{'0' * -point}{kept}"
    else:
        text = f"{kept[0]}{'.' if kept[1:] else ''}{kept[1:]}e{point - 1:+d}"
    return f"-{text}" if sign else text
