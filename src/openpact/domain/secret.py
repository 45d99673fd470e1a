"""A secret: its name, its value, and the grant that says which script may send it where.

Rules of this file:
- A value never stands in a message, a repr or a hint; the name does.
- Where script and grant both have a say, both must agree. What a grant does not mention it does not narrow; a list
  that is there and empty agrees to nothing.
- Over plain http a secret goes only where the grant itself names the `http://` host: what a script declares, or a
  reviewer saw, is not enough to send it in the clear.
"""

import enum
import re

import msgspec

from openpact.domain import glob
from openpact.domain.destination import Destination, HostRule, read_rule
from openpact.domain.errors import Invalid

SHORTEST = 8  # bytes; what is shorter is found in texts that have nothing to do with it, so it is not scrubbed
LONGEST = 64 * 1024

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_FILE = "_FILE"  # names the file of a value in the environment, so no secret can have it
_NAME_HINT = "Write it as API_KEY: capitals, digits and _, at most 64, not ending in _FILE."
_SCRIPT = ".star"
MARKER = "[REDACTED:"  # a value with this in it could not be told from what stands in its place


class Place(enum.StrEnum):
    """Where in a request a secret may stand."""

    HEADER = "header"
    QUERY = "query"  # the path too: both are in the URL, and in the logs of whoever receives it
    BASIC = "basic"
    BODY = "body"


class Mode(enum.StrEnum):
    """What a script sees of a secret."""

    SEALED = "sealed"  # a token that means nothing outside its run
    PLAIN = "plain"


EVERYWHERE = frozenset(Place)


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner of a secret allows; None: the owner did not say, the reviewer's word is enough."""

    hosts: tuple[HostRule, ...] | None = None
    scripts: tuple[str, ...] | None = None
    places: frozenset[Place] = EVERYWHERE

    def covers(self, script: str) -> bool:
        """Say whether a script of this name may use the secret."""
        if self.scripts is None:
            return True
        names = {script, script.removesuffix(_SCRIPT)}  # people write names without their ending
        return any(glob.matches(pattern, name) for pattern in self.scripts for name in names)


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret with its value, as it is held in memory."""

    name: str
    value: str
    grant: Grant | None = None
    mode: Mode = Mode.SEALED
    expires_at: int | None = None

    @property
    def scrubbed(self) -> bool:
        """Say whether the value is long enough to be looked for in what comes back."""
        return len(self.value.encode()) >= SHORTEST

    def expired(self, now_at: int) -> bool:
        """Say whether the secret's time is over."""
        return self.expires_at is not None and now_at >= self.expires_at

    def __repr__(self) -> str:
        return f"Secret({self.name})"


class Bound(msgspec.Struct, frozen=True):
    """The hosts of one secret in one run: those that the reviewer saw, narrowed by the grant's."""

    declared: tuple[HostRule, ...]
    granted: tuple[HostRule, ...] | None

    def allows(self, place: Destination) -> bool:
        """Say whether the secret may go there."""
        if not any(rule.matches(place) for rule in self.declared):
            return False
        if place.scheme == "http":
            return any(rule.scheme == "http" and rule.matches(place) for rule in self.granted or ())
        return self.granted is None or any(rule.matches(place) for rule in self.granted)


class Reach(msgspec.Struct, frozen=True):
    """Where a text may go: of several secrets in it, each must be allowed there."""

    bounds: tuple[Bound, ...]

    def allows(self, place: Destination) -> bool:
        """Say whether everything in the text may go there. What has no bound at all goes nowhere."""
        return bool(self.bounds) and all(bound.allows(place) for bound in self.bounds)

    def meet(self, other: "Reach") -> "Reach":
        """Give the reach of a text made of both."""
        return Reach(tuple(dict.fromkeys(self.bounds + other.bounds)))

    def __str__(self) -> str:
        """List the hosts for people, the narrower list where there are two."""
        rules = dict.fromkeys(rule for bound in self.bounds for rule in bound.granted or bound.declared)
        return ", ".join(map(str, rules)) or "no host"


def reach(hosts: tuple[HostRule, ...], grant: Grant | None) -> Reach:
    """Bind a secret to the hosts that the reviewer of the script saw, and to those of its grant."""
    return Reach((Bound(hosts, None if grant is None else grant.hosts),))


def check_name(name: str) -> None:
    """Raise Invalid unless a secret can have this name."""
    if not _NAME.fullmatch(name) or name.endswith(_FILE):
        raise Invalid(f"{name[:80]!r} is not a name for a secret.", hint=_NAME_HINT)


def check_value(value: str, *, short: bool = False) -> None:
    """Raise Invalid unless this can be a secret's value; `short` allows one that cannot be scrubbed."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Invalid("The value holds half of a surrogate pair, which is no text.") from None
    if size > LONGEST:
        raise Invalid(
            f"The value has more than {LONGEST:,} bytes, the most that a secret can have.",
            hint="Keep what is longer elsewhere, and the key to it here.",
        )
    if not size:
        raise Invalid("The value is empty.", hint="Give a value, or delete the secret.")
    if size < SHORTEST and not short:
        raise Invalid(
            f"The value has fewer than {SHORTEST} bytes, too few to be scrubbed from what comes back.",
            hint="Take a longer one, or allow it with --short (`short: true`): it is then marked as not scrubbed.",
        )
    if "\0" in value:
        raise Invalid("The value holds a zero byte.", hint="Store binary values as base64 or hex.")
    if MARKER in value.upper():
        raise Invalid(f"The value holds the text {MARKER} itself.", hint="This is what stands in place of a secret.")


def read_grant(
    *,
    hosts: tuple[str, ...] | None = None,
    scripts: tuple[str, ...] | None = None,
    places: tuple[str, ...] | None = None,
) -> Grant:
    """Read a grant as people write it. Raises Invalid with what is wrong."""
    for pattern in scripts or ():
        glob.check(pattern)
        if not {"", ".", ".."}.isdisjoint(pattern.split("/")):
            raise Invalid("No script has such a name.", hint="Write it as the list shows it: weather.star, billing/*")
    known = {place.value: place for place in Place}
    for place in places or ():
        if place not in known:
            raise Invalid(f"{place[:40]!r} is no place in a request.", hint=f"There are: {', '.join(known)}.")
    return Grant(
        hosts=None if hosts is None else tuple(map(read_rule, hosts)),
        scripts=scripts,
        places=EVERYWHERE if places is None else frozenset(known[place] for place in places),
    )
