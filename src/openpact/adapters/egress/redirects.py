"""Redirects: where the next request would go, and what of this one would go along.

Rules of this file:
- A redirect is a proposal. Only the judge turns it into a request, and it may refuse by raising anything.
- Across origins (scheme, host and port) nothing goes along, unless the judge said that nothing is bound to the first
  one; credentials do not even then, and never from https down to http.
- The method changes as browsers change it: 303 asks with GET, 301 and 302 turn a POST into a GET.
"""

from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import urljoin, urlsplit

import msgspec

from openpact.adapters.egress.message import EgressFailed, Incoming, Kind, Outgoing, refused
from openpact.domain.destination import Destination, check_characters, read_url
from openpact.domain.errors import Invalid

MOST = 5

_STATUSES = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER, _MOVED = 303, frozenset({301, 302})
_CREDENTIALS = frozenset({"authorization", "cookie"})
_OF_THE_BODY = frozenset(
    {"content-encoding", "content-language", "content-location", "content-md5", "content-range", "content-type"}
)


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One redirect, before it is followed."""

    number: int  # 1 for the first
    place: Destination
    url: str  # absolute; what the last place put into it may be what it was sent: look for secrets before it goes on
    crossed: bool  # to another origin
    outgoing: Outgoing  # what would be sent, unless the judge gives something else


Judge: TypeAlias = Callable[[Hop], Outgoing]


def following(asked: Outgoing, answer: Incoming, number: int) -> Hop | None:
    """Give the redirect that an answer is; None when it is none. Raises EgressFailed."""
    if answer.status not in _STATUSES:
        return None
    targets = {value.strip(" \t") for name, value in answer.headers if name.lower() == "location"}
    if not targets:
        return None
    if len(targets) > 1:
        raise EgressFailed(Kind.PROTOCOL, "The answer redirects to two places at once.")
    try:
        target = targets.pop()
        check_characters(target)  # before it is joined, which would silently drop a line break
        parts = urlsplit(target)
        if not parts.netloc and (parts.scheme or target.startswith("//")):
            raise Invalid(
                "It names no host where one belongs."
            )  # `https:x` and `///x`: a path to some, a host to others
        url = urljoin(asked.url, target).partition("#")[0]
        place, _ = read_url(url)
    except (Invalid, ValueError) as error:
        reason = error.message if isinstance(error, Invalid) else "It cannot be read."
        raise refused(f"The answer redirects to what cannot be asked for: {reason}") from None
    before, _ = read_url(asked.url)
    if (before.scheme, place.scheme) == ("https", "http"):
        raise refused("The answer redirects from https to http, which is not followed.")
    crossed = place != before
    return Hop(number=number, place=place, url=url, crossed=crossed, outgoing=_next(asked, answer.status, url, crossed))


def _next(asked: Outgoing, status: int, url: str, crossed: bool) -> Outgoing:  # noqa: FBT001 - as `Hop` has it
    method, body, headers = asked.method, asked.body, asked.headers
    if (status == _SEE_OTHER and method != "HEAD") or (status in _MOVED and method == "POST"):
        method, body = "GET", None
        headers = tuple(pair for pair in headers if pair[0].lower() not in _OF_THE_BODY)
    if crossed and not asked.portable:
        if body is not None:
            raise refused("The answer redirects the body of the request to another origin, where it may not go.")
        headers = ()
    elif crossed:
        headers = tuple(pair for pair in headers if pair[0].lower() not in _CREDENTIALS)
    return Outgoing(method=method, url=url, headers=headers, body=body, portable=asked.portable)
