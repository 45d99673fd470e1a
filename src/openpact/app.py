"""The wiring: the only file that knows every room. Builds each part once and closes them in reverse.

Rules of this file:
- Nothing is opened at import. What was opened before something failed is closed again.
- The last thing a daemon writes is its stop, and a checkpoint seals it.
"""

import asyncio
import contextlib
import functools
import os
import pwd
import socket
import urllib.parse
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import structlog

from openpact.adapters import files, keyring, logs, peer, seal
from openpact.adapters.egress.settings import Settings as EgressSettings
from openpact.adapters.sandbox.pool import Settings as PoolSettings
from openpact.adapters.store import open_store
from openpact.config import Config
from openpact.domain import errors, fixture, instant
from openpact.domain.address import read_network
from openpact.domain.principal import SYSTEM, Action
from openpact.domain.run import Limits, Outcome
from openpact.services import doctor
from openpact.services.audit import Audit
from openpact.services.care import Care
from openpact.services.house import House
from openpact.services.inspection import Inspection, inspect, unreadable
from openpact.services.isolation import isolated
from openpact.services.ledger import Ledger
from openpact.services.library import library, read_file, read_fixtures
from openpact.services.live import Live
from openpact.services.passwords import Passwords
from openpact.services.people import People
from openpact.services.ports import Web
from openpact.services.runs import Runs
from openpact.services.secret_sources import read_given
from openpact.services.secrets import Secrets
from openpact.services.setup import Setup
from openpact.services.sign_in import SignIn
from openpact.services.status import Status
from openpact.services.tokens import Tokens
from openpact.services.unlocks import Unlocks
from openpact.web import app as web
from openpact.web import serve

_log = structlog.get_logger("openpact")
_TURN_SECONDS = 1.0


class App:
    """One process of OpenPact, open."""

    def __init__(self, house: House, care: Care, stack: ExitStack) -> None:
        self.house = house
        self.care = care
        self.door = web.build(house)
        self._stack = stack

    def close(self) -> None:
        """Close everything in reverse."""
        self._stack.close()


def store_url(config: Config, workspace: Path) -> str:
    """Give where the store is: what the configuration says, else the file in the workspace."""
    return config.store.url or "sqlite:///" + urllib.parse.quote(str(workspace / "secure" / "data" / "openpact.db"))


def open_app(config: Config, workspace: Path) -> App:
    """Open everything on a workspace that is there. Raises Unavailable with the reason."""
    data = workspace / "secure" / "data"
    with ExitStack() as stack:
        given = read_given(config.starlark.secrets, os.environ)
        keys = keyring.open_keyring(data / "master.key", os.environ)
        sealer = seal.open_seal(data / "audit")
        store = open_store(store_url(config, workspace))
        stack.callback(store.close)
        ledger = Ledger(store, tell=logs.audit_line if config.logging.audit else lambda _event: None)
        audit = Audit(store, ledger, sealer, lambda: seal.trust([data / "audit" / "keys"]))
        passwords = Passwords()
        secrets = Secrets(store, ledger, keys, given, require_grants=config.secrets.require_grants)
        web_out = functools.cache(lambda: make_egress(config))
        stack.callback(lambda: web_out().close() if web_out.cache_info().currsize else None)
        unlocks = Unlocks(config.admin.unlock_minutes * instant.MINUTE)
        engine_uid = _uid_of(config.engine.user)
        separated = _is_separated(engine_uid)
        house = House(
            store=store,
            ledger=ledger,
            audit=audit,
            people=People(store, ledger, passwords, unlocks),
            setup=Setup(store, ledger, passwords, config.admin.setup_code_hours * instant.HOUR),
            sign_in=SignIn(store, ledger, passwords, keys, config.admin.issuer),
            tokens=Tokens(store, ledger),
            secrets=secrets,
            runs=make_runs(config),
            live=Live(ledger, secrets, web_out, full_urls=config.audit.urls == "full"),
            unlocks=unlocks,
            status=Status(store, ledger.now(), separated=separated, now=ledger.now, broken=lambda: audit.broken),
            separated=separated,
            engine_uid=engine_uid,
        )
        care = Care(
            ledger,
            audit,
            checkpoint_events=config.audit.checkpoint_events,
            checkpoint_seconds=config.audit.checkpoint_seconds,
        )
        return App(house, care, stack.pop_all())
    raise AssertionError  # for the type checker: the stack swallows nothing


