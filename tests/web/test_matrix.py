"""Who may ask what: every URL of the people's door for every kind of asker, in one table."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from openpact.adapters.peer import Peer
from openpact.domain.principal import SCOPES, Role
from openpact.web.app import TABLE
from tests.world import PASSWORD, World, open_world, peer_at

NEW = {"username": "viewer", "password": PASSWORD}  # the name is taken: who may add is told so, and changes nothing
SETUP = {"username": "x", "password": PASSWORD, "confirm_password": PASSWORD, "setup_code": "0"}
CURRENT = {"current_password": PASSWORD}
VALUE = {"value": "0123456789abcdef"}
TOKEN = {"name": "made", "scopes": ["status:read"]}

COLUMNS = (
    # over the network without a token; at the socket without a person; a person at their unlocked terminal
    "nobody", "socket", "viewer", "reviewer", "admin",
    # over the network with a token of the administrator's for one scope
    "audit:read", "people:read", "people:write", "secrets:read", "secrets:write", "status:read", "tokens:read",
    # a token for all scopes: of a viewer, revoked, ended, and of somebody who was disabled
    "of viewer", "revoked", "ended", "disabled",
)  # fmt: skip

# In this order: what locks a terminal stands last.
#                                  nobody sock view revi admi | audi pe:r pe:w se:r se:w stat toke | ofvi revo ende disa
ROWS: tuple[tuple[str, str, Any, str], ...] = (
    ("GET", "/health", None,                 "200 200 200 200 200   200 200 200 200 200 200 200   200 200 200 200"),
    ("GET", "/healthz", None,                "200 200 200 200 200   200 200 200 200 200 200 200   200 200 200 200"),
    ("GET", "/ready", None,                  "200 200 200 200 200   200 200 200 200 200 200 200   200 200 200 200"),
    ("GET", "/api/health", None,             "200 200 200 200 200   200 200 200 200 200 200 200   200 200 200 200"),
    ("GET", "/api/setup/status", None,       "200 200 200 200 200   200 200 200 200 200 200 200   200 200 200 200"),
    ("POST", "/api/setup", SETUP,            "403 403 403 403 403   403 403 403 403 403 403 403   403 403 403 403"),
    ("GET", "/api/status", None,             "401 200 200 200 200   403 403 403 403 403 200 403   200 401 401 401"),
    ("GET", "/api/auth/me", None,            "401 200 200 200 200   200 200 200 200 200 200 200   200 401 401 401"),
    ("POST", "/api/auth/unlock", {},         "403 400 400 400 400   403 403 403 403 403 403 403   403 403 403 403"),
    ("POST", "/api/auth/totp/confirm", {"code": "1"},
                                             "401 409 409 409 409   409 409 409 409 409 409 409   409 401 401 401"),
    ("POST", "/api/auth/totp", CURRENT,      "401 401 200 200 200   401 401 401 401 401 401 401   401 401 401 401"),
    ("GET", "/api/users", None,              "401 200 200 200 200   403 200 200 403 403 403 403   200 401 401 401"),
    ("POST", "/api/users", NEW,              "401 401 403 403 409   403 403 409 403 403 403 403   403 401 401 401"),
    ("GET", "/api/users/viewer", None,       "401 200 200 200 200   403 200 200 403 403 403 403   200 401 401 401"),
    ("PATCH", "/api/users/none", {"role": "viewer"},
                                             "401 401 403 403 404   403 403 404 403 403 403 403   403 401 401 401"),
    ("PATCH", "/api/users/none", {"groups": []},
                                             "401 401 403 403 404   403 403 404 403 403 403 403   403 401 401 401"),
    ("PATCH", "/api/users/none", {"state": "disabled"},
                                             "401 401 403 403 404   403 403 404 403 403 403 403   403 401 401 401"),
    ("PATCH", "/api/users/none", {"state": "active"},
                                             "401 401 403 403 404   403 403 404 403 403 403 403   403 401 401 401"),
    ("PATCH", "/api/users/none", {"password": PASSWORD},
                                             "401 401 403 403 404   403 403 404 403 403 403 403   403 401 401 401"),
    ("DELETE", "/api/users/none/totp", None, "401 401 403 403 404   403 403 404 403 403 403 403   403 401 401 401"),
    ("GET", "/api/tokens", None,             "401 200 200 200 200   403 403 403 403 403 403 200   200 401 401 401"),
    ("POST", "/api/tokens", TOKEN,           "401 401 201 201 201   403 403 403 403 403 403 403   403 401 401 401"),
    ("DELETE", "/api/tokens/tok_1", None,    "401 401 404 404 404   403 403 403 403 403 403 403   403 401 401 401"),
    ("GET", "/api/secrets", None,            "401 200 200 200 200   403 403 403 200 200 403 403   200 401 401 401"),
    ("POST", "/api/secrets/A_KEY", VALUE,    "401 401 403 403 200   403 403 403 403 200 403 403   403 401 401 401"),
    ("GET", "/api/secrets/A_KEY", None,      "401 200 200 200 200   403 403 403 200 200 403 403   200 401 401 401"),
    ("POST", "/api/secrets/rotate-key", {},  "401 401 403 403 200   403 403 403 403 200 403 403   403 401 401 401"),
    ("DELETE", "/api/secrets/NO_KEY", None,  "401 401 403 403 404   403 403 403 403 404 403 403   403 401 401 401"),
    ("GET", "/api/audit", None,              "401 200 200 200 200   200 403 403 403 403 403 403   200 401 401 401"),
    ("GET", "/api/audit/export", None,       "401 401 403 200 200   200 403 403 403 403 403 403   403 401 401 401"),
    ("GET", "/api/audit/verify", None,       "401 200 200 200 200   200 403 403 403 403 403 403   200 401 401 401"),
    ("POST", "/api/auth/lock", None,         "403 204 204 204 204   403 403 403 403 403 403 403   403 403 403 403"),
)  # fmt: skip


@dataclass
class Asker:
    """How one kind of asker comes to the door."""

    peer: Peer | None = None
    token: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.token is None else {"authorization": f"Bearer {self.token}"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, dict[str, Asker]]]:
    folder: Path = tmp_path_factory.mktemp("matrix")
    world = open_world(f"sqlite:///{folder}/openpact.db", folder / "secure")
    yield world, _askers(world)
    world.close()


def _askers(world: World) -> dict[str, Asker]:
    admin = world.person("admin", Role.ADMIN)
    viewer, gone = world.person("viewer"), world.person("gone", Role.ADMIN)
    world.person("reviewer", Role.REVIEWER)
    create = world.house.tokens.create
    every = tuple(SCOPES)
    ended = create(admin, "ended", every, 1)[1]
    world.clock.advance(days=2)
    askers = {"nobody": Asker(), "socket": Asker(peer_at(9)), "ended": Asker(token=ended)}
    for number, name in enumerate(("viewer", "reviewer", "admin")):
        askers[name] = Asker(peer_at(number))
        body = {"username": name, "password": PASSWORD}
        assert world.ask("POST", "/api/auth/unlock", body, peer=peer_at(number)).status == 200
    for scope in SCOPES:
        askers[scope] = Asker(token=create(admin, scope, (scope,), 10)[1])
    askers["of viewer"] = Asker(token=create(viewer, "all", every, 10)[1])
    revoked, text = create(admin, "revoked", every, 10)
    world.house.tokens.revoke(admin, revoked.id)
    askers["revoked"] = Asker(token=text)
    askers["disabled"] = Asker(token=create(gone, "all", every, 10)[1])
    world.house.people.disable(admin, "gone")
    return askers


@pytest.mark.promise("API-1.12", "API-1.02", "OPS-3.27", "OPS-3.30", "OPS-3.31", "ARC-1.16")
def test_every_asker_gets_exactly_what_the_table_says(house: tuple[World, dict[str, Asker]]) -> None:
    world, askers = house
    wrong = []
    for method, target, body, expected in ROWS:
        for column, status in zip(COLUMNS, expected.split(), strict=True):
            asker = askers[column]
            answer = world.ask(method, target, body, peer=asker.peer, headers=asker.headers)
            if answer.status != int(status):
                wrong.append(f"{method} {target} as {column}: {answer.status}, not {status}")

    assert wrong == []


@pytest.mark.promise("ARC-1.19")
def test_every_url_of_the_door_stands_in_the_table_of_this_test() -> None:
    asked = {(method, target) for method, target, _body, _expected in ROWS}
    fill = {"{username}": {"viewer", "none"}, "{token}": {"tok_1"}, "{name}": {"A_KEY", "NO_KEY"}}

    def targets(path: str) -> set[str]:
        return {
            path.replace("{username}", user).replace("{token}", token).replace("{name}", name)
            for user in fill["{username}"]
            for token in fill["{token}"]
            for name in fill["{name}"]
        }

    missing = [url for url in TABLE if not asked & {(url.method, target) for target in targets(url.path)}]
    assert missing == []
    assert set(SCOPES) <= set(COLUMNS)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer opt_",
        "Bearer opt_" + "A" * 43,
        "Basic dmlld2VyOnBhc3N3b3Jk",
        "OTP dmlld2VyOjEyMzQ1Ng==",
        "opt_" + "A" * 43,
        "Bearer\topt_x",
        "Bearer opt_ö",
    ],
)
def test_over_the_network_nothing_but_a_live_token_signs_in(house: tuple[World, dict[str, Asker]], header: str) -> None:
    world, _ = house

    answer = world.ask("GET", "/api/users", headers={"authorization": header})

    assert answer.status == 401
    assert answer.json["error"] == "invalid_credentials"


@pytest.mark.promise("OPS-3.29")
@pytest.mark.parametrize("name", ["token", "access_token", "authorization", "Authorization", "api_key", "bearer"])
def test_a_token_in_the_url_is_not_accepted(house: tuple[World, dict[str, Asker]], name: str) -> None:
    world, askers = house
    token = askers["status:read"].token
    assert world.ask("GET", "/api/status", headers=askers["status:read"].headers).status == 200

    assert world.ask("GET", f"/api/status?{name}={token}").status == 401
    assert world.ask("GET", f"/api/status?{name}=Bearer+{token}").status == 401
    assert world.ask("GET", "/api/status", headers={"cookie": f"{name}={token}"}).status == 401
    assert world.ask("GET", "/api/status", headers={"x-api-key": str(token)}).status == 401


def test_a_token_is_accepted_at_the_socket_too_and_is_no_more_there(house: tuple[World, dict[str, Asker]]) -> None:
    world, askers = house
    for name in ("status:read", "of viewer"):
        peer, headers = peer_at(8), askers[name].headers
        assert world.ask("GET", "/api/auth/me", peer=peer, headers=headers).json["kind"] == "token"
        assert world.ask("POST", "/api/users", NEW, peer=peer, headers=headers).status == 403


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_scheme_is_read_in_any_case(house: tuple[World, dict[str, Asker]], scheme: str) -> None:
    world, askers = house

    headers = {"authorization": f"{scheme} {askers['status:read'].token}"}

    assert world.ask("GET", "/api/status", headers=headers).status == 200


@pytest.mark.promise("APR-4.04", "OPS-5.02", "OPS-5.03")
def test_what_a_token_tries_is_recorded_as_the_token_with_the_request_s_id(
    house: tuple[World, dict[str, Asker]],
) -> None:
    world, askers = house

    answer = world.ask("POST", "/api/users", NEW, headers=askers["status:read"].headers)

    last = world.events()[-1]
    assert (last.action, last.outcome, last.request_id) == ("person.add", "refused", answer.json["request_id"])
    assert last.actor.startswith("tok_")
    assert last.actor_name == "admin/status:read"
