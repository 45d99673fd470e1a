"""How a value can be written, and the look for it in everything that people and other hosts get to see.

Rules of this file:
- It knows nothing of the search that it checks: no import from there, each encoding is made by the standard library.
"""

import base64
import codecs
import html
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from urllib.parse import quote, quote_plus, unquote

BEGINNING = 200  # characters


def _base64(raw: bytes, before: int) -> str:
    text = base64.b64encode(bytes(before) + raw).decode()
    return text[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


WAYS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "in capitals": str.upper,
    "in small letters": str.lower,
    "percent": lambda value: quote(value, safe=""),
    "percent but slashes": quote,
    "percent as a form": quote_plus,
    "percent twice": lambda value: quote(quote(value, safe=""), safe=""),
    "percent of everything": lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
    "base64": lambda value: _base64(value.encode(), 0),
    "base64 behind one": lambda value: _base64(value.encode(), 1),
    "base64 behind two": lambda value: _base64(value.encode(), 2),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(value.encode()).decode().rstrip("="),
    "base64 of base64": lambda value: _base64(base64.b64encode(value.encode()), 0),
    "base32": lambda value: base64.b32encode(value.encode()).decode().rstrip("="),
    "hex": lambda value: value.encode().hex(),
    "hex in capitals": lambda value: value.encode().hex().upper(),
    "hex with colons": lambda value: value.encode().hex(":"),
    "hex of UTF-16": lambda value: value.encode("utf-16-le").hex(),
    "base64 of UTF-16": lambda value: base64.b64encode(value.encode("utf-16-le")).decode(),
    "reversed": lambda value: value[::-1],
    "rotated": lambda value: codecs.encode(value, "rot13"),
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON in JSON": lambda value: json.dumps(json.dumps(value))[3:-3],
    "HTML": html.escape,
    "entities": lambda value: "".join(f"&#{ord(char)};" for char in value),
    "codes": lambda value: ",".join(map(str, value.encode())),
    "with spaces": " ".join,
    "with hyphens": "-".join,
}


def everyway(value: str) -> str:
    """Give a value in every encoding, as a host might send it back."""
    return "".join(f"<{way}> {write(value)} </>\n" for way, write in WAYS.items())


def found(values: Iterable[str], texts: Iterable[str]) -> list[str]:
    """Say in which encodings one of the values, or the beginning of a long one, stands in one of the texts."""
    seen = "\n\n".join(view for text in dict.fromkeys(texts) for view in _views(text))
    return [
        f"{way} of {value[:12]}…: {seen[max(0, seen.index(form) - 60) : seen.index(form) + 60]}"
        for value in values
        for way, form in _forms(value[:BEGINNING])
        if form in seen
    ]


@cache
def _forms(value: str) -> list[tuple[str, str]]:
    return [(way, write(value)) for way, write in WAYS.items()]


def _views(text: str) -> Iterator[str]:
    yield from dict.fromkeys((text, unquote(text), "".join(text.split()), text.replace("\0", "")))


def leaves(value: object) -> Iterator[str]:
    """Yield every text of a JSON document, keys and numbers too."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif value is not None:
        yield str(value)
