"""The first hour of somebody who has just started OpenPact: people, tokens, an authenticator, the record.

Rules of this file:
- One daemon serves all tests here, so that they may run in any order: each makes the people it needs.
"""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from tests.program import ADMIN, Daemon, Home, Terminal, open_home
from tests.world import PASSWORD

OTHER = "four green paper boats 7"
THIRD = "nine quiet copper bells 3"


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Home, Daemon]]:
    with open_home() as home:
        yield home, home.up_and_set_up()


@pytest.fixture
def home(running: tuple[Home, Daemon]) -> Home:
    return running[0]


@pytest.fixture
def daemon(running: tuple[Home, Daemon]) -> Daemon:
    return running[1]


def sign_in(terminal: Terminal, name: str = ADMIN, proof: str = PASSWORD) -> None:
    terminal.answer("Who are you? Username: ", name)
    terminal.answer("Password or one-time code: ", proof)


def add(home: Home, name: str, *options: str) -> None:
    ran = home.act("user", "add", name, *options, lines=[OTHER])
    assert ran.code == 0, ran.err


@pytest.mark.promise("OPS-3.02", "API-2.02")
def test_the_first_administrator_is_made_at_a_terminal() -> None:
    with open_home() as fresh, fresh.terminal() as terminal:
        daemon = fresh.up()
        code, shown = terminal.do("$OP status")
        assert code == 0
        assert "Nobody has set this up yet" in shown
        terminal.type("$OP user add Alice --role viewer")
        assert "Alice becomes the first administrator." in terminal.see("Not used for the first one: --role viewer.")
        terminal.answer("Set-up code, as `openpact up` printed it: ", daemon.said["setup_code"].lower())
        terminal.answer("Password for Alice: ", PASSWORD)
        terminal.answer("The same again: ", PASSWORD + "!")
        terminal.see("These two differ; once more from the start.")
        terminal.answer("Password for Alice: ", PASSWORD)
        terminal.answer("The same again: ", PASSWORD)
        shown = terminal.see("user add`.")
        assert "Alice is the first administrator" in shown
        assert PASSWORD not in shown
        assert fresh.run("user", "list", "--json").json[0]["role"] == "admin"
        assert daemon.ask("GET", "/ready").status == 200


@pytest.mark.promise("OPS-3.02")
def test_the_first_administrator_is_made_in_a_pipe() -> None:
    with open_home() as fresh:
        daemon = fresh.up()
        wrong = fresh.run("user", "add", "alice", lines=["AAAA-AAAA", PASSWORD])
        assert wrong.code == 5
        assert "This is not a set-up code." in wrong.err
        assert daemon.said["setup_code"] not in wrong.err
        made = fresh.run("user", "add", "alice", "--json", lines=[daemon.said["setup_code"], PASSWORD])
        assert made.code == 0, made.err
        assert made.json["role"] == "admin"
        kept = fresh.act("user", "role", "alice", "viewer")
        assert kept.code == 4
        assert "alice is the last administrator.\nHint:  Make somebody else an administrator first." in kept.err


@pytest.mark.promise("CLI-2.09", "OPS-3.27", "OPS-3.28", "APR-4.04", "OPS-3.08")
def test_a_person_is_added_changed_disabled_and_let_back(home: Home) -> None:
    weak = home.act("user", "add", "carol", lines=["short"])
    assert weak.code == 1
    assert weak.err.count("at least 16 characters") == 1  # said once
    add(home, "carol", "--role", "reviewer", "--group", "finance")
    with home.terminal() as terminal:
        terminal.type("$OP user role carol admin")
        sign_in(terminal)
        terminal.see("carol is admin now.")
        assert terminal.ended() == 0
        assert "carol is in: ops, release." in terminal.do("$OP user groups carol release ops")[1]
        assert "carol is in: no group." in terminal.do("$OP user groups carol")[1]
        assert terminal.do("$OP user disable carol")[0] == 0
        assert home.act("user", "unlock", name="carol", password=OTHER).code == 5
        assert terminal.do("$OP user disable carol")[0] == 4
        assert "carol may act again." in terminal.do("$OP user enable carol")[1]
        terminal.type("$OP user reset-password carol")
        terminal.answer("New password for carol: ", THIRD)
        terminal.answer("The same again: ", THIRD)
        terminal.see("carol has another password")
    own = home.act("user", "reset-password", "carol", lines=[THIRD, OTHER], name="carol", password=THIRD)
    assert own.code == 0, own.err
    done = home.run("audit", "search", "--target", "carol", "--actor", "alice", "--json").lines
    assert [(event["action"], event["outcome"]) for event in reversed(done)] == [
        ("person.add", "done"),
        ("person.set_role", "done"),
        ("person.regroup", "done"),
        ("person.regroup", "done"),
        ("person.disable", "done"),
        ("person.disable", "failed"),
        ("person.enable", "done"),
        ("person.reset_password", "done"),
    ]
    assert {event["actor_name"] for event in done} == {"alice"}


