"""How a value may look when it comes back: every common encoding of it, as patterns for one search.

Rules of this file:
- Patterns are UTF-8 in lower case (ASCII letters only), because the search folds its text the same way: `%2f` and
  `%2F`, hex in either case and SHOUTED values need no pattern of their own.
- Of an encoding that mixes neighbouring bytes (base64, base32) only the characters are kept that the value alone
  determines, once for each place that the value can begin at.
- What an encoder leaves alone differs from one to the next; mixtures are found by the search, which undoes escapes.
  Here stand the pure ones, which a value that looks like an escape itself needs.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from html.entities import html5
from typing import TypeAlias
from urllib.parse import quote, quote_plus

_Encode: TypeAlias = Callable[[bytes], bytes]

SHORTEST = 6  # bytes of a pattern; shorter ones are found everywhere

_RARE_UP_TO = 1024  # bytes; of longer values only the common forms are looked for, or the patterns outgrow the text
_SHORTEST_LINE = 16
_COMPONENT = "!'()*"  # what encodeURIComponent leaves alone, and in _WHOLE what encodeURI does
_WHOLE = ";,/?:@&=+$#" + _COMPONENT
_BETWEEN = (" ", ",", ", ", "-", ":", ".", "_", "|", "/")  # white space is taken out by the search as well
_ARMOUR = "-----"  # `-----BEGIN PRIVATE KEY-----` is no secret, and stands in many texts that hold none

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROTATED = str.maketrans(
    _LETTERS + _LETTERS.upper(), (_LETTERS[13:] + _LETTERS[:13]) + (_LETTERS[13:] + _LETTERS[:13]).upper()
)
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("=", "")

_ESCAPE = re.compile(
    rb"%([0-9a-f]{2})"
    rb"|\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})"
    rb"|\\u([0-9a-f]{4})"
    rb"|\\x([0-9a-f]{2})"
    rb"""|\\(["'\\/bfnrt])"""
    rb"|\\u\{0{0,20}([0-9a-f]{1,6})\}"
    rb"|&#x0{0,20}([0-9a-f]{1,6});"
    rb"|&#0{0,20}([0-9]{1,7});"
    rb"|&([a-z][a-z0-9]{1,31});",
)
_SPACES = re.compile(rb"[ \t\r\n]+")
_CONTROLS = dict(zip(b"bfnrt", b"\b\f\n\r\t", strict=True))
# Folded like the text; of names that differ in case alone the one in lower case is meant.
_ENTITIES = {
    name[:-1].lower().encode(): html5.get(name.lower(), text).encode()
    for name, text in html5.items()
    if name[-1] == ";"
}
_HIGHEST = 0x10FFFF
_CONTINUATIONS = bytes(range(0x80, 0xC0))
PASSES = 3  # how many escapes in one another are undone


def forms(value: str) -> frozenset[bytes]:
    """Give the patterns of a value; none for one that is too short to be told from chance."""
    if len(value.encode()) < SHORTEST:
        return frozenset()
    found = _patterns(_texts(value), PASSES)
    if not value.isascii() and max(value) <= "\xff":
        # Percent-encoded latin-1, once that is undone. No pattern begins inside a letter of UTF-8.
        found |= _kept({value.encode("latin-1").lower().lstrip(_CONTINUATIONS)})
    return found


def few_forms(value: str) -> frozenset[bytes]:
    """Give the patterns of a value that a script had computed: only the usual ones, as it may have many of these."""
    if len(value) < SHORTEST:
        return frozenset()
    written = json.dumps(value)[1:-1]
    texts = (value, quote(value, safe=""), written, *_base64(value.encode()))
    return _patterns(texts, PASSES if len(value) <= _RARE_UP_TO else 0)


def _patterns(texts: Iterable[str], passes: int) -> frozenset[bytes]:
    found = set[bytes]()
    for text in texts:
        pattern = text.encode().lower()
        for _ in range(passes + 1):
            found |= {pattern, _SPACES.sub(b"", pattern)}
            pattern = unescaped(pattern)
    return _kept(found)


def _kept(found: set[bytes]) -> frozenset[bytes]:
    # A zero byte comes in only from a value that spells one as an escape; the search uses it to keep strings apart.
    return frozenset(pattern for pattern in found if len(pattern) >= SHORTEST and b"\0" not in pattern)


def unescaped(folded: bytes) -> bytes:
    """Undo one layer of percent, JSON and HTML escapes in a folded text; the answer is folded again."""
    if b"%" not in folded and b"\\" not in folded and b"&" not in folded:
        return folded
    return _ESCAPE.sub(lambda match: _meant(match[0]), folded).lower()


def squeezed(folded: bytes) -> bytes:
    """Take out the white space of a text."""
    return folded.translate(None, b" \t\r\n")


def escapes(folded: bytes) -> Iterator[tuple[int, int, int]]:
    """Say what `unescaped` replaces: where each piece begins and ends, and how many bytes stand there then."""
    return ((match.start(), match.end(), len(_meant(match[0]))) for match in _ESCAPE.finditer(folded))


def spaces(folded: bytes) -> Iterator[tuple[int, int, int]]:
    """Say what `squeezed` takes out."""
    return ((match.start(), match.end(), 0) for match in _SPACES.finditer(folded))


@lru_cache(maxsize=8192)  # an answer of megabytes may be one escape after another
def _meant(escape: bytes) -> bytes:
    [match] = _ESCAPE.finditer(escape)
    percent, high, low, unit, byte, plain, braced, hexadecimal, decimal, entity = match.groups()
    if percent or byte:
        return bytes.fromhex((percent or byte).decode())
    if plain:
        return bytes([_CONTROLS.get(plain[0], plain[0])])
    if entity:
        return _ENTITIES.get(entity, escape)
    if high:
        code = 0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF)
    else:
        code = int(decimal) if decimal else int(unit or braced or hexadecimal, 16)
    return chr(min(code, _HIGHEST)).encode(errors="surrogatepass")


