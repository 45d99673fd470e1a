"""Secrets over the API: metadata comes out, values only go in, and nothing that goes wrong repeats one."""

import io
import json
from typing import Any

import pytest

from openpact.adapters import logs
from openpact.domain.principal import Principal, Role
from tests.web.refusal import is_refusal
from tests.world import PASSWORD, Answer, World, peer_at

VALUE = "sk-live-4f9d8a7b6c5e"
PEER = peer_at(1)
SHOWN = {
    *("name", "set", "source", "hosts", "scripts", "places", "mode", "short", "expires_at"),
    *("last_updated", "last_used", "used_by"),
}


@pytest.fixture
def boss(sqlite_world: World) -> Principal:
    who = sqlite_world.person("boss", Role.ADMIN)
    body = {"username": "boss", "password": PASSWORD}
    assert sqlite_world.ask("POST", "/api/auth/unlock", body, peer=PEER).status == 200
    return who


def put(world: World, body: object, name: str = "API_KEY") -> Answer:
    return world.ask("POST", f"/api/secrets/{name}", body, peer=PEER)


@pytest.mark.promise("API-4.01", "SCR-4.04", "SCR-4.05")
@pytest.mark.usefixtures("boss")
def test_a_secret_is_set_shown_without_its_value_and_deleted(sqlite_world: World) -> None:
    body = {
        "value": VALUE,
        "hosts": ["api.example.com", "http://intranet:8080"],
        "scripts": ["weather*"],
        "places": ["query", "header"],
        "mode": "plain",
        "expires_at": "2027-01-31",
    }
    answers = [put(sqlite_world, body)]
    assert (answers[0].status, answers[0].json) == (200, {"name": "API_KEY", "set": True})
    answers += [sqlite_world.ask("GET", path, peer=PEER) for path in ("/api/secrets", "/api/secrets/API_KEY")]
    (listed,) = answers[1].json["secrets"]
    assert listed == answers[2].json
    assert listed.keys() == SHOWN
    assert listed == {
        "name": "API_KEY",
        "set": True,
        "source": "store",
        "hosts": ["api.example.com", "http://intranet:8080"],
        "scripts": ["weather*"],
        "places": ["header", "query"],
        "mode": "plain",
        "short": False,
        "expires_at": "2027-01-31T00:00:00.000000Z",
        "last_updated": "2026-02-05T10:30:00.000000Z",
        "last_used": None,
        "used_by": [],
    }
    assert not [answer for answer in answers if VALUE[:10].encode() in answer.raw]
    gone = sqlite_world.ask("DELETE", "/api/secrets/API_KEY", peer=PEER)
    assert (gone.status, gone.raw) == (204, b"")
    assert is_refusal(sqlite_world.ask("GET", "/api/secrets/API_KEY", peer=PEER), 404, "not_found")
    assert sqlite_world.ask("GET", "/api/secrets", peer=PEER).json == {"secrets": [], "grants_required": False}


@pytest.mark.usefixtures("boss")
def test_what_a_body_does_not_name_stays_and_null_takes_it_away(sqlite_world: World) -> None:
    put(sqlite_world, {"value": VALUE, "hosts": ["a.example"], "scripts": [], "expires_at": "2027-01-31"})
    put(sqlite_world, {"value": VALUE + "2"})
    kept = sqlite_world.ask("GET", "/api/secrets/API_KEY", peer=PEER).json
    assert (kept["hosts"], kept["scripts"], kept["expires_at"][:10]) == (["a.example"], [], "2027-01-31")
    put(sqlite_world, {"value": VALUE, "hosts": None, "scripts": None, "places": None, "expires_at": None})
    kept = sqlite_world.ask("GET", "/api/secrets/API_KEY", peer=PEER).json
    assert (kept["hosts"], kept["scripts"], kept["expires_at"], len(kept["places"])) == (None, None, None, 4)


