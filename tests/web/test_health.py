"""Is it alive, healthy, ready: asked by anybody, and answered without anything that helps a stranger."""

import io
import logging
import re
import shutil
import sqlite3
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import structlog

from openpact.adapters import logs
from openpact.domain.principal import Role
from tests.web.refusal import is_refusal
from tests.world import PASSWORD, World, open_world, peer_at

HEALTH = ("/health", "/api/health")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Give the log of the process as it is written in production."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    said = io.StringIO()
    logs.configure("info", as_json=False, stream=said)
    yield said
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def lose_store(world: World) -> None:
    """Take the database away, as a disk that is gone does."""
    world.store.close()
    folder = world.folder.parent
    for file in folder.glob("openpact.db*"):
        file.unlink()
    (folder / "openpact.db").mkdir()


@pytest.mark.promise("OPS-6.01", "OPS-6.03")
@pytest.mark.parametrize("target", HEALTH)
def test_health_tells_its_checks_and_whether_set_up_is_needed(world: World, target: str) -> None:
    expected = {"status": "healthy", "setup_required": True, "checks": {"store": "ok", "audit": "ok"}}
    first = world.ask("GET", target)
    assert (first.status, first.json) == (200, expected)

    world.person("boss", Role.ADMIN)

    assert world.ask("GET", target).json == expected | {"setup_required": False}


@pytest.mark.promise("OPS-6.02")
def test_it_is_ready_once_it_is_set_up(world: World) -> None:
    before = world.ask("GET", "/ready")
    assert (before.status, before.json) == (503, {"ready": False, "reason": "setup_required"})

    world.person("boss", Role.ADMIN)

    after = world.ask("GET", "/ready")
    assert (after.status, after.json) == (200, {"ready": True})


@pytest.mark.promise("OPS-6.01", "OPS-6.02", "OPS-6.03", "APR-8.04")
def test_without_its_store_it_is_alive_and_neither_healthy_nor_ready(sqlite_world: World) -> None:
    sqlite_world.person("boss", Role.ADMIN)
    lose_store(sqlite_world)

    for target in HEALTH:
        health = sqlite_world.ask("GET", target)
        assert health.status == 503
        assert health.json == {
            "status": "unhealthy",
            "setup_required": None,
            "checks": {"store": "store_unavailable"},
            "reason": "store: store_unavailable",
        }
        assert str(sqlite_world.folder.parent) not in health.raw.decode()
    ready = sqlite_world.ask("GET", "/ready")
    assert (ready.status, ready.json) == (503, {"ready": False, "reason": "unhealthy"})
    assert sqlite_world.ask("GET", "/healthz").json == {"status": "alive"}


@pytest.mark.promise("OPS-6.01", "APR-8.04")
def test_a_database_that_is_gone_from_its_server_is_told_without_its_address(
    postgres: str, postgres_url: str, tmp_path: Path
) -> None:
    world = open_world(postgres_url, tmp_path / "secure")
    world.person("boss", Role.ADMIN)
    name = urllib.parse.urlsplit(postgres_url).path.strip("/")
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        server.execute(f'ALTER DATABASE "{name}" RENAME TO "{name}_away"')
        try:
            health = world.ask("GET", "/health")
            users = world.ask("GET", "/api/users", peer=peer_at(1))
        finally:
            server.execute(f'ALTER DATABASE "{name}_away" RENAME TO "{name}"')

    assert (health.status, health.json["reason"]) == (503, "store: store_unavailable")
    assert name not in health.raw.decode()
    assert is_refusal(users, 503, "store_unavailable")
    assert world.ask("GET", "/health").status == 200  # it is back, and nobody had to start anything again
    world.close()


@pytest.mark.promise("APR-8.04", "API-1.02")
@pytest.mark.parametrize(
    ("method", "target"), [("GET", "/api/users"), ("POST", "/api/users"), ("GET", "/api/setup/status")]
)
def test_without_its_store_what_needs_it_is_unavailable(sqlite_world: World, method: str, target: str) -> None:
    lose_store(sqlite_world)

    answer = sqlite_world.ask(method, target, {"username": "bob", "password": PASSWORD}, peer=peer_at(1))

    assert is_refusal(answer, 503, "store_unavailable")


@pytest.mark.promise("API-1.01")
def test_a_fault_of_ours_shows_its_id_alone_and_the_log_has_the_trace(sqlite_world: World, log: io.StringIO) -> None:
    sqlite_world.person("boss", Role.ADMIN)
    connection = sqlite3.connect(sqlite_world.folder.parent / "openpact.db")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("UPDATE people SET role = 'a role of no version'")  # nothing that our code could have written
    connection.commit()
    connection.close()

    answer = sqlite_world.ask("GET", "/api/users", peer=peer_at(1))

    assert answer.status == 500
    assert answer.json == {
        "error": "internal",
        "message": "Something went wrong here; the log has the details.",
        "request_id": answer.headers["x-request-id"],
    }
    said = log.getvalue()
    assert f"request failed request_id={answer.json['request_id']} path=/api/users" in said
    assert "Traceback (most recent call last):" in said
    assert "a role of no version" in said


def test_answers_of_ours_are_not_logged_as_faults(sqlite_world: World, log: io.StringIO) -> None:
    sqlite_world.ask("GET", "/api/users")
    sqlite_world.ask("GET", "/nothing")

    assert log.getvalue() == ""


def test_a_daemon_whose_audit_key_is_gone_is_still_alive(sqlite_world: World) -> None:
    shutil.rmtree(sqlite_world.folder)

    assert sqlite_world.ask("GET", "/healthz").status == 200


@pytest.mark.promise("OPS-6.03")
@pytest.mark.parametrize("target", ["/health", "/healthz", "/ready", "/api/health"])
def test_what_is_public_tells_no_version_name_or_count(sqlite_world: World, target: str) -> None:
    sqlite_world.person("boss", Role.ADMIN)

    text = sqlite_world.ask("GET", target).raw.decode()

    assert not re.search(r"boss|\d|sqlite|python|openpact", text, re.IGNORECASE)


@pytest.mark.promise("OPS-6.12")
def test_the_status_is_told_to_who_is_signed_in(sqlite_world: World) -> None:
    sqlite_world.person("boss", Role.ADMIN)

    answer = sqlite_world.ask("GET", "/api/status", peer=peer_at(1))

    assert answer.json["people"] == 1
    assert answer.json["store"] == "sqlite"
    assert answer.json["started_at"] == "2026-02-05T10:30:00.000000Z"
