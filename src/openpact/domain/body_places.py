"""How values are written into the body of a request and into what stands in a URL: by content type, and by the text.

Rules of this file:
- What is declared is believed only if the text reads so; what is not declared is looked at.
- Where nothing says how a value must be written it goes in as it is, and its place is called unclear.
"""

import re
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import quote, unquote, unquote_plus

from openpact.domain.inner_json import Spot, inside, is_json, spots
from openpact.domain.sealed import Sealed, as_it_is

__all__ = ["as_it_is", "body_writing", "in_url", "inside", "quoted", "within_url"]

_Writing: TypeAlias = tuple[Callable[[Sealed], str], list[Spot]]

_FORM = "application/x-www-form-urlencoded"
_XML_TYPES = frozenset({"application/xml", "text/html", "text/xml"})
_XML = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)
# Inside these no entity is read. (A comment may also end a declaration; a token there is no use to anybody.)
_RAW_IN_XML = re.compile(r"<(?:!|script|style|textarea|title|xmp|iframe|noscript|plaintext)(?!doctype)", re.IGNORECASE)
_IN_URLS = frozenset({"url.quote", "url.encode_query"})  # what these give is percent-encoded already
_RECORD = " \t\r\x1e"  # what stands around the lines of JSON that come one after another


def body_writing(content_type: str, text: str, token: re.Pattern[str]) -> _Writing:
    """Say how values are written into this body, and the place of each token in it."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == _FORM:
        return in_url, [spot for pair in text.split("&") for spot in within_url(pair, token, plus=True)]
    if (kind in _XML_TYPES or kind.endswith("+xml")) and not _RAW_IN_XML.search(text):
        return _in_xml, []
    found = None
    if kind.endswith(("/json", "+json")) or is_json(text):
        found = spots(text, token)
    if found is None:
        found = _in_lines(text, token)
    if found is None:
        found = inside(text, token.findall(text), token)
    return as_it_is, found


def within_url(pair: str, token: re.Pattern[str], *, plus: bool = False) -> list[Spot]:
    """Find the places of the tokens in one `name=value` of a query or a form."""
    key, equals, value = pair.partition("=")
    if not equals:
        key, value = "", pair
    tokens = token.findall(value)
    read = (unquote_plus if plus else unquote)(value)
    return [Spot()] * len(token.findall(key)) + (inside(read, tokens, token) if tokens else [])


def quoted(sealed: Sealed) -> str:
    """Write a value percent-encoded, whatever it is."""
    return quote(sealed.value, safe="")


def in_url(sealed: Sealed) -> str:
    """Write a value as part of a URL or a form."""
    return sealed.value if sealed.made_by in _IN_URLS else quoted(sealed)


def _in_xml(sealed: Sealed) -> str:
    return sealed.value.translate(_XML)


def _in_lines(text: str, token: re.Pattern[str]) -> list[Spot] | None:
    """Read a body of several JSON texts, one on each line (ndjson, jsonl, json-seq); None for what is none."""
    lines = [line for line in map(_stripped, text.split("\n")) if line]
    return None if not all(map(is_json, lines)) else [spot for line in lines for spot in spots(line, token) or ()]


def _stripped(line: str) -> str:
    return line.strip(_RECORD)
