"""Who may do what, written out a second time: a change of the tables must be a change here as well."""

import itertools

import pytest

from openpact.domain.principal import (
    LOCAL_ACTIONS,
    ROLE_NEEDED,
    SCOPES,
    SYSTEM,
    SYSTEM_ACTIONS,
    Action,
    Kind,
    Principal,
    Role,
)

LOOKING = {"audit.read", "person.read", "status.read", "secret.read", "token.read"}
OWN = {
    "password.change",
    "session.lock",
    "session.unlock",
    "token.create",
    "token.revoke",
    "totp.enrol",
    "totp.remove",
}
PEOPLE = {
    "person.add",
    "person.disable",
    "person.enable",
    "person.regroup",
    "person.reset_password",
    "person.set_role",
}
SECRETS = {"secret.set", "secret.delete", "secret.rotate_key"}
BY_ROLE: dict[Role | None, set[str]] = {
    None: set(),
    Role.VIEWER: LOOKING | OWN,
    Role.REVIEWER: LOOKING | OWN | {"audit.export"},
    Role.ADMIN: LOOKING | OWN | {"audit.export"} | PEOPLE | SECRETS,
}
BY_SCOPE = {
    "audit:read": {"audit.read", "audit.export"},
    "people:read": {"person.read"},
    "people:write": PEOPLE | {"person.read"},
    "secrets:read": {"secret.read"},
    "secrets:write": SECRETS | {"secret.read"},
    "status:read": {"status.read"},
    "tokens:read": {"token.read"},
}
BY_SYSTEM = {
    *("daemon.start", "daemon.stop", "checkpoint.seal", "effect.recover", "setup.open", "secret.finish_rotation"),
}
BY_SCRIPT = {"secret.access", "http.request"}
BY_ANYBODY_LOCAL = LOOKING | {"session.unlock", "setup.finish"}

ROLES = [None, *Role]
SCOPE_SETS = [frozenset(some) for size in range(len(BY_SCOPE) + 1) for some in itertools.combinations(BY_SCOPE, size)]


def allowed(who: Principal) -> set[str]:
    return {action.value for action in Action if who.may(action)}


def somebody(kind: Kind, role: Role | None, scopes: frozenset[str] = frozenset()) -> Principal:
    return Principal(kind=kind, id="x", name="x", role=role, scopes=scopes)


@pytest.mark.promise("ARC-1.16", "OPS-3.27", "API-1.12")
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_a_person_may_do_what_the_role_reaches_and_nothing_else(role: Role | None) -> None:
    assert allowed(somebody(Kind.PERSON, role)) == BY_ROLE[role]


@pytest.mark.promise("OPS-3.27")
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_scopes_give_a_person_nothing(role: Role | None) -> None:
    assert allowed(somebody(Kind.PERSON, role, frozenset(SCOPES))) == BY_ROLE[role]


@pytest.mark.promise("OPS-3.27")
def test_each_role_includes_the_ones_below_it_and_has_something_of_its_own() -> None:
    assert [role.value for role in Role] == ["viewer", "reviewer", "admin"]
    assert Role.VIEWER.rank < Role.REVIEWER.rank < Role.ADMIN.rank
    reached = [allowed(somebody(Kind.PERSON, role)) for role in Role]
    assert reached[0] < reached[1] < reached[2]


@pytest.mark.promise("ARC-1.16", "OPS-3.30")
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_a_token_may_do_what_both_its_owners_role_and_its_scopes_reach(role: Role | None) -> None:
    for scopes in SCOPE_SETS:
        opened = {action for scope in scopes for action in BY_SCOPE[scope]}
        assert allowed(somebody(Kind.TOKEN, role, scopes)) == BY_ROLE[role] & opened, scopes


@pytest.mark.promise("OPS-3.30")
def test_a_scope_that_no_table_names_opens_nothing() -> None:
    unknown = frozenset({"*", "admin", "people:*", "", "audit.read", "AUDIT:READ"})
    assert allowed(somebody(Kind.TOKEN, Role.ADMIN, unknown)) == set()


@pytest.mark.promise("ARC-1.16")
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_somebody_at_the_machine_may_look_and_say_who_they_are_and_no_role_adds_to_that(role: Role | None) -> None:
    assert allowed(somebody(Kind.LOCAL, role)) == BY_ANYBODY_LOCAL


@pytest.mark.promise("ARC-1.16")
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_agents_may_nothing_of_this_table_whatever_they_carry(role: Role | None) -> None:
    assert allowed(somebody(Kind.AGENT, role, frozenset(SCOPES))) == set()


@pytest.mark.promise("ARC-1.16")
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_a_script_may_what_its_broker_does_for_it_and_no_role_adds_to_that(role: Role | None) -> None:
    assert allowed(somebody(Kind.SCRIPT, role, frozenset(SCOPES))) == BY_SCRIPT


@pytest.mark.promise("ARC-1.16")
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_who_has_shown_the_set_up_code_may_finish_the_set_up_and_nothing_else(role: Role | None) -> None:
    assert allowed(somebody(Kind.SETUP, role, frozenset(SCOPES))) == {"setup.finish"}


@pytest.mark.promise("ARC-1.16")
@pytest.mark.parametrize("role", ROLES, ids=str)
def test_the_daemon_may_do_its_own_acts_and_no_persons(role: Role | None) -> None:
    assert allowed(somebody(Kind.SYSTEM, role, frozenset(SCOPES))) == BY_SYSTEM
    assert allowed(SYSTEM) == BY_SYSTEM


@pytest.mark.promise("ARC-1.16")
def test_every_action_stands_in_exactly_the_tables_it_should() -> None:
    stands = {
        action.value: (action in ROLE_NEEDED, action in LOCAL_ACTIONS, action in SYSTEM_ACTIONS) for action in Action
    }
    expected = {
        **dict.fromkeys(OWN | PEOPLE | SECRETS | {"audit.export"}, (True, False, False)),
        **dict.fromkeys(LOOKING | {"session.unlock"}, (True, True, False)),
        "setup.finish": (False, True, False),
        **dict.fromkeys(BY_SYSTEM, (False, False, True)),
        **dict.fromkeys(BY_SCRIPT, (False, False, False)),
    }
    assert stands == expected


@pytest.mark.promise("ARC-1.16", "OPS-3.30")
def test_a_scope_opens_only_what_some_role_may_do() -> None:
    assert {scope: {action.value for action in opened} for scope, opened in SCOPES.items()} == BY_SCOPE
    for opened in SCOPES.values():
        assert opened <= ROLE_NEEDED.keys()


@pytest.mark.promise("ARC-1.16")
@pytest.mark.parametrize("kind", Kind)
def test_an_action_that_stands_in_no_table_is_nobodys(kind: Kind) -> None:
    unknown = "universe.end"
    assert not somebody(kind, Role.ADMIN, frozenset(SCOPES)).may(unknown)  # type: ignore[arg-type]
