"""The master key: nobody else's to read, and what it sealed opens for its purpose alone and unchanged."""

import base64
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from openpact.adapters.keyring import Keyring, open_keyring
from openpact.domain import errors

KEY, OTHER = bytes(range(32)), bytes(32)
KEYS = Keyring(KEY)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    open_keyring(tmp_path / "master.key")
    return tmp_path / "master.key"


@pytest.mark.promise("OPS-1.02")
@pytest.mark.parametrize("umask", [0o000, 0o077, 0o177])
def test_the_key_is_made_for_its_owner_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        made = tmp_path / "master.key"
        open_keyring(made)
    finally:
        os.umask(before)

    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert len(made.read_bytes()) == 32
    assert list(tmp_path.iterdir()) == [made]  # nothing is left beside it


def test_the_key_stays_the_same_and_opens_what_it_sealed_before_a_restart(path: Path) -> None:
    raw = path.read_bytes()
    sealed = open_keyring(path).seal(b"hush", "totp/per_a")

    assert open_keyring(path).open(sealed, "totp/per_a") == b"hush"
    assert path.read_bytes() == raw


def test_no_two_keys_are_alike(tmp_path: Path) -> None:
    for name in ("a", "b"):
        open_keyring(tmp_path / name)

    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_of_two_that_make_it_at_once_both_have_the_same_key(tmp_path: Path) -> None:
    start, rings = threading.Barrier(6), list[Keyring]()

    def race() -> None:
        start.wait(10)
        rings.append(open_keyring(tmp_path / "master.key"))

    runners = [threading.Thread(target=race) for _ in range(6)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(20)

    sealed = rings[0].seal(b"hush", "p")
    assert [ring.open(sealed, "p") for ring in rings] == [b"hush"] * 6
    assert list(tmp_path.iterdir()) == [tmp_path / "master.key"]


@pytest.mark.promise("OPS-1.02", "QUA-3.02")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o610, 0o601, 0o644])
def test_a_key_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)

    with pytest.raises(errors.KeyExposed, match=f"{mode:03o}") as refusal:
        open_keyring(path)

    assert f"chmod 600 {path}" in str(refusal.value.hint)


@pytest.mark.parametrize("raw", [b"", b"x" * 31, b"x" * 33, b"x" * 10_000])
def test_a_damaged_key_is_refused_and_left_as_it_is(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)

    with pytest.raises(errors.KeyUnusable, match="damaged"):
        open_keyring(path)

    assert path.read_bytes() == raw


