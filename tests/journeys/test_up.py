"""`openpact up`, from nothing to a sealed end, as who starts it sees it."""

import json
import re
import signal
import stat
from collections.abc import Iterator

import pytest

from tests.program import Home, open_home
from tests.waiting import until
from tests.world import PASSWORD

MODES = {
    ".": 0o750,
    "secure": 0o700,
    "secure/data": 0o700,
    "secure/data/audit": 0o700,
    "run": 0o750,
    "ai-data": 0o750,
    "ai-data/scripts": 0o750,
    "ai-data/skills": 0o750,
    "ai-data/documents": 0o770,
    "ai-data/projects": 0o770,
    "ai-data/temp": 0o770,
}
PRIVATE = ("secure/data/openpact.db", "secure/data/master.key", "secure/data/audit/signing.key", "run/admin.sock")


@pytest.fixture
def home() -> Iterator[Home]:
    with open_home() as opened:
        yield opened


def events(home: Home) -> list[dict[str, object]]:
    ran = home.run("audit", "search", "--json", "--limit", "1000")
    assert ran.code == 0, ran.err
    return list(reversed(ran.lines))


@pytest.mark.promise("OPS-1.01", "OPS-1.02", "OPS-1.03", "OPS-1.28", "CLI-2.01", "CLI-2.02", "CLI-2.03")
def test_from_nothing_it_makes_the_workspace_and_says_where_things_are(home: Home) -> None:
    workspace = home.path / "other place"
    out, log = home.path / "out", home.path / "log"
    argv = [*home.environment["OP"].split(), "up", "--port", "0", "--host", "127.0.0.1", "--workspace", str(workspace)]
    process = home.start(argv, out, log)
    until(lambda: "Ctrl-C" in out.read_text() or process.poll() is not None, 30)
    said = out.read_text()
    assert re.search(r"Address: +http://127\.0\.0\.1:\d+\n", said)
    assert f"Workspace:  {workspace} (new)" in said
    assert re.search(r"Setup code: (?:[0-9A-Z]{4}-){6}[0-9A-Z]{2}\n", said)
    command = re.search(r"Set it up:  (.* user add) NAME( .*)\n", said)
    code = re.search(r"Setup code: (\S+)", said)
    assert command is not None
    assert code is not None
    # What it says can be copied into a shell as it stands.
    done = home.shell(f"printf '{code[1]}\\n{PASSWORD}\\n' | {command[1]} alice{command[2]}")
    assert "alice is the first administrator" in done.out, done.err
    assert "Not separated: agent and person share one account" in said
    assert {name: stat.S_IMODE((workspace / name).stat().st_mode) for name in MODES} == MODES
    assert {name: stat.S_IMODE((workspace / name).stat().st_mode) for name in PRIVATE} == dict.fromkeys(PRIVATE, 0o600)
    process.terminate()
    assert process.wait(30) == 0
    assert "\x1b" not in said


@pytest.mark.promise("OPS-3.01", "OPS-6.01", "OPS-6.02", "OPS-6.03", "API-2.01", "API-2.02", "OPS-3.07", "OPS-3.06")
def test_it_is_healthy_at_once_and_ready_when_it_is_set_up(home: Home) -> None:
    daemon = home.up()
    health = daemon.ask("GET", "/health")
    assert health == (200, {"status": "healthy", "setup_required": True, "checks": {"store": "ok", "audit": "ok"}})
    assert daemon.ask("GET", "/api/health").json["status"] == "healthy"
    assert daemon.ask("GET", "/healthz").status == 200
    assert daemon.ask("GET", "/ready") == (503, {"ready": False, "reason": "setup_required"})
    assert daemon.ask("GET", "/api/users").json["error"] == "setup_required"
    assert daemon.ask("GET", "/api/setup/status").json == {"setup_required": True}

    assert daemon.set_up().json["success"] is True

    assert daemon.ask("GET", "/ready") == (200, {"ready": True})
    assert daemon.ask("GET", "/health").json["setup_required"] is False
    assert daemon.ask("GET", "/api/users").json["error"] == "not_authenticated"
    late = daemon.set_up()
    assert (late.status, late.json["error"]) == (403, "setup_completed")


