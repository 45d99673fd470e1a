"""Recognising a sealed token that is no longer whole: cut, turned round, recased, percent-encoded, in hex or base64.

Rules of this file:
- Ten hex digits of a token in a row are no chance; fewer are not looked for.
- Time is linear in the text: each view of it is made and searched once.
"""

import base64
import re
from collections.abc import Iterator, Sequence

from ahocorasick_rs import BytesAhoCorasick

from openpact.domain import encodings

SHORTEST = 10  # digits

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")  # what ten digits have at least, wherever they begin
_HEX = re.compile(rb"[0-9a-f]{20,}")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_QUARTET = 4


class Fragments:
    """The fragments of some tokens, ready to be searched for."""

    def __init__(self, digits: Sequence[str]) -> None:
        both = [way.encode() for text in digits for way in (text, text[::-1])]
        pieces = [
            (way[at : at + SHORTEST], owner // 2)
            for owner, way in enumerate(both)
            for at in range(len(way) - SHORTEST + 1)
        ]
        self._owners = [owner for _, owner in pieces]
        self._automaton = BytesAhoCorasick([piece for piece, _ in pieces])

    def find(self, text: str) -> int | None:
        """Say whose fragment stands in the text: the place of its digits in the list that was given."""
        raw = text.encode(errors="surrogatepass")
        for view in _views(raw):
            if found := self._automaton.find_matches_as_indexes(view):
                return self._owners[found[0][0]]
        return None


def _views(raw: bytes) -> Iterator[bytes]:
    folded = raw.lower()
    yield folded
    yield encodings.unescaped(folded)
    runs = _HEX.findall(folded)
    for shift in range(2):
        yield b" ".join(bytes.fromhex(run[shift : len(run) - (len(run) - shift) % 2].decode()) for run in runs).lower()
    # Slashes and hyphens of what stands before belong to the alphabet too, so a run may begin at any of four places.
    runs = [run.translate(_STANDARD) for run in _BASE64.findall(raw)]
    for shift in range(_QUARTET):
        yield b" ".join(_decoded(run[shift:]) for run in runs).lower()


def _decoded(run: bytes) -> bytes:
    rest = len(run) % _QUARTET
    return base64.b64decode(run[:-1] if rest == 1 else run + b"=" * (-rest % _QUARTET))
