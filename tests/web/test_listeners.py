"""The two listeners: the machine's own socket for its owner alone, and the network's where it is told to be."""

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from openpact.domain import errors
from openpact.web.serve import listen_at, listen_on_network


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder with a short name: a socket's path may not be long."""
    with tempfile.TemporaryDirectory(prefix="op", dir="/tmp") as name:
        yield Path(name)


@pytest.mark.promise("OPS-1.03")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_socket_is_its_owner_s_alone_under_any_umask(folder: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with listen_at(folder / "s"):
            assert stat.S_IMODE((folder / "s").stat().st_mode) == 0o600
        assert os.umask(umask) == umask  # and the process's own is as it was
    finally:
        os.umask(before)


def test_what_a_dead_daemon_left_is_taken_away(folder: Path) -> None:
    listen_at(folder / "s").close()
    assert (folder / "s").exists()

    with listen_at(folder / "s"), socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(folder / "s"))


@pytest.mark.promise("QUA-3.02")
def test_a_socket_that_cannot_be_made_is_said_with_a_remedy(folder: Path) -> None:
    (folder / "s").mkdir()
    for path in (folder / "none" / "s", folder / "s"):
        with pytest.raises(errors.WorkspaceUnusable) as refusal:
            listen_at(path)
        assert refusal.value.hint


@pytest.mark.promise("QUA-3.02")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_port_that_is_taken_is_said_with_a_remedy(host: str) -> None:
    try:
        first = listen_on_network(host, 0)
    except errors.ConfigInvalid:
        pytest.skip(f"this machine has no {host}")
    with first:
        port = first.getsockname()[1]

        with pytest.raises(errors.PortInUse, match=str(port)) as refusal:
            listen_on_network(host, port)

        assert "--port" in str(refusal.value.hint)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "300.0.0.1"])
def test_an_address_that_is_not_this_machine_s_is_said(host: str) -> None:
    with pytest.raises(errors.ConfigInvalid, match="no address of this machine") as refusal:
        listen_on_network(host, 0)

    assert refusal.value.hint
