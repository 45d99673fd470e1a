"""The master key: seals what must be kept and opens it again, and nothing else of ours touches it.

Rules of this file:
- AES-256-GCM with a fresh nonce each time; what a sealed text is for, and which key sealed it, is bound into it, so
  that one sealed for one person cannot be put in another's place.
- A master key that others can read is refused, and so is one that is there and cannot be read: no other is made then.
- Turning the key keeps the one before beside it until everything is sealed anew: whenever the process dies, what is
  in the store opens with one of the two.
- A key that another process has turned is noticed: before sealing, and where a text names a key that is not held.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from openpact import faults
from openpact.domain import errors

VARIABLE = "OPENPACT_MASTER_KEY"
PREVIOUS_VARIABLE = "OPENPACT_MASTER_KEY_PREVIOUS"

_KEY_BYTES = 32
_NONCE_BYTES = 12
_ID_BYTES = 8
_LONGEST_FILE = 1024
_WITHOUT_ID = b"\x01"  # as texts were sealed while there was one key
_VERSION = b"\x02"
_HEX_CHARS = 2 * _KEY_BYTES


class _Ring(NamedTuple):
    """The keys in hand, by what each is known by."""

    current: bytes
    ciphers: Mapping[bytes, AESGCM]


class Keyring:
    """The master key of one workspace, and the one before it while that still seals something."""

    def __init__(self, key: bytes, *older: bytes, file: Path | None = None) -> None:
        self._file = file  # where the key can be turned; None: it comes from outside
        self._lent = older
        self._ring = self._ring_of(key)  # one value, exchanged whole: others seal while a thread turns the key

    @property
    def id(self) -> str:
        """What the current key is known by."""
        return self._ring.current.hex()

    @property
    def turnable(self) -> bool:
        """Say whether a new key can be made here: one from the environment can only be given."""
        return self._file is not None

    @property
    def unsettled(self) -> bool:
        """Say whether a key before this one is held: something may still be sealed with it."""
        return len(self._ring.ciphers) > 1 or (self._file is not None and _previous(self._file).exists())

    def seal(self, secret: bytes, purpose: str) -> str:
        """Seal the secret for this purpose alone."""
        self._look_again()
        ring, nonce = self._ring, os.urandom(_NONCE_BYTES)
        head = _VERSION + ring.current
        sealed = ring.ciphers[ring.current].encrypt(nonce, secret, head + purpose.encode())
        return base64.b64encode(head + nonce + sealed).decode()

    def open(self, sealed: str, purpose: str) -> bytes:
        """Open what was sealed for this purpose. Raises KeyUnusable for anything else."""
        try:
            raw = base64.b64decode(sealed, validate=True)
            if raw[:1] == _WITHOUT_ID:
                return self._open_with_any(raw, purpose)
            if raw[:1] != _VERSION:
                raise ValueError("sealed by another version")
            head, rest = raw[: 1 + _ID_BYTES], raw[1 + _ID_BYTES :]
            cipher = self._find(head[1:])
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], head + purpose.encode())
        except (InvalidTag, ValueError) as fault:
            raise errors.KeyUnusable(
                "A sealed secret cannot be opened: the master key is another, or the store was changed.",
                hint="Put back the master key that belongs to this store.",
            ) from fault

    def is_current(self, sealed: str) -> bool:
        """Say whether the text was sealed with the current key."""
        head = base64.b64encode(_VERSION + self._ring.current)  # nine bytes: the same twelve characters in every text
        return sealed.startswith(head.decode())

    def turn(self) -> None:
        """Make a new key and keep this one beside it until `settle`. A turn that was not settled stands as it is."""
        if self._file is None:
            if not self.unsettled:
                raise errors.IllegalMove(
                    f"The master key comes from {VARIABLE}, so no new one can be made here.",
                    hint=f"Start again with a new key in {VARIABLE} and this one in {PREVIOUS_VARIABLE}, then repeat.",
                )
            return
        self._look_again()
        if _previous(self._file).exists():
            if _read(_previous(self._file)) != _read(self._file):
                return
            _previous(self._file).unlink()  # a process died before it had put another in its place
        following = self._file.with_name(f"{self._file.name}.next")
        following.unlink(missing_ok=True)
        with _usable(self._file):
            _write(following)
            faults.point("key.made")
            os.link(self._file, _previous(self._file), follow_symlinks=False)
            _sync(self._file.parent)
            faults.point("key.kept")
            os.replace(following, self._file)  # noqa: PTH105 - beside the other calls to the system
            _sync(self._file.parent)
        faults.point("key.turned")
        self._look_again()

    def settle(self) -> None:
        """Forget the key before: everything in the store is sealed with this one, and that is durable."""
        if self._file is None:
            return
        with _usable(self._file):
            _previous(self._file).unlink(missing_ok=True)
            self._file.with_name(f"{self._file.name}.next").unlink(missing_ok=True)
            _sync(self._file.parent)
        self._look_again()

    def _ring_of(self, key: bytes) -> "_Ring":
        older = list(self._lent)
        if self._file is not None and _previous(self._file).exists():
            older.append(_read(_previous(self._file)))
        return _Ring(_id_of(key), {_id_of(each): AESGCM(each) for each in (key, *older)})

    def _look_again(self) -> None:
        if self._file is not None:
            self._ring = self._ring_of(_read(self._file))

    def _find(self, key_id: bytes) -> AESGCM:
        if key_id not in self._ring.ciphers:
            self._look_again()
        found = self._ring.ciphers.get(key_id)
        if found is None:
            raise ValueError("sealed with a key that is not held")
        return found

    def _open_with_any(self, raw: bytes, purpose: str) -> bytes:
        nonce, rest = raw[1 : 1 + _NONCE_BYTES], raw[1 + _NONCE_BYTES :]
        for cipher in self._ring.ciphers.values():
            with contextlib.suppress(InvalidTag):
                return cipher.decrypt(nonce, rest, _WITHOUT_ID + purpose.encode())
        raise InvalidTag


def open_keyring(path: Path, environment: Mapping[str, str] | None = None) -> Keyring:
    """Open the master key: the environment's, else the file's, made when there is none.

    Raises KeyExposed, KeyUnusable, WorkspaceUnusable.
    """
    given = {} if environment is None else environment
    key, older = _given(VARIABLE, given), _given(PREVIOUS_VARIABLE, given)
    lent = () if older is None else (older,)
    if key is not None:
        return Keyring(key, *lent)
    with _usable(path):
        if not path.exists():
            _refuse_to_replace(path)
            _make(path)
    return Keyring(_read(path), *lent, file=path)


def is_given(environment: Mapping[str, str]) -> bool:
    """Say whether the environment gives the master key."""
    return not {VARIABLE, f"{VARIABLE}_FILE"}.isdisjoint(environment)


def _refuse_to_replace(path: Path) -> None:
    if _previous(path).exists():
        raise errors.KeyUnusable(
            f"The master key {path} is gone, and a turned one lies beside it.",
            hint=f"Put back a backup of it, or move {_previous(path)} in its place.",
        )


def _previous(path: Path) -> Path:
    return path.with_name(f"{path.name}.previous")


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"openpact master key\0" + key).digest()[:_ID_BYTES]


def _given(variable: str, environment: Mapping[str, str]) -> bytes | None:
    """Give the key that the environment holds, or names the file of."""
    text, file = environment.get(variable), environment.get(f"{variable}_FILE")
    if text is not None and file is not None:
        raise errors.KeyUnusable(f"{variable} and {variable}_FILE are both set.", hint="Unset one of them.")
    if file is not None:
        # Who names the file may name a link: what counts is the file that was opened.
        return _read(Path(file), given=True)
    if text is None:
        return None
    key = _decoded(text)
    if key is None:
        raise errors.KeyUnusable(
            f"{variable} is no key: {_KEY_BYTES} bytes, as base64 or hex.", hint="Make one: openssl rand -base64 32"
        )
    return key


def _decoded(text: str) -> bytes | None:
    text = text.strip()
    try:
        if len(text) == _HEX_CHARS:
            return bytes.fromhex(text)
        standard = text.replace("-", "+").replace("_", "/").rstrip("=")
        raw = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None
    return raw if len(raw) == _KEY_BYTES else None


def _read(path: Path, *, given: bool = False) -> bytes:
    with _usable(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if given else os.O_NOFOLLOW))
        with os.fdopen(descriptor, "rb") as file:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            raw = file.read(_LONGEST_FILE)
    if mode & 0o077:
        raise errors.KeyExposed(
            f"Others can read the master key {path} (mode {mode:03o}).",
            hint=f"Run: chmod 600 {path} — and if somebody may have read it, change every secret it seals.",
        )
    key = raw if len(raw) == _KEY_BYTES else _decoded(raw.decode("latin-1")) if given else None
    if key is None:
        raise errors.KeyUnusable(
            f"The master key {path} is damaged: it holds {len(raw)} bytes, not {_KEY_BYTES}.",
            hint="Put back a backup of it; without it the sealed secrets cannot be opened.",
        )
    return key


@contextlib.contextmanager
def _usable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        raise errors.WorkspaceUnusable(
            f"The master key {path} cannot be used: {fault.strerror}.", hint=f"Check who owns {path.parent}."
        ) from fault


def _make(path: Path) -> None:
    """Make the key beside and put it in place whole: a crash leaves none, and of two at once one is first."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    _write(beside)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(beside, path, follow_symlinks=False)
    finally:
        beside.unlink()
    _sync(path.parent)  # what it seals is durable at once, and so must its name be


def _write(path: Path) -> None:
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(made, os.urandom(_KEY_BYTES))
        os.fsync(made)
    finally:
        os.close(made)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
