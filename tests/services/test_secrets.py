"""Secrets: kept sealed, shown without their values, opened as they are now, and scrubbed as soon as they are set."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from openpact.domain import errors, instant
from openpact.domain.principal import Principal, Role
from openpact.domain.secret import Grant, Mode, Place, Secret, read_grant
from openpact.services.secret_sources import Given
from openpact.services.secrets import Opened, Secrets, Terms
from tests.world import START, World, open_world

VALUE = "sk-live-4f9d8a7b6c5e"
OTHER = "sk-live-0a1b2c3d4e5f"
PLAIN = Terms()


@pytest.fixture
def boss(world: World) -> Principal:
    return world.person("boss", Role.ADMIN)


def opened(secrets: Secrets, name: str = "API_KEY") -> Opened:
    found = secrets.open(name)
    assert found is not None
    return found


@pytest.mark.promise("SCR-4.01", "SCR-4.04")
def test_what_is_kept_is_sealed_and_what_is_recorded_is_the_name(sqlite_world: World) -> None:
    world, boss = sqlite_world, sqlite_world.person("boss", Role.ADMIN)
    terms = Terms(hosts=("api.example.com",), scripts=("weather*",), places=("header",), mode="plain")

    world.house.secrets.set(boss, "API_KEY", VALUE, terms, "req_1")

    (event,) = world.events(action="secret.set")
    assert (event.actor, event.target, event.outcome, event.request_id) == (boss.id, "API_KEY", "done", "req_1")
    assert json.loads(event.details) == {
        "expires_at": None,
        "hosts": ["api.example.com"],
        "mode": "plain",
        "new": True,
        "places": ["header"],
        "scripts": ["weather*"],
        "short": False,
    }
    said = repr(world.house.secrets.everything()) + repr(world.events()) + repr(opened(world.house.secrets))
    assert VALUE not in said
    world.store.close()
    raw = b"".join(file.read_bytes() for file in world.folder.parent.rglob("*") if file.is_file())
    assert b"API_KEY" in raw
    assert VALUE.encode() not in raw


@pytest.mark.promise("SCR-4.16")
def test_a_new_value_is_what_the_next_run_opens_with_the_grant_it_had(world: World, boss: Principal) -> None:
    secrets = world.house.secrets
    terms = Terms(hosts=("api.example.com",), scripts=("a", "b*"), places=("header",), mode="plain")
    secrets.set(boss, "API_KEY", VALUE, terms)
    first = opened(secrets)
    grant = read_grant(hosts=("api.example.com",), scripts=("a", "b*"), places=("header",))
    assert (first.value, first.grant, first.mode, first.short) == (VALUE, grant, Mode.PLAIN, False)

    secrets.set(boss, "API_KEY", OTHER, PLAIN)

    second = opened(secrets)
    assert (second.value, second.grant, second.mode) == (OTHER, grant, Mode.PLAIN)
    assert second.version > first.version
    secrets.set(boss, "API_KEY", OTHER, Terms(hosts=None, scripts=(), places=None, mode="sealed"))
    assert opened(secrets).grant == Grant(scripts=())
    assert opened(secrets).mode is Mode.SEALED


def test_a_deleted_secret_is_gone_and_one_of_its_name_is_another(world: World, boss: Principal) -> None:
    secrets = world.house.secrets
    secrets.set(boss, "API_KEY", VALUE, Terms(hosts=("a.example",)))
    version = opened(secrets).version

    secrets.delete(boss, "API_KEY", "req_2")

    assert secrets.open("API_KEY") is None
    assert not secrets.has("API_KEY")
    assert secrets.everything() == []
    with pytest.raises(errors.NotFound):
        secrets.get("API_KEY")
    with pytest.raises(errors.NotFound):
        secrets.delete(boss, "API_KEY")
    assert [(event.outcome, event.target) for event in world.events(action="secret.delete")] == [
        ("done", "API_KEY"),
        ("failed", "API_KEY"),
    ]
    secrets.set(boss, "API_KEY", VALUE, PLAIN)
    assert opened(secrets).version > version
    assert opened(secrets).grant == Grant()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER])
def test_only_an_administrator_changes_secrets(sqlite_world: World, role: Role) -> None:
    boss, other = sqlite_world.person("boss", Role.ADMIN), sqlite_world.person("other", role)
    secrets = sqlite_world.house.secrets
    secrets.set(boss, "API_KEY", VALUE, PLAIN)

    for act in (
        lambda: secrets.set(other, "API_KEY", OTHER, PLAIN),
        lambda: secrets.delete(other, "API_KEY"),
        lambda: secrets.rotate_key(other),
    ):
        with pytest.raises(errors.Forbidden):
            act()

    assert opened(secrets).value == VALUE
    assert [event.action for event in sqlite_world.events(outcome="refused")] == [
        *("secret.set", "secret.delete", "secret.rotate_key"),
    ]


@pytest.mark.promise("SCR-4.04")
@pytest.mark.parametrize(
    ("name", "value", "terms"),
    [
        ("api_key", VALUE, PLAIN),
        (VALUE, VALUE, PLAIN),
        ("API_FILE", VALUE, PLAIN),
        ("A" * 65, VALUE, PLAIN),
        ("API_KEY", "", PLAIN),
        ("API_KEY", VALUE[:7], PLAIN),
        ("API_KEY", VALUE + "\0", PLAIN),
        ("API_KEY", VALUE + "\ud800", PLAIN),
        ("API_KEY", VALUE * 4000, PLAIN),
        ("API_KEY", "", Terms(short=True)),
        ("API_KEY", VALUE, Terms(hosts=("https://a.example/x",))),
        ("API_KEY", VALUE, Terms(hosts=("*",))),
        ("API_KEY", VALUE, Terms(scripts=("[a",))),
        ("API_KEY", VALUE, Terms(scripts=("",))),
        ("API_KEY", VALUE, Terms(places=("url",))),
        ("API_KEY", VALUE, Terms(mode="open")),
        ("API_KEY", VALUE, Terms(expires="soon")),
        ("API_KEY", VALUE, Terms(expires=instant.as_text(START))),
        ("API_KEY", VALUE, Terms(expires="2020-01-01")),
    ],
)
def test_what_makes_no_sense_is_refused_and_the_value_is_not_repeated(
    sqlite_world: World, name: str, value: str, terms: Terms
) -> None:
    boss = sqlite_world.person("boss", Role.ADMIN)

    with pytest.raises(errors.Invalid) as refusal:
        sqlite_world.house.secrets.set(boss, name, value, terms)

    assert refusal.value.hint
    said = refusal.value.message + str(refusal.value.hint) + repr(refusal.value.details)
    assert VALUE[:7] not in said + repr(sqlite_world.events())
    assert sqlite_world.house.secrets.everything() == []


def test_a_short_value_is_marked_as_not_scrubbed(sqlite_world: World) -> None:
    boss, secrets = sqlite_world.person("boss", Role.ADMIN), sqlite_world.house.secrets
    secrets.set(boss, "PIN", "4711", Terms(short=True))
    secrets.set(boss, "LONG", VALUE, Terms(short=True))

    assert [(each.name, each.short) for each in secrets.everything()] == [("LONG", False), ("PIN", True)]
    assert opened(secrets, "PIN").short
    assert secrets.redactor().scrub(f"4711 {VALUE}") == "4711 [REDACTED:LONG]"


def test_a_secret_ends_when_it_was_said_to(sqlite_world: World) -> None:
    boss, secrets = sqlite_world.person("boss", Role.ADMIN), sqlite_world.house.secrets
    secrets.set(boss, "API_KEY", VALUE, Terms(expires="2026-02-06"))
    sqlite_world.clock.advance(hours=13)
    assert opened(secrets).value == VALUE
    assert secrets.has("API_KEY")

    sqlite_world.clock.advance(hours=1)

    with pytest.raises(errors.SecretNotGranted, match="ended 2026-02-06T00:00:00Z"):
        secrets.open("API_KEY")
    assert not secrets.has("API_KEY")
    assert secrets.redactor().scrub(VALUE) == "[REDACTED:API_KEY]"  # it opens doors all the same
    with pytest.raises(errors.Invalid, match="ended already"):
        secrets.set(boss, "API_KEY", OTHER, PLAIN)  # the end it has would still be the old one
    secrets.set(boss, "API_KEY", OTHER, Terms(expires=None))
    assert opened(secrets).value == OTHER


@pytest.fixture
def strict(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    given = {
        "FREE": Given(Secret(name="FREE", value=VALUE, grant=Grant()), "environment", "OPENPACT_SECRET_FREE"),
        "BOUND": Given(
            Secret(name="BOUND", value=OTHER, grant=read_grant(hosts=("a.example",), scripts=("a",))),
            "configuration",
            "starlark.secrets.BOUND",
        ),
    }
    opened = open_world(sqlite_url, tmp_path / "secure", given=given, require_grants=True)
    yield opened
    opened.close()


@pytest.mark.promise("SCR-4.07")
def test_where_grants_are_required_a_secret_without_one_is_neither_set_nor_opened(strict: World) -> None:
    boss, secrets = strict.person("boss", Role.ADMIN), strict.house.secrets

    for terms in (PLAIN, Terms(hosts=("a.example",)), Terms(scripts=("a",))):
        with pytest.raises(errors.Invalid, match="has no grant"):
            secrets.set(boss, "API_KEY", VALUE, terms)
    with pytest.raises(errors.SecretNotGranted, match="FREE has no grant"):
        secrets.open("FREE")
    assert opened(secrets, "BOUND").value == OTHER
    assert secrets.has("BOUND")
    secrets.set(boss, "API_KEY", VALUE, Terms(hosts=("a.example",), scripts=("a",)))
    assert opened(secrets).value == VALUE


@pytest.mark.promise("SCR-4.05")
def test_what_the_configuration_gives_wins_and_cannot_be_set_or_deleted(sqlite_url: str, tmp_path: Path) -> None:
    world = open_world(sqlite_url, tmp_path / "secure")
    boss = world.person("boss", Role.ADMIN)
    world.house.secrets.set(boss, "API_KEY", VALUE, PLAIN)
    world.close()
    secret = Secret(name="API_KEY", value=OTHER, grant=read_grant(places=("header",)), mode=Mode.PLAIN)
    given = {"API_KEY": Given(secret, "configuration", "starlark.secrets.API_KEY")}

    world = open_world(sqlite_url, tmp_path / "secure", given=given)
    secrets = world.house.secrets
    with capture_logs() as lines:
        secrets.warn_of_hidden()
    assert [(line["name"], line["origin"]) for line in lines] == [("API_KEY", "starlark.secrets.API_KEY")]
    assert VALUE not in repr(lines)

    found = opened(secrets)
    assert (found.value, found.mode, found.grant.places, found.version) == (
        OTHER,
        Mode.PLAIN,
        frozenset({Place.HEADER}),
        0,
    )
    (listed,) = secrets.everything()
    assert (listed.source, listed.updated_at, listed.mode) == ("configuration", None, Mode.PLAIN)
    with pytest.raises(errors.IllegalMove, match=r"given by starlark\.secrets\.API_KEY"):
        secrets.set(boss, "API_KEY", VALUE, PLAIN)
    with pytest.raises(errors.IllegalMove, match=r"given by starlark\.secrets\.API_KEY"):
        secrets.delete(boss, "API_KEY")
    assert secrets.redactor().scrub(f"{VALUE} {OTHER}") == "[REDACTED:API_KEY] [REDACTED:API_KEY]"
    world.close()


@pytest.mark.promise("SCR-4.16")
def test_the_redactor_knows_a_value_as_soon_as_another_process_has_set_it(store_url: str, tmp_path: Path) -> None:
    here = open_world(store_url, tmp_path / "secure")
    boss = here.person("boss", Role.ADMIN)
    there = open_world(store_url, tmp_path / "secure")
    before = here.house.secrets.redactor()
    assert here.house.secrets.redactor() is before
    assert before.scrub(VALUE) == VALUE

    there.house.secrets.set(boss, "API_KEY", VALUE, PLAIN)

    assert here.house.secrets.redactor().scrub(VALUE) == "[REDACTED:API_KEY]"  # without waiting for the news
    assert opened(here.house.secrets).value == VALUE
    here.close()
    there.close()


def test_a_replaced_value_is_scrubbed_until_no_run_can_have_it(sqlite_world: World) -> None:
    boss, secrets = sqlite_world.person("boss", Role.ADMIN), sqlite_world.house.secrets
    secrets.set(boss, "API_KEY", VALUE, PLAIN)
    secrets.redactor()
    sqlite_world.clock.advance(hours=5)
    secrets.set(boss, "API_KEY", OTHER, PLAIN)

    assert secrets.redactor().scrub(VALUE + OTHER) == "[REDACTED:API_KEY][REDACTED:API_KEY]"
    sqlite_world.clock.advance(minutes=16)
    secrets.delete(boss, "API_KEY")
    redactor = secrets.redactor()
    assert redactor.scrub(VALUE) == VALUE
    assert redactor.scrub(OTHER) == "[REDACTED:API_KEY]"


def test_a_use_is_noted_once_a_minute(world: World, boss: Principal) -> None:
    secrets = world.house.secrets
    secrets.set(boss, "API_KEY", VALUE, PLAIN)
    assert secrets.get("API_KEY").used_at is None
    seen = []
    for seconds in (0, 30, 31):
        world.clock.advance(seconds=seconds)
        secrets.note_use("API_KEY")
        at = secrets.get("API_KEY").used_at
        assert at is not None
        seen.append((world.clock.at - at) // instant.SECOND)

    assert seen == [0, 30, 0]


@pytest.mark.promise("SCR-4.01")
def test_a_value_moved_to_another_name_does_not_open(sqlite_world: World) -> None:
    boss, secrets = sqlite_world.person("boss", Role.ADMIN), sqlite_world.house.secrets
    for name, value in (("A_KEY", VALUE), ("B_KEY", OTHER)):
        secrets.set(boss, name, value, PLAIN)
    connection = sqlite_world.store.engine.connect()
    connection.execute("UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'A_KEY')")
    connection.close()

    with pytest.raises(errors.KeyUnusable):
        secrets.open("B_KEY")
    assert opened(secrets, "A_KEY").value == VALUE
    assert secrets.redactor().scrub(VALUE) == "[REDACTED:A_KEY]"  # what cannot be opened hides nothing else


@pytest.mark.promise("SCR-4.01", "SCR-4.06")
@pytest.mark.parametrize(
    "wider",
    [
        "hosts = NULL",
        """hosts = '["evil.example"]'""",
        "scripts = NULL",
        """places = '["body","query"]'""",
        "mode = 'plain'",
        "expires_at = NULL",
        "version = version + 1",
        "short = 1",
    ],
)
def test_a_value_does_not_open_on_other_terms_than_it_was_sealed_for(sqlite_world: World, wider: str) -> None:
    boss, secrets = sqlite_world.person("boss", Role.ADMIN), sqlite_world.house.secrets
    narrow = Terms(
        hosts=("api.example.com",), scripts=("weather.star",), places=("header",), mode="sealed", expires="2026-12-31"
    )
    secrets.set(boss, "A_KEY", VALUE, narrow)
    assert opened(secrets, "A_KEY").value == VALUE
    connection = sqlite_world.store.engine.connect()
    connection.execute(f"UPDATE secrets SET {wider} WHERE name = 'A_KEY'")  # noqa: S608 - of this table here
    connection.close()

    with pytest.raises(errors.KeyUnusable):
        secrets.open("A_KEY")


def test_without_its_master_key_a_store_gives_no_secret_and_says_why(sqlite_url: str, tmp_path: Path) -> None:
    world = open_world(sqlite_url, tmp_path / "secure")
    world.house.secrets.set(world.person("boss", Role.ADMIN), "API_KEY", VALUE, PLAIN)
    world.close()
    (tmp_path / "secure" / "master.key").unlink()

    world = open_world(sqlite_url, tmp_path / "secure")
    with pytest.raises(errors.KeyUnusable) as refusal:
        world.house.secrets.open("API_KEY")
    assert "master key" in refusal.value.message
    assert [each.name for each in world.house.secrets.everything()] == ["API_KEY"]
    world.close()


def test_what_is_listed_can_be_encoded_and_holds_no_value(sqlite_world: World) -> None:
    boss, secrets = sqlite_world.person("boss", Role.ADMIN), sqlite_world.house.secrets
    secrets.set(boss, "API_KEY", VALUE, Terms(hosts=("a.example",)))
    assert VALUE.encode() not in msgspec.json.encode(secrets.everything())