BAD: list[tuple[str, str | bytes]] = [
    ("API_KEY", json.dumps({"value": [VALUE]})),
    ("API_KEY", json.dumps({"value": {"value": VALUE}})),
    ("API_KEY", json.dumps({"value": VALUE, "mode": VALUE})),
    ("API_KEY", json.dumps({"value": VALUE, "hosts": VALUE})),
    ("API_KEY", json.dumps({"value": VALUE, "hosts": [1]})),
    ("API_KEY", json.dumps({"value": VALUE, "short": VALUE})),
    ("API_KEY", json.dumps({"value": VALUE, "expires_at": VALUE})),
    ("API_KEY", json.dumps({"valeu": VALUE})),
    ("API_KEY", json.dumps({"value": VALUE + "\0"})),
    ("API_KEY", json.dumps({"value": VALUE * 4000})),
    ("API_KEY", json.dumps({"value": VALUE[:7]})),
    ("API_KEY", json.dumps(VALUE)),
    ("API_KEY", f'{{"value": "{VALUE}", "value": "{VALUE}"}}'),
    ("API_KEY", f'{{"value": "{VALUE}"'),
    ("API_KEY", f'{{"value": {VALUE}}}'),
    ("API_KEY", f'{{"value": "{VALUE}\\ud800"}}'),
    ("API_KEY", f'{{"value": "{VALUE}'.encode() + b'\xff"}'),
    ("lower", json.dumps({"value": VALUE})),
    ("API_FILE", json.dumps({"value": VALUE})),
]


@pytest.mark.promise("SCR-4.04")
@pytest.mark.usefixtures("boss")
@pytest.mark.parametrize(("name", "raw"), BAD)
def test_a_body_that_is_wrong_never_brings_its_value_into_an_answer_a_log_or_the_record(
    sqlite_world: World, name: str, raw: str | bytes
) -> None:
    stream = io.StringIO()
    logs.configure("debug", as_json=False, stream=stream)
    sent = raw if isinstance(raw, bytes) else raw.encode()

    answer = sqlite_world.ask("POST", f"/api/secrets/{name}", raw=sent, peer=PEER)

    assert answer.status in {400, 413}
    said = answer.raw.decode() + stream.getvalue() + repr(sqlite_world.events())
    assert VALUE[:7] not in said
    assert sqlite_world.ask("GET", "/api/secrets", peer=PEER).json == {"secrets": [], "grants_required": False}


@pytest.mark.promise("SCR-4.04")
def test_a_fault_of_ours_while_a_secret_is_set_is_told_without_its_value(sqlite_world: World, boss: Principal) -> None:
    stream = io.StringIO()
    logs.configure("debug", as_json=False, stream=stream)
    connection = sqlite_world.store.engine.connect()
    refusal = "BEGIN SELECT RAISE(ABORT, 'nobody thought of this'); END"
    connection.execute(f"CREATE TRIGGER unforeseen BEFORE INSERT ON secrets {refusal}")
    connection.close()

    answer = put(sqlite_world, {"value": VALUE})

    assert answer.status == 500
    assert "nobody thought of this" in stream.getvalue()
    assert VALUE not in answer.raw.decode() + stream.getvalue() + repr(sqlite_world.events())
    assert sqlite_world.events(action="secret.set")[-1].outcome == "failed"
    assert sqlite_world.events(action="secret.set")[-1].actor == boss.id


def test_a_value_in_the_place_of_the_name_is_not_repeated(sqlite_world: World, boss: Principal) -> None:
    answers = [put(sqlite_world, {"value": VALUE}, name=VALUE)]
    answers += [sqlite_world.ask(method, f"/api/secrets/{VALUE}", peer=PEER) for method in ("GET", "DELETE")]
    assert [answer.status for answer in answers] == [400, 404, 404]
    assert VALUE not in repr([answer.raw for answer in answers]) + repr(sqlite_world.events())
    assert boss.name == "boss"


@pytest.mark.promise("SCR-4.03")
@pytest.mark.usefixtures("boss")
def test_the_master_key_is_turned(sqlite_world: World) -> None:
    put(sqlite_world, {"value": VALUE})

    answer = sqlite_world.ask("POST", "/api/secrets/rotate-key", {}, peer=PEER)

    document: dict[str, Any] = answer.json
    assert answer.status == 200
    assert (document["resealed"], document["turned"], len(document["key_id"])) == (1, True, 16)
    opened = sqlite_world.house.secrets.open("API_KEY")
    assert opened is not None
    assert opened.value == VALUE
