"""The sealed secrets of one run: what a script holds in place of a value, and what each of these stands for.

Rules of this file:
- A token is random and means something in its own run alone. Out of this file a value goes only through `opened`, to
  whoever puts it on the wire, and through `contents`, to whoever takes it out of texts.
- What is computed from secrets is sealed again, and goes only where each of them may go.
- A script learns next to nothing by computing: another question gives another token, also where the answers are the
  same. A refusal ends the run, and says at most how long a value is, or that it lacks the form that the operation
  demands (hex of a key in hex, no colon in the name of a user).
- A script decides how often it asks: the number of tokens, the size of what is computed from them, and how much is read
  for it in a whole run are bounded, and judged before anything is parsed.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from openpact.domain import signing, strict_json
from openpact.domain.errors import Invalid, TooLarge
from openpact.domain.fragments import Fragments
from openpact.domain.inner_json import is_json, spots
from openpact.domain.redaction import marker
from openpact.domain.secret import EVERYWHERE, Place, Reach

TOKEN = re.compile(r"sealed_[0-9a-f]{32}_x")
MOST_TOKENS = 500
MOST_COMPUTED = 200  # of them, tokens of what was computed; for each of these the search has more to look for
MOST_READ = 1024 * 1024  # characters that one computation reads
MOST_READ_IN_ALL = 16 * 1024 * 1024  # and all computations of a run
MOST_DERIVED = 128 * 1024  # characters of the texts with a secret that one computation reads, and of what it gives
MOST_KEPT = 1024 * 1024  # characters that a run's secrets have together

_WRITTEN = re.compile(r"sealed(?:_|%5f)([0-9a-f]{32})(?:_|%5f)x", re.IGNORECASE)
_RANDOM = 16  # bytes
_JWT = "jwt.sign_hs256"
_DIGITS = slice(len("sealed_"), -len("_x"))


class Sealed(msgspec.Struct, frozen=True):
    """What one token stands for."""

    names: tuple[str, ...]  # the secrets in it; several when it was computed from several
    value: str
    reach: Reach
    places: frozenset[Place]
    made_by: str = ""  # the operation that it came out of

    @property
    def label(self) -> str:
        """The name that people see in its place."""
        return "+".join(self.names)

    def __repr__(self) -> str:
        return f"Sealed({self.label})"


class Vault:
    """The tokens of one run."""

    def __init__(self, chance: Callable[[int], bytes]) -> None:
        self._chance = chance
        self._tokens: dict[str, Sealed] = {}
        self._by_content: dict[Sealed, str] = {}  # of the secrets themselves
        self._by_question: dict[bytes, str] = {}  # of what was computed: with it, two questions could be compared
        self._kept = self._computed = self._read = 0
        self._fragments: Fragments | None = None

    def seal(self, name: str, value: str, reach: Reach, places: frozenset[Place] = EVERYWHERE) -> str:
        """Give the token of a secret; in one run the same secret has the same one. TooLarge."""
        sealed = Sealed((name,), value, reach, places)
        if sealed not in self._by_content:
            self._by_content[sealed] = self._token_of(sealed)
        return self._by_content[sealed]

    def derive(self, op: str, inputs: Sequence[str], options: Mapping[str, str]) -> str:
        """Compute over the true values and seal what comes out; without a token in the inputs, give it as it is.

        Raises Invalid for what the operation does not take, TooLarge for what grows too large.
        """
        size = sum(map(len, (*inputs, *options.values())))
        self._read += size
        if size > MOST_READ or self._read > MOST_READ_IN_ALL:
            raise TooLarge(
                f"One computation reads at most {MOST_READ} characters, and those of a run {MOST_READ_IN_ALL}.",
                hint="Sign a hash of what is long, and compute it once, outside the loop.",
            )
        used = self.used_in(*inputs, *options.values())
        if not used:
            return signing.compute(op, inputs, options)
        if self.used_in(*options.values()):
            raise Invalid("A sealed secret cannot be an option.", hint="Give it as an input.")
        if op == "url.encode_query" and self.used_in(*inputs[::2]):
            raise Invalid("A sealed secret cannot be the name of a parameter.", hint="Give it as a value.")
        if op == _JWT and any(self._odd_in_json(text) for text in (inputs[0], *inputs[2:])):
            # With a secret among the keys, a refusal would say whether another key is the same.
            raise Invalid(
                "A sealed secret can stand in a string of the claims, and nowhere else in them.",
                hint='Write {"sub": secret}.',
            )
        question = hashlib.sha256(msgspec.json.encode([op, inputs, sorted(options.items())])).digest()
        if question in self._by_question:
            return self._by_question[question]
        value = signing.compute(op, self._all_opened(inputs), options)
        if len(value) > MOST_DERIVED:
            raise _too_large(MOST_DERIVED)
        reach, places = used[0].reach, used[0].places
        for sealed in used[1:]:
            reach, places = reach.meet(sealed.reach), places & sealed.places
        names = sorted({name for sealed in used for name in sealed.names})
        self._by_question[question] = self._token_of(Sealed(tuple(names), value, reach, places, op))
        return self._by_question[question]

    def tokens_in(self, text: str) -> list[str]:
        """List the tokens of this run in a text, in their order."""
        return [token for token in TOKEN.findall(text) if token in self._tokens]

    def has(self, text: str) -> bool:
        """Say whether a token of this run stands in the text."""
        return any(token in self._tokens for token in TOKEN.findall(text))

    def used_in(self, *texts: str) -> list[Sealed]:
        """List what the tokens in these texts stand for, each once."""
        return list(dict.fromkeys(self._tokens[token] for text in texts for token in self.tokens_in(text)))

    def opened(
        self, text: str, escape: Callable[[Sealed], str], *, most: int = MOST_DERIVED, depths: Sequence[int] = ()
    ) -> str:
        """Put the values in, each as the place demands. TooLarge before there is too much of it.

        `depths` says of each token in how many strings of JSON it stands, which is escaped first.
        """
        parts: list[str] = []
        at, size = 0, len(text)
        written: dict[tuple[str, int], str] = {}
        for count, match in enumerate(TOKEN.finditer(text)):
            token = match.group()
            if token not in self._tokens:
                continue
            depth = depths[count] if depths else 0
            if (token, depth) not in written:
                written[token, depth] = escape(_deep(self._tokens[token], depth, most))
            value = written[token, depth]
            parts += [text[at : match.start()], value]
            size += len(value) - len(token)
            at = match.end()
            if size > most:
                break
        if size > most:
            raise _too_large(most)
        return "".join(parts) + text[at:]

    def tampered(self, *texts: str) -> Sealed | None:
        """Find a token that was cut, turned round, recased or encoded by the script itself; whole ones are right.

        Such a text would reach the host as nonsense, and a script that cuts a token may be trying what gets through.
        """
        if self._fragments is None:
            self._fragments = Fragments([token[_DIGITS] for token in self._tokens])
        for text in texts:
            found = self._fragments.find(self.without(text))
            if found is not None:
                return list(self._tokens.values())[found]
        return None

    def without(self, text: str) -> str:
        """Give the text with a space in place of each whole token of this run."""
        return TOKEN.sub(lambda match: " " if match.group() in self._tokens else match.group(), text)

    def redact(self, text: str) -> str:
        """Put the names of secrets in place of their tokens, in any case and percent-encoded too."""
        return _WRITTEN.sub(self._marked, text)

    def contents(self, since: int = 0) -> list[Sealed]:
        """List all that was sealed, what was computed too, in this order: what is scrubbed from texts."""
        return list(self._tokens.values())[since:]

    def _marked(self, match: re.Match[str]) -> str:
        sealed = self._tokens.get(f"sealed_{match[1].lower()}_x")
        return match[0] if sealed is None else marker(sealed.label)

    def _all_opened(self, inputs: Sequence[str]) -> list[str]:
        room, opened = MOST_DERIVED, []
        for text in inputs:
            if not self.has(text):
                opened.append(text)
                continue
            if len(text) > room:
                raise _too_large(MOST_DERIVED)
            # In a text that is JSON a value must stay the string that it stands in, here as in the body of a request:
            # what is signed is what will be sent.
            found = (spots(text, TOKEN) or ()) if is_json(text) else ()
            opened.append(self.opened(text, as_it_is, most=room, depths=[spot.depth for spot in found]))
            room -= len(opened[-1])
        return opened

    def _odd_in_json(self, text: str) -> bool:
        """Say whether a token stands in a text, but not in a string of the JSON that it is."""
        if not self.has(text):
            return False
        if len(text) > MOST_DERIVED:
            raise _too_large(MOST_DERIVED)
        try:
            return any(self.has(key) for key in _keys(_read(text)))
        except Invalid:
            return True

    def _token_of(self, sealed: Sealed) -> str:
        self._kept += len(sealed.value)
        self._computed += bool(sealed.made_by)
        if len(self._tokens) >= MOST_TOKENS or self._computed > MOST_COMPUTED or self._kept > MOST_KEPT:
            raise TooLarge(
                f"One run holds at most {MOST_TOKENS} sealed texts, {MOST_COMPUTED} of them computed, "
                f"and {MOST_KEPT} characters in them.",
                hint="Compute each of them once, outside the loop.",
            )
        token = f"sealed_{self._chance(_RANDOM).hex()}_x"
        if not TOKEN.fullmatch(token) or token in self._tokens:
            raise RuntimeError("the source of chance gave too few bytes, or the same again")
        self._tokens[token] = sealed
        self._fragments = None
        return token


def as_it_is(sealed: Sealed) -> str:
    """Write a value plainly."""
    return sealed.value


def _deep(sealed: Sealed, depth: int, most: int) -> Sealed:
    """Write a value as part of a JSON string in a JSON string, and so on."""
    value = sealed.value
    for _ in range(depth):
        value = msgspec.json.encode(value).decode()[1:-1]
        if len(value) > most:  # it doubles each time
            raise _too_large(most)
    return msgspec.structs.replace(sealed, value=value) if depth else sealed


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"With its secrets put in, the text has more than {most} characters.", hint="Use each secret once.")


def _read(text: str) -> strict_json.Value:
    raw = text.encode(errors="surrogatepass")
    return strict_json.parse(raw, strict_json.Limits(max_bytes=len(raw), max_depth=strict_json.DEEPEST))


def _keys(value: strict_json.Value) -> Iterator[str]:
    """Yield every key of every object."""
    if isinstance(value, dict):
        yield from value
        for part in value.values():
            yield from _keys(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _keys(part)
