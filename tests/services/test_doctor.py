"""The usual faults of an installation: each is found, each has a remedy, and looking changes nothing."""

import hashlib
import os
import shutil
import socket
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from openpact.adapters import files, keyring, seal
from openpact.adapters.store import open_store
from openpact.config import Config, Engine, Starlark
from openpact.services import doctor
from openpact.services.doctor import Finding


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Give a workspace as `openpact up` leaves it."""
    where = tmp_path / "ws"
    files.make(where)
    data = where / "secure" / "data"
    keyring.open_keyring(data / "master.key")
    seal.open_seal(data / "audit")
    open_store(url(where)).close()
    return where


def url(workspace: Path) -> str:
    return f"sqlite:///{workspace}/secure/data/openpact.db"


def look(workspace: Path, store: str | None = None, *, running: bool = True, separated: bool = True) -> list[Finding]:
    config = Config(engine=Engine(user="openpact-ai" if separated else None))
    return doctor.look(config, workspace, store or url(workspace), running=running, separated=separated)


def faults(found: list[Finding]) -> list[Finding]:
    return [item for item in found if item.state != "ok"]


@pytest.mark.promise("OPS-6.14", "OPS-6.15")
def test_a_sound_installation_has_no_fault_and_every_look_is_told(workspace: Path) -> None:
    found = look(workspace)

    assert faults(found) == []
    names = ["workspace", "master key", "audit key", "store", "disk", "clock", "daemon", "AI user", "sandbox", "python"]
    assert [item.name for item in found] == names
    assert all(item.remedy is None for item in found)


@pytest.mark.promise("OPS-6.14")
def test_looking_changes_nothing(workspace: Path) -> None:
    shutil.rmtree(workspace / "secure" / "data" / "audit" / "keys")
    before = _picture(workspace)

    look(workspace)

    assert _picture(workspace) == before


def test_where_nothing_is_nothing_is_made(tmp_path: Path) -> None:
    where = tmp_path / "none"

    found = {item.name: item for item in look(where)}

    assert found["workspace"].state == "error"
    assert found["workspace"].remedy == "Make it: openpact up"
    assert not where.exists()


def _open_folder(data: Path) -> None:
    data.chmod(0o755)


def _open_master(data: Path) -> None:
    (data / "master.key").chmod(0o640)


def _cut_master(data: Path) -> None:
    (data / "master.key").write_bytes(b"short")


def _no_master(data: Path) -> None:
    (data / "master.key").unlink()


def _open_signing(data: Path) -> None:
    (data / "audit" / "signing.key").chmod(0o604)


def _damage_signing(data: Path) -> None:
    (data / "audit" / "signing.key").write_bytes(b"-----BEGIN NOTHING-----")


def _other_signing(data: Path) -> None:
    key = generate_private_key(65537, 2048)
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (data / "audit" / "signing.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, none))


def _no_database(data: Path) -> None:
    (data / "openpact.db").unlink()


def _newer_database(data: Path) -> None:
    _run(data, "INSERT INTO schema_migrations SELECT number + 1000, name, sha256, applied_at FROM schema_migrations")


def _damaged_database(data: Path) -> None:
    raw = bytearray((data / "openpact.db").read_bytes())
    raw[4096 : 3 * 4096] = os.urandom(2 * 4096)
    (data / "openpact.db").write_bytes(raw)


def _text_for_database(data: Path) -> None:
    (data / "openpact.db").write_bytes(b"these are no tables, but it is a long enough text " * 100)


def _folder_for_database(data: Path) -> None:
    (data / "openpact.db").unlink()
    (data / "openpact.db").mkdir(0o600)


@pytest.mark.promise("OPS-6.13", "OPS-6.14", "QUA-3.03")
@pytest.mark.parametrize(
    ("harm", "name", "state", "said"),
    [
        (_open_folder, "workspace", "warning", "too open"),
        (_open_master, "master key", "error", "Others can read"),
        (_cut_master, "master key", "error", "damaged"),
        (_no_master, "master key", "warning", "There is no"),
        (_open_signing, "audit key", "error", "Others can read"),
        (_damage_signing, "audit key", "error", "damaged"),
        (_other_signing, "audit key", "error", "no Ed25519"),
        (_no_database, "store", "warning", "no database yet"),
        (_newer_database, "store", "error", "knows up to"),
        (_damaged_database, "store", "error", "damaged"),
        (_text_for_database, "store", "error", "damaged|no database"),
        (_folder_for_database, "store", "error", "cannot be opened|unable to open"),
    ],
)
def test_a_fault_is_found_and_has_a_remedy(
    workspace: Path, harm: Callable[[Path], None], name: str, state: str, said: str
) -> None:
    harm(workspace / "secure" / "data")

    found = faults(look(workspace))

    (item,) = [each for each in found if each.name == name]
    assert item.state == state
    assert any(part in item.message for part in said.split("|")), item.message
    assert item.remedy


@pytest.mark.promise("OPS-6.13")
def test_one_fault_hides_no_other(workspace: Path) -> None:
    data = workspace / "secure" / "data"
    for harm in (_open_folder, _open_master, _damage_signing, _text_for_database):
        harm(data)

    found = faults(look(workspace, running=False, separated=False))

    assert {item.name for item in found} == {"workspace", "master key", "audit key", "store", "daemon", "AI user"}
    assert all(item.remedy for item in found)


@pytest.mark.promise("OPS-6.13")
def test_a_database_server_that_is_not_there_is_an_error_without_its_password(workspace: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        found = look(workspace, f"postgresql://openpact:hush-hush-hush@127.0.0.1:{port}/openpact")

    (item,) = [each for each in found if each.name == "store"]
    assert (item.state, bool(item.remedy)) == ("error", True)
    assert "hush-hush-hush" not in repr(found)


def test_a_database_on_a_server_is_looked_at_too(workspace: Path, postgres_url: str) -> None:
    empty = {item.name: item for item in look(workspace, postgres_url)}
    assert (empty["store"].state, empty["clock"].state) == ("warning", "ok")
    open_store(postgres_url).close()

    made = {item.name: item for item in look(workspace, postgres_url)}
    assert made["store"].state == "ok"
    assert made["store"].message.startswith("postgres, schema ")


@pytest.mark.promise("OPS-1.29")
def test_one_account_for_agent_and_person_is_said_plainly(workspace: Path) -> None:
    (item,) = faults(look(workspace, separated=False))

    assert item.name == "AI user"
    assert item.message.startswith("Not separated: agent and person share one account")
    assert "engine.user" in str(item.remedy)


def test_no_daemon_is_a_warning(workspace: Path) -> None:
    (item,) = faults(look(workspace, running=False))

    assert (item.name, item.state, item.remedy) == ("daemon", "warning", "Start it: openpact up")


def _picture(folder: Path) -> dict[str, tuple[int, str]]:
    """Show every file with its mode and content; SQLite's shared memory is a lock table and may come and go."""
    seen = {}
    for path in sorted(folder.rglob("*")):
        if path.name.endswith(("-shm", "-wal")):
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        seen[str(path)] = (stat.S_IMODE(path.stat().st_mode), content)
    return seen