def test_a_name_that_nobody_has_is_not_found_whatever_it_is(home: Home) -> None:
    with home.terminal() as terminal:
        terminal.type("$OP user unlock")
        sign_in(terminal)
        assert terminal.ended() == 0
        for name in ("''", "no/body", "..", "nobody", "%2e%2e", "'a?b#c'"):
            code, shown = terminal.do(f"$OP user disable {name}")
            assert (code, "Traceback" in shown, "openpact user list" in shown) == (3, False, True), shown


@pytest.mark.promise("CLI-2.10", "OPS-3.29", "OPS-3.30", "OPS-3.31", "CLI-1.09")
def test_a_token_opens_its_scopes_on_the_network_until_it_is_revoked(home: Home, daemon: Daemon) -> None:
    made = home.act("token", "create", "ci", "--scope", "people:read", "--days", "30")
    assert made.code == 0, made.err
    assert "it ends in 30 d." in made.err
    token = made.out.strip()  # alone on stdout, for a script to take
    assert re.fullmatch(r"opt_[\w-]{43}", token)
    assert daemon.ask("GET", "/api/users", token=token).status == 200
    assert daemon.ask("GET", "/api/tokens", token=token).json["error"] == "forbidden"
    assert daemon.ask("POST", "/api/users", {"username": "eve", "password": OTHER}, token=token).status == 403
    assert home.run("user", "list", OPENPACT_TOKEN=token).code == 0
    assert home.run("user", "disable", "alice", OPENPACT_TOKEN=token).code == 5
    assert home.run("user", "list", OPENPACT_TOKEN="opt_" + "x" * 43).code == 5
    listed = home.run("token", "list", "--json")
    entry = next(each for each in listed.json if each["name"] == "ci")
    assert token not in listed.out
    assert entry["state"] == "active"
    assert entry["last_used_at"] is not None
    assert home.act("token", "revoke", entry["id"]).out == "✓ ci opens nothing any more.\n"
    assert daemon.ask("GET", "/api/users", token=token).status == 401
    assert home.act("token", "revoke", entry["id"]).code == 4
    assert home.act("token", "revoke", "a/b").code == 3


@pytest.mark.promise("APR-4.05")
def test_an_authenticator_is_enrolled_unlocks_and_is_removed(home: Home) -> None:
    add(home, "dora")
    with home.terminal() as terminal:
        terminal.type("$OP user totp enrol")
        sign_in(terminal, "dora", OTHER)
        terminal.answer("Your current password: ", OTHER)
        terminal.answer("The code it shows now: ", "000000x")
        assert terminal.ended() == 5
        terminal.type("$OP user totp enrol")
        terminal.answer("Your current password: ", OTHER)
        uri = re.search(r"otpauth://\S+", terminal.see("The code it shows now: "))
        assert uri is not None
        authenticator = pyotp.parse_uri(uri[0])
        assert isinstance(authenticator, pyotp.TOTP)
        spent = authenticator.now()
        terminal.type(spent)
        terminal.see("The authenticator is enrolled.")
        terminal.do("$OP user lock")
    person = next(each for each in home.run("user", "list", "--json").json if each["username"] == "dora")
    assert person["totp"] is True
    replayed = home.act("user", "totp", "remove", "dora", name="dora", password=spent)
    assert replayed.code == 5
    following = authenticator.at(datetime.now(UTC) + timedelta(seconds=authenticator.interval))
    unlocked = home.act("user", "unlock", "--json", name="dora", password=following)
    assert unlocked.json["username"] == "dora"
    assert home.act("user", "totp", "remove", "dora").out == "✓ dora has no authenticator any more.\n"


@pytest.mark.promise("APR-4.05", "APR-4.06", "APR-4.07")
def test_one_unlocked_terminal_does_not_unlock_another(home: Home) -> None:
    add(home, "frank")
    with home.terminal() as first, home.terminal() as second:
        first.type("$OP user groups frank a")
        sign_in(first)
        first.see("frank is in: a.")
        assert first.ended() == 0
        assert "frank is in: b." in first.do("$OP user groups frank b")[1]  # nobody asks again
        second.type("$OP user groups frank stolen")
        assert "Username: " in second.see("Username: ", "is in: ")
        assert second.interrupt() == 130
        # A shell within the same terminal is another parent, as an agent in the same window would be.
        first.type("sh -c '$OP user groups frank stolen; echo over'")
        assert "Username: " in first.see("Username: ", "is in: ")
        first.interrupt()
        assert first.do("$OP user unlock --as alice </dev/null")[0] == 5  # asks anew, and there is nobody to ask
        assert "This terminal is locked." in first.do("$OP user lock")[1]
        first.type("$OP user groups frank c")
        first.see("Username: ")
        assert first.interrupt() == 130
    assert next(each for each in home.run("user", "list", "--json").json if each["username"] == "frank")["groups"] == [
        "b"
    ]


