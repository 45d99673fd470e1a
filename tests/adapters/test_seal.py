"""The signing key and the trusted ones: nobody else's to read, written whole, and believed only when they fit."""

import base64
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openpact.adapters import seal
from openpact.domain import errors

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
PLAIN = serialization.NoEncryption()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "audit").mkdir(0o700)
    seal.open_seal(tmp_path / "audit")
    return tmp_path / "audit"


@pytest.mark.promise("OPS-1.02")
@pytest.mark.parametrize("umask", [0o000, 0o177])
def test_the_key_is_made_for_its_owner_alone_and_its_public_half_for_everybody(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        (tmp_path / "keys").mkdir(0o700)
        (tmp_path / "keys").chmod(0o700)
        made = seal.open_seal(tmp_path)
    finally:
        os.umask(before)

    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert names == ["keys", f"keys/{made.key_id}.pem", "signing.key"]
    assert mode_of(tmp_path / "signing.key") == 0o600
    assert mode_of(tmp_path / "keys" / f"{made.key_id}.pem") == 0o644


@pytest.mark.promise("OPS-5.14")
def test_what_it_signed_is_believed_by_who_has_the_public_key_alone(folder: Path, tmp_path: Path) -> None:
    made = seal.open_seal(folder)
    signature = made.sign(b"a sealed moment")
    public = tmp_path / "elsewhere.pem"
    public.write_bytes((folder / "keys" / f"{made.key_id}.pem").read_bytes())

    trusted = seal.trust([public])

    assert len(trusted) == 1
    assert trusted.check(made.key_id, b"a sealed moment", signature)


@pytest.mark.promise("OPS-5.18")
def test_nothing_else_is_believed(folder: Path, tmp_path: Path) -> None:
    made = seal.open_seal(folder)
    (tmp_path / "other").mkdir()
    other = seal.open_seal(tmp_path / "other")
    trusted = seal.trust([folder / "keys"])
    right = made.sign(b"a sealed moment")
    raw = base64.b64decode(right)

    assert not trusted.check(made.key_id, b"a sealed moment!", right)
    assert not trusted.check(other.key_id, b"a sealed moment", right)
    assert not trusted.check(other.key_id, b"a sealed moment", other.sign(b"a sealed moment"))
    assert not trusted.check(made.key_id, b"a sealed moment", other.sign(b"a sealed moment"))
    assert not trusted.check("", b"a sealed moment", right)
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert not trusted.check(made.key_id, b"a sealed moment", base64.b64encode(changed).decode())


@pytest.mark.parametrize("signature", ["", "no base64 !", "AAAA", "ö", "A" * 88])
def test_a_signature_that_is_none_is_not_believed(folder: Path, signature: str) -> None:
    made = seal.open_seal(folder)

    assert not seal.trust([folder / "keys"]).check(made.key_id, b"x", signature)


def test_one_signature_is_written_in_one_way(folder: Path) -> None:
    """Base64's last letter has bits that stand for nothing: another letter there is another text."""
    made = seal.open_seal(folder)
    right = made.sign(b"x")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = right[:-3] + letters[letters.index(right[-3]) ^ 1] + right[-2:]
    assert base64.b64decode(twin) == base64.b64decode(right)

    assert not seal.trust([folder / "keys"]).check(made.key_id, b"x", twin)


def test_the_key_stays_the_same_over_a_restart(folder: Path) -> None:
    assert seal.open_seal(folder).key_id == seal.open_seal(folder).key_id
    assert len(list((folder / "keys").iterdir())) == 1


def test_a_public_half_that_was_lost_is_made_again(folder: Path) -> None:
    made = seal.open_seal(folder)
    (folder / "keys" / f"{made.key_id}.pem").unlink()

    seal.open_seal(folder)

    assert seal.trust([folder / "keys"]).check(made.key_id, b"x", made.sign(b"x"))


@pytest.mark.promise("OPS-1.02", "QUA-3.02")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666])
@pytest.mark.parametrize("use", [seal.open_seal, seal.check_key])
def test_a_key_that_others_can_reach_is_refused(folder: Path, mode: int, use: Callable[[Path], object]) -> None:
    (folder / "signing.key").chmod(mode)

    with pytest.raises(errors.KeyExposed, match=f"{mode:03o}") as refusal:
        use(folder)

    assert "chmod 600" in str(refusal.value.hint)