def _run(data: Path, sql: str) -> None:
    connection = sqlite3.connect(data / "openpact.db")
    connection.execute(sql)
    connection.commit()
    connection.close()


@pytest.mark.promise("OPS-6.14", "SCR-4.02")
def test_a_master_key_of_the_environment_is_looked_at_in_the_place_of_the_file(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "secure" / "data" / "master.key").unlink()
    monkeypatch.setenv("OPENPACT_MASTER_KEY", "00" * 32)
    (item,) = [item for item in look(workspace) if item.name == "master key"]
    assert (item.state, item.message) == ("ok", "It comes from OPENPACT_MASTER_KEY.")

    monkeypatch.setenv("OPENPACT_MASTER_KEY", "hush-hush-hush")
    (item,) = [item for item in look(workspace) if item.name == "master key"]
    assert item.state == "error"
    assert "hush" not in item.message
    assert not (workspace / "secure" / "data" / "master.key").exists()


@pytest.mark.promise("OPS-6.14", "SCR-4.03")
def test_a_turning_of_the_key_that_was_not_finished_is_told(workspace: Path) -> None:
    keyring.open_keyring(workspace / "secure" / "data" / "master.key").turn()
    (item,) = faults(look(workspace))
    assert (item.name, item.remedy) == ("master key", "Finish it: openpact secrets rotate-key")


@pytest.mark.promise("SCR-3.03")
def test_where_scripts_are_turned_off_the_sandbox_is_not_looked_at(workspace: Path) -> None:
    config = Config(engine=Engine(user="openpact-ai"), starlark=Starlark(enabled=False))
    found = doctor.look(config, workspace, url(workspace), running=True, separated=True)
    (sandbox,) = [item for item in found if item.name == "sandbox"]
    assert (sandbox.state, sandbox.message) == ("ok", "Scripts are turned off (starlark.enabled).")
