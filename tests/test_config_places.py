"""Where the configuration's file and the workspace are found, and which paths are refused."""

from pathlib import Path

import pytest

from openpact.config import check_path, find_file, find_workspace, load
from openpact.domain.errors import ConfigInvalid, PathRefused
from tests.unreadable import as_somebody_else, open_folder

# Finding the file


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for folder in ("cwd", "ws/secure"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("flag.yaml", "variable.yaml", "ws/secure/config.yaml", "cwd/openpact.yaml"):
        (tmp_path / file).touch()
    return tmp_path


@pytest.mark.promise("OPS-1.06")
def test_the_file_is_found_in_this_order(place: Path) -> None:
    def find(explicit: str | None, **environment: str) -> Path | None:
        return find_file(explicit=explicit, workspace=place / "ws", environment=environment, cwd=place / "cwd")

    assert find("../flag.yaml", OPENPACT_CONFIG=str(place / "variable.yaml")) == place / "cwd/../flag.yaml"
    assert find(None, OPENPACT_CONFIG=str(place / "variable.yaml")) == place / "variable.yaml"
    assert find(None) == place / "ws/secure/config.yaml"
    (place / "ws/secure/config.yaml").unlink()
    assert find(None) == place / "cwd/openpact.yaml"
    (place / "cwd/openpact.yaml").unlink()
    assert find(None) is None
    assert find_file(explicit=None, workspace=None, environment={}, cwd=place / "cwd") is None


@pytest.mark.promise("OPS-1.06")
@pytest.mark.parametrize("name", ["gone.yaml", "flag.yaml/x", "", "a\0b"])
def test_a_file_that_is_named_must_exist(place: Path, name: str) -> None:
    for explicit, environment in ((name, {}), (None, {"OPENPACT_CONFIG": name})):
        with pytest.raises(ConfigInvalid) as refused:
            find_file(explicit=explicit, workspace=place / "ws", environment=environment, cwd=place)
        assert refused.value.hint
        assert len(refused.value.fields) == 1


def test_a_link_that_leads_nowhere_is_a_file_that_cannot_be_read(place: Path) -> None:
    file = place / "ws/secure/config.yaml"
    file.unlink()
    file.symlink_to("gone")
    assert find_file(explicit=None, workspace=place / "ws", environment={}, cwd=place / "cwd") == file
    with pytest.raises(ConfigInvalid):
        load(file=file, environment={}, flags={})


@pytest.mark.promise("OPS-2.13")
def test_a_file_that_cannot_be_looked_at_is_not_absent() -> None:
    with open_folder() as folder:
        (folder / "ws/secure").mkdir(parents=True)
        (folder / "ws").chmod(0o755)
        (folder / "ws/secure").chmod(0)
        with (
            as_somebody_else(),
            pytest.raises(ConfigInvalid, match="cannot be looked at: Permission denied") as refused,
        ):
            find_file(explicit=None, workspace=folder / "ws", environment={}, cwd=folder)
    assert refused.value.hint == "Start OpenPact as the user that owns the workspace."


# Finding the workspace


def workspace(
    cwd: Path, explicit: str | None = None, configured: str | None = None, platform: str = "linux", **environment: str
) -> Path:
    return find_workspace(
        explicit=explicit, environment=environment, configured=configured, cwd=cwd, home=cwd / "home", platform=platform
    )


@pytest.mark.promise("OPS-1.05")
def test_the_workspace_is_found_in_this_order(tmp_path: Path) -> None:
    (tmp_path / "workspace").mkdir()
    assert workspace(tmp_path, "a", "/data/c", OPENPACT_WORKSPACE="b") == tmp_path / "a"
    assert workspace(tmp_path, None, "/data/c", OPENPACT_WORKSPACE="b") == tmp_path / "b"
    assert workspace(tmp_path, None, "/data/c") == Path("/data/c")
    assert workspace(tmp_path) == tmp_path / "workspace"


@pytest.mark.promise("OPS-1.05")
def test_the_last_resort_is_the_data_folder_of_the_user(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert workspace(tmp_path) == home / ".local/share/openpact"
    assert workspace(tmp_path, XDG_DATA_HOME="/data/anna") == Path("/data/anna/openpact")
    assert workspace(tmp_path, XDG_DATA_HOME="relative") == home / ".local/share/openpact"
    assert workspace(tmp_path, platform="darwin") == home / "Library/Application Support/OpenPact"


def test_a_tilde_is_the_home_of_the_user_and_of_nobody_else(tmp_path: Path) -> None:
    assert workspace(tmp_path, "~/ws") == tmp_path / "home/ws"
    assert workspace(tmp_path, "~//etc") == tmp_path / "home/etc"
    assert workspace(tmp_path, None, "~") == tmp_path / "home"
    for other in ("~bob", "~bob/ws"):
        with pytest.raises(PathRefused, match="another user's home"):
            workspace(tmp_path, other)


@pytest.mark.promise("OPS-1.12")
def test_a_workspace_that_must_not_be_is_refused_from_every_source(tmp_path: Path) -> None:
    for bad in ("", "../ws", "/etc/openpact", "a\0b", "/"):
        with pytest.raises(PathRefused, match="--workspace"):
            workspace(tmp_path, bad)
        with pytest.raises(PathRefused, match="OPENPACT_WORKSPACE"):
            workspace(tmp_path, OPENPACT_WORKSPACE=bad)
        with pytest.raises(PathRefused, match="workspace"):
            workspace(tmp_path, None, bad)
    with pytest.raises(PathRefused, match="system folder"):
        workspace(tmp_path, XDG_DATA_HOME="/usr/share")


def test_a_configured_workspace_does_not_depend_on_where_the_program_is_started(tmp_path: Path) -> None:
    with pytest.raises(PathRefused, match="not an absolute path"):
        workspace(tmp_path, None, "ws")


# Paths


@pytest.mark.promise("OPS-1.12")
def test_a_link_into_a_system_folder_is_followed_and_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    with pytest.raises(PathRefused) as refused:
        check_path(tmp_path / "link" / "openpact", "the key")
    link = tmp_path / "link" / "openpact"
    assert refused.value.message == f'the key "{link}" leads to "/etc/openpact", which is in a system folder'


def test_a_link_to_a_folder_of_ones_own_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    check_path(tmp_path / "link" / "ws", "the workspace")


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(PathRefused, match="leads nowhere"):
        check_path(tmp_path / "loop", "the workspace")


@pytest.mark.parametrize("path", ["relative", "/a/../b", "/data/\0", "/data/\ud800", "/etc"])
def test_what_no_path_may_be_is_refused_before_it_is_followed(path: str) -> None:
    with pytest.raises(PathRefused, match="the file"):
        check_path(Path(path), "the file")
