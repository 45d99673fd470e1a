"""What a password and a username must be before anybody hashes or stores one.

Rules of this file:
- A password is counted, compared and hashed in one form, NFKC: another keyboard or system sends other code points for
  the same letters, and the same person must still get in.
- Too long is refused before anything else looks: normalising and hashing cost us, not the asker.
- Every broken rule is named at once, and no message holds the password, the username or the listed password it met.
- The list of breached passwords is given; this file reads nothing.
"""

import re
import unicodedata
from collections.abc import Sequence

from openpact.domain.errors import Invalid, PasswordInvalid
from openpact.domain.identity import KINDS

LONGEST = 1024  # characters; a hash reads all of it, for every stranger that tries
LONG = 16  # characters that are enough whatever they are
SHORTEST = 12  # characters that are enough in three classes
CLASSES_NEEDED = 3
SHORTEST_NAME = 3  # a username of one or two letters is in nearly every password
SHORTEST_CORE = 4  # letters of a listed password that still make a word: `love` in `love12345678`
DISGUISED = range(4)  # how many letters at either end of a word may be typed as digits or signs
PIECES_NEEDED = 6  # what must be left when each walk counts as one character
CHARACTERS_NEEDED = 5  # different ones; 16 random digits have fewer once in ten thousand
WALK = 3  # neighbours in a row that make a walk; two happen in every text

_CLASSES = {"Ll": "lower", "Lu": "upper", "Lt": "upper", "Nd": "digit"}

# One spelling for what is typed instead of a letter. `1` and `!` stand for i and for l, so these three are one.
_UNDRESSED = str.maketrans(
    {"0": "o", "1": "i", "!": "i", "l": "i", "3": "e", "4": "a", "@": "a", "5": "s", "$": "s", "7": "t"}
)

_LINES = (
    "abcdefghijklmnopqrstuvwxyz" * 2,
    "0123456789" * 2,
    "qwertyuiopasdfghjklzxcvbnm" * 2,
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "1234567890-=",
    "!@#$%^&*()_+",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>)p:?",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "147258369",
    "789456123",
    "159753",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "йцукенгшщзхъфывапролджэячсмитьбю",
)
_WALKS = "\n".join((*_LINES, *(line[::-1] for line in _LINES)))

_TOO_LONG = f"must have at most {LONGEST:,} characters"
_TOO_SHORT = (
    f"must have at least {LONG} characters, or {SHORTEST} with three of lower case, upper case, digits and others"
)
_INVISIBLE = "must not hold control characters or invisible ones"
_BREACHED = "must not be a well-known password, nor one with digits or signs put to it"
_HAS_NAME = "must not contain the username or be its reverse"
_REPEATED = "must not be a short block or a few characters over and over"
_WALKED = "must not be little more than a sequence or a walk over the keyboard"
_HINT = "Take five unrelated words, or let a password manager make one."

# Names that a reader of the audit would take for something other than a person.
RESERVED = frozenset(
    {"agent", "anonymous", "anyone", "daemon", "everyone", "local", "nobody", "none", "openpact", "person", "policy"}
    | {"root", "script", "setup", "system", "token", "unknown"}
)
_ID_PREFIXES = tuple(f"{kind}_" for kind in sorted(KINDS))  # who looks up a name or an id must find only one thing
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_NAME_HINT = "Use 1 to 64 of a-z, 0-9, dot, hyphen and underscore, with a letter or digit first."
_RESERVED_HINT = "Take the person's own name."


def normalise(password: str) -> str:
    """Return the form that is counted, compared and hashed; refuse what no hash should ever be asked for."""
    text = _bounded(password)
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise _refusal([_INVISIBLE])  # half a character: it has no bytes to hash
    return text


def check(password: str, *, username: str, breached: frozenset[str]) -> None:
    """Refuse a password that breaks a rule, and name every rule that it breaks. `breached` is casefolded."""
    text = _bounded(password)
    folded = text.casefold()
    verdicts = {
        _TOO_SHORT: not _long_enough(text),
        _INVISIBLE: any(map(_invisible, text)),
        _BREACHED: folded in breached or not _cores(folded).isdisjoint(map(_core, breached)),
        _HAS_NAME: _holds_name(folded, username.casefold()),
        _REPEATED: _repeated(folded),
        _WALKED: _pieces(folded) < min(PIECES_NEEDED, len(folded)),
    }
    broken = [rule for rule, is_broken in verdicts.items() if is_broken]
    if broken:
        raise _refusal(broken)


