"""The master key: seals what must be kept and opens it again, and nothing else of ours touches it.

Rules of this file:
- AES-256-GCM with a fresh nonce each time; what a sealed text is for is bound into it, so that one sealed for one
  person cannot be put in another's place.
- A master key that others can read is refused.
"""

import base64
import contextlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from openpact.domain import errors

_KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = b"\x01"


class Keyring:
    """The master key of one workspace."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, secret: bytes, purpose: str) -> str:
        """Seal the secret for this purpose alone."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret, _VERSION + purpose.encode())
        return base64.b64encode(_VERSION + nonce + sealed).decode()

    def open(self, sealed: str, purpose: str) -> bytes:
        """Open what was sealed for this purpose. Raises KeyUnusable for anything else."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            if raw[:1] != _VERSION:
                raise ValueError("sealed by another version")
            nonce, rest = raw[1 : 1 + _NONCE_BYTES], raw[1 + _NONCE_BYTES :]
            return self._cipher.decrypt(nonce, rest, _VERSION + purpose.encode())
        except (InvalidTag, ValueError) as fault:
            raise errors.KeyUnusable(
                "A sealed secret cannot be opened: the master key is another, or the store was changed.",
                hint="Put back the master key that belongs to this store.",
            ) from fault


def open_keyring(path: Path) -> Keyring:
    """Open the master key, made when there is none. Raises KeyExposed, KeyUnusable, WorkspaceUnusable."""
    try:
        if not path.exists():
            _make(path)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            key = file.read(_KEY_BYTES + 1)
    except OSError as fault:
        raise errors.WorkspaceUnusable(
            f"The master key {path} cannot be used: {fault.strerror}.", hint=f"Check who owns {path.parent}."
        ) from fault
    if mode & 0o077:
        raise errors.KeyExposed(
            f"Others can read the master key {path} (mode {mode:03o}).",
            hint=f"Run: chmod 600 {path} — and if somebody may have read it, change every secret it seals.",
        )
    if len(key) != _KEY_BYTES:
        raise errors.KeyUnusable(
            f"The master key {path} is damaged: it holds {len(key)} bytes, not {_KEY_BYTES}.",
            hint="Put back a backup of it; without it the sealed secrets cannot be opened.",
        )
    return Keyring(key)


def _make(path: Path) -> None:
    """Make the key beside and put it in place whole: a crash leaves none, and of two at once one is first."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    made = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(made, os.urandom(_KEY_BYTES))
        os.fsync(made)
        with contextlib.suppress(FileExistsError):
            os.link(beside, path, follow_symlinks=False)
    finally:
        os.close(made)
        beside.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)  # what it seals is durable at once, and so must its name be
    finally:
        os.close(folder)