def pool_settings(config: Config) -> PoolSettings:
    """Give how the configuration sets the sandbox up."""
    starlark, sandbox = config.starlark, config.sandbox
    return PoolSettings(
        max_active=sandbox.max_active or os.cpu_count() or 1,
        memory_mb=starlark.max_memory_mb,
        max_workers=sandbox.max_workers,
        max_pending=sandbox.max_pending,
        warm=sandbox.warm,
        require=sandbox.require,
        largest_ms=starlark.max_execution_ms,
    )


def run_limits(config: Config) -> Limits:
    """Give what the configuration lets a run use."""
    return Limits(
        wall_ms=config.starlark.max_execution_ms,
        memory_mb=config.starlark.max_memory_mb,
        steps=config.starlark.max_steps,
        http_calls=config.http.max_calls,
    )


def egress_settings(config: Config) -> EgressSettings:
    """Give what the configuration says of the way out."""
    http = config.http
    return EgressSettings(
        allow_private=tuple(map(read_network, http.allow_private)),
        proxy=http.proxy,
        max_body=http.max_body,
        ca_file=None if http.ca_file is None else Path(http.ca_file),
    )


def make_runs(config: Config) -> Runs:
    """Give what runs scripts, not open yet."""
    return Runs(pool_settings(config), run_limits(config))


def make_egress(config: Config) -> Web:
    """Give the way out for scripts. Raises Invalid."""
    from openpact.adapters.egress.door import Egress  # noqa: PLC0415 - only who runs scripts pays for it

    return Egress(egress_settings(config))


async def inspect_files(config: Config, files: Sequence[Path]) -> list[Inspection]:
    """Look at scripts on disk; what cannot be read is told like any other fault. Raises SandboxUnavailable."""
    async with _running(config) as runs:
        return [await _inspected(runs, config, file) for file in files]


async def try_file(
    config: Config, file: Path, *, function: str | None, args: str | None, fixtures: Path | None, folder: Path | None
) -> Outcome:
    """Run a script on disk in isolation. Raises NotFound, ScriptInvalid for the fixtures, SandboxUnavailable."""
    given = fixture.NONE if fixtures is None else read_fixtures(fixtures)
    source = read_file(file)
    async with _running(config) as runs:
        looked = await inspect(runs, str(file), source, infer_hosts=config.starlark.infer_hosts)
        if not looked.sound:
            return looked.outcome()
        ports = isolated(given, library(folder or file.parent))
        return await runs.run(looked.script(), ports, function=function, args=args)


async def _inspected(runs: Runs, config: Config, file: Path) -> Inspection:
    try:
        source = read_file(file)
    except (errors.NotFound, errors.Invalid) as error:
        return unreadable(str(file), error)
    return await inspect(runs, str(file), source, infer_hosts=config.starlark.infer_hosts)


@asynccontextmanager
async def _running(config: Config) -> AsyncIterator[Runs]:
    runs = make_runs(config)
    await runs.open()
    try:
        yield runs
    finally:
        await runs.close()


def refuse_open_folders(config: Config, file: Path | None, workspace: Path) -> None:
    """Warn of what is too open; refuse it under `security.strict`, and always what the AI's user could exchange.

    Raises WorkspaceUnusable, PathRefused.
    """
    if _is_separated(_uid_of(config.engine.user)) and config.engine.user is not None:
        own = [workspace / "secure", *([] if file is None else [file.absolute()])]
        files.refuse_writable_by(config.engine.user, own)
    found = files.inspect(workspace)
    for item in found:
        _log.warning("workspace", path=item.path, problem=item.message, remedy=item.remedy)
    if found and config.security.strict:
        raise errors.WorkspaceUnusable(
            f"{found[0].path} {found[0].message}, and security.strict is on.",
            hint=f"{found[0].remedy} — or let `openpact doctor --repair` do it.",
        )


def repair(workspace: Path) -> list[files.Finding]:
    """Set the modes of what is too open, and give what was set."""
    found = files.inspect(workspace)
    left = files.repair(found)
    return [item for item in found if item not in left]


def look(config: Config, workspace: Path, *, running: bool) -> list[doctor.Finding]:
    """Look for the usual faults."""
    separated = _is_separated(_uid_of(config.engine.user))
    return doctor.look(config, workspace, store_url(config, workspace), running=running, separated=separated)


