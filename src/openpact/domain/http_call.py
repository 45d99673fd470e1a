"""The calls of `http` in a script: which method, which URL, and what is put where in the request.

Rules of this file:
- Only a call that names `http` itself is one; where a script gives the name another meaning, nothing is.
- An argument that is not told apart (`http.get(*all)`) may be any part of the request.
"""

import enum
from collections.abc import Iterator

import msgspec

from openpact.domain.dataflow import Dataflow

_PLAIN = ("url", "headers", "params", "timeout", "auth")
_WITH_BODY = ("url", "body", "headers", "content_type", "params", "json", "timeout", "auth")
_PARAMETERS = {
    "http.get": _PLAIN,
    "http.head": _PLAIN,
    "http.post": _WITH_BODY,
    "http.put": _WITH_BODY,
    "http.patch": _WITH_BODY,
    "http.delete": _WITH_BODY,
    "http.request": ("method", *_WITH_BODY),
}
FUNCTIONS = frozenset(_PARAMETERS)


class Part(enum.StrEnum):
    """A part of a request."""

    METHOD = "method"
    URL = "URL"
    QUERY = "query"
    HEADER = "header"
    BASIC = "basic authentication"
    BODY = "body"
    ANY = "request"


_PARTS = {
    "method": Part.METHOD,
    "url": Part.URL,
    "params": Part.QUERY,
    "headers": Part.HEADER,
    "auth": Part.BASIC,
    "body": Part.BODY,
    "json": Part.BODY,
    "content_type": Part.HEADER,
}


class HttpCall(msgspec.Struct, frozen=True):
    """One call, as nodes of the tree. No method or URL: it cannot be told which argument it is."""

    index: int
    method: str | None  # where the source says it
    url: int | None
    parts: list[tuple[Part, int]]


def http_calls(flow: Dataflow) -> Iterator[HttpCall]:
    """Yield the calls of `http` in the order of the text."""
    for index in flow.tree.of_kind("Call"):
        member = flow.scopes.member(flow.tree.child(index, "func"))
        if member in FUNCTIONS:
            yield _read(flow, index, member)


def _read(flow: Dataflow, index: int, member: str) -> HttpCall:
    tree = flow.tree
    named: dict[str, int] = {}
    parts: list[tuple[Part, int]] = []
    spread = False
    for place, value in enumerate(tree.children(index, "args")):
        spread = spread or tree.nodes[value].kind == "Starred"
        if spread or place >= len(_PARAMETERS[member]):
            parts.append((Part.ANY, value))
        else:
            named[_PARAMETERS[member][place]] = value
    for keyword in tree.children(index, "keywords"):
        name, given = tree.nodes[keyword].value, tree.child(keyword, "value")
        if name in _PARAMETERS[member] and given is not None:
            named[name] = given
        else:
            parts.append((Part.ANY, keyword))
    parts += [(_PARTS[name], value) for name, value in named.items() if name in _PARTS]
    method: str | None = member.partition(".")[2].upper()
    if method == "REQUEST":
        text = tree.text(named.get("method"))
        method = None if text is None else text.upper()
    return HttpCall(index, method, named.get("url"), parts)