def test_an_unlocked_terminal_can_be_unlocked_again(home: Home) -> None:
    with home.terminal() as terminal:
        for _ in range(2):
            terminal.type("$OP user unlock")
            sign_in(terminal)
            assert "alice is signed in at this terminal; it ends in 5 min" in terminal.see("lock`.")


@pytest.mark.promise("OPS-3.23")
def test_another_password_locks_the_person_at_every_terminal(home: Home) -> None:
    add(home, "gina", "--role", "admin")
    with home.terminal() as terminal:
        terminal.type("$OP user unlock --as gina")
        terminal.answer("Password or one-time code: ", OTHER)
        terminal.see("gina is signed in")
        assert home.act("user", "reset-password", "gina", lines=[THIRD]).code == 0
        terminal.type("$OP user groups gina x")
        assert "Username: " in terminal.see("Username: ", "is in: ")


def test_a_password_that_breaks_a_rule_is_asked_for_again_at_a_terminal(home: Home) -> None:
    with home.terminal() as terminal:
        terminal.type("$OP user add hilda")
        sign_in(terminal)
        for _ in range(2):
            terminal.answer("Password for hilda: ", "short")
            terminal.answer("The same again: ", "short")
            terminal.see("at least 16 characters")
        terminal.answer("Password for hilda: ", OTHER)
        terminal.answer("The same again: ", OTHER)
        terminal.see("hilda is added as viewer.")
        terminal.type("$OP user reset-password hilda")
        for _ in range(3):
            terminal.answer("New password for hilda: ", "short")
            terminal.answer("The same again: ", "short")
        terminal.see("Error: ")
        assert terminal.ended() == 1


@pytest.mark.promise("OPS-3.12", "CLI-1.05")
def test_a_wrong_password_and_a_name_that_is_nobodys_read_alike(home: Home) -> None:
    wrong = home.act("user", "unlock", password="wrong")
    nobody = home.act("user", "unlock", name="nobody", password="wrong")
    said = "Error: Username and password or code do not fit together.\nHint:  Check the username and what you typed.\n"
    assert wrong == nobody == (5, "", said)


@pytest.mark.promise("CLI-2.08", "OPS-5.18", "OPS-5.19", "OPS-5.20", "OPS-5.21", "CLI-1.04")
def test_the_record_is_exported_and_a_change_is_found_offline_with_the_public_key(home: Home, tmp_path: Path) -> None:
    record, key = tmp_path / "record.jsonl", tmp_path / "public.pem"
    made = home.act("audit", "export", "-o", str(record))
    assert made.code == 0, made.err
    assert record.stat().st_mode & 0o777 == 0o600
    key.write_bytes(next((home.data / "audit" / "keys").glob("*.pem")).read_bytes())

    def verify(file: Path, *options: str) -> tuple[int, str]:
        # Elsewhere: a folder without a workspace.
        nowhere = str(tmp_path / "nowhere")
        argv = ["audit", "verify", "--export", str(file), "--key", str(key), *options]
        ran = home.run(*argv, OPENPACT_WORKSPACE=nowhere)
        assert "Traceback" not in ran.err
        return ran.code, ran.out

    code, said = verify(record)
    assert code == 0
    assert said.startswith("✓ The record is intact: ")
    lines = record.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if '"event"' in line)
    event = json.loads(lines[first + 2])["event"]
    changed = lines.copy()
    changed[first + 2] = lines[first + 2].replace('"outcome":"done"', '"outcome":"refused"')
    assert changed != lines
    edited = tmp_path / "edited.jsonl"
    edited.write_text("\n".join(changed) + "\n")
    code, said = verify(edited)
    assert code == 1
    assert f"EDITED  {event['chain']}/{event['seq']}  " in said
    deleted = tmp_path / "deleted.jsonl"
    deleted.write_text("\n".join(lines[: first + 2] + lines[first + 3 :]) + "\n")
    code, said = verify(deleted)
    assert code == 1
    assert f"DELETED  {event['chain']}/{event['seq']}  event {event['seq']} is missing" in said
    last = json.loads(lines[-1])["event"]["hash"]
    cut = tmp_path / "cut.jsonl"
    cut.write_text("\n".join(lines[:-1]) + "\n")
    assert verify(record, "--head", last)[0] == 0
    code, said = verify(cut, "--head", last)
    assert code == 1
    assert "TRUNCATED" in said
    other = tmp_path / "other.pem"
    other.write_text("no key")
    assert home.run("audit", "verify", "--export", str(record), "--key", str(other)).code == 6
    assert home.run("audit", "verify", "--export", str(record)).code == 2


