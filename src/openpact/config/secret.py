"""The settings of secrets: those that the configuration itself gives, and what every secret must have.

Rules of this file:
- A value stands in no message, repr or output; it comes from `${NAME}`, so that the file itself holds none.
- What is not named of a grant is not narrowed; `[]` agrees to nothing.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from openpact.config.section import Section
from openpact.domain import instant
from openpact.domain.errors import Invalid
from openpact.domain.secret import check_name, check_value, read_grant


class GivenSecret(Section, frozen=True):
    """One secret with its grant."""

    value: str
    hosts: tuple[str, ...] | None = None
    scripts: tuple[str, ...] | None = None
    places: tuple[str, ...] | None = msgspec.field(name="in", default=None)
    mode: Literal["sealed", "plain"] = "sealed"
    expires: str | None = None
    short: bool = False

    def __post_init__(self) -> None:
        check_value(self.value, short=self.short)
        read_grant(hosts=self.hosts, scripts=self.scripts, places=self.places)
        if self.expires is not None:
            read_end(self.expires)

    def __repr__(self) -> str:
        """Keep the value out of tracebacks and logs."""
        return "GivenSecret(***)"


SecretsByName = dict[
    Annotated[str, Meta(extra={"check": check_name})],
    Annotated[str, Meta(extra={"check": check_value})] | GivenSecret,
]


class Secrets(Section, frozen=True):
    """What every secret must have. The environment cannot change this section."""

    require_grants: Annotated[
        bool,
        Meta(
            description="Whether a secret is refused to every script until its owner has named hosts and scripts.",
            examples=[True],
        ),
    ] = False


def masked_secrets(given: Mapping[str, object]) -> str | None:
    """Give the names without the values."""
    return ", ".join(f"{name}: ***" for name in given) or None


def read_end(text: str) -> int:
    """Read the instant at which a secret ends: an RFC 3339 instant, or a date. Raises Invalid."""
    try:
        return instant.from_date_or_text(text)
    except ValueError:
        raise Invalid(
            "This is no date and no instant.", hint="Write 2027-01-31, or an instant: 2027-01-31T12:00:00Z"
        ) from None
