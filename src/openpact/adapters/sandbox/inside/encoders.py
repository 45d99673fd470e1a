"""Encoders, decoders and signers over plain texts; what holds a sealed token is computed by the broker instead.

Rules of this file:
- The broker's own functions give the same texts for the same inputs (tests/vectors/encoders.json binds both).
- A text is its UTF-8 bytes. What cannot be meant (an empty key, a foreign character in hex) is refused, never guessed.
- Decoders never leave the worker: they see a sealed token as the text it is.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from openpact.adapters.sandbox.inside.world import Fault

SEALED = re.compile(r"sealed_[0-9a-f]{32}_x")

_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_Options = dict[str, str]


def derive(op: str, inputs: list[str], options: _Options) -> str:
    """Compute one encoding or signature. Raises Fault."""
    known = _OPS.get(op)
    if known is None:
        raise Fault(f"There is no encoder {op}.")
    function, count, allowed = known
    if count is not None and len(inputs) != count:
        raise Fault(f"{op} takes {count} texts, not {len(inputs)}.")
    for name, value in options.items():
        if value not in allowed.get(name, ()):
            raise Fault(f"{op} has no {name}={value!a}.", hint=_allowed(allowed))
    return function(inputs, options)


def base64_decode(text: str) -> str:
    """Decode base64 in either alphabet, padded or not, to a text. Raises Fault."""
    return _text(_from_base64(text, "The text"), "base64")


def hex_decode(text: str) -> str:
    """Decode hex digits to a text. Raises Fault."""
    return _text(_from_hex(text, "The text"), "hex")


def url_unquote(text: str) -> str:
    """Decode percent signs to a text. Raises Fault."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Fault("The decoded bytes are no UTF-8 text.") from None


def _base64_encode(inputs: list[str], options: _Options) -> str:
    return _base64(inputs[0].encode(), urlsafe=options.get("urlsafe") == "true", pad=options.get("pad") != "false")


def _base64(data: bytes, *, urlsafe: bool, pad: bool) -> str:
    text = (base64.urlsafe_b64encode(data) if urlsafe else base64.b64encode(data)).decode()
    return text if pad else text.rstrip("=")


def _query(inputs: list[str], _: _Options) -> str:
    if len(inputs) % 2:
        raise Fault("A query is made of pairs of key and value.")
    quoted = [quote(text, safe="") for text in inputs]
    return "&".join(map("=".join, zip(quoted[::2], quoted[1::2], strict=True)))


def _hash(name: str) -> Callable[[list[str], _Options], str]:
    return lambda inputs, _: hashlib.new(name, inputs[0].encode(), usedforsecurity=False).hexdigest()


def _hmac(inputs: list[str], options: _Options) -> str:
    made = hmac.digest(_key(inputs[0], options.get("key_encoding", "utf8")), inputs[1].encode(), "sha256")
    encoding = options.get("encoding", "hex")
    if encoding == "hex":
        return made.hex()
    return _base64(made, urlsafe=encoding == "base64url", pad=encoding == "base64")


def _key(text: str, encoding: str) -> bytes:
    if encoding == "hex":
        key = _from_hex(text, "The key")
    elif encoding == "base64":
        key = _from_base64(text, "The key")
    else:
        key = text.encode()
    if not key:
        raise Fault("The key is empty.", hint="A secret without a value signs nothing: set it first.")
    return key


def _basic_auth(inputs: list[str], _: _Options) -> str:
    user, password = inputs
    if ":" in user or _CONTROL.search(user + password):
        raise Fault("A user name holds no colon, and neither it nor the password a control character.")
    return "Basic " + _base64(f"{user}:{password}".encode(), urlsafe=False, pad=True)


def _jwt(inputs: list[str], _: _Options) -> str:
    claims, key, more = inputs
    _object(claims, "The claims")
    header = {"alg": "HS256", "typ": "JWT"} | _object(more, "The headers")
    if header["alg"] != "HS256":
        raise Fault("The algorithm of this signature is HS256 and no other.")
    written = json.dumps(header, ensure_ascii=False, separators=(",", ":"))
    signed = ".".join(_base64(part.encode(), urlsafe=True, pad=False) for part in (written, claims))
    made = hmac.digest(_key(key, "utf8"), signed.encode(), "sha256")
    return f"{signed}.{_base64(made, urlsafe=True, pad=False)}"


def _object(text: str, what: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise Fault(f"{what} hold a key twice.")
        return dict(pairs)

    try:
        value = json.loads(text, object_pairs_hook=unique)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Fault(f"{what} are no JSON object.")
    return value


def _from_hex(text: str, what: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise Fault(f"{what} is not hex: pairs of the digits 0-9 and a-f.")
    return bytes.fromhex(text)


def _from_base64(text: str, what: str) -> bytes:
    bare = text.rstrip("=")
    full = bare + "=" * (-len(bare) % 4)
    if not _BASE64.fullmatch(text) or text not in (bare, full):
        raise Fault(f"{what} is not base64.")
    try:
        return base64.b64decode(full.translate(_STANDARD), validate=True)
    except binascii.Error:
        raise Fault(f"{what} is not base64.") from None


def _text(data: bytes, encoding: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Fault(f"The {encoding} holds bytes that are no UTF-8 text.") from None


def _allowed(allowed: dict[str, tuple[str, ...]]) -> str | None:
    return (
        "; ".join(f"{name} is one of {', '.join(values)}" for name, values in allowed.items()) + "."
        if allowed
        else None
    )


_STANDARD = str.maketrans("-_", "+/")
_YES_NO = ("true", "false")
_OPS: dict[str, tuple[Callable[[list[str], _Options], str], int | None, dict[str, tuple[str, ...]]]] = {
    "base64.encode": (_base64_encode, 1, {"urlsafe": _YES_NO, "pad": _YES_NO}),
    "hex.encode": (lambda inputs, _: inputs[0].encode().hex(), 1, {}),
    "url.quote": (lambda inputs, _: quote(inputs[0], safe=""), 1, {}),
    "url.encode_query": (_query, None, {}),
    "hash.sha256": (_hash("sha256"), 1, {}),
    "hash.sha1": (_hash("sha1"), 1, {}),
    "hash.sha512": (_hash("sha512"), 1, {}),
    "hmac.sha256": (
        _hmac,
        2,
        {"encoding": ("hex", "base64", "base64url"), "key_encoding": ("utf8", "hex", "base64")},
    ),
    "http.basic_auth": (_basic_auth, 2, {}),
    "jwt.sign_hs256": (_jwt, 3, {}),
}
