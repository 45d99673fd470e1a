"""Secrets as an administrator meets them: typed or piped, never shown, opened by a key that survives every crash."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from openpact import faults
from openpact.adapters.keyring import open_keyring
from openpact.domain.principal import Role
from openpact.services import standing
from openpact.services.secrets import Terms
from tests.journeys.test_kill import AFTER_THE_FIRST, KILLED, ROOT, with_server_at_rest
from tests.program import Daemon, Home, Terminal, open_home
from tests.world import PASSWORD, START, World, open_world

VALUE = "sk-live-4f9d8a7b6c5e"
VALUES = {f"KEY_{number}": f"value number {number} of some" for number in range(3)}
# What a process passes on its way through a rotation, and whether the new key is in force when it dies there.
ON_THE_WAY = {
    "store.begun": False,
    "ledger.authorised": False,
    "key.made": False,
    "key.kept": False,
    "key.turned": True,
    "ledger.changed": True,
    "ledger.recorded": True,
    "store.job_done": True,
    "store.before_commit": True,
    "store.committed": True,
    "key.resealed": True,
}


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Home, Daemon]]:
    with open_home() as home:
        yield home, home.up_and_set_up()


@pytest.fixture
def home(running: tuple[Home, Daemon]) -> Home:
    return running[0]


def sign_in(terminal: Terminal) -> None:
    terminal.answer("Who are you? Username: ", "alice")
    terminal.answer("Password or one-time code: ", PASSWORD)


@pytest.mark.promise("CLI-2.07", "SCR-4.04", "SCR-4.05", "CLI-1.08")
def test_a_secret_is_typed_twice_at_a_terminal_and_never_shown(home: Home) -> None:
    with home.terminal() as terminal:
        terminal.type("$OP secrets set TYPED --host api.example.com --script 'weather*' --in header --expires 90d")
        sign_in(terminal)
        terminal.answer("Value of TYPED: ", VALUE)
        terminal.answer("The same again: ", VALUE + "!")
        terminal.see("These two differ")
        terminal.answer("Value of TYPED: ", VALUE)
        terminal.answer("The same again: ", VALUE)
        shown = terminal.see("TYPED is set.")
        assert terminal.ended() == 0
        assert VALUE not in shown
        code, listed = terminal.do("$OP secrets list")
        assert code == 0
        assert VALUE not in listed
        assert all(word in listed for word in ("TYPED", "weather*", "header", "in 90 d"))
        terminal.type("$OP secrets delete TYPED")
        terminal.answer("Scripts that use it fail from now on. [y/N]: ", "n")
        assert terminal.ended() == 130
        terminal.type("$OP secrets delete TYPED")
        terminal.answer("[y/N]: ", "y")
        terminal.see("TYPED is deleted.")
        assert terminal.ended() == 0


@pytest.mark.promise("CLI-2.07", "SCR-4.04", "SCR-4.05", "CLI-1.03")
def test_a_secret_is_piped_with_all_its_lines(home: Home, running: tuple[Home, Daemon]) -> None:
    lines = ["-----BEGIN KEY-----", VALUE, "-----END KEY-----"]
    done = home.act("secrets", "set", "PIPED", "--json", lines=lines)
    assert (done.code, done.json) == (0, {"name": "PIPED", "set": True}), done.err
    (listed,) = [each for each in home.run("secrets", "list", "--json").json if each["name"] == "PIPED"]
    assert (listed["source"], listed["hosts"], listed["mode"]) == ("store", None, "sealed")
    said = done.out + done.err + home.run("audit", "search", "--json").out + running[1].log + running[1].out
    assert VALUE not in said
    assert "secret_set: PIPED by alice (done)" in running[1].log
    unasked = home.act("secrets", "delete", "PIPED")
    assert (unasked.code, "--yes" in unasked.err) == (2, True)
    assert home.act("secrets", "delete", "PIPED", "--yes").code == 0
    assert home.act("secrets", "delete", "PIPED", "--yes").code == 3


@pytest.mark.parametrize(
    ("arguments", "lines", "code", "said"),
    [
        (("api_key",), [VALUE], 2, "not a name for a secret"),
        (("A_KEY",), ["short"], 2, "fewer than 8 bytes"),
        (("A_KEY",), [""], 2, "The value is empty"),
        (("A_KEY", "--host", "https://a.example/x"), [VALUE], 2, "a host alone"),
        (("A_KEY", "--host", "a b"), [VALUE], 2, "Write api.example.com or localhost:8080"),
        (("A_KEY", "--expires", "3"), [VALUE], 2, "Write 90d, 2027-01-31, an instant, or never."),
        (("A_KEY", "--expires", "2020-01-01"), [VALUE], 2, "ended already"),
        (("A_KEY", "--script", "../x"), [VALUE], 2, "No script has such a name"),
        (("A_KEY", "--script", "a//b"), [VALUE], 2, "No script has such a name"),
        (("A_KEY",), ["x" * 70_000], 2, "more than 65,536 bytes"),
        (("A_KEY",), ["short"], 2, "--short"),
        (("A_KEY", "--expires", "soon"), [VALUE], 2, "no date and no instant"),
        (("A_KEY", "--in", "url"), [VALUE], 2, "header"),
        (("a/b",), [VALUE], 3, "no secret"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    home: Home, arguments: tuple[str, ...], lines: list[str], code: int, said: str
) -> None:
    ran = home.act("secrets", "set", *arguments, lines=lines)
    assert (ran.code, said in ran.err, VALUE in ran.err, "Traceback" in ran.err) == (code, True, False, False), ran.err


def test_a_piped_secret_is_never_taken_for_a_name(home: Home, running: tuple[Home, Daemon]) -> None:
    piped = ["pem-line-1-secret", "line2"]
    for command in (("secrets", "set", "PEM_KEY"), ("user", "add", "pem"), ("user", "reset-password", "alice")):
        refused = home.run(*command, lines=piped)
        assert (refused.code, refused.out) == (5, "")
        assert all(way in refused.err for way in ("--as NAME", "OPENPACT_TOKEN", "unlock the terminal"))
    wrong = home.run("secrets", "set", "PEM_KEY", "--as", piped[0], lines=["line2", VALUE])
    assert wrong.code == 5
    said = wrong.err + home.run("audit", "search", "--json").out + running[1].log + running[1].out
    assert "pem-line-1-secret" not in said


def test_the_first_line_is_the_password_also_where_the_terminal_is_unlocked(home: Home) -> None:
    with home.terminal() as terminal:
        terminal.type("$OP user unlock")
        sign_in(terminal)
        terminal.see("is signed in at this terminal")
        terminal.ended()
        piped = f"printf '{PASSWORD}\\n{VALUE}\\n'"
        assert terminal.do(f"{piped} | $OP secrets set FIRST_LINE --mode plain --as alice")[0] == 0
        assert terminal.do(f"{piped} | OPENPACT_TOKEN=x $OP secrets set FIRST_LINE --as alice")[0] == 2
    home.act("secrets", "set", "SAME_LENGTH", lines=[VALUE])
    rows = home.run("secrets", "list", "--json").json
    assert "FIRST_LINE" in {row["name"] for row in rows}


def test_a_value_that_is_no_text_is_refused_with_the_way_to_give_it(home: Home) -> None:
    ran = home.shell(f"printf '{PASSWORD}\\n\\377\\376\\377 of eight bytes' | $OP secrets set BINARY --as alice")
    assert (ran.code, "not UTF-8 text" in ran.err, "base64 < FILE" in ran.err) == (2, True, True), ran.err
    assert "Traceback" not in ran.err


def test_a_list_shows_what_was_granted_without_breaking_a_name(home: Home) -> None:
    arguments = ("--host", "api.weather.example", "--script", "weather", "--script", "billing/*")
    assert home.act("secrets", "set", "A_LISTED_KEY", *arguments, lines=[VALUE]).code == 0
    assert home.act("secrets", "set", "A_WIDE_KEY", lines=[VALUE]).code == 0
    with home.terminal() as terminal:
        _, shown = terminal.do("stty cols 80; $OP secrets list")
    assert all(word in shown for word in ("A_LISTED_KEY", "api.weather.example", "weather.star", "billing/*"))
    assert "as approved" in shown
    assert "used" not in shown
    assert "used" in home.run("secrets", "list").out


@pytest.mark.promise("SCR-4.07")
def test_where_grants_are_required_the_list_says_nowhere_and_a_value_is_not_asked_for_in_vain() -> None:
    with open_home() as home:
        home.configure("secrets: {require_grants: true}\n")
        assert home.up(OPENPACT_SECRET_OTHER=VALUE).set_up().status == 200
        assert "nowhere" in home.run("secrets", "list").out
        with home.terminal() as terminal:
            terminal.type("$OP secrets set A_KEY --host a.example")
            sign_in(terminal)
            assert "Value of" not in terminal.see("A_KEY has no grant")


@pytest.mark.promise("SCR-4.05")
def test_an_empty_list_says_what_to_do_and_a_given_secret_where_it_comes_from() -> None:
    with open_home() as home:
        home.configure('starlark: {secrets: {GIVEN: {value: "${MINE}", hosts: [api.example.com]}}}\n')
        unset = home.run("up")
        assert unset.code == 1
        assert "openpact.yaml:1:" in unset.err
        assert "the environment variable MINE is not set" in unset.err
        daemon = home.up(MINE=VALUE, OPENPACT_SECRET_OTHER=VALUE)
        assert daemon.set_up().status == 200
        rows = home.run("secrets", "list", "--json", MINE=VALUE).json
        assert [(each["name"], each["source"]) for each in rows] == [
            ("GIVEN", "configuration"),
            ("OTHER", "environment"),
        ]
        taken = home.run("secrets", "set", "GIVEN", "--as", "alice", lines=[PASSWORD, VALUE], MINE=VALUE)
        assert (taken.code, "given by starlark.secrets.GIVEN" in taken.err) == (4, True)
        shown = home.run("config", "show", MINE=VALUE)
        assert "GIVEN: ***" in shown.out
        assert VALUE not in shown.out + daemon.log + daemon.out
        daemon.stop()
        home.configure("")
        assert "Set one with `openpact secrets set NAME`" in home.run("secrets", "list").out
        wrong = home.run("up", OPENPACT_SECRET_OTHER="tiny")
        assert (wrong.code, "OPENPACT_SECRET_OTHER" in wrong.err, "tiny" in wrong.err) == (1, True, False)


@pytest.mark.promise("CLI-2.07", "SCR-4.03")
def test_the_master_key_is_turned_from_the_command_line(home: Home) -> None:
    assert home.act("secrets", "set", "TURNED", lines=[VALUE]).code == 0
    before = (home.data / "master.key").read_bytes()

    unasked = home.act("secrets", "rotate-key")
    assert (unasked.code, "--yes" in unasked.err) == (2, True)
    with home.terminal() as terminal:
        terminal.type("$OP secrets rotate-key")
        assert "Copy master.key first" in terminal.see("Turn the master key? [y/N]: ")
        terminal.type("n")
        assert terminal.ended() == 130
    assert (home.data / "master.key").read_bytes() == before

    turned = home.act("secrets", "rotate-key", "--yes")

    assert turned.code == 0, turned.err
    assert "Copy the new master.key to where you keep it." in turned.err
    assert "sealed anew with the key" in turned.out
    assert (home.data / "master.key").read_bytes() != before
    assert not (home.data / "master.key.previous").exists()


def prepared(url: str, folder: Path) -> pyotp.TOTP:
    world = open_world(url, folder)
    boss = world.person("boss", Role.ADMIN)
    for name, value in VALUES.items():
        world.house.secrets.set(boss, name, value, Terms())
    totp = pyotp.TOTP(world.house.sign_in.enrol_totp(boss, PASSWORD).secret)
    world.house.sign_in.confirm_totp(boss, totp.at(START // 1_000_000))
    world.close()
    with_server_at_rest(url)
    return totp


def assert_everything_opens(world: World, totp: pyotp.TOTP) -> None:
    opened = {name: world.house.secrets.open(name) for name in VALUES}
    assert {name: each.value for name, each in opened.items() if each is not None} == VALUES
    with world.store.reading() as snapshot:
        ((person, sealed),) = snapshot.rows("SELECT id, totp_sealed FROM people")
    assert open_keyring(world.folder / "master.key").open(sealed, f"totp/{person}").decode() == totp.secret


@pytest.mark.promise("SCR-4.03", "QUA-2.09")
@pytest.mark.parametrize("point", ON_THE_WAY)
def test_kill_9_anywhere_in_a_rotation_leaves_a_key_that_opens_everything_and_the_next_start_ends_it(
    point: str, store_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "secure"
    totp = prepared(store_url, folder)
    before = (folder / "master.key").read_bytes()
    command = [sys.executable, "-m", "tests.journeys.turning", store_url, str(folder), point]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60, check=False)  # noqa: S603
    assert (ended.returncode, ended.stdout) == (KILLED, b""), ended.stderr
    with_server_at_rest(store_url)
    assert ((folder / "master.key").read_bytes() != before) == ON_THE_WAY[point]

    world = open_world(store_url, folder)
    assert_everything_opens(world, totp)
    world.house.secrets.finish_rotation()
    assert not (folder / "master.key.previous").exists()
    assert_everything_opens(world, totp)
    world.close()
    world = open_world(store_url, folder)
    assert_everything_opens(world, totp)
    boss = world.house.people.get("boss")
    world.house.secrets.rotate_key(standing.of_person(boss))
    assert_everything_opens(world, totp)
    assert sorted(file.name for file in folder.glob("master.key*")) == ["master.key"]
    assert world.house.audit.verify([]).faults == []
    world.close()


def test_a_daemon_ends_at_its_start_what_another_began() -> None:
    with open_home() as home:
        daemon = home.up_and_set_up()
        assert home.act("secrets", "set", "KEPT", lines=[VALUE]).code == 0
        daemon.stop()
        open_keyring(home.data / "master.key").turn()
        assert "openpact secrets rotate-key" in home.run("doctor").out
        daemon = home.up()
        assert not (home.data / "master.key.previous").exists()
        assert "secret_finish_rotation" in daemon.log


def test_every_point_on_the_way_of_a_key_is_killed_at() -> None:
    assert {point for point in faults.POINTS if point.startswith("key.")} <= ON_THE_WAY.keys()
    assert ON_THE_WAY.keys() | AFTER_THE_FIRST.keys() == faults.POINTS
