"""Authority is read when the act happens: what was taken away a moment ago does not act any more."""

import pytest

from openpact.adapters.store.tokens import Token
from openpact.domain import errors, strict_json
from openpact.domain.principal import Action, Kind, Principal, Role
from openpact.services import standing
from tests.services import hand
from tests.services.hand import pack, parcels
from tests.world import LOCAL, World

ACTION = Action.PERSON_REGROUP  # any act of an administrator


@pytest.fixture
def anna(world: World) -> Principal:
    return world.person("anna", Role.ADMIN)


@pytest.fixture
def boris(world: World, anna: Principal) -> Principal:
    assert anna.role is Role.ADMIN  # she is there before him
    return world.person("boris", Role.ADMIN)


def refused(world: World, who: Principal, error: type[errors.OpenPactError], action: Action = ACTION) -> None:
    before = len(world.events())
    with pytest.raises(error) as said:
        world.ledger.act(who, action, "x", pack)
    assert said.value.hint
    (event,) = world.events()[before:]
    assert (event.outcome, event.actor, event.actor_name) == ("refused", who.id, who.name)
    assert strict_json.parse(event.details.encode()) == {"error": error.code}
    assert parcels(world) == set()


def token_of(world: World, who: Principal, *scopes: str, days: int = 30) -> Principal:
    return world.house.sign_in.token(world.house.tokens.create(who, "ci", scopes, days)[1])


def stored(world: World, token: Principal) -> Token:
    return next(one for one, _ in world.house.tokens.everything() if one.id == token.id)


@pytest.mark.promise("ARC-1.17", "OPS-3.27", "OPS-5.03")
def test_a_role_taken_away_a_moment_ago_does_not_act(world: World, anna: Principal, boris: Principal) -> None:
    world.house.people.set_role(anna, "boris", Role.REVIEWER)
    assert boris.role is Role.ADMIN  # what the asker carries along is old, and is not believed
    refused(world, boris, errors.Forbidden)


@hand.on_one_engine
@pytest.mark.promise("OPS-3.27")
def test_a_role_given_a_moment_ago_acts(world: World, anna: Principal) -> None:
    vera = world.person("vera")
    world.house.people.set_role(anna, "vera", Role.ADMIN)
    assert parcels(world) == set()
    assert world.ledger.act(vera, ACTION, "x", pack) in parcels(world)


@pytest.mark.promise("ARC-1.17", "OPS-5.03")
def test_somebody_disabled_a_moment_ago_does_not_act_until_enabled(
    world: World, anna: Principal, boris: Principal
) -> None:
    world.house.people.disable(anna, "boris")
    refused(world, boris, errors.InvalidCredentials)
    world.house.people.enable(anna, "boris")
    assert world.ledger.act(boris, ACTION, "x", pack) in parcels(world)


@hand.on_one_engine
@pytest.mark.promise("ARC-1.17")
def test_somebody_whom_the_store_does_not_know_does_not_act_whatever_role_they_carry(
    world: World, anna: Principal
) -> None:
    for kind in (Kind.PERSON, Kind.TOKEN):
        stranger = Principal(kind=kind, id="per_" + "0" * 26, name="eve", role=Role.ADMIN, owner=anna.id)
        refused(world, stranger, errors.InvalidCredentials)


@pytest.mark.promise("OPS-3.30", "OPS-3.31", "OPS-5.03")
def test_a_token_acts_within_its_scopes_until_it_is_revoked(world: World, anna: Principal) -> None:
    token = token_of(world, anna, "people:write")
    refused(world, token, errors.Forbidden, Action.TOKEN_READ)
    world.house.tokens.revoke(anna, token.id)
    refused(world, token, errors.InvalidCredentials)


@hand.on_one_engine
@pytest.mark.promise("OPS-3.30")
def test_scopes_that_a_token_carries_and_the_store_does_not_know_open_nothing(world: World, anna: Principal) -> None:
    token = token_of(world, anna, "status:read")
    forged = Principal(
        **{name: getattr(token, name) for name in token.__struct_fields__} | {"scopes": frozenset({"people:write"})}
    )
    refused(world, forged, errors.Forbidden)


@hand.on_one_engine
@pytest.mark.promise("OPS-3.31")
def test_a_token_ends_at_its_expiry_to_the_microsecond(world: World, anna: Principal) -> None:
    token = token_of(world, anna, "people:write", days=1)
    ends_at = stored(world, token).expires_at
    world.clock.at = ends_at
    refused(world, token, errors.InvalidCredentials)
    world.clock.at = ends_at - 1
    assert world.ledger.act(token, ACTION, "x", pack) in parcels(world)


@hand.on_one_engine
@pytest.mark.promise("OPS-3.30")
def test_a_token_is_never_more_than_its_owner_is_now(world: World, anna: Principal, boris: Principal) -> None:
    token = token_of(world, boris, "people:write")
    world.house.people.set_role(anna, "boris", Role.VIEWER)
    refused(world, token, errors.Forbidden)


@pytest.mark.promise("OPS-3.30", "OPS-3.31")
def test_a_token_does_not_act_while_its_owner_is_disabled(world: World, anna: Principal, boris: Principal) -> None:
    token = token_of(world, boris, "people:write")
    world.house.people.disable(anna, "boris")
    refused(world, token, errors.InvalidCredentials)


@hand.on_one_engine
@pytest.mark.promise("APR-4.05")
@pytest.mark.usefixtures("anna")
def test_the_machines_account_alone_does_not_decide_and_is_told_to_sign_in(world: World) -> None:
    refused(world, LOCAL, errors.UnlockRequired)


@hand.on_one_engine
@pytest.mark.promise("ARC-1.16")
@pytest.mark.parametrize("kind", [Kind.AGENT, Kind.SCRIPT])
@pytest.mark.usefixtures("anna")
def test_agents_and_scripts_act_nowhere_in_this_table(world: World, kind: Kind) -> None:
    refused(world, Principal(kind=kind, id="agent/x", name="x", role=Role.ADMIN), errors.Forbidden)


@hand.on_one_engine
def test_who_somebody_is_now_is_what_the_store_says(world: World, anna: Principal, boris: Principal) -> None:
    world.house.people.regroup(anna, "boris", ("ops",))
    token = token_of(world, boris, "audit:read")
    world.house.people.regroup(anna, "boris", ("dev", "ops"))
    world.house.people.set_role(anna, "boris", Role.REVIEWER)
    with world.store.reading() as snapshot:
        person = standing.now_standing(snapshot, boris, world.clock.at)
        program = standing.now_standing(snapshot, token, world.clock.at)
        assert standing.now_standing(snapshot, LOCAL, world.clock.at) is LOCAL
        assert standing.find_active(snapshot, boris.id) is not None
        assert standing.find_active(snapshot, "per_" + "0" * 26) is None
    groups = frozenset({"dev", "ops"})
    assert (person.id, person.name, person.role, person.groups) == (boris.id, "boris", Role.REVIEWER, groups)
    assert (program.id, program.name, program.owner) == (token.id, "boris/ci", boris.id)
    assert (program.role, program.groups, program.scopes) == (Role.REVIEWER, groups, frozenset({"audit:read"}))


@pytest.mark.parametrize("role", ["", "root", "ADMIN", "admin "])
def test_a_role_that_there_is_not_is_refused_with_the_ones_there_are(role: str) -> None:
    with pytest.raises(errors.Invalid) as said:
        standing.require_role(role)
    assert said.value.hint == "The roles are: viewer, reviewer, admin."
    assert standing.require_role("admin") is Role.ADMIN
