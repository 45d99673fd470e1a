"""What goes wrong from outside: each is one sentence, a remedy and the right exit code, and nothing is lost.

Rules of this file:
- `refused` asks everything of a refusal that holds for all of them.
"""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.program import Home, open_home
from tests.world import PASSWORD

UP = ("up", "--port", "0")


@pytest.fixture
def home() -> Iterator[Home]:
    with open_home() as opened:
        yield opened


@pytest.fixture(scope="module")
def made() -> Iterator[Home]:
    """Give a workspace that was set up and stopped; whoever damages it takes a copy."""
    with open_home() as opened:
        opened.up_and_set_up().stop()
        yield opened


@pytest.fixture(scope="module")
def served() -> Iterator[Home]:
    """Give a workspace that was set up, with its daemon."""
    with open_home() as opened:
        opened.up_and_set_up()
        yield opened


@pytest.fixture
def used(home: Home, made: Home) -> Home:
    """Give a copy of a workspace that is set up."""
    subprocess.run(["/bin/cp", "-a", str(made.workspace), str(home.workspace)], check=True)  # noqa: S603
    return home


def refused(home: Home, code: int, *args: str, **environment: str) -> str:
    """Run a command that must be refused, and give what it said."""
    text = home.run(*args, **environment)
    assert (text.code, text.out) == (code, ""), text.err
    assert "Traceback" not in text.err
    said = [line for line in text.err.splitlines() if re.match(r"(Error|Hint): ", line)]
    assert [line[:5] for line in said] == ["Error", "Hint:"], text.err
    assert "\x1b" not in text.err
    return text.err


def refused_both_ways(home: Home, code: int, *args: str, **environment: str) -> str:
    """Run it as text and as JSON: both say the same."""
    text = refused(home, code, *args, **environment)
    said = [line for line in text.splitlines() if re.match(r"(Error|Hint): ", line)]
    whole = home.run(*args, "--json", **environment)
    assert (whole.code, whole.out) == (code, "")
    document = json.loads(whole.err.splitlines()[-1])
    assert said == [f"Error: {document['message']}", f"Hint:  {document['hint']}"]
    assert re.fullmatch(r"[a-z_]+", document["error"])
    return text


@pytest.mark.promise("OPS-2.03", "OPS-2.04", "OPS-2.05", "OPS-2.06", "OPS-2.10", "OPS-2.13", "CLI-1.05", "QUA-3.02")
@pytest.mark.parametrize("command", [UP, ("config", "check"), ("user", "list"), ("doctor",)])
def test_every_error_of_a_configuration_is_named_at_once_with_its_line(home: Home, command: tuple[str, ...]) -> None:
    home.configure("server:\n  prot: 8080\n  port: many\nstore:\n  url: ${NO_SUCH_VARIABLE}\nlogging: {level: loud}\n")
    said = refused_both_ways(home, 1, *command)
    assert said.startswith("Error: 4 errors in openpact.yaml\n")
    lines = dict(re.findall(r"openpact\.yaml:(\d+):\d+: (\S+): ", said))
    assert lines == {"2": "server.prot", "3": "server.port", "5": "store.url", "6": "logging.level"}
    assert "Did you mean port?" in said or "port" in said.partition("server.prot")[2].partition("\n")[0]
    assert "NO_SUCH_VARIABLE" in said
    assert not home.workspace.exists()


@pytest.mark.promise("OPS-2.13")
def test_a_configuration_that_cannot_be_read_starts_nothing(home: Home) -> None:
    assert "missing.yaml" in refused_both_ways(home, 1, *UP, "--config", "missing.yaml")
    assert "OPENPACT_CONFIG names" in refused(home, 1, *UP, OPENPACT_CONFIG="missing.yaml")
    assert "a folder, not a file" in refused(home, 1, *UP, "--config", str(home.path))
    (home.path / "openpact.yaml").symlink_to("/nowhere/at/all")
    assert "there is no such file" in refused(home, 1, *UP)
    assert not home.workspace.exists()


@pytest.mark.promise("OPS-2.08")
def test_the_environment_cannot_loosen_what_keeps_the_rest_safe(home: Home) -> None:
    said = refused(home, 1, *UP, OPENPACT_SECURITY__STRICT="false", OPENPACT_SERVER__PROT="1")
    assert said.startswith("Error: 2 errors in the environment\n")
    assert "Did you mean OPENPACT_SERVER__PORT?" in said


