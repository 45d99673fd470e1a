"""Where nothing of ours may live."""

# ruff: noqa: S108 - these paths are only judged, nothing is written there

from pathlib import PurePosixPath

import pytest

from openpact.domain import location
from openpact.domain.errors import PathRefused


def check(path: str) -> None:
    location.check(PurePosixPath(path), "the path")


def refused(path: str) -> str:
    with pytest.raises(PathRefused) as refusal:
        check(path)
    assert refusal.value.hint
    return refusal.value.message


@pytest.mark.promise("OPS-1.12")
@pytest.mark.parametrize(
    "path",
    [
        *("/etc", "/etc/openpact", "/bin/x", "/boot", "/dev/shm/x", "/lib/x", "/lib64", "/lib32/x", "/libx32/x"),
        *("/proc/self", "/run/user/1000/x", "/sbin", "/sys/fs", "/usr/local/x", "/var", "/var/log/x", "/var/run/x"),
        *("/System/x", "/Library/x", "/Applications/x", "/private/etc/x", "/private/var/db/x"),
        *("//etc/x", "/ETC/x", "/Usr/x", "/./etc/x"),
    ],
)
def test_a_system_folder_is_refused(path: str) -> None:
    assert refused(path) == "the path is in a system folder"


@pytest.mark.parametrize(
    "path",
    ["/", "//", "/home", "/tmp", "/opt", "/srv", "/mnt", "/media", "/Users", "/var/lib", "/var/tmp", "/private/tmp"],
)
def test_a_folder_that_everybody_needs_is_refused_itself(path: str) -> None:
    assert refused(path) == "the path is a folder that the whole system shares"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/var/lib/openpact",
            "/var/tmp/x",
            "/home/anna/openpact",
            "/root/x",
            "/opt/openpact",
            "/srv/x",
            "/data",
            "/tmp/x",
        ),
        *("/Users/anna/Library/Application Support/OpenPact", "/private/var/folders/zz/x", "/home/anna/etc/usr"),
    ],
)
def test_a_folder_of_ones_own_is_accepted(path: str) -> None:
    check(path)


@pytest.mark.parametrize("path", ["/etcetera", "/library-of-mine", "/variant/x", "/usr2", "/devel", "/lib-own"])
def test_a_name_that_only_begins_like_a_system_folder_is_accepted(path: str) -> None:
    check(path)


@pytest.mark.promise("OPS-1.12")
@pytest.mark.parametrize("path", ["/a/../b", "..", "../a", "/a/..", "a/../../etc"])
def test_two_dots_are_refused_wherever_they_would_lead(path: str) -> None:
    assert refused(path) == 'the path contains ".."'


def test_dots_in_a_name_are_no_way_up() -> None:
    check("/data/..hidden/a..b/...")


@pytest.mark.parametrize("path", ["a", "workspace/x", "~/x", ""])
def test_a_relative_path_is_refused(path: str) -> None:
    assert refused(path) == "the path is not an absolute path"


@pytest.mark.parametrize("path", ["/data/\0/etc", "/data/a\nb", "/data/\x1b[2J", "/data/\x9b", "/data/\udcff"])
def test_a_character_that_hides_something_is_refused(path: str) -> None:
    assert refused(path) == "the path has a character that no path may have here"
