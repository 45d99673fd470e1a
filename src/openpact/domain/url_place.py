"""Where the URL of a call leads, as far as the source says.

Rules of this file:
- A host counts only when it is whole: something follows it that ends it, or the text ends there and nothing can be
  put behind it.
- Every text that the URL may begin with is looked at; one that cannot be seen makes the URL computed.
"""

import re

import msgspec

from openpact.domain.dataflow import Dataflow
from openpact.domain.destination import Destination, read_url
from openpact.domain.errors import Invalid

_PLACEHOLDER = re.compile(r"[{%]")
_AUTHORITY = re.compile(r"https?://[^/?#]*")


class UrlPlaces(msgspec.Struct, frozen=True):
    """The places that one URL may lead to, each with the constant that says so."""

    places: dict[Destination, int]
    refused: dict[int, str]  # constants with a host that no request goes to, and why
    computed: bool


def url_places(flow: Dataflow, url: int | None, lengthened: set[int]) -> UrlPlaces:
    """Find out where a URL may lead."""
    constants, computed = ([], True) if url is None else flow.fronts(url)
    found = UrlPlaces({}, {}, computed)
    for constant in constants:
        authority = whole_authority(flow.tree.text(constant) or "", ends_open=constant in lengthened)
        if authority is None:
            found = msgspec.structs.replace(found, computed=True)
            continue
        try:
            found.places.setdefault(read_url(authority)[0], constant)
        except Invalid as error:
            found.refused[constant] = error.message
    return found


def whole_authority(text: str, *, ends_open: bool) -> str | None:
    """Find scheme and host at the front of a text, if they are whole; `ends_open`: its end may be lengthened."""
    before = _PLACEHOLDER.split(text, maxsplit=1)[0]
    found = _AUTHORITY.match(before)
    if not found or (found.end() == len(before) and (len(before) < len(text) or ends_open)):
        return None
    return found[0]