@pytest.mark.promise("OPS-3.02")
def test_a_new_start_shows_a_new_code_and_the_old_one_ends(home: Home) -> None:
    first = home.up()
    old = first.said["setup_code"]
    first.stop()
    second = home.up()
    assert second.said["setup_code"] != old
    second.said["setup_code"], new = old, second.said["setup_code"]
    assert second.set_up().json["error"] == "setup_code_invalid"
    second.said["setup_code"] = new
    assert second.set_up().status == 200


@pytest.mark.promise("OPS-7.19", "OPS-5.14", "OPS-5.16")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_it_cleanly_with_a_sealed_record(home: Home, number: signal.Signals) -> None:
    daemon = home.up_and_set_up()
    assert daemon.stop(number) == 0
    assert "Traceback" not in daemon.log
    assert not (home.workspace / "run" / "admin.sock").exists()
    assert events(home)[-1]["action"] == "daemon.stop"
    report = home.run("audit", "verify", "--json")
    assert report.code == 0
    assert report.json["unsealed"] == 0
    head = json.loads((home.data / "audit" / "head").read_text())
    assert "sha256:" + head["hash"] == report.json["head"]


@pytest.mark.promise("OPS-7.15")
def test_after_a_kill_the_next_start_works_and_everything_acknowledged_is_there(home: Home) -> None:
    daemon = home.up_and_set_up()
    added = home.act("user", "add", "bob", lines=["four green paper boats 7"])
    assert added.code == 0, added.err
    daemon.stop(signal.SIGKILL)
    assert (home.workspace / "run" / "admin.sock").exists()  # nobody was left to remove it

    assert home.run("user", "list").code == 0  # without a daemon
    again = home.up()
    assert again.said["setup_code"] is None
    assert [user["username"] for user in home.run("user", "list", "--json").json] == ["alice", "bob"]
    assert again.stop() == 0
    verified = home.run("audit", "verify", "--json")
    assert verified.json["intact"] is True, verified.out
    assert verified.json["unsealed"] == 0


@pytest.mark.promise("OPS-7.15")
def test_another_process_that_looks_at_the_database_takes_nothing_from_under_the_daemon(home: Home) -> None:
    # Were the daemon's locks on the file gone, the last one to leave would delete the log that the daemon writes to.
    daemon = home.up_and_set_up()
    log = home.data / "openpact.db-wal"
    before = log.stat().st_ino
    assert home.run("doctor").code == 0
    assert log.stat().st_ino == before
    assert home.act("user", "add", "bob", lines=["four green paper boats 7"]).code == 0
    daemon.stop(signal.SIGKILL)
    assert [user["username"] for user in home.run("user", "list", "--json").json] == ["alice", "bob"]
    assert home.run("audit", "verify").code == 0


def test_a_second_daemon_on_the_workspace_is_refused_and_the_first_goes_on(home: Home) -> None:
    daemon = home.up()
    second = home.run("up", "--port", "0")
    assert second.code == 6
    assert second.out == ""
    assert "runs on the workspace" in second.err
    assert "Stop it first, or choose another workspace" in second.err
    assert daemon.ask("GET", "/health").status == 200
    assert home.run("status").code == 0  # its socket is still its own


@pytest.mark.promise("CLI-1.09", "OPS-6.10", "OPS-3.29", "OPS-3.11")
def test_what_is_secret_stands_in_no_log_and_no_file(home: Home) -> None:
    daemon = home.up("--workspace", str(home.workspace), OPENPACT_LOGGING__LEVEL="debug")
    code: str = daemon.said["setup_code"]
    assert daemon.set_up().status == 200
    token = home.act("token", "create", "ci", "--scope", "people:read").out.strip()
    assert daemon.ask("GET", "/api/users", token=token).status == 200
    assert daemon.ask("GET", f"/api/users?x={token}", token="opt_" + "x" * 40).status == 401
    assert home.run("user", "list", OPENPACT_TOKEN=token).code == 0
    secrets = {code.encode(), code.replace("-", "").encode(), PASSWORD.encode(), token.encode()}
    assert daemon.out.count(code) == 1  # shown where it should be, to whoever started it
    assert daemon.stop() == 0
    listed = home.run("token", "list", "--json").out + home.run("config", "show", "--all").out
    texts = {"log": daemon.log.encode(), "lists": listed.encode(), "record": json.dumps(events(home)).encode()}
    files = {str(path): path.read_bytes() for path in home.workspace.rglob("*") if path.is_file()}
    leaks = [name for name, text in (texts | files).items() if any(secret in text for secret in secrets)]
    assert not leaks