def _texts(value: str) -> Iterator[str]:
    yield from _common(value)
    if len(value.encode()) <= _RARE_UP_TO:
        yield from _rare(value)
    lines = value.split("\n")
    if len(lines) > 1:
        yield value.replace("\n", "\r\n")
        kept = (line.strip() for line in lines)
        yield from (line for line in kept if len(line) >= _SHORTEST_LINE and not line.startswith(_ARMOUR))


def _common(value: str) -> Iterator[str]:
    raw, written = value.encode(), json.dumps(value)[1:-1]
    yield from (value, value.upper(), value.lower(), value[::-1])
    yield from (quote(value, safe=safe) for safe in ("", "/", _COMPONENT, _WHOLE))
    yield from (quote_plus(value), quote(quote(value, safe=""), safe=""))
    unicode = json.dumps(value, ensure_ascii=False)[1:-1]
    for text in (written, unicode):
        # PHP escapes the slash; Go, Ruby and others what HTML would read.
        slashed = text.replace("/", "\\/")
        safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
        yield from (text, slashed, safe, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    page = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    quoted = page.replace('"', "&quot;")
    yield from (
        page,
        quoted,
        quoted.replace("'", "&#x27;"),
        quoted.replace("'", "&#39;"),
        quoted.replace("'", "&apos;"),
    )
    yield from (raw.hex(), *_base64(raw))


def _rare(value: str) -> Iterator[str]:
    raw, hexadecimal = value.encode(), value.encode().hex()
    pairs = [hexadecimal[at : at + 2] for at in range(0, len(hexadecimal), 2)]
    yield from (value.swapcase(), value.translate(_ROTATED), value.replace("'", "'\\''"))
    yield from (value.replace("'", "''"), hexadecimal[::-1])
    yield from (between.join(value) for between in _BETWEEN)
    yield from (between.join(pairs) for between in _BETWEEN)
    yield from (before + before.join(pairs) for before in ("%", "\\x"))
    yield from ("0x" + between.join(pairs) for between in (" 0x", ", 0x", ",0x"))
    yield from (between.join(map(str, raw)) for between in (",", " "))
    yield value.encode("utf-16-le").hex()
    units = value.encode("utf-16-be").hex()
    yield units
    yield "".join("\\u" + units[at : at + 4] for at in range(0, len(units), 4))
    yield "".join(f"&#{ord(char)};" for char in value)
    yield "".join(f"&#x{ord(char):x};" for char in value)
    yield quote(value, safe=_PRINTABLE.replace("%", "")).replace("%", "=").replace("=25", "%")  # quoted-printable
    yield from (base64.b85encode(raw).decode(), base64.a85encode(raw).decode())
    yield from (_determined(base64.b32encode, 5, raw, before) for before in range(5))
    # An encoding of an encoding: Basic credentials that hold base64, JSON in a JWT, a query in a cookie.
    once = base64.b64encode(raw)
    yield once.hex()
    inner = {once, base64.urlsafe_b64encode(raw), once.rstrip(b"="), hexadecimal.encode(), value[::-1].encode()}
    inner |= {quote(value, safe="").encode(), json.dumps(value)[1:-1].encode(), value.encode("utf-16-le")}
    if not value.isascii() and max(value) <= "\xff":
        inner.add(value.encode("latin-1"))
        yield "".join(f"%{byte:02x}" for byte in value.encode("latin-1"))
        yield quote(value, safe="", encoding="latin-1")
    inner |= {_determined(base64.b64encode, 6, raw, before).encode() for before in range(1, 3)}
    for part in inner:
        yield from _base64(part)
    yield base64.b64encode(once)[::-1].decode()
    yield from (text[::-1] for text in _base64(raw))
    yield once[::-1].decode()


def _base64(raw: bytes) -> Iterator[str]:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            yield _determined(encode, 6, raw, before)


def _determined(encode: _Encode, bits: int, raw: bytes, before: int) -> str:
    """Encode bytes that `before` others precede, and keep the characters that they alone determine."""
    text = encode(bytes(before) + raw).decode()
    return text[-(-before * 8 // bits) : (before + len(raw)) * 8 // bits]
