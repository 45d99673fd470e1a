"""The settings of the house itself: where it is, who may enter, what it keeps.

Rules of this file:
- A key stands here only if something reads it; a key without effect would be a false promise.
- The struct is the whole truth: type, bounds, default and description are read from it by loader, schema and docs.
"""

from typing import Annotated, Literal

from msgspec import Meta

from openpact.config.section import NO_CONTROLS, VISIBLE_ASCII, Section, check_workspace
from openpact.domain.url import check_site, check_store, masked_store


class Workspace(Section, frozen=True):
    """Where OpenPact keeps everything."""

    path: Annotated[
        Annotated[str, Meta(pattern=NO_CONTROLS)] | None,
        Meta(
            description="The workspace, absolute or from ~/. Without it: ./workspace, else the user's data folder.",
            examples=["/var/lib/openpact"],
            extra={"check": check_workspace},
        ),
    ] = None


class Server(Section, frozen=True):
    """The web server for people."""

    host: Annotated[
        str,
        Meta(
            description="The address to listen on; only this machine unless changed.",
            pattern="^[0-9A-Za-z._:%-]+$",
            max_length=255,
            examples=["127.0.0.1"],
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, Meta(description="The port to listen on; 0 takes any free one.", ge=0, le=65535, examples=[8080])
    ] = 8080
    public_url: Annotated[
        Annotated[str, Meta(pattern=VISIBLE_ASCII)] | None,
        Meta(
            description="The address by which people reach the server, when a proxy stands in front of it.",
            examples=["https://openpact.example.com"],
            extra={"check": check_site},
        ),
    ] = None


class Store(Section, frozen=True):
    """Where records are kept."""

    url: Annotated[
        Annotated[str, Meta(pattern=VISIBLE_ASCII)] | None,
        Meta(
            description="The database: sqlite:///… or postgresql://…. Without it: a SQLite file in the workspace.",
            examples=["postgresql://openpact@db.example.com/openpact"],
            extra={"check": check_store, "mask": masked_store},
        ),
    ] = None

    def __repr__(self) -> str:
        """Keep the password out of tracebacks and logs."""
        return f"Store(url={self.url and masked_store(self.url)!r})"


class Admin(Section, frozen=True):
    """How people prove who they are."""

    unlock_minutes: Annotated[
        int,
        Meta(
            description="How long a person stays unlocked at a terminal, in minutes; 0 asks each time.",
            ge=0,
            le=60,
            examples=[5],
        ),
    ] = 5
    setup_code_hours: Annotated[
        int, Meta(description="How long the set-up code is good for, in hours.", ge=1, le=168, examples=[24])
    ] = 24
    issuer: Annotated[
        str,
        Meta(
            description="The name that authenticator apps show beside the account.",
            pattern=r"^[^\x00-\x1f\x7f:]+$",  # a colon divides issuer and account in the app's URI
            max_length=64,
            examples=["OpenPact"],
        ),
    ] = "OpenPact"


class Security(Section, frozen=True):
    """How strict OpenPact is with its surroundings. The environment cannot change this section."""

    strict: Annotated[
        bool,
        Meta(description="Whether folders that are too open stop the start; otherwise they warn.", examples=[True]),
    ] = False


class Engine(Section, frozen=True):
    """The AI that works behind OpenPact."""

    user: Annotated[
        Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9._-]{0,31}$")] | None,
        Meta(description="The operating system user that the AI runs as.", examples=["openpact-ai"]),
    ] = None


class Logging(Section, frozen=True):
    """What is written to the log."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="The least weight that a line must have.", examples=["info"]),
    ] = "info"
    json: Annotated[bool, Meta(description="Whether lines are JSON instead of text.", examples=[False])] = False
    audit: Annotated[
        bool,
        Meta(
            description="Whether audit events are also written as text lines; the audit itself cannot be turned off.",
            examples=[True],
        ),
    ] = True


class Audit(Section, frozen=True):
    """How often the audit is sealed with a signature."""

    checkpoint_events: Annotated[
        int, Meta(description="Seal after this many events.", ge=1, le=1_000_000, examples=[1000])
    ] = 1000
    checkpoint_seconds: Annotated[
        int, Meta(description="Seal after this many seconds with an event.", ge=1, le=86_400, examples=[60])
    ] = 60
    urls: Annotated[
        Literal["path", "full"],
        Meta(
            description="How much of a URL that a script asks for is recorded: its path alone, or its query too.",
            examples=["path"],
        ),
    ] = "path"