def _nothing(_path: Path) -> bytes:
    return b""


def _half(path: Path) -> bytes:
    raw = path.read_bytes()
    return raw[: len(raw) // 2]


def _public(path: Path) -> bytes:
    return next((path.parent / "keys").iterdir()).read_bytes()


def _locked(_path: Path) -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"hush"))


def _other_kind(_path: Path) -> bytes:
    return generate_ec(SECP256R1()).private_bytes(PEM, PKCS8, PLAIN)


@pytest.mark.promise("QUA-3.02")
@pytest.mark.parametrize("harm", [_nothing, _half, _public, _locked, _other_kind])
@pytest.mark.parametrize("use", [seal.open_seal, seal.check_key])
def test_a_key_that_is_damaged_or_of_another_kind_is_refused_and_left_as_it_is(
    folder: Path, harm: Callable[[Path], bytes], use: Callable[[Path], object]
) -> None:
    path = folder / "signing.key"
    raw = harm(path)
    path.write_bytes(raw)

    with pytest.raises(errors.KeyUnusable) as refusal:
        use(folder)

    assert "a new one is made" in str(refusal.value.hint)
    assert path.read_bytes() == raw


@pytest.mark.parametrize("use", [seal.open_seal, seal.check_key])
def test_a_link_in_its_place_is_refused(folder: Path, use: Callable[[Path], object]) -> None:
    (folder / "signing.key").rename(folder / "real")
    (folder / "signing.key").symlink_to(folder / "real")

    with pytest.raises(errors.WorkspaceUnusable) as refusal:
        use(folder)

    assert refusal.value.hint


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.WorkspaceUnusable):
        seal.open_seal(tmp_path / "none")
    with pytest.raises(errors.WorkspaceUnusable):
        seal.check_key(tmp_path / "none")


@pytest.mark.promise("OPS-5.16")
def test_the_head_is_written_whole_and_for_its_owner_alone(folder: Path) -> None:
    made = seal.open_seal(folder)
    assert made.read_head() is None

    for line in ("the first, which is longer", "the second"):
        made.write_head(line)
        assert made.read_head() == line.encode() + b"\n"

    assert mode_of(folder / "head") == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["head", "keys", "signing.key"]


def test_a_head_that_cannot_be_written_is_said_with_a_remedy(folder: Path) -> None:
    made = seal.open_seal(folder)
    (folder / "head").mkdir()

    with pytest.raises(errors.WorkspaceUnusable, match="head") as refusal:
        made.write_head("line")

    assert refusal.value.hint


def test_a_file_is_never_written_in_place_and_what_a_dead_writer_left_is_no_matter(folder: Path) -> None:
    path = folder / "head"
    seal.write_durably(path, b"old", 0o600)
    before = path.stat().st_ino
    (folder / f".head.{os.getpid()}").write_bytes(b"half a line of a process that had our number before")

    seal.write_durably(path, b"new", 0o600)

    assert path.read_bytes() == b"new"
    assert path.stat().st_ino != before


def test_a_file_beside_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    (folder / f".head.{os.getpid()}").symlink_to(victim)

    with pytest.raises(OSError, match="symbolic link"):
        seal.write_durably(folder / "head", b"x", 0o600)

    assert victim.read_bytes() == b"untouched"


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_public_key_is_not_trusted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.pem").write_bytes(content)

    with pytest.raises(errors.KeyUnusable, match="no public key"):
        seal.trust([tmp_path])


def test_a_public_key_of_another_kind_or_none_is_not_trusted(tmp_path: Path) -> None:
    public = generate_ec(SECP256R1()).public_key()
    (tmp_path / "a.pem").write_bytes(public.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(errors.KeyUnusable, match="no Ed25519 key"):
        seal.trust([tmp_path / "a.pem"])
    with pytest.raises(errors.KeyUnusable, match="cannot be read"):
        seal.trust([tmp_path / "none.pem"])


def test_of_a_folder_only_pem_files_are_read(folder: Path) -> None:
    (folder / "keys" / "README").write_text("no key")

    assert len(seal.trust([folder / "keys"])) == 1
