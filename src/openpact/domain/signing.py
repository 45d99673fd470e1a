"""The encoders and signers that scripts call, over true values: what `derive` computes for a sealed secret.

Rules of this file:
- One meaning per operation, fixed by tests/vectors/encoders.json: the worker has functions of its own for texts without
  a secret, and a script must not see which of the two has answered.
- What is not exactly right is refused: an unknown option, an odd key, an empty key. No message repeats an input.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias
from urllib.parse import quote

from openpact.domain import strict_json
from openpact.domain.errors import Invalid

_Inputs: TypeAlias = Sequence[str]
_Options: TypeAlias = Mapping[str, str]

_YES_NO = {"true": True, "false": False}
_ENCODINGS = ("hex", "base64", "base64url")
_KEY_ENCODINGS = ("utf8", "hex", "base64")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}")
_QUARTET = 4


def compute(op: str, inputs: Sequence[str], options: Mapping[str, str]) -> str:
    """Run one operation. Raises Invalid for what the operation does not take."""
    operation = _OPERATIONS.get(op)
    if operation is None:
        raise Invalid(f"There is no operation {op[:40]!r}.")
    work, fewest, most, known = operation
    if not fewest <= len(inputs) <= most:
        raise Invalid(f"{op} was given {len(inputs)} texts.", hint="Look up its parameters.")
    for name, value in options.items():
        allowed = known.get(name)
        if allowed is None or value not in allowed:
            raise Invalid(f"{op} has no option {name[:40]}={value[:40]!r}.", hint=_offered(known))
    try:
        return work(inputs, {name: options.get(name, allowed[0]) for name, allowed in known.items()})
    except UnicodeEncodeError:
        raise Invalid(f"{op} was given half of a surrogate pair, which is no text.") from None


def base64_text(raw: bytes, *, urlsafe: bool = False, pad: bool = True) -> str:
    """Write bytes as base64."""
    text = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(raw).decode()
    return text if pad else text.rstrip("=")


def _offered(known: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{name}: {', '.join(values)}" for name, values in known.items()) or "It has no options."


def _base64(inputs: _Inputs, options: _Options) -> str:
    return base64_text(inputs[0].encode(), urlsafe=_YES_NO[options["urlsafe"]], pad=_YES_NO[options["pad"]])


def _hex(inputs: _Inputs, _options: _Options) -> str:
    return inputs[0].encode().hex()


def _quote(inputs: _Inputs, _options: _Options) -> str:
    return quote(inputs[0], safe="")


def _encode_query(inputs: _Inputs, _options: _Options) -> str:
    if len(inputs) % 2:
        raise Invalid("url.encode_query was given a key without a value.")
    quoted = [quote(text, safe="") for text in inputs]
    return "&".join(f"{key}={value}" for key, value in zip(quoted[::2], quoted[1::2], strict=True))


def _hashed(algorithm: str) -> Callable[[_Inputs, _Options], str]:
    return lambda inputs, _options: hashlib.new(algorithm, inputs[0].encode(), usedforsecurity=False).hexdigest()


def _hmac(inputs: _Inputs, options: _Options) -> str:
    digest = _signed(_key(inputs[0], options["key_encoding"]), inputs[1].encode())
    if options["encoding"] == "hex":
        return digest.hex()
    urlsafe = options["encoding"] == "base64url"
    return base64_text(digest, urlsafe=urlsafe, pad=not urlsafe)


def _basic_auth(inputs: _Inputs, _options: _Options) -> str:
    return basic_auth(inputs[0], inputs[1])


def basic_auth(user: str, password: str) -> str:
    """Write the value of an Authorization header (RFC 7617). Raises Invalid."""
    if ":" in user:
        raise Invalid("The user's name holds a colon, where the password would begin.")
    if any(ord(char) < ord(" ") or ord(char) == 0x7F for char in user + password):  # noqa: PLR2004 - DEL
        raise Invalid("The name or the password holds a control character.")
    return "Basic " + base64_text(f"{user}:{password}".encode())


def _jwt(inputs: _Inputs, _options: _Options) -> str:
    # The claims are signed as they stand: whoever wrote them finds the same bytes in the token.
    claims, key, more = inputs[0], _key(inputs[1], "utf8"), _object(inputs[2] if inputs[2:] else "{}", "headers")
    _object(claims, "claims")
    if more.get("alg", "HS256") != "HS256":
        raise Invalid("jwt.sign_hs256 signs with HS256 alone.", hint="Leave `alg` out of the headers.")
    header = strict_json.encode({"alg": "HS256", "typ": "JWT", **more})
    signed = ".".join(base64_text(part, urlsafe=True, pad=False) for part in (header, claims.encode()))
    return signed + "." + base64_text(_signed(key, signed.encode()), urlsafe=True, pad=False)


def _object(text: str, what: str) -> dict[str, strict_json.Value]:
    try:
        value = strict_json.parse(text.encode())
    except Invalid:
        # What the reader says quotes the text, and with it perhaps the secret.
        raise Invalid(f"The {what} of the JWT are not JSON.", hint="Write them with json.encode.") from None
    if not isinstance(value, dict):
        raise Invalid(f"The {what} of the JWT are no JSON object.", hint="Give a dict.")
    return value


def _key(text: str, encoding: str) -> bytes:
    if not text:
        raise Invalid("The key is empty; nothing is signed with it.", hint="Give the secret a value.")
    if encoding == "utf8":
        return text.encode()
    if encoding == "hex":
        if not _HEX.fullmatch(text):
            raise Invalid("The key is not written in hex.")
        return bytes.fromhex(text)
    bare = text.rstrip("=")
    padding = -len(bare) % _QUARTET
    if not _BASE64.fullmatch(text) or len(text) - len(bare) not in {0, padding}:
        raise Invalid("The key is not written in base64.")
    try:
        return base64.b64decode(bare.translate({ord("-"): "+", ord("_"): "/"}) + "=" * padding, validate=True)
    except binascii.Error:
        raise Invalid("The key is not written in base64.") from None


def _signed(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


_MOST_PAIRS = 2_000
# What it does, the fewest and the most texts it takes, and its options with their values, the default first.
_OPERATIONS: Mapping[str, tuple[Callable[[_Inputs, _Options], str], int, int, Mapping[str, Sequence[str]]]] = {
    "base64.encode": (_base64, 1, 1, {"urlsafe": ("false", "true"), "pad": ("true", "false")}),
    "hex.encode": (_hex, 1, 1, {}),
    "url.quote": (_quote, 1, 1, {}),
    "url.encode_query": (_encode_query, 0, _MOST_PAIRS, {}),
    "hash.sha256": (_hashed("sha256"), 1, 1, {}),
    "hash.sha1": (_hashed("sha1"), 1, 1, {}),
    "hash.sha512": (_hashed("sha512"), 1, 1, {}),
    "hmac.sha256": (_hmac, 2, 2, {"encoding": _ENCODINGS, "key_encoding": _KEY_ENCODINGS}),
    "http.basic_auth": (_basic_auth, 2, 2, {}),
    "jwt.sign_hs256": (_jwt, 2, 3, {}),
}
