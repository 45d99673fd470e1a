"""The one-time set-up code as people see it: 128 bits in Crockford's base32, in groups of four.

Rules of this file:
- Reading forgives what eyes and hands do (lower case, spaces, hyphens, O for 0, I and L for 1) and nothing else.
- Each code has one value: what is more than 128 bits is refused, not cut.
- No message holds any of the code. Comparing is the caller's, on the bytes and in constant time.
"""

from openpact.domain.errors import SetupCodeInvalid

BYTES = 16
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: read as 1, 1, 0, or as a word
_BITS = 5
_LENGTH = -(-BYTES * 8 // _BITS)
_GROUP = 4
_LONGEST = 4 * _LENGTH  # room for a space around every character; beyond it nobody is typing a code
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_VALUES |= {character.lower(): value for character, value in _VALUES.items()}
_VALUES |= {"O": 0, "o": 0, "I": 1, "i": 1, "L": 1, "l": 1}
_SKIPPED = frozenset("- \t\r\n\N{NO-BREAK SPACE}\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}")
_HINT = f"Type the {_LENGTH} letters and digits that the terminal shows after `Setup code:`."


def format_code(raw: bytes) -> str:
    """Return `XXXX-XXXX-…` for 16 bytes."""
    if len(raw) != BYTES:
        raise ValueError("a set-up code takes sixteen bytes")
    number = int.from_bytes(raw, "big")
    digits = [_ALPHABET[number >> _BITS * place & (1 << _BITS) - 1] for place in reversed(range(_LENGTH))]
    text = "".join(digits)
    return "-".join(text[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def parse_code(text: str) -> bytes:
    """Return the 16 bytes that the text spells; refuse whatever does not spell a code."""
    typed = [] if len(text) > _LONGEST else [character for character in text if character not in _SKIPPED]
    values = [_VALUES[character] for character in typed if character in _VALUES]
    number = sum(value << _BITS * place for place, value in enumerate(reversed(values)))
    if len(values) != len(typed) or len(values) != _LENGTH or number >> BYTES * 8:
        raise SetupCodeInvalid("This is not a set-up code.", hint=_HINT)
    return number.to_bytes(BYTES, "big")
