"""Runs: a script that may run, in a worker of the sandbox, answered by a session, and redacted before anybody looks.

Rules of this file:
- Whether a script may run is decided before: what comes here has been approved, or is run in isolation.
- A script's own `@timeout` shortens the operator's limit and never lengthens it.
- Result, logs, failure and requests are redacted in one place, here, for every caller alike.
"""

import os
from collections.abc import Mapping

import msgspec

from openpact.adapters.sandbox.pool import Pool, Settings, Stats
from openpact.domain import errors, strict_json
from openpact.domain.capability import Capabilities
from openpact.domain.outline import Outline, read_outline
from openpact.domain.run import Code, Ended, Exchange, Failure, Limits, Outcome
from openpact.services.aside import aside
from openpact.services.broker import Redaction, Session
from openpact.services.ports import Ports

_ARGUMENTS = strict_json.Limits(max_bytes=1_048_576)


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What is run: its name, its text, and what it may use."""

    name: str
    source: str
    capabilities: Capabilities = Capabilities()
    timeout_ms: int | None = None


class Runs:
    """All runs of one process."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self._settings = settings
        self._limits = limits
        self._pool: Pool | None = None

    async def open(self) -> None:
        """Start the sandbox. Raises SandboxUnavailable with what lacks."""
        self._pool = await Pool.open(self._settings)

    async def close(self) -> None:
        """End every run and the sandbox."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    @property
    def longest_ms(self) -> int:
        """How long a run may take."""
        return self._limits.wall_ms

    @property
    def report(self) -> Mapping[str, str]:
        """Each layer of the sandbox: `ok`, or why it lacks."""
        return {} if self._pool is None else self._pool.report

    def stats(self) -> Stats:
        """Give how busy the sandbox is."""
        return self._open_pool().stats()

    async def outline(self, name: str, source: str) -> Outline:
        """Read a source in the sandbox without running it. Raises ScriptInvalid, SandboxUnavailable."""
        return read_outline(await self._open_pool().check(name, source))

    async def run(
        self, script: Script, ports: Ports, *, function: str | None = None, args: str | None = None
    ) -> Outcome:
        """Run a script with these arguments (JSON text). Raises JsonInvalid, SandboxUnavailable."""
        if args is not None:
            _check_arguments(args)
        limits = self._limits
        if script.timeout_ms is not None:
            limits = msgspec.structs.replace(limits, wall_ms=min(limits.wall_ms, script.timeout_ms))
        session = Session(script.name, script.capabilities, limits, ports, chance=os.urandom)
        request = {"t": "run", "name": script.name, "source": script.source, "function": function, "args": args}
        ended = await self._open_pool().run(request, limits, session, whose=script.name)
        # Beside the loop: a megabyte of result and four of logs would hold up every other run.
        return await aside(_outcome, ended, session, await session.redaction())

    def _open_pool(self) -> Pool:
        if self._pool is None:
            raise errors.SandboxUnavailable("The sandbox is not open, so no script can run.")
        return self._pool


def _check_arguments(args: str) -> None:
    value = strict_json.parse(args.encode(errors="surrogatepass"), _ARGUMENTS)
    if not isinstance(value, list | dict):
        raise errors.Invalid("The arguments of a script are a list or an object.", hint='For example {"city": "Bern"}.')


def _outcome(ended: Ended, session: Session, redaction: Redaction) -> Outcome:
    failure, result = ended.failure, None
    if failure is not None:
        failure = _redacted(failure, redaction)
    elif ended.result is not None:
        try:
            result = redaction.json(ended.result)
        except errors.JsonInvalid as error:  # what cannot be searched is not shown
            failure = Failure(code=Code.INVALID_RESULT, message=f"The result cannot be given: {error.message}")
    return Outcome(
        ended=Ended(result=result, failure=failure, usage=ended.usage),
        logs=tuple(map(redaction.text, session.logs)),
        exchanges=tuple(_shown(exchange, redaction) for exchange in session.exchanges),
        secrets_used=tuple(session.secrets_used),
        hosts=tuple(map(redaction.text, session.hosts)),
        closure=dict(session.closure),
    )


def _redacted(failure: Failure, redaction: Redaction) -> Failure:
    return msgspec.structs.replace(
        failure,
        message=redaction.text(failure.message),
        hint=None if failure.hint is None else redaction.text(failure.hint),
        snippet=None if failure.snippet is None else redaction.text(failure.snippet),
    )


def _shown(exchange: Exchange, redaction: Redaction) -> Exchange:
    # A secret may have been opened after the request that it stands in was noted.
    error = None if exchange.error is None else redaction.text(exchange.error)
    return msgspec.structs.replace(exchange, url=redaction.text(exchange.url), error=error)
