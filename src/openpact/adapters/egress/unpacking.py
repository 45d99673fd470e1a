"""Answers are unpacked here, within a bound, and not by the library: it would unpack a bomb whole before we see it.

Rules of this file:
- What is larger than the bound is refused; nothing is ever cut silently.
- Only what was asked for is understood: gzip and deflate, one coding, one stream that ends where the body ends.
"""

import zlib

from openpact.adapters.egress.message import EgressFailed, Kind

ACCEPTED = "gzip, deflate"

_ZLIB = 0x78  # how a deflate stream begins that is wrapped, as the standard demands; some servers send it bare


def too_large(most: int) -> EgressFailed:
    """Make the failure of an answer over its bound."""
    return EgressFailed(
        Kind.TOO_LARGE,
        f"The answer has more than {most} bytes.",
        hint="Ask for less, or let an administrator raise http.max_body.",
        sent=True,
    )


def unpacked(body: bytes, codings: list[str], most: int) -> bytes:
    """Give the body as it was before it was packed. Raises EgressFailed."""
    names = [name for coding in codings for part in coding.lower().split(",") if (name := part.strip()) != "identity"]
    if not body or not names:
        return body
    if names in (["gzip"], ["x-gzip"]):
        stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    elif names == ["deflate"]:
        stream = zlib.decompressobj(zlib.MAX_WBITS if body[0] & 0x0F == _ZLIB & 0x0F else -zlib.MAX_WBITS)
    else:
        raise _broken("The answer is packed in a way that was not asked for.")
    try:
        found = stream.decompress(body, most + 1)
    except zlib.error:
        raise _broken("The answer is packed and cannot be unpacked.") from None
    if len(found) > most:
        raise too_large(most)
    if not stream.eof or stream.unused_data:
        raise _broken("The packed answer does not end where it says.")
    return found


def _broken(message: str) -> EgressFailed:
    return EgressFailed(Kind.PROTOCOL, message, sent=True)
