"""The page of roles and scopes, asked of the table that decides."""

from docs.reference.markdown import code, heading, section, table
from openpact.domain.principal import SCOPES, SCRIPT_ACTIONS, SYSTEM_ACTIONS, Action, Kind, Principal, Role

_YES = "yes"


def page() -> str:
    """Give the page."""
    people = [Principal(kind=Kind.PERSON, id="per_", name="", role=role) for role in Role]
    unproven = Principal(kind=Kind.LOCAL, id="local/0", name="")
    acts = [action for action in Action if action not in SYSTEM_ACTIONS | SCRIPT_ACTIONS]
    rows = [
        [
            code(action.value),
            *(_YES if who.may(action) else "" for who in (*people, unproven)),
            ", ".join(code(scope) for scope, opened in SCOPES.items() if action in opened),
        ]
        for action in sorted(acts, key=lambda action: (sum(not who.may(action) for who in people), action.value))
    ]
    return (
        heading(
            "Roles and scopes",
            "A role includes every role below it. What the table does not grant is refused. `at the socket` is "
            "somebody at the machine's own socket who has not proven which person they are.",
            table(("act", *(role.value for role in Role), "at the socket", "scopes"), rows),
            "The table says who may ask; a service may still refuse, such as to disable the last administrator. "
            "The first administrator is made with the set-up code, which no role replaces.",
        )
        + section(
            "Scopes of API tokens",
            "A token reaches what its scopes open, and never more than its owner's role, as it is at that moment.",
            table(("scope", "opens"), [(code(scope), _listed(opened)) for scope, opened in sorted(SCOPES.items())]),
        )
        + section("By the daemon itself", _listed(SYSTEM_ACTIONS) + ".")
        + section("For a running script, by its broker", _listed(SCRIPT_ACTIONS) + ".")
    )


def _listed(actions: frozenset[Action]) -> str:
    return ", ".join(code(action) for action in sorted(action.value for action in actions))
