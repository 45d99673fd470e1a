"""Fixtures: what a script is answered in a run of its own, where nothing is really asked and no secret is real.

Rules of this file:
- A request that no fixture answers is an error that names it; nothing is made up.
- The first fixture that fits answers; a `*` in its URL stands for any text.
"""

from typing import Any

import msgspec

from openpact.domain import glob, secret, strict_json, strict_yaml
from openpact.domain.document import Fault
from openpact.domain.errors import Invalid, ScriptInvalid
from openpact.domain.typed import convert

_JSON = "application/json"
_LOWEST_STATUS, _HIGHEST_STATUS = 100, 599


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to requests of this method to this URL."""

    url: str
    method: str = "GET"
    status: int = 200
    headers: dict[str, str] = {}
    body: str | None = None
    json: Any = None

    def __post_init__(self) -> None:
        if self.body is not None and self.json is not None:
            raise Invalid("a reply has a body or json, not both")
        if not _LOWEST_STATUS <= self.status <= _HIGHEST_STATUS:
            raise Invalid(f"a status is a number from {_LOWEST_STATUS} to {_HIGHEST_STATUS}")
        glob.check(self.url)
        if not self.url.startswith(("https://", "http://", "*")):
            raise Invalid("a URL begins with https:// or http://", hint="Write https://api.example.com/*")

    def answers(self, method: str, url: str) -> bool:
        """Say whether this is the answer to that request."""
        return self.method.upper() == method and glob.matches(self.url, url)

    @property
    def content(self) -> str:
        """The body as text."""
        if self.json is not None:
            return strict_json.encode(self.json).decode()
        return self.body or ""

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers, with the type that json says."""
        typed = {"content-type": _JSON} if self.json is not None else {}
        return typed | {name.lower(): value for name, value in self.headers.items()}


class Fixtures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All answers of one file, and values that stand for the real secrets."""

    http: tuple[Reply, ...] = ()
    secrets: dict[str, str] = {}

    def __post_init__(self) -> None:
        for name in self.secrets:
            secret.check_name(name)

    def answer(self, method: str, url: str) -> Reply | None:
        """Find the answer to a request."""
        return next((reply for reply in self.http if reply.answers(method, url)), None)


NONE = Fixtures()


def read(text: bytes, file: str) -> Fixtures:
    """Read a file of fixtures, YAML or JSON. Raises ScriptInvalid with every error and its line."""
    document = strict_yaml.read(text)
    faults: list[Fault] = list(document.faults)
    value = NONE
    if document.root is not None:
        converted, wrong = convert(document.root, Fixtures)
        faults += wrong
        value = converted or NONE
    if faults:
        fields = [
            {
                "file": file,
                "line": fault.line,
                "column": fault.column,
                "path": fault.path,
                "message": fault.message,
                **({"hint": fault.hint} if fault.hint else {}),
            }
            for fault in faults
        ]
        count = "1 error" if len(fields) == 1 else f"{len(fields)} errors"
        raise ScriptInvalid(f"{count} in the fixtures {file}", hint="Correct each one.", details={"fields": fields})
    return value