@pytest.mark.promise("CLI-2.08", "CLI-1.04", "CLI-1.11", "OPS-5.21", "APR-4.04")
def test_the_record_is_followed_searched_and_verified_where_it_is(home: Home) -> None:
    with home.terminal() as terminal:
        terminal.type("$OP audit tail -f -n 1 --type token")
        terminal.type("")
        assert home.act("token", "create", "followed", "--scope", "status:read").code == 0
        shown = terminal.see("name=followed")
        assert re.search(r"Z  token\.create: tok_\w{26} by alice \(.*done.*\)", shown)
        assert terminal.interrupt() == 130
        terminal.type("$OP audit export -o shown.jsonl")
        sign_in(terminal)
        assert re.search(r"\rexported \d+\.\d MiB", terminal.see("The record is in shown.jsonl."))
    quiet = home.act("audit", "export", "-o", "quiet.jsonl")
    assert quiet.err.splitlines()[-1] == "The record is in quiet.jsonl."
    assert "exported" not in quiet.err
    piped = home.run("audit", "tail", "-n", "3")
    assert [set(line) >= {"ts", "seq", "actor", "action", "outcome", "hash"} for line in piped.lines] == [True] * 3
    table = home.run("audit", "search", "--type", "token", "--limit", "1")
    assert table.out.splitlines()[0].split() == ["time", "who", "action", "target", "outcome"]
    assert home.run("audit", "search", "nothing has this text").out == "No event fits.\n"
    report = home.run("audit", "verify", "--json")
    assert (report.code, report.json["intact"]) == (0, True)
    if report.json["head"]:
        assert home.run("audit", "verify", "--head", report.json["head"]).code == 0
    unknown = home.run("audit", "verify", "--head", "ab" * 32)
    assert unknown.code == 1
    assert "the record does not reach the head" in unknown.out
    export = home.act("audit", "export", "--format", "csv")
    assert export.out.startswith("ts,chain,seq,id,type,actor")
    assert home.run("audit", "export").code == 5


@pytest.mark.promise("OPS-6.12", "OPS-6.13", "OPS-6.14", "OPS-1.29", "CLI-2.11", "CLI-1.10")
def test_status_and_doctor_tell_how_it_is(home: Home) -> None:
    status = home.run("status")
    assert re.search(r"^daemon +running, started (now|\d+ (s|min) ago)$", status.out, re.MULTILINE)
    assert "not separated: agent and person share one account" in status.out
    whole = home.run("status", "--json").json
    assert whole["running"] is True
    assert re.fullmatch(r"[\d-]{10}T[\d:.]+Z", whole["started_at"])
    assert len(whole["instances"]) == 1
    doctor = home.run("doctor")
    assert doctor.code == 0
    assert "✓ daemon      It answers on the workspace's socket.\n" in doctor.out
    assert "! AI user     Not separated" in doctor.out
    assert "→ " in doctor.out.partition("! AI user")[2]
    names = {finding["name"] for finding in home.run("doctor", "--json").json["findings"]}
    assert names >= {"workspace", "master key", "audit key", "store", "disk", "clock", "daemon", "AI user"}


def test_without_a_daemon_the_same_commands_work_in_this_process() -> None:
    with open_home() as fresh:
        fresh.up_and_set_up().stop()
        assert fresh.run("status", "--json").json["running"] is False
        assert fresh.act("user", "add", "bob", lines=[OTHER]).out == "✓ bob is added as viewer.\n"
        token = fresh.act("token", "create", "ci", "--scope", "people:read").out.strip()
        listed = fresh.run("user", "list", "--json", OPENPACT_TOKEN=token).json
        assert [each["username"] for each in listed] == ["alice", "bob"]
        assert fresh.act("audit", "export").out.startswith('{"format":"openpact-audit-1"')
        sealed = fresh.run("audit", "verify", "--json")
        assert (sealed.code, sealed.json["unsealed"]) == (0, 0)  # each command seals what it did
        with fresh.terminal() as terminal:
            terminal.type("$OP user role bob reviewer")
            sign_in(terminal)
            terminal.see("bob is reviewer now.")
        assert base64.b64encode(PASSWORD.encode()) not in (fresh.data / "openpact.db").read_bytes()