def _link_to_a_key(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to(path.with_name("real"))


def _link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("nothing"))


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _no_folder(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()


@pytest.mark.parametrize("harm", [_link_to_a_key, _link_to_nothing, _folder, _no_folder])
def test_what_is_no_file_of_its_own_is_refused(path: Path, harm: Callable[[Path], None]) -> None:
    harm(path)

    with pytest.raises(errors.WorkspaceUnusable) as refusal:
        open_keyring(path)

    assert refusal.value.hint
    assert not path.with_name("nothing").exists()


@pytest.mark.promise("APR-4.07", "SCR-4.01")
def test_a_sealed_text_shows_nothing_and_is_never_the_same_twice() -> None:
    texts = {KEYS.seal(b"a secret of some length", "totp/per_a") for _ in range(50)}

    assert len(texts) == 50
    assert len({base64.b64decode(text)[9:21] for text in texts}) == 50  # the nonce
    assert not [text for text in texts if b"secret" in base64.b64decode(text)]


@pytest.mark.promise("APR-4.07", "SCR-4.01")
@pytest.mark.parametrize("purpose", ["totp/per_b", "totp/per_", "totp/per_a ", "", "TOTP/per_a"])
def test_what_was_sealed_for_one_purpose_opens_for_no_other(purpose: str) -> None:
    sealed = KEYS.seal(b"hush", "totp/per_a")

    with pytest.raises(errors.KeyUnusable):
        KEYS.open(sealed, purpose)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(errors.KeyUnusable) as refusal:
        Keyring(bytes(32)).open(KEYS.seal(b"hush", "p"), "p")

    assert "hush" not in refusal.value.message
    assert refusal.value.hint == "Put back the master key that belongs to this store."


@given(secret=st.binary(max_size=200), purpose=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_sealed_opens_again(secret: bytes, purpose: str) -> None:
    assert KEYS.open(KEYS.seal(secret, purpose), purpose) == secret


@given(data=st.data())
def test_a_changed_text_opens_nothing(data: st.DataObject) -> None:
    raw = bytearray(base64.b64decode(KEYS.seal(b"a secret of some length", "p")))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(errors.KeyUnusable):
        KEYS.open(base64.b64encode(raw).decode(), "p")


@pytest.mark.parametrize("cut", range(0, 60, 7))
def test_a_cut_text_opens_nothing(cut: int) -> None:
    raw = base64.b64decode(KEYS.seal(b"a secret of some length", "p"))

    with pytest.raises(errors.KeyUnusable):
        KEYS.open(base64.b64encode(raw[:cut] if cut < len(raw) else raw[:-1]).decode(), "p")


@given(st.text())
def test_whatever_else_stands_there_opens_nothing(text: str) -> None:
    with pytest.raises(errors.KeyUnusable):
        KEYS.open(text, "p")


@pytest.mark.promise("SCR-4.01")
def test_a_sealed_text_names_its_key_and_that_is_bound_into_it() -> None:
    sealed = KEYS.seal(b"hush", "p")
    raw = base64.b64decode(sealed)
    assert raw[1:9].hex() == KEYS.id != Keyring(OTHER).id
    assert KEYS.is_current(sealed)
    assert not Keyring(OTHER).is_current(sealed)
    assert KEY not in raw
    both = Keyring(OTHER, KEY)
    claimed = base64.b64encode(raw[:1] + bytes.fromhex(both.id) + raw[9:]).decode()
    assert both.open(sealed, "p") == b"hush"
    with pytest.raises(errors.KeyUnusable):
        both.open(claimed, "p")


def test_what_was_sealed_before_keys_had_names_still_opens() -> None:
    nonce = b"n" * 12
    raw = b"\x01" + nonce + AESGCM(KEY).encrypt(nonce, b"hush", b"\x01totp/per_a")
    sealed = base64.b64encode(raw).decode()

    assert KEYS.open(sealed, "totp/per_a") == b"hush"
    assert Keyring(OTHER, KEY).open(sealed, "totp/per_a") == b"hush"
    assert not KEYS.is_current(sealed)
    for ring, purpose in ((KEYS, "totp/per_b"), (Keyring(OTHER), "totp/per_a")):
        with pytest.raises(errors.KeyUnusable):
            ring.open(sealed, purpose)


FORMS = [
    KEY.hex(),
    KEY.hex().upper(),
    base64.b64encode(KEY).decode(),
    base64.b64encode(KEY).decode().rstrip("="),
    base64.urlsafe_b64encode(KEY).decode(),
    base64.b64encode(KEY).decode() + "\n",
]


@pytest.mark.promise("SCR-4.02")
@pytest.mark.parametrize("text", FORMS)
def test_the_environment_gives_the_key_and_none_is_made(tmp_path: Path, text: str) -> None:
    path = tmp_path / "master.key"

    keys = open_keyring(path, {"OPENPACT_MASTER_KEY": text})

    assert keys.id == KEYS.id
    assert not path.exists()
    assert not keys.turnable


@pytest.mark.promise("SCR-4.02")
@pytest.mark.parametrize("content", [KEY, *(text.encode() for text in FORMS)])
def test_the_environment_names_the_file_of_the_key(tmp_path: Path, content: bytes) -> None:
    file, link = tmp_path / "given", tmp_path / "link"
    file.write_bytes(content)
    file.chmod(0o600)
    link.symlink_to(file)

    for name in (file, link):
        assert open_keyring(tmp_path / "master.key", {"OPENPACT_MASTER_KEY_FILE": str(name)}).id == KEYS.id
    file.chmod(0o640)
    with pytest.raises(errors.KeyExposed, match="640"):
        open_keyring(tmp_path / "master.key", {"OPENPACT_MASTER_KEY_FILE": str(file)})
    file.unlink()
    with pytest.raises(errors.WorkspaceUnusable):
        open_keyring(tmp_path / "master.key", {"OPENPACT_MASTER_KEY_FILE": str(file)})
    assert not (tmp_path / "master.key").exists()


@pytest.mark.promise("SCR-4.02")
@pytest.mark.parametrize(
    "text", ["", " ", "x", KEY.hex()[:-2], "g" * 64, "=" * 44, "ä" * 43, base64.b64encode(KEY + b"x").decode()]
)
@pytest.mark.parametrize("variable", ["OPENPACT_MASTER_KEY", "OPENPACT_MASTER_KEY_PREVIOUS"])
def test_what_is_no_key_in_the_environment_is_refused_and_not_repeated(
    tmp_path: Path, text: str, variable: str
) -> None:
    with pytest.raises(errors.KeyUnusable, match=variable) as refusal:
        open_keyring(tmp_path / "master.key", {variable: text})

    assert text.strip() == "" or len(text) < 2 or text not in refusal.value.message + str(refusal.value.hint)
    assert not (tmp_path / "master.key").exists()


def test_a_key_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    given = {"OPENPACT_MASTER_KEY": KEY.hex(), "OPENPACT_MASTER_KEY_FILE": str(tmp_path / "x")}
    with pytest.raises(errors.KeyUnusable, match="both set"):
        open_keyring(tmp_path / "master.key", given)


@pytest.mark.promise("SCR-4.03")
def test_a_turned_key_seals_and_the_one_before_opens_until_it_is_settled(path: Path) -> None:
    keys = open_keyring(path)
    old, before = keys.seal(b"hush", "p"), keys.id

    keys.turn()

    assert keys.id != before
    assert not keys.is_current(old)
    assert keys.unsettled
    assert open_keyring(path).open(old, "p") == keys.open(old, "p") == b"hush"
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"master.key": 0o600, "master.key.previous": 0o600}
    new = keys.seal(b"hush", "p")
    keys.settle()
    assert [file.name for file in path.parent.iterdir()] == ["master.key"]
    assert not open_keyring(path).unsettled
    assert open_keyring(path).open(new, "p") == b"hush"
    with pytest.raises(errors.KeyUnusable):
        keys.open(old, "p")


def test_a_turn_that_was_not_settled_is_not_turned_again(path: Path) -> None:
    keys = open_keyring(path)
    old = keys.seal(b"hush", "p")
    keys.turn()
    turned = keys.id

    keys.turn()

    assert keys.id == turned
    assert keys.open(old, "p") == b"hush"


@pytest.mark.promise("SCR-4.03")
def test_another_process_follows_a_turn_when_it_seals_and_when_it_opens(path: Path) -> None:
    here, there, late = open_keyring(path), open_keyring(path), open_keyring(path)
    here.turn()
    here.settle()

    assert here.open(there.seal(b"hush", "p"), "p") == b"hush"
    assert late.open(here.seal(b"hush", "p"), "p") == b"hush"


@pytest.mark.promise("SCR-4.02")
def test_where_a_turned_key_lies_alone_none_is_made_in_its_place(path: Path) -> None:
    open_keyring(path).turn()
    path.unlink()

    with pytest.raises(errors.KeyUnusable, match="is gone"):
        open_keyring(path)

    assert not path.exists()


@pytest.mark.promise("SCR-4.03")
def test_a_key_from_the_environment_turns_by_giving_both(tmp_path: Path) -> None:
    alone = open_keyring(tmp_path / "k", {"OPENPACT_MASTER_KEY": KEY.hex()})
    old = alone.seal(b"hush", "p")
    with pytest.raises(errors.IllegalMove) as refusal:
        alone.turn()
    assert "OPENPACT_MASTER_KEY_PREVIOUS" in str(refusal.value.hint)

    both = {"OPENPACT_MASTER_KEY": OTHER.hex(), "OPENPACT_MASTER_KEY_PREVIOUS": KEY.hex()}
    keys = open_keyring(tmp_path / "k", both)
    keys.turn()
    keys.settle()
    assert keys.open(old, "p") == b"hush"
    assert not keys.is_current(old)
    assert keys.is_current(keys.seal(b"hush", "p"))


def test_a_file_s_key_can_follow_one_of_the_environment_and_the_other_way_round(path: Path) -> None:
    from_file = open_keyring(path).seal(b"hush", "p")
    given = {"OPENPACT_MASTER_KEY": KEY.hex(), "OPENPACT_MASTER_KEY_PREVIOUS_FILE": str(path)}
    assert open_keyring(path, given).open(from_file, "p") == b"hush"
    back = open_keyring(path, {"OPENPACT_MASTER_KEY_PREVIOUS": KEY.hex()})
    assert back.open(KEYS.seal(b"hush", "p"), "p") == b"hush"
    assert back.turnable
