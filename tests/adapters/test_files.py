"""The workspace's folders: made with their modes under any umask, judged at each start, never changed by themselves."""

import os
import pwd
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openpact.adapters import files
from openpact.domain import errors
from tests.unreadable import NOBODY, as_somebody_else, open_folder

ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not ROOT, reason="only root can give a file away")
SECRET = ("secure", "secure/data", "secure/data/audit")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    files.make(tmp_path / "ws")
    return tmp_path / "ws"


@pytest.mark.promise("OPS-1.01", "OPS-1.02")
@pytest.mark.usefixtures("umask")
def test_every_folder_has_its_mode_whatever_the_umask_is(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"

    assert files.make(workspace)

    assert {name: mode_of(workspace / name) for name, _ in files.FOLDERS} == dict(files.FOLDERS)
    assert [mode_of(workspace / name) for name in SECRET] == [0o700] * 3
    assert list((workspace / "secure" / "data").iterdir()) == [workspace / "secure" / "data" / "audit"]


def test_a_workspace_that_is_there_is_not_new_and_not_changed(workspace: Path) -> None:
    (workspace / "secure").chmod(0o755)
    (workspace / "secure" / "keep").write_text("kept")

    assert not files.make(workspace)

    assert mode_of(workspace / "secure") == 0o755
    assert (workspace / "secure" / "keep").read_text() == "kept"


def test_what_is_missing_of_a_workspace_is_made(workspace: Path) -> None:
    (workspace / "ai-data" / "temp").rmdir()

    assert not files.make(workspace)

    assert mode_of(workspace / "ai-data" / "temp") == 0o770


def test_folders_above_the_workspace_are_made(tmp_path: Path) -> None:
    assert files.make(tmp_path / "a" / "b" / "ws")


def _file_in_its_place(workspace: Path) -> Path:
    workspace.write_text("a file")
    return workspace


def _file_above_it(workspace: Path) -> Path:
    workspace.write_text("a file")
    return workspace / "ws"


def _file_far_above_it(workspace: Path) -> Path:
    workspace.write_text("a file")
    return workspace / "deep" / "ws"


def _file_inside(workspace: Path) -> Path:
    workspace.mkdir()
    (workspace / "secure").write_text("a file")
    return workspace


def _link_to_a_folder(workspace: Path) -> Path:
    (workspace.parent / "real").mkdir()
    workspace.symlink_to(workspace.parent / "real")
    return workspace


def _link_inside(workspace: Path) -> Path:
    (workspace.parent / "real").mkdir()
    workspace.mkdir()
    (workspace / "secure").symlink_to(workspace.parent / "real")
    return workspace


def _link_to_nothing(workspace: Path) -> Path:
    workspace.symlink_to(workspace.parent / "nothing")
    return workspace


def _name_too_long(workspace: Path) -> Path:
    return workspace.parent / ("x" * 300)


@pytest.mark.promise("OPS-1.01", "QUA-3.02")
@pytest.mark.parametrize(
    "harm",
    [
        _file_in_its_place,
        _file_above_it,
        _file_far_above_it,
        _file_inside,
        _link_to_a_folder,
        _link_inside,
        _link_to_nothing,
        _name_too_long,
    ],
)
def test_a_workspace_that_cannot_be_made_is_refused_with_a_remedy(tmp_path: Path, harm: Callable[[Path], Path]) -> None:
    workspace = harm(tmp_path / "ws")

    with pytest.raises(errors.WorkspaceUnusable) as refusal:
        files.make(workspace)

    assert refusal.value.hint is not None
    assert "--workspace" in refusal.value.hint


@only_root
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_a_folder_of_somebody_else_is_refused_with_a_remedy(mode: int) -> None:
    with open_folder() as above:
        workspace = above / "ws"
        workspace.mkdir()
        workspace.chmod(mode)
        with as_somebody_else(), pytest.raises(errors.WorkspaceUnusable, match="Permission denied"):
            files.make(workspace)


@only_root
def test_a_data_folder_that_cannot_be_written_is_found_before_anything_is_opened() -> None:
    with open_folder() as above:
        os.chown(above, NOBODY, -1)
        with as_somebody_else():
            files.make(above / "ws")
        (above / "ws" / "secure" / "data").chmod(0o500)
        with as_somebody_else(), pytest.raises(errors.WorkspaceUnusable, match="cannot be written"):
            files.make(above / "ws")


@pytest.mark.promise("OPS-1.07")
def test_a_workspace_as_it_was_made_has_no_findings(workspace: Path) -> None:
    assert files.inspect(workspace) == []


@pytest.mark.promise("OPS-1.07")
@pytest.mark.parametrize(("name", "most"), [*files.FOLDERS, *((name, 0o600) for name in files.PRIVATE_FILES)])
def test_whatever_is_more_open_than_it_should_be_is_found(workspace: Path, name: str, most: int) -> None:
    path = workspace / name if name else workspace
    if not path.exists():
        path.touch()
    path.chmod(most)
    assert files.inspect(workspace) == []
    for bit in (0o001, 0o002, 0o004, 0o010, 0o020, 0o040):
        path.chmod(most | bit)
        found = files.inspect(workspace)
        if most & bit:
            assert found == []
            continue
        assert [(item.path, item.mode) for item in found] == [(str(path), most)]
        assert f"mode {most | bit:03o}" in found[0].message
        assert found[0].remedy == f"Run: chmod {most:o} {path}"


@pytest.mark.promise("OPS-1.07")
def test_a_stricter_mode_is_no_finding(workspace: Path) -> None:
    (workspace / "ai-data" / "documents").chmod(0o700)

    assert files.inspect(workspace) == []


@only_root
@pytest.mark.promise("OPS-1.07")
def test_what_belongs_to_somebody_else_is_found(workspace: Path) -> None:
    os.chown(workspace / "secure", NOBODY, -1)

    (item,) = files.inspect(workspace)

    assert item.message == f"belongs to user {NOBODY}"
    assert item.mode is None
    assert item.remedy == f"Run: chown {os.geteuid()} {workspace / 'secure'}"


@pytest.mark.promise("OPS-1.07")
def test_a_link_in_the_place_of_a_folder_or_a_key_is_found(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "real").touch(0o600)
    (workspace / "secure" / "data" / "master.key").symlink_to(tmp_path / "real")
    (workspace / "ai-data" / "temp").rmdir()
    (workspace / "ai-data" / "temp").symlink_to(tmp_path)

    found = files.inspect(workspace)

    assert {(Path(item.path).name, item.message, item.mode) for item in found} == {
        ("master.key", "is a link", None),
        ("temp", "is a link", None),
    }


@only_root
def test_what_cannot_be_looked_at_is_found() -> None:
    with open_folder() as above:
        inner = above / "ws"
        files.make(inner)
        inner.chmod(0o755)
        with as_somebody_else():
            found = files.inspect(inner)

    assert [item.message for item in found if item.path.endswith("secure/data")] == [
        "cannot be looked at: Permission denied"
    ]


@pytest.mark.promise("QUA-3.03")
def test_repair_sets_what_can_be_set_and_gives_what_is_left(workspace: Path, tmp_path: Path) -> None:
    (workspace / "secure").chmod(0o777)
    (workspace / "secure" / "data" / "openpact.db").touch()
    (workspace / "secure" / "data" / "openpact.db").chmod(0o666)
    (workspace / "secure" / "data" / "master.key").symlink_to(tmp_path / "elsewhere")

    left = files.repair(files.inspect(workspace))

    assert [item.message for item in left] == ["is a link"]
    assert mode_of(workspace / "secure") == 0o700
    assert mode_of(workspace / "secure" / "data" / "openpact.db") == 0o600
    assert files.inspect(workspace) == left


def test_repair_follows_no_link_that_was_put_there_meanwhile(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir(0o755)
    (workspace / "ai-data" / "temp").chmod(0o777)
    found = files.inspect(workspace)
    (workspace / "ai-data" / "temp").rmdir()
    (workspace / "ai-data" / "temp").symlink_to(tmp_path / "victim")

    assert files.repair(found) == found

    assert mode_of(tmp_path / "victim") == 0o755


@only_root
def test_repair_leaves_what_is_another_account_s() -> None:
    with open_folder() as above:
        files.make(above / "ws")
        (above / "ws").chmod(0o777)
        with as_somebody_else():
            found = [item for item in files.inspect(above / "ws") if item.mode is not None]
            assert len(found) == 1
            assert files.repair(found) == found


def test_a_workspace_is_taken_by_one_daemon_at_a_time(workspace: Path) -> None:
    first = files.lock_workspace(workspace)
    try:
        with pytest.raises(errors.PortInUse, match="already") as refusal:
            files.lock_workspace(workspace)
        assert refusal.value.hint
        assert mode_of(workspace / "run" / "up.lock") == 0o600
    finally:
        os.close(first)

    os.close(files.lock_workspace(workspace))


def test_a_lock_that_is_a_link_is_refused_and_what_it_points_at_untouched(workspace: Path, tmp_path: Path) -> None:
    (workspace / "run" / "up.lock").symlink_to(tmp_path / "victim")

    with pytest.raises(errors.WorkspaceUnusable):
        files.lock_workspace(workspace)

    assert not (tmp_path / "victim").exists()


def test_a_path_that_no_socket_can_have_is_refused() -> None:
    fits = Path("/" + "x" * (100 - len("/run/admin.sock") - 1))
    assert len(str(files.socket_path(fits))) == 100

    with pytest.raises(errors.WorkspaceUnusable, match="too long"):
        files.socket_path(fits.with_name(fits.name + "x"))
    with pytest.raises(errors.WorkspaceUnusable):
        files.socket_path(Path("/" + "ö" * 60))  # bytes count, not letters


@only_root
@pytest.mark.promise("OPS-1.13")
@pytest.mark.parametrize("way", ["owner", "group", "everybody", "folder above", "file"])
def test_a_path_that_the_ai_s_user_could_exchange_is_refused(way: str) -> None:
    nobody = pwd.getpwuid(NOBODY)
    with open_folder() as above:
        path = above / "secure" / "config.yaml"
        path.parent.mkdir(0o755)
        path.touch(0o644)
        files.refuse_writable_by(nobody.pw_name, [path])
        match way:
            case "owner":
                os.chown(path.parent, NOBODY, -1)
            case "group":
                os.chown(path.parent, -1, nobody.pw_gid)
                path.parent.chmod(0o775)
            case "everybody":
                path.parent.chmod(0o757)
            case "folder above":
                above.chmod(0o777)
            case _:
                path.chmod(0o646)

        with pytest.raises(errors.PathRefused) as refusal:
            files.refuse_writable_by(nobody.pw_name, [path])

        assert nobody.pw_name in refusal.value.message
        assert refusal.value.hint


@only_root
@pytest.mark.promise("OPS-1.13")
def test_a_sticky_folder_above_and_a_path_that_is_not_there_are_no_reason_to_refuse() -> None:
    with open_folder() as above:
        above.chmod(0o1777)
        (above / "mine").mkdir(0o700)

        files.refuse_writable_by(pwd.getpwuid(NOBODY).pw_name, [above / "mine" / "config.yaml"])
