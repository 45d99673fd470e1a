"""What somebody who shares the account and has no password must not reach: an act of a person, by any way around."""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator

import pytest

from tests.program import Home, open_home
from tests.unreadable import NOBODY
from tests.waiting import until

NEW = "vitamin kettle orbit plum saxon"
ADD_EVE = ("user", "add", "eve", "--role", "admin")


@pytest.fixture
def home() -> Iterator[Home]:
    with open_home() as opened:
        yield opened


def people(home: Home) -> set[str]:
    return {user["username"] for user in home.run("user", "list", "--json").json}


@pytest.mark.promise("APR-4.05", "OPS-2.08")
def test_no_variable_of_the_environment_makes_the_account_an_administrator(home: Home) -> None:
    home.up_and_set_up().stop()
    before = people(home)
    answer = home.run(*ADD_EVE, lines=(NEW, NEW), OPENPACT_ENGINE__USER="nobody")
    assert answer.code == 1
    assert "the environment cannot change what decides how safe the rest is" in answer.err
    assert people(home) == before


@pytest.mark.promise("APR-4.05")
def test_no_configuration_of_the_caller_s_own_makes_the_account_an_administrator(home: Home) -> None:
    home.up_and_set_up().stop()
    before = people(home)
    home.configure("engine: {user: nobody}\n")
    answer = home.run(*ADD_EVE, lines=(NEW, NEW, NEW, NEW))
    assert answer.code == 5, answer.err
    assert people(home) == before


@pytest.mark.promise("APR-4.05")
def test_hiding_the_daemon_s_socket_opens_no_way_past_it(home: Home) -> None:
    home.up_and_set_up()
    path = home.workspace / "run" / "admin.sock"
    path.rename(path.with_name("hidden"))
    answer = home.run(*ADD_EVE, lines=(NEW, NEW))
    path.with_name("hidden").rename(path)
    assert (answer.code, "its socket does not answer" in answer.err) == (6, True)
    assert "eve" not in people(home)


@pytest.mark.promise("OPS-5.18")
def test_a_daemon_does_not_start_on_a_past_that_was_written_anew(home: Home) -> None:
    home.up_and_set_up().stop()
    database = home.workspace / "secure" / "data" / "openpact.db"
    with sqlite3.connect(database) as hand:
        for (name,) in hand.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            hand.execute(f"DROP TRIGGER {name}")
        hand.execute("DELETE FROM audit_checkpoints")
    hand.close()
    answer = home.run("up", "--port", "0")
    assert (answer.code, "The record was changed after it was written" in answer.err) == (6, True)
    assert "openpact audit verify" in answer.err
    assert home.run("audit", "verify").code == 1


def test_a_socket_of_another_account_gets_no_password(home: Home) -> None:
    """Somebody plants `./workspace/run/admin.sock` where others work, and waits for what they type."""
    code = (
        "import os, socket, sys\n"
        "s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o777); s.listen()\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    c, _ = s.accept(); c.settimeout(2)\n"
        "    try: got = c.recv(65536)\n"
        "    except OSError: got = b''\n"
        "    print(repr(got), flush=True); c.close()\n"
    )
    if os.geteuid() != 0:
        pytest.skip("only root can be two accounts")
    home.path.chmod(0o755)
    planted = home.path / "workspace"  # found from here when nobody names another
    (planted / "run").mkdir(parents=True)
    for folder in (planted, planted / "run"):
        os.chown(folder, NOBODY, NOBODY)
    out = home.path / "loot"
    with out.open("wb") as loot:
        argv = ["/usr/bin/env", "python3", "-c", code, str(planted / "run" / "admin.sock")]
        thief = subprocess.Popen(argv, user=NOBODY, group=NOBODY, stdout=loot, cwd="/")  # noqa: S603 - the test's own
    try:
        until(lambda: b"ready" in out.read_bytes())
        token = "opt_" + "a" * 43
        answer = home.shell("unset OPENPACT_WORKSPACE; $OP user list", OPENPACT_TOKEN=token)
        assert (answer.code, "nothing was sent to it" in answer.err) == (5, True), answer.err
        until(lambda: out.read_bytes().count(b"\n") > 1)
        assert out.read_bytes().splitlines()[1:] == [b"b''"]
    finally:
        thief.kill()
        thief.wait()


def test_strangers_fill_neither_the_memory_nor_the_owner_s_own_door(home: Home) -> None:
    daemon = home.up_and_set_up()
    host, _, port = daemon.said["url"].removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as endless:
        endless.sendall(b"GET /health HTTP/1.1\r\n")
        with pytest.raises(OSError, match=r"reset|pipe|aborted"):
            endless.sendall((b"x-y: " + b"z" * 8_000 + b"\r\n") * 10_000)
    idle = [socket.create_connection((host, int(port)), timeout=5) for _ in range(520)]
    try:
        assert home.run("status", "--json").json["running"] is True
    finally:
        for connection in idle:
            connection.close()