@pytest.mark.promise("OPS-1.12")
@pytest.mark.parametrize("place", ["/etc/openpact", "/proc/self/openpact", "/dev/null/openpact", "/home", "w/../w", ""])
def test_a_workspace_in_a_folder_of_the_system_is_refused(home: Home, place: str) -> None:
    refused_both_ways(home, 2, *UP, "--workspace", place)


def test_a_folder_that_cannot_be_made_is_named(home: Home) -> None:
    file = home.path / "file"
    file.write_text("keep")
    said = refused(home, 6, *UP, "--workspace", str(file / "w"))
    assert str(file) in said
    assert str(file) in refused_both_ways(home, 6, *UP, "--workspace", str(file))
    assert file.read_text() == "keep"
    home.workspace.mkdir()
    (home.workspace / "secure").write_text("keep")
    assert f"{home.workspace}/secure is not a folder" in refused(home, 6, *UP)
    assert (home.workspace / "secure").read_text() == "keep"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(home: Home) -> None:
    home.path.chmod(0o500)
    try:
        assert "cannot be made: Permission denied" in refused(home, 6, *UP)
    finally:
        home.path.chmod(0o700)


def test_a_path_that_no_socket_can_have_is_refused_before_anything_is_opened(home: Home) -> None:
    long = home.path / ("long" * 25)
    assert "too long for a socket" in refused(home, 6, *UP, "--workspace", str(long))
    assert not (long / "secure" / "data" / "openpact.db").exists()


@pytest.mark.promise("OPS-7.04", "QUA-3.03")
def test_a_newer_database_is_left_as_it_is(used: Home) -> None:
    database = used.data / "openpact.db"
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO schema_migrations VALUES (9999, 'later', 'x', 0)")
    connection.close()
    said = refused_both_ways(used, 6, *UP)
    assert "schema 9999" in said
    assert "Install the OpenPact version that last ran here, or a newer one." in said
    assert refused(used, 6, "user", "list") == said
    doctor = used.run("doctor")
    assert doctor.code == 1
    assert "✗ store" in doctor.out
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM people").fetchone() == (1,)
    connection.close()


@pytest.mark.promise("QUA-3.03")
def test_a_database_that_is_none_is_left_as_it_is(used: Home) -> None:
    database = used.data / "openpact.db"
    garbage = b"this was never a database" * 400
    database.write_bytes(garbage)
    said = refused(used, 6, *UP)
    assert "The database is damaged" in said
    assert "put back a backup" in said
    assert refused(used, 6, "user", "list") == said
    doctor = used.run("doctor")
    assert doctor.code == 1
    assert "put back a backup" in doctor.out
    assert database.read_bytes() == garbage
    assert not (used.workspace / "run" / "admin.sock").exists()


@pytest.mark.promise("QUA-3.03")
def test_a_damaged_page_is_found(used: Home) -> None:
    database = used.data / "openpact.db"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'people'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    connection.close()
    raw = bytearray(database.read_bytes())
    raw[(root - 1) * size : root * size] = b"\xa5" * size
    database.write_bytes(raw)
    assert "The database is damaged" in refused(used, 6, "user", "list")
    doctor = used.run("doctor")
    assert doctor.code == 1
    assert re.search(r"✗ store +The database is damaged", doctor.out)
    assert database.read_bytes() == raw