def up(config: Config, workspace: Path, ready: Callable[[App, str], None]) -> None:
    """Run the daemon until a stop signal: everything in one process. `ready` is told when it answers, and where."""
    import uvloop  # noqa: PLC0415 - only a daemon pays for it

    with ExitStack() as stack:
        stack.callback(os.close, files.lock_workspace(workspace))
        network = serve.listen_on_network(config.server.host, config.server.port)
        stack.callback(network.close)
        path = files.socket_path(workspace)
        local = serve.listen_at(path)
        stack.callback(_remove, path)
        stack.callback(local.close)
        app = open_app(config, workspace)
        stack.callback(app.close)
        host, port = network.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        url = config.server.public_url or f"http://{shown}:{port}"
        ledger = app.house.ledger
        app.house.audit.require_continuity()
        ledger.live()
        app.house.secrets.finish_rotation()
        app.house.secrets.warn_of_hidden()
        said = {"pid": os.getpid(), "separated": app.house.separated}
        ledger.act(SYSTEM, Action.DAEMON_START, "daemon", lambda act: act.details.update(said))
        uvloop.run(_run(app, config, network, local, lambda: ready(app, url)))
        ledger.act(SYSTEM, Action.DAEMON_STOP, "daemon", lambda act: act.details.update(pid=os.getpid()))
        app.house.audit.seal()
        app.care.close()
        ledger.close()
        _log.info("stopped, and the audit is sealed")


async def _run(
    app: App, config: Config, network: socket.socket, local: socket.socket, ready: Callable[[], None]
) -> None:
    if config.starlark.enabled:
        await _open_sandbox(app.house, config)
    chores = asyncio.create_task(_chores(app.care))
    try:
        await serve.serve(app.door, network, local, ready)
    finally:
        chores.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await chores
        await app.house.runs.close()


async def _open_sandbox(house: House, config: Config) -> None:
    """Start what runs scripts; without a sandbox everything else still works, unless the operator demands it."""
    try:
        await house.runs.open()
        await asyncio.to_thread(house.live.open)
    except errors.SandboxUnavailable as fault:
        if config.sandbox.require == "strict":
            raise
        _log.warning("scripts cannot run", reason=fault.message, remedy=fault.hint)
        return
    for layer, state in house.runs.report.items():
        if state != "ok":
            _log.warning("a layer of the sandbox is missing", layer=layer, reason=state)


async def _chores(care: Care) -> None:
    while True:
        await asyncio.to_thread(care.turn)
        await asyncio.sleep(_TURN_SECONDS)


def _is_separated(engine_uid: int | None) -> bool:
    return engine_uid is not None and engine_uid not in {os.geteuid(), 0}


def _uid_of(user: str | None) -> int | None:
    if user is None:
        return None
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError as fault:
        raise errors.ConfigInvalid(
            f"engine.user is {user!r}, and this machine has no such user.", hint=f"Make it: useradd --system {user}"
        ) from fault


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


class Inside:
    """The same door for one command of this process's own user, without a daemon and without a socket."""

    def __init__(self, config: Config, workspace: Path) -> None:
        if files.is_locked(workspace):
            raise errors.DaemonUnavailable(
                "A daemon runs on this workspace, and its socket does not answer.",
                hint=f"Look at {workspace / 'run'} and at the daemon's log, or stop it and start it again.",
            )
        logs.configure("error", as_json=False)
        quiet = msgspec.structs.replace(config.logging, audit=False)
        self._app = open_app(msgspec.structs.replace(config, logging=quiet), workspace)
        self._acted = False

    def answer(
        self, method: str, target: str, headers: dict[str, str], raw: bytes, sink: Callable[[int, bytes], object]
    ) -> None:
        """Answer one request; the sink gets the status and each piece of the body."""
        self._acted = self._acted or method != "GET"
        asyncio.run(_call(self._app, method, target, headers, raw, sink))

    def close(self) -> None:
        """Seal what was done, and close everything."""
        try:
            if self._acted:
                self._app.house.audit.seal()
        finally:
            self._app.close()


async def _call(
    app: App, method: str, target: str, headers: dict[str, str], raw: bytes, sink: Callable[[int, bytes], object]
) -> None:
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},  # such a stream waits for no hang-up
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": urllib.parse.unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": None,
        "server": None,
        "state": {"peer": peer.own()},
    }
    status = 500

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            sink(status, message.get("body", b""))

    await app.door(scope, receive, send)
