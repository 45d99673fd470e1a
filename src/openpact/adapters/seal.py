"""The key that signs checkpoints, the public keys that are trusted here, and the head that was sealed last.

    audit/signing.key     600   Ed25519, PKCS 8
    audit/keys/ID.pem     644   public keys: ours and those of daemons that share the store
    audit/head            600   the newest checkpoint, as one line of JSON

Rules of this file:
- A signing key that others can read is refused: whoever read it can re-sign the record.
- Files are written beside, made durable, and moved into place: a crash leaves the old one or the new one.
"""

import base64
import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from openpact.domain import errors


class Seal:
    """The signing key of one daemon's folder."""

    def __init__(self, folder: Path, key: Ed25519PrivateKey) -> None:
        self._folder = folder
        self._key = key
        self.key_id = _id_of(key.public_key())

    def sign(self, data: bytes) -> str:
        """Sign the bytes; the signature is base64."""
        return base64.b64encode(self._key.sign(data)).decode()

    def write_head(self, line: str) -> None:
        """Remember the newest checkpoint outside the store."""
        try:
            write_durably(self._folder / "head", line.encode() + b"\n", 0o600)
        except OSError as fault:
            raise errors.WorkspaceUnusable(
                f"The audit head in {self._folder} cannot be written: {fault.strerror}.",
                hint=f"Check who owns {self._folder} and that its disk has room.",
            ) from fault

    def read_head(self) -> bytes | None:
        """Give the checkpoint that was sealed last, or None when none was."""
        try:
            return (self._folder / "head").read_bytes()
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise errors.WorkspaceUnusable(
                f"The audit head in {self._folder} cannot be read: {fault.strerror}.", hint=f"Look at {self._folder}."
            ) from fault


def open_seal(folder: Path) -> Seal:
    """Open the folder's signing key, made when there is none. Raises KeyExposed, KeyUnusable, WorkspaceUnusable."""
    path = folder / "signing.key"
    try:
        if not path.exists():
            made = Ed25519PrivateKey.generate()
            pem = made.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            write_durably(path, pem, 0o600)
        key = _read_private(path)
        (folder / "keys").mkdir(mode=0o700, exist_ok=True)
        public = folder / "keys" / f"{_id_of(key.public_key())}.pem"
        if not public.exists():
            write_durably(public, _pem(key.public_key()), 0o644)
    except OSError as fault:
        raise errors.WorkspaceUnusable(
            f"The audit key in {folder} cannot be used: {fault.strerror}.", hint=f"Check who owns {folder}."
        ) from fault
    return Seal(folder, key)


def check_key(folder: Path) -> None:
    """Read the folder's signing key and make nothing. Raises KeyExposed, KeyUnusable, WorkspaceUnusable."""
    path = folder / "signing.key"
    try:
        _read_private(path)
    except OSError as fault:
        raise errors.WorkspaceUnusable(
            f"The private key {path} cannot be read: {fault.strerror}.", hint=f"Check who owns {folder}."
        ) from fault


class Trust:
    """Public keys whose checkpoints are believed."""

    def __init__(self, keys: dict[str, Ed25519PublicKey]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def check(self, key_id: str, data: bytes, signature: str) -> bool:
        """Say whether the signature over these bytes is by the trusted key of this id."""
        key = self._keys.get(key_id)
        if key is None:
            return False
        try:
            raw = base64.b64decode(signature, validate=True)
            key.verify(raw, data)
        except (InvalidSignature, ValueError):
            return False
        return base64.b64encode(raw).decode() == signature  # the last letter has bits that no byte needs


def trust(paths: list[Path]) -> Trust:
    """Read public keys from files, or from every .pem file of a folder. Raises KeyUnusable."""
    keys: dict[str, Ed25519PublicKey] = {}
    for path in paths:
        for file in sorted(path.glob("*.pem")) if path.is_dir() else [path]:
            try:
                key = serialization.load_pem_public_key(file.read_bytes())
            except OSError as fault:
                raise errors.KeyUnusable(f"The key {file} cannot be read: {fault.strerror}.") from fault
            except (ValueError, UnsupportedAlgorithm) as fault:
                raise errors.KeyUnusable(f"{file} is no public key in PEM form.") from fault
            if not isinstance(key, Ed25519PublicKey):
                raise errors.KeyUnusable(f"{file} is no Ed25519 key.")
            keys[_id_of(key)] = key
    return Trust(keys)


def write_durably(path: Path, data: bytes, mode: int) -> None:
    """Put the file in place whole, with this mode, so that a crash leaves the old one or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        os.fchmod(descriptor, mode)  # the umask may have taken bits away, an old file may have had more
        while data:  # a disk that fills takes less than it is given
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read_private(path: Path) -> Ed25519PrivateKey:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if mode & 0o077:
            raise errors.KeyExposed(
                f"Others can read the private key {path} (mode {mode:03o}).",
                hint=f"Run: chmod 600 {path} — and if it may have been read, move it away so that a new one is made.",
            )
        data = file.read(10_000)
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise errors.KeyUnusable(
            f"The private key {path} is damaged.", hint="Put back a backup of it, or move it away: a new one is made."
        ) from fault
    if not isinstance(key, Ed25519PrivateKey):
        raise errors.KeyUnusable(f"The private key {path} is no Ed25519 key.", hint="Move it away: a new one is made.")
    return key


def _pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _id_of(key: Ed25519PublicKey) -> str:
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]