@pytest.mark.promise("OPS-6.09", "OPS-5.23")
def test_its_log_is_lines_of_text_or_of_json(home: Home) -> None:
    daemon = home.up()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.search(rf"^{stamp} INFO \[AUDIT\] daemon_start: daemon by openpact \(done\) ", daemon.log, re.MULTILINE)
    daemon.stop()
    home.configure("logging:\n  json: true\n")
    other = home.up()
    other.stop()
    lines = [json.loads(line) for line in other.log.splitlines()]
    assert lines[0]["event"].startswith("[AUDIT] daemon_start")
    assert lines[-1]["event"] == "stopped, and the audit is sealed"


@pytest.mark.promise("OPS-2.19")
def test_turning_the_text_lines_off_leaves_the_record_on(home: Home) -> None:
    home.configure("logging:\n  audit: false\n")
    daemon = home.up_and_set_up()
    daemon.stop()
    assert "[AUDIT]" not in daemon.log
    assert [event["action"] for event in events(home)] == ["daemon.start", "setup.open", "setup.finish", "daemon.stop"]


@pytest.mark.promise("OPS-2.09", "OPS-2.07")
def test_a_flag_wins_over_the_environment_and_that_over_the_file(home: Home) -> None:
    home.configure("server:\n  host: 192.0.2.1\n  port: 1\n")
    # Neither the file's address nor a port that only root may take: were one of them in force, nothing would start.
    daemon = home.up("--host", "127.0.0.1", OPENPACT_SERVER__PORT="2", OPENPACT_SERVER__HOST="192.0.2.2")
    assert daemon.said["url"].startswith("http://127.0.0.1:")


@pytest.mark.promise("OPS-7.01", "OPS-7.02", "OPS-7.05")
def test_on_postgresql_the_same_life_goes_on_and_daemons_share_it(home: Home, postgres_url: str) -> None:
    home.configure(f'store:\n  url: "{postgres_url}"\n')
    daemon = home.up_and_set_up()
    assert home.act("user", "add", "bob", lines=["four green paper boats 7"]).code == 0
    token = home.act("token", "create", "ci", "--scope", "people:read", "--scope", "status:read").out.strip()
    other = home.up("--workspace", str(home.path / "w2"))
    assert other.said["setup_code"] is None
    names = [user["username"] for user in other.ask("GET", "/api/users", token=token).json["users"]]
    assert names == ["alice", "bob"]
    status = other.ask("GET", "/api/status", token=token).json
    assert status["store"] == "postgres"
    assert len(status["instances"]) == 2
    assert not (home.data / "openpact.db").exists()
    assert (daemon.stop(), other.stop()) == (0, 0)
    assert home.run("status", "--json").json["instances"] == []
    assert home.run("user", "list", "--json").json[1]["username"] == "bob"  # and without a daemon


@pytest.mark.promise("OPS-1.07", "OPS-1.08")
def test_a_folder_that_is_too_open_warns_and_under_strict_refuses(home: Home) -> None:
    home.up().stop()
    (home.workspace / "secure").chmod(0o755)
    daemon = home.up()
    warning = next(line for line in daemon.log.splitlines() if " WARNING " in line)
    assert f"{home.workspace}/secure" in warning
    assert "mode 755, at most 700" in warning
    assert "chmod 700" in warning
    daemon.stop()
    home.configure("security:\n  strict: true\n")
    refused = home.run("up", "--port", "0")
    assert refused.code == 6
    assert "is too open: mode 755, at most 700, and security.strict is on" in refused.err
    assert "Hint:  Run: chmod 700" in refused.err
    assert (home.workspace / "secure").stat().st_mode & 0o777 == 0o755  # judged, not changed
    repaired = home.run("doctor", "--repair")
    assert "has mode 700 now" in repaired.out
    assert home.up().ask("GET", "/health").status == 200