@pytest.mark.parametrize("taken_by", ["another program", "another address"])
def test_a_port_that_is_taken_is_named(home: Home, taken_by: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        if taken_by == "another program":
            said = refused_both_ways(home, 6, "up", "--port", port)
            assert f"cannot listen on 127.0.0.1:{port}" in said
            assert "--port" in said
        else:
            assert "no address of this machine" in refused(home, 1, *UP, "--host", "192.0.2.1")
            assert "no address of this machine" in refused(home, 1, *UP, "--host", "no-such-host.invalid")
    assert not (home.workspace / "run" / "admin.sock").exists()
    assert not (home.data / "openpact.db").exists()
    home.up()


@pytest.mark.promise("OPS-1.02", "QUA-3.03")
@pytest.mark.parametrize("name", ["master.key", "audit/signing.key"])
def test_a_private_key_that_others_can_read_stops_everything(used: Home, name: str) -> None:
    key = used.data / name
    before = key.read_bytes()
    key.chmod(0o644)
    said = refused(used, 6, *UP)
    assert f"{key} (mode 644)" in said
    assert f"chmod 600 {key}" in said
    assert refused(used, 6, "user", "list").splitlines() == said.splitlines()[-2:]
    assert used.run("doctor").code == 1
    assert (key.read_bytes(), key.stat().st_mode & 0o777) == (before, 0o644)
    key.chmod(0o600)
    assert used.run("user", "list").code == 0


def test_a_damaged_key_is_not_made_anew(used: Home) -> None:
    key = used.data / "master.key"
    key.write_bytes(b"short")
    assert "is damaged: it holds 5 bytes" in refused_both_ways(used, 6, *UP)
    assert key.read_bytes() == b"short"


def test_without_a_workspace_a_command_says_how_to_make_one(home: Home) -> None:
    for command in (("status",), ("user", "unlock"), ("audit", "tail")):
        said = refused_both_ways(home, 3, *command)
        assert said == (
            f"Error: There is no workspace at {home.workspace}.\n"
            "Hint:  Make one with `openpact up`, or name it with --workspace.\n"
        )
    assert not home.workspace.exists()
    doctor = home.run("doctor")
    assert (doctor.code, doctor.err) == (1, "")
    assert f"There is no workspace at {home.workspace}." in doctor.out


@pytest.mark.promise("CLI-1.06")
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("stauts",), "Did you mean `status`?"),
        (("user", "ad"), "Did you mean 'add'?"),
        (("user", "list", "--jsno"), "Did you mean '--json'?"),
        (("frobnicate",), "There is no command 'frobnicate'."),
        (("user", "role", "bob", "king"), "'king' is not one of"),
        (("up", "--port", "99999"), "99999 is not in the range"),
        (("audit", "tail", "-n", "0"), "0 is not in the range"),
        (("user", "list", "extra"), "extra"),
        (("token", "create", "ci"), "--scope"),
    ],
)
def test_a_mistyped_command_is_a_usage_error_with_what_was_meant(made: Home, args: tuple[str, ...], said: str) -> None:
    ran = made.run(*args)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "--help' for help" in ran.err
    assert "Traceback" not in ran.err


def test_a_usage_error_is_said_as_json_too(made: Home) -> None:
    ran = made.run("user", "list", "--json", "--bogus")
    assert (ran.code, ran.out) == (2, "")
    assert ran.refusal == {"error": "usage", "message": "No such option '--bogus'."}


@pytest.mark.promise("CLI-1.05", "CLI-1.06")
@pytest.mark.parametrize(
    ("args", "code", "error"),
    [
        (("user", "add", "Bob Smith"), 2, "invalid"),
        (("user", "groups", "alice", "Bad Group"), 2, "invalid"),
        (("user", "role", "nobody", "admin"), 3, "not_found"),
        (("user", "disable", "alice"), 4, "last_administrator"),
        (("token", "create", "ci", "--scope", "nothing"), 2, "invalid"),
        (("token", "revoke", "tok_none"), 3, "not_found"),
        (("audit", "search", "--from", "yesterday"), 2, "invalid"),
        (("audit", "verify", "--export", "none.jsonl", "--key", "."), 3, "not_found"),
    ],
)
def test_what_a_command_is_refused_has_its_code(served: Home, args: tuple[str, ...], code: int, error: str) -> None:
    ask = served.run if args[0] == "audit" else served.act  # what only reads asks for nobody
    ran = ask(*args, "--json", lines=["four green paper boats 7"])
    assert (ran.code, ran.out) == (code, "")
    document = ran.refusal
    assert document["error"] == error
    assert document["message"].endswith(".")
    assert document["hint"]


@pytest.mark.skipif(sys.platform != "linux", reason="the file that is always full is Linux's")
def test_output_that_cannot_be_written_is_said(made: Home) -> None:
    for command in ("$OP config show --all", f"printf '{PASSWORD}\\n' | $OP audit export --as alice"):
        ran = made.shell(f"set -o pipefail; {command} >/dev/full")
        assert ran.err.splitlines()[-2:] == [
            "Error: The output cannot be written: No space left on device.",
            "Hint:  Write it somewhere else.",
        ], ran.err
        assert ran.code == 6


@pytest.mark.parametrize("command", ["config show --all", "audit tail", "doctor"])
def test_a_reader_that_has_had_enough_is_no_error(made: Home, command: str) -> None:
    # The reader reads nothing, and has ended long before the program says its first word.
    ran = made.shell(f'{{ $OP {command}; echo "ended $?" >&2; }} | :')
    assert ran.err.endswith("ended 0\n")
    assert "Error" not in ran.err
    assert "Exception" not in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.skipif(sys.platform != "linux", reason="the file that is always full is Linux's")
def test_the_export_too_ends_with_its_reader(made: Home) -> None:
    given = f"{PASSWORD}\\n"
    ran = made.shell(f"printf '{given}' | {{ $OP audit export --as alice; echo \"ended $?\" >&2; }} | :")
    assert ran.err == "ended 0\n"
