"""The settings of what runs scripts: the runner, its sandbox, and what scripts reach over http.

Rules of this file:
- A key stands here only if something reads it; a key without effect would be a false promise.
- The struct is the whole truth: type, bounds, default and description are read from it by loader, schema and docs.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from openpact.config.secret import SecretsByName, masked_secrets
from openpact.config.section import NO_CONTROLS, VISIBLE_ASCII, Section, check_networks
from openpact.domain.url import check_proxy, masked_proxy


class Starlark(Section, frozen=True):
    """The runner of scripts."""

    enabled: Annotated[bool, Meta(description="Whether the daemon runs scripts.", examples=[True])] = True
    max_execution_ms: Annotated[
        int,
        Meta(
            description="The longest that a script may run, in milliseconds; its own @timeout can only shorten it.",
            ge=100,
            le=300_000,
            examples=[30_000],
        ),
    ] = 30_000
    max_memory_mb: Annotated[
        int, Meta(description="How much memory a run may take, in MiB.", ge=16, le=4096, examples=[128])
    ] = 128
    max_steps: Annotated[
        int,
        Meta(
            description="How many steps (rounds of a loop, calls) a run may take.",
            ge=1000,
            le=100_000_000_000,
            examples=[100_000_000],
        ),
    ] = 100_000_000
    infer_hosts: Annotated[
        bool,
        Meta(
            description="Whether a whole https:// address in an approved script's text counts as a declared host.",
            examples=[True],
        ),
    ] = True
    secrets: Annotated[
        SecretsByName,
        Meta(
            description="Secrets by name: the value, or value, hosts, scripts, in, mode, expires and short.",
            max_length=1000,
            examples=[{"WEATHER_KEY": "${WEATHER_KEY}"}],
            extra={"mask": masked_secrets},
        ),
    ] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        """Keep the values of secrets out of tracebacks and logs."""
        return f"Starlark(enabled={self.enabled}, secrets={masked_secrets(self.secrets)})"


class Sandbox(Section, frozen=True):
    """The processes that scripts run in."""

    require: Annotated[
        Literal["strict", "basic", "none"],
        Meta(
            description="What must be there, or no script runs: every layer, the system call filter, or nothing.",
            examples=["basic"],
        ),
    ] = "basic"
    max_active: Annotated[
        int, Meta(description="How many workers may compute at once; 0 takes one a core.", ge=0, le=256, examples=[0])
    ] = 0
    max_workers: Annotated[
        int, Meta(description="How many workers there may be, waiting ones included.", ge=1, le=5000, examples=[600])
    ] = 600
    max_pending: Annotated[
        int,
        Meta(
            description="How many runs may wait for a worker before more are refused.",
            ge=0,
            le=100_000,
            examples=[1000],
        ),
    ] = 1000
    warm: Annotated[int, Meta(description="How many locked workers are kept ready.", ge=0, le=64, examples=[4])] = 4


class Http(Section, frozen=True):
    """What scripts may reach over http."""

    allow_private: Annotated[
        tuple[Annotated[str, Meta(pattern=VISIBLE_ASCII)], ...],
        Meta(
            description="Networks that are not public and may be reached all the same.",
            max_length=64,
            examples=[["10.1.0.0/16"]],
            extra={"check": check_networks},
        ),
    ] = ()
    proxy: Annotated[
        Annotated[str, Meta(pattern=VISIBLE_ASCII)] | None,
        Meta(
            description="The proxy that every request of a script goes through; it then resolves the names.",
            examples=["http://proxy.example.com:3128"],
            extra={"check": check_proxy, "mask": masked_proxy},
        ),
    ] = None
    ca_file: Annotated[
        Annotated[str, Meta(pattern=NO_CONTROLS)] | None,
        Meta(
            description="A PEM file of certificate authorities to trust besides the system's.",
            examples=["/etc/openpact/ca.pem"],
        ),
    ] = None
    max_body: Annotated[
        int,
        Meta(
            description="How many bytes an answer may have; a longer one is an error.",
            ge=1024,
            le=64 * 1_048_576,
            examples=[4_194_304],
        ),
    ] = 4_194_304
    max_calls: Annotated[int, Meta(description="How many requests one run may send.", ge=0, le=1000, examples=[50])] = (
        50
    )
