"""Looks for the usual faults of an installation; each finding says what to do.

Rules of this file:
- It looks and changes nothing; what may be repaired is a matter for whoever asks.
- One fault never hides the others: each look stands for itself.
"""

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

import msgspec

from openpact.adapters import files, keyring, seal
from openpact.adapters.sandbox.inside.lockdown import OK
from openpact.adapters.sandbox.pool import Pool, Settings, missing
from openpact.adapters.store import checkup
from openpact.adapters.store.address import open_engine
from openpact.adapters.store.sqlite import SqliteEngine
from openpact.config import Config
from openpact.domain import errors

_LOW_DISK = 200 * 1_048_576
_MAX_SKEW_SECONDS = 2.0
_FIRST_SANE_YEAR = 1_767_225_600  # 2026 began; a clock before that was never set


class Finding(msgspec.Struct, frozen=True):
    """What one look showed."""

    name: str
    state: str  # ok | warning | error
    message: str
    remedy: str | None = None


def look(config: Config, workspace: Path, store_url: str, *, running: bool, separated: bool) -> list[Finding]:
    """Look at everything."""
    return [
        *_folders(workspace),
        *_keys(workspace),
        *_store(store_url),
        *_disk(workspace),
        *_clock(store_url),
        _daemon(running=running),
        _separation(config, separated=separated),
        *_sandbox(config),
        Finding("python", "ok", f"Python {sys.version.split()[0]}"),
    ]


def _folders(workspace: Path) -> list[Finding]:
    if not (workspace / "secure").is_dir():
        return [
            Finding("workspace", "error", f"There is no workspace at {workspace}.", "Make it: openpact up"),
        ]
    found = files.inspect(workspace)
    if not found:
        return [Finding("workspace", "ok", f"{workspace}: owners and modes are right.")]
    return [Finding("workspace", "warning", f"{item.path} {item.message}.", item.remedy) for item in found]


def _keys(workspace: Path) -> list[Finding]:
    data = workspace / "secure" / "data"
    found = []
    for name, path, check in (
        ("master key", data / "master.key", lambda: keyring.open_keyring(data / "master.key", os.environ)),
        ("audit key", data / "audit" / "signing.key", lambda: seal.check_key(data / "audit")),
    ):
        from_outside = name == "master key" and keyring.is_given(os.environ)
        if not path.exists() and not from_outside:
            found.append(Finding(name, "warning", f"There is no {path} yet.", "The first `openpact up` makes it."))
            continue
        try:
            check()
        except errors.OpenPactError as fault:
            found.append(Finding(name, "error", fault.message, fault.hint))
        else:
            where = f"It comes from {keyring.VARIABLE}." if from_outside else f"{path} is ours alone."
            found.append(Finding(name, "ok", where))
    if (data / "master.key.previous").exists():
        text = "Its turning was not finished: something may still be sealed with the one before."
        found.append(Finding("master key", "warning", text, "Finish it: openpact secrets rotate-key"))
    return found


def _store(url: str) -> list[Finding]:
    try:
        engine = open_engine(url)
        if isinstance(engine, SqliteEngine) and not engine.path.exists():
            return [Finding("store", "warning", "There is no database yet.", "The first `openpact up` makes it.")]
        schema = checkup.check(engine)
    except errors.OpenPactError as fault:
        return [Finding("store", "error", fault.message, fault.hint)]
    if schema is None:
        return [Finding("store", "warning", "The database is empty.", "`openpact up` makes its schema.")]
    return [Finding("store", "ok", f"{engine.name}, schema {schema}, answers and is whole.")]


def _disk(workspace: Path) -> list[Finding]:
    where = workspace if workspace.exists() else workspace.parent
    try:
        free = shutil.disk_usage(where).free
    except OSError as fault:
        return [Finding("disk", "error", f"{where} cannot be looked at: {fault.strerror}.", "Check its mount.")]
    text = f"{free / 1_048_576:,.0f} MiB free."
    if free < _LOW_DISK:
        return [Finding("disk", "warning", text, "Free some space: without it no act can be recorded.")]
    return [Finding("disk", "ok", text)]


def _clock(url: str) -> list[Finding]:
    now = time.time()
    if now < _FIRST_SANE_YEAR:
        return [Finding("clock", "error", "This machine's clock was never set.", "Set it: timedatectl set-ntp true")]
    try:
        engine = open_engine(url)
        skew = 0.0 if isinstance(engine, SqliteEngine) else abs(engine.now() / 1_000_000 - time.time())
    except errors.OpenPactError:
        return []  # the look at the store says why
    if skew > _MAX_SKEW_SECONDS:
        text = f"This machine's clock and the database's are {skew:.1f} s apart; the database's decides."
        return [Finding("clock", "warning", text, "Set both by NTP.")]
    return [Finding("clock", "ok", "The clock is set.")]


def _daemon(*, running: bool) -> Finding:
    if running:
        return Finding("daemon", "ok", "It answers on the workspace's socket.")
    return Finding("daemon", "warning", "No daemon runs on this workspace.", "Start it: openpact up")


# What helps when a layer of the sandbox is missing, by the words that its name holds.
_LAYERS = {
    "namespace": "Let this user make user namespaces (sysctl user.max_user_namespaces, and the container's profile).",
    "landlock": "Start the kernel with landlock in its lsm= list (Linux 5.13 or newer).",
    "seccomp": "Use a kernel that is built with seccomp filters.",
}


def _sandbox(config: Config) -> list[Finding]:
    if not config.starlark.enabled:
        return [Finding("sandbox", "ok", "Scripts are turned off (starlark.enabled).")]
    try:
        report = asyncio.run(_probe())
    except errors.SandboxUnavailable as fault:
        return [Finding("sandbox", "error", fault.message, fault.hint)]
    lacking = missing(report, config.sandbox.require)
    found = [
        Finding(
            "sandbox",
            "error" if layer in lacking else "warning",
            f"{layer.replace('_', ' ')} is missing: {state}.",
            next((remedy for word, remedy in _LAYERS.items() if word in layer), "Scripts run without this layer."),
        )
        for layer, state in report.items()
        if state != OK
    ]
    return found or [Finding("sandbox", "ok", f"All {len(report)} layers hold; scripts can run.")]


async def _probe() -> dict[str, str]:
    pool = await Pool.open(Settings(max_active=1, warm=0, require="none"))
    try:
        return dict(pool.report)
    finally:
        await pool.close()


def _separation(config: Config, *, separated: bool) -> Finding:
    if separated:
        return Finding("AI user", "ok", f"The AI runs as {config.engine.user}, apart from this account.")
    remedy = "Let the AI run as a user of its own and name it in engine.user."
    if os.geteuid() == 0:
        remedy = "Run OpenPact as a user of its own, not as root, and the AI as another; name that one in engine.user."
    return Finding(
        "AI user",
        "warning",
        "Not separated: agent and person share one account, so each decision asks for a password or code.",
        remedy,
    )
