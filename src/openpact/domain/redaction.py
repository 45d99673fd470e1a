"""Taking secrets out of texts: one search for every encoding of every value, `[REDACTED:NAME]` in its place.

This is the second net: what keeps a secret is that it goes only to hosts that may have it. A host that answers with a
secret cut in halves, or as arithmetic, gets past every search.

Rules of this file:
- Time is linear in the text: one automaton for all values (two: of the house, and of a run), a fixed number of passes,
  bounded work for each hit.
- The text is searched as it is, with one to three layers of escapes undone, and without its white space; a hit in any
  of these is taken out of the text as it is.
- A marker that stands for a known name is left alone, so that what was scrubbed can be scrubbed again. Only whole
  markers of known names: `[REDACTED:` before a secret protects nothing.
- How much is taken out of a long secret that the text goes on differently from is rounded up: else who knows how one
  begins could find out the rest letter by letter, from what is taken out of guesses.
- JSON is scrubbed string by string, numbers and keys too, and stays JSON.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain

import msgspec
from ahocorasick_rs import BytesAhoCorasick, MatchKind

from openpact.domain import encodings, strict_json
from openpact.domain.secret import MARKER

_HEAD = 96  # bytes of a form that the automaton looks for; the rest is compared where these stand
_BLOCK = 32  # bytes behind the head that are found together, or not at all
_PROBES = 8  # how often a hit is looked at for one that begins inside it and ends behind it
_PROBED = 5_000  # and for how many hits of a text
_SEPARATOR = "\0"  # no value holds it, so nothing is found across two strings

_Span = tuple[int, int, str]


def marker(name: str) -> str:
    """Give what stands in place of a secret."""
    return f"{MARKER}{name}]"


class Redactor:
    """All that is taken out of texts, ready to be searched for. Making one costs more than using it: keep it."""

    def __init__(
        self, owners: Mapping[bytes, str], names: frozenset[bytes], searches: Sequence["_Search"] = ()
    ) -> None:
        self._owners = owners
        self.names = names
        self.searches = (*searches, _Search(owners)) if owners else tuple(searches)
        self._markers = BytesAhoCorasick(list(names), matchkind=MatchKind.LeftmostLongest)

    @classmethod
    def of(cls, secrets: Iterable[tuple[str, str]]) -> "Redactor":
        """Prepare the search for these values; a name may come several times, with each of its values."""
        return cls({}, frozenset()).more(secrets)

    def more(self, secrets: Iterable[tuple[str, str]], computed: Iterable[tuple[str, str]] = ()) -> "Redactor":
        """Give one that searches for these values too; for computed ones in their usual forms only."""
        owners, names = dict(self._owners), set(self.names)
        for values, forms in ((secrets, encodings.forms), (computed, encodings.few_forms)):
            for name, value in values:
                names.add(marker(name).lower().encode())
                for form in forms(value):
                    owners.setdefault(form, name)
        return Redactor(owners, frozenset(names), self.searches[:-1] if self._owners else self.searches)

    def beside(self, other: "Redactor") -> "Redactor":
        """Give one that takes out what either would; each text is prepared only once for both."""
        return Redactor({}, self.names | other.names, (*self.searches, *other.searches))

    def scrub(self, text: str) -> str:
        """Give the text with a marker in place of each secret."""
        if not self.searches:
            return text
        raw = text.encode(errors="surrogatepass")
        spans = self._spans(raw)
        if not spans:
            return text
        pieces, end = [], 0
        for start, stop, name in spans:
            pieces += [raw[end:start], marker(name).encode()]
            end = stop
        pieces.append(raw[end:])
        return b"".join(pieces).decode(errors="surrogatepass")

    def scrub_json(self, text: str) -> str:
        """Scrub every string, key and number of a JSON text. Raises JsonInvalid for what is none."""
        raw = text.encode(errors="surrogatepass")
        value = strict_json.parse(raw, strict_json.Limits(max_bytes=len(raw), max_depth=strict_json.DEEPEST))
        leaves = list(_leaves(value))
        together = _SEPARATOR.join(leaves)
        scrubbed = self.scrub(together)
        if scrubbed == together:
            return text
        parts = scrubbed.split(_SEPARATOR)
        if len(parts) != len(leaves):  # one of them holds the separator
            parts = list(map(self.scrub, leaves))
        return strict_json.encode(_replaced(value, iter(parts))).decode()

    def _spans(self, raw: bytes) -> list[_Span]:
        """Find what is to be replaced: apart from one another, in their order."""
        folded = raw.lower()
        found = list(self._hits(folded))
        views: list[_View] = []
        for _ in range(encodings.PASSES):
            before = views[-1].text if views else folded
            after = encodings.unescaped(before)
            if after == before:
                break
            views.append(_View(before, after, encodings.escapes))
            found += _backwards(self._hits(after), views)
        before = views[-1].text if views else folded
        after = encodings.squeezed(before)
        if len(after) != len(before):
            found += _backwards(self._hits(after), [*views, _View(before, after, encodings.spaces)])
        return self._apart(folded, found) if found else []

    def _hits(self, folded: bytes) -> Iterator[_Span]:
        return chain.from_iterable(search.hits(folded) for search in self.searches)

    def _apart(self, folded: bytes, found: list[_Span]) -> list[_Span]:
        markers = [(start, stop) for _index, start, stop in self._markers.find_matches_as_indexes(folded)]
        starts = [start for start, _stop in markers]

        def around(at: int) -> tuple[int, int]:
            """Give the marker that this byte is part of."""
            nearest = bisect_right(starts, at) - 1
            return markers[nearest] if nearest >= 0 and at < markers[nearest][1] else (at, at + 1)

        apart: list[_Span] = []
        for start, stop, name in sorted(found, key=lambda span: (span[0], -span[1])):
            first, last = around(start), around(stop - 1)
            if first == last:
                continue  # inside a marker: a secret that is spelled like part of it
            if apart and first[0] < apart[-1][1]:
                before = apart[-1]
                apart[-1] = (before[0], max(before[1], last[1]), before[2])
            else:
                apart.append((first[0], last[1], name))
        return apart


class _Search:
    """One automaton, and the forms whose heads it knows."""

    def __init__(self, owners: Mapping[bytes, str]) -> None:
        wholes: dict[bytes, list[tuple[bytes, str]]] = {}
        for form, name in owners.items():
            wholes.setdefault(form[:_HEAD], []).append((form, name))
        self._wholes = [sorted(forms, key=lambda form: -len(form[0])) for forms in wholes.values()]
        self._automaton = BytesAhoCorasick(list(wholes), matchkind=MatchKind.LeftmostLongest)

    def hits(self, folded: bytes) -> Iterator[_Span]:
        done = 0
        for count, (found, at, end_of_head) in enumerate(self._automaton.find_matches_as_indexes(folded)):
            if end_of_head <= done:
                continue
            index, start, furthest = found, at, at
            for _ in range(_PROBES):
                stop, name = self._extended(folded, index, start)
                yield (start, stop, name)
                furthest = max(furthest, stop)
                if count >= _PROBED:
                    break
                # Two secrets may share a part: `…AB` and `AB…` in `…AB…`.
                inside = self._automaton.find_matches_as_indexes(folded[start + 1 : furthest + _HEAD])
                if not inside or start + 1 + inside[0][1] >= furthest:
                    break
                index, start = inside[0][0], start + 1 + inside[0][1]
            done = max(done, furthest)

    def _extended(self, folded: bytes, index: int, start: int) -> tuple[int, str]:
        """Say how far the text goes on as one of the forms with this head does, and whose it is."""
        size, owner = max((_agreed(_common(folded, start, whole), whole), name) for whole, name in self._wholes[index])
        stop = min(start + size, len(folded))
        while stop < len(folded) and folded[stop] & 0xC0 == 0x80:  # noqa: PLR2004 - the rest of a letter in UTF-8
            stop += 1
        separator = folded.find(_SEPARATOR.encode(), start, stop)
        return stop if separator < 0 else separator, owner


def _agreed(same: int, whole: bytes) -> int:
    """Round up to the next block."""
    return min(len(whole), same - (same - _HEAD) % _BLOCK + _BLOCK) if same < len(whole) else same


def _common(folded: bytes, start: int, whole: bytes) -> int:
    """Count the bytes that agree, in steps that double and then halve: one byte at a time is too slow here."""
    same = min(_HEAD, len(whole))
    step = _HEAD
    while step:
        part = whole[same : same + step]
        if part and folded.startswith(part, start + same):
            same, step = same + len(part), 2 * step
        else:
            step //= 2
    return same


class _View(msgspec.Struct, frozen=True):
    """A text made from another by replacing pieces of it, and the way back."""

    source: bytes
    text: bytes
    pieces: Callable[[bytes], Iterator[tuple[int, int, int]]]

    def back(self, spans: Iterable[_Span]) -> list[_Span]:
        """Say where these places of the text are in the one that it was made from."""
        spans = list(spans)
        if not spans:
            return []
        # Each stretch: where it begins in the text and in the source, and whether it is a piece that was replaced.
        here, there, replaced = [0], [0], [False]
        for start, stop, size in self.pieces(self.source):
            at = here[-1] + start - there[-1]
            for stretch in ((at, start, True), (at + size, stop, False)):
                here.append(stretch[0])
                there.append(stretch[1])
                replaced.append(stretch[2])

        def before(at: int) -> int:
            stretch = bisect_right(here, at) - 1
            return there[stretch] + (0 if replaced[stretch] else at - here[stretch])

        def behind(at: int) -> int:
            stretch = bisect_right(here, at) - 1
            return there[stretch + 1] if replaced[stretch] else there[stretch] + at - here[stretch] + 1

        return [(before(start), behind(stop - 1), name) for start, stop, name in spans]


def _backwards(spans: Iterable[_Span], views: list[_View]) -> list[_Span]:
    found = list(spans)
    for view in reversed(views):
        found = view.back(found)
    return found


def _leaves(value: strict_json.Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield str(value)


def _replaced(value: strict_json.Value, leaves: Iterator[str]) -> strict_json.Value:
    """Put scrubbed leaves where `_leaves` took them from."""
    if isinstance(value, str):
        return next(leaves)
    if isinstance(value, dict):
        found, taken = dict[str, strict_json.Value](), dict[str, int]()
        for part in value.values():
            written = name = next(leaves)
            while name in found:  # keys that held the same secret, say in capitals and not
                taken[written] = taken.get(written, 1) + 1
                name = f"{written} ({taken[written]})"
            found[name] = _replaced(part, leaves)
        return found
    if isinstance(value, list | tuple):
        return [_replaced(part, leaves) for part in value]
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        written = next(leaves)
        return value if written == str(value) else written
    return value