def check_username(name: str) -> str:
    """Return the name in lower case, which is the one that is stored and looked up; refuse what is not a name."""
    # Lower case comes after ASCII: the Kelvin sign lowers to `k`, and would be somebody else's name.
    folded = name.lower() if name.isascii() else ""
    if _NAME.fullmatch(folded) is None:
        raise _name_refusal(
            "The username is empty, too long or holds a character that no username may have.", _NAME_HINT
        )
    if folded in RESERVED or folded.startswith(_ID_PREFIXES):
        raise _name_refusal(
            "The username is reserved, because it reads like something other than a person.", _RESERVED_HINT
        )
    return folded


def _bounded(password: str) -> str:
    if len(password) > LONGEST:
        raise _refusal([_TOO_LONG])
    text = unicodedata.normalize("NFKC", password)
    if len(text) > LONGEST:  # one character can become eighteen
        raise _refusal([_TOO_LONG])
    return text


def _long_enough(text: str) -> bool:
    if len(text) >= LONG:
        return True
    classes = {_CLASSES.get(unicodedata.category(character), "other") for character in text}
    return len(text) >= SHORTEST and len(classes) >= CLASSES_NEEDED


def _invisible(character: str) -> bool:
    # Format characters come along with a pasted text and nobody can type them again; what is private or unassigned
    # may have another NFKC form in the next Unicode, which would lock its owner out.
    category = unicodedata.category(character)
    return category[0] == "C" or category in {"Zl", "Zp"}


def _core(text: str, *, before: int = 0, after: int = 0) -> str | None:
    """Return the word in the middle, undressed: `password` for `!P@ssw0rd-2024`. None when there is hardly a word."""
    letters = [place for place, character in enumerate(text) if character.isalpha()]
    if not letters:
        return None
    middle = text[max(letters[0] - before, 0) : letters[-1] + 1 + after]
    core = "".join(filter(str.isalnum, middle.translate(_UNDRESSED)))
    return core if len(core) >= SHORTEST_CORE else None


def _cores(text: str) -> set[str]:
    # What stands at an end may be decoration or letters in disguise (`$unshine!`, `Jessic4!`, `Princ3$$!`).
    found = {_core(text, before=before, after=after) for before in DISGUISED for after in DISGUISED}
    return {core for core in found if core is not None}


def _holds_name(folded: str, name: str) -> bool:
    if len(name) < SHORTEST_NAME:
        return False
    bare = "".join(filter(str.isalnum, name))  # adrian.meier is in `AdrianMeier2024`
    inside = len(bare) >= SHORTEST_NAME and bare in "".join(filter(str.isalnum, folded))
    return inside or name in folded or folded == name[::-1] or _core(name[::-1]) in _cores(folded)


def _repeated(folded: str) -> bool:
    if len(folded) >= SHORTEST and len(set(folded)) < CHARACTERS_NEEDED:
        return True
    # A repeated block is worth no more than the block, and one shorter than SHORTEST would be refused alone.
    blocks = range(1, min(SHORTEST, len(folded) // 2 + 1))
    return any(folded[block:] == folded[:-block] for block in blocks)


def _pieces(folded: str) -> int:
    """Count what is left when every run of one character and every walk along a line counts once."""
    pieces = at = 0
    while at < len(folded):
        end = at + 1
        if _is_walk(folded[at : at + WALK]):
            end = at + WALK
            while end < len(folded) and _is_walk(folded[at : end + 1]):
                end += 1
        at = end
        pieces += 1
    return pieces


def _is_walk(part: str) -> bool:
    return len(part) >= WALK and (part in _WALKS or part == part[0] * len(part))


def _refusal(rules: Sequence[str]) -> PasswordInvalid:
    fields = [{"path": "password", "message": f"The password {rule}."} for rule in rules]
    return PasswordInvalid(f"The password {'; it '.join(rules)}.", hint=_HINT, details={"fields": fields})


def _name_refusal(message: str, hint: str) -> Invalid:
    return Invalid(message, hint=hint, details={"fields": [{"path": "username", "message": message}]})
