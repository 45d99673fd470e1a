"""A request on its way out: as a script asks for it, and as the wire gets it.

Rules of this file:
- What holds values shows none: no repr, and no refusal, has one in it.
- A request knows which of its parts carry a secret, so that a redirect to another origin takes none along.
"""

import msgspec

from openpact.domain.destination import Destination
from openpact.domain.run import Code
from openpact.domain.sealed import Sealed

_CREDENTIALS = frozenset({"authorization", "cookie"})


class Misplaced(Exception):
    """A request that is not sent: its code, one sentence, and what to do."""

    def __init__(self, code: Code, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request as a script asks for it, with tokens in place of secrets."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    content_type: str | None = None
    json: str | None = None
    auth: tuple[str, str] | None = None


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the wire gets it."""

    method: str
    url: str
    destination: Destination
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    sealed: tuple[Sealed, ...]  # everything that was put in
    secret_headers: frozenset[str]  # in lower case
    secret_url: bool
    secret_body: bool

    @property
    def used(self) -> tuple[str, ...]:
        """The names of the secrets in it."""
        return tuple(sorted({name for sealed in self.sealed for name in sealed.names}))

    def may_go(self, place: Destination) -> bool:
        """Say whether everything in it may also be sent there, where a redirect leads."""
        return all(sealed.reach.allows(place) for sealed in self.sealed)

    def without_secrets(self) -> "Placed":
        """Give what may follow a redirect to another origin: no secret, and no credentials of any kind."""
        dropped = self.secret_headers | _CREDENTIALS
        return msgspec.structs.replace(
            self,
            headers=tuple(header for header in self.headers if header[0].lower() not in dropped),
            body=None if self.secret_body else self.body,
            sealed=(),
            secret_headers=frozenset(),
            secret_url=False,
            secret_body=False,
        )

    def __repr__(self) -> str:
        return f"Placed({self.method} {self.destination.origin})"
