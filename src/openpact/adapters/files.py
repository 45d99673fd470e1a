"""The workspace's folders: made with their modes, checked at every start.

Rules of this file:
- A folder that is there is never changed at a start, only judged; `repair` changes modes when a person asks for it.
- No part of the workspace may be a link: where it points is not what was checked.
"""

import fcntl
import os
import pwd
import stat
from pathlib import Path

import msgspec

from openpact.domain import errors

# Each folder and its mode. What the AI must never reach is its owner's alone.
FOLDERS: tuple[tuple[str, int], ...] = (
    ("", 0o750),
    ("secure", 0o700),
    ("secure/data", 0o700),
    ("secure/data/audit", 0o700),
    ("run", 0o750),
    ("ai-data", 0o750),
    ("ai-data/scripts", 0o750),
    ("ai-data/skills", 0o750),
    ("ai-data/documents", 0o770),
    ("ai-data/projects", 0o770),
    ("ai-data/temp", 0o770),
)

# Files that only their owner may read, where they are there.
PRIVATE_FILES = (
    "secure/config.yaml",
    "secure/data/openpact.db",
    "secure/data/openpact.db-wal",
    "secure/data/openpact.db-shm",
    "secure/data/master.key",
    "secure/data/master.key.next",
    "secure/data/master.key.previous",
    "secure/data/audit/signing.key",
    "secure/data/audit/head",
)

_LONGEST_SOCKET = 100  # the kernel's limit is 108 bytes, on macOS 104


class Finding(msgspec.Struct, frozen=True):
    """One thing about the workspace that is not as it should be."""

    path: str
    message: str
    remedy: str
    mode: int | None = None  # the mode that `repair` would set


def make(workspace: Path) -> bool:
    """Make what is missing of the workspace and say whether it is new. Raises WorkspaceUnusable."""
    new = not os.path.exists(workspace / "secure")  # noqa: PTH110 - answers also where it may not look
    for name, mode in FOLDERS:
        folder = workspace / name if name else workspace
        try:
            if name == "":
                workspace.parent.mkdir(parents=True, exist_ok=True)
            os.mkdir(folder, mode)  # noqa: PTH102 - the mode is given with the making, not after it
            os.chmod(folder, mode)  # noqa: PTH101 - the umask may have taken bits away
        except FileExistsError:
            wrong = folder.parent if not folder.parent.is_dir() else folder
            if not stat.S_ISDIR(wrong.lstat().st_mode):
                raise errors.WorkspaceUnusable(
                    f"{wrong} is not a folder.", hint="Move it away, or choose another workspace with --workspace."
                ) from None
        except OSError as fault:
            raise errors.WorkspaceUnusable(
                f"The folder {folder} cannot be made: {fault.strerror}.",
                hint="Choose a workspace that this user may write to: --workspace DIR.",
            ) from fault
    _try_writing(workspace / "secure" / "data")
    return new


def inspect(workspace: Path) -> list[Finding]:
    """Look at owners and modes, and say what is too open or not ours."""
    found: list[Finding] = []
    wanted = [(name, mode) for name, mode in FOLDERS] + [(name, 0o600) for name in PRIVATE_FILES]
    for name, mode in wanted:
        path = workspace / name if name else workspace
        try:
            seen = path.lstat()
        except FileNotFoundError:
            continue
        except OSError as fault:
            found.append(Finding(str(path), f"cannot be looked at: {fault.strerror}", f"Check who owns {path.parent}."))
            continue
        if stat.S_ISLNK(seen.st_mode):
            found.append(Finding(str(path), "is a link", "Put the real folder or file in its place."))
            continue
        if seen.st_uid not in {os.geteuid(), 0}:
            found.append(Finding(str(path), f"belongs to user {seen.st_uid}", f"Run: chown {os.geteuid()} {path}"))
        actual = stat.S_IMODE(seen.st_mode)
        if actual & ~mode & 0o777:
            message = f"is too open: mode {actual:03o}, at most {mode:03o}"
            found.append(Finding(str(path), message, f"Run: chmod {mode:o} {path}", mode))
    return found


def repair(findings: list[Finding]) -> list[Finding]:
    """Set the modes that can be set, and give what is left."""
    left = []
    for finding in findings:
        if finding.mode is None:
            left.append(finding)
            continue
        try:
            descriptor = os.open(finding.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            left.append(finding)
            continue
        try:
            os.fchmod(descriptor, finding.mode)
        except OSError:  # it is another account's
            left.append(finding)
        finally:
            os.close(descriptor)
    return left


def refuse_writable_by(user: str, paths: list[Path]) -> None:
    """Refuse paths that this user could exchange: by itself, or by a folder above it. Raises PathRefused."""
    who = pwd.getpwnam(user)
    groups = set(os.getgrouplist(user, who.pw_gid))
    for path in paths:
        real = path.resolve()  # where links lead counts as much as where they stand
        for step in (path, *path.parents, real, *real.parents):
            try:
                seen = step.stat()
            except FileNotFoundError:
                continue
            if _may_write(seen, who.pw_uid, groups):
                raise errors.PathRefused(
                    f"{user}, as whom the AI runs, can write {step}, and so exchange {path}.",
                    hint=f"Take that away: chown it to another user, or chmod go-w {step}",
                )


def lock_workspace(workspace: Path) -> int:
    """Take the workspace for as long as the descriptor is open. Raises PortInUse, WorkspaceUnusable."""
    path = workspace / "run" / "up.lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise errors.WorkspaceUnusable(
            f"The lock {path} cannot be taken: {fault.strerror}.",
            hint=f"Move it away, and check who owns {path.parent}.",
        ) from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        os.close(descriptor)
        raise errors.PortInUse(
            f"OpenPact runs on the workspace {workspace} already.",
            hint="Stop it first, or choose another workspace with --workspace.",
        ) from fault
    return descriptor


def is_locked(workspace: Path) -> bool:
    """Say whether a daemon holds the workspace, whatever became of its socket."""
    try:
        descriptor = os.open(workspace / "run" / "up.lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False  # no daemon ever ran here
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def socket_path(workspace: Path) -> Path:
    """Give where the machine's own socket is. Raises WorkspaceUnusable for a path that no socket can have."""
    path = workspace / "run" / "admin.sock"
    if len(os.fsencode(path)) > _LONGEST_SOCKET:
        raise errors.WorkspaceUnusable(
            f"The path of the workspace is too long for a socket: {path}.",
            hint="Choose a shorter one with --workspace.",
        )
    return path


def _may_write(seen: os.stat_result, uid: int, groups: set[int]) -> bool:
    if seen.st_uid == uid:
        return True  # its owner can give itself the right
    if seen.st_gid in groups and seen.st_mode & stat.S_IWGRP:
        return True
    # In a sticky folder, as /tmp is, everybody makes files but nobody exchanges another's.
    return bool(seen.st_mode & stat.S_IWOTH) and not (stat.S_ISDIR(seen.st_mode) and seen.st_mode & stat.S_ISVTX)


def _try_writing(folder: Path) -> None:
    probe = folder / f".probe.{os.getpid()}"
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        probe.unlink()
    except OSError as fault:
        raise errors.WorkspaceUnusable(
            f"The folder {folder} cannot be written: {fault.strerror}.",
            hint="Check who owns it and that the disk has room.",
        ) from fault
