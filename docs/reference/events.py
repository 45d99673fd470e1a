"""The page of audit events, from the event itself and the outcomes that the store admits.

Rules of this file:
- A field or an outcome that has no sentence here raises KeyError, so that none goes untold.
"""

import itertools
import json
import re
from importlib import resources

from docs.reference.markdown import block, code, heading, section, table
from openpact.domain import audit
from openpact.domain.principal import Action

_FIELDS = {
    "chain": "Which chain it stands in; each writer has one.",
    "seq": "Its place in the chain, from 1, without gaps.",
    "id": "Its own id, `evt_…`.",
    "ts": "When, in UTC.",
    "type": "What kind of thing it is about: the action before the dot.",
    "actor": "Who, by an id that never changes: `per_…`, `tok_…`, `local/UID`, `system`.",
    "actor_name": "The actor's name at that time.",
    "action": "What was done, as noun.verb.",
    "target": "To what.",
    "outcome": "How it ended; see below.",
    "decision_id": "The decision it belongs to, if any.",
    "request_id": "The request it came with, `req_…`, if any.",
    "policy_version": "The policy in force, if one decided.",
    "details": "What else is worth knowing; the code of the error when it was refused or failed.",
    "prev": "The hash of the event before it in the chain.",
    "hash": "SHA-256 over every field and `prev`.",
}
_LATER = "For calls of tools, which arrive with the gateway: "
_OUTCOMES = {
    "done": "It happened.",
    "refused": "The asker may not; nothing was changed.",
    "failed": "It was tried and did not happen.",
    "begun": "A deed outside is about to leave; its end follows as an event of its own.",
    "unknown": "The deed left and its end was not seen. It is never repeated by itself.",
    "allowed": _LATER + "let through.",
    "denied": _LATER + "the policy said no.",
    "approval_required": _LATER + "a person was asked.",
    "malformed": _LATER + "not a call that can be judged.",
    "error": _LATER + "the other side answered with an error.",
}


def page() -> str:
    """Give the page."""
    draft = audit.Draft(
        id="evt_06f0g8x0000000000000000000",
        at=1_770_287_400_000_000,
        actor="per_06f0g8w0000000000000000000",
        actor_name="alice",
        action=Action.PERSON_ADD.value,
        target="bob",
        outcome="done",
        details={"role": "reviewer"},
        request_id="req_06f0g8x0000000000000000000",
    )
    sample = audit.as_document(audit.link(draft, chain="main", seq=7, prev="0" * 64))
    actions = itertools.groupby(
        sorted(Action, key=lambda each: each.value), key=lambda each: each.value.partition(".")[0]
    )
    shown = "{\n" + ",\n".join(f"  {_json(key)}: {_json(value)}" for key, value in sample.items()) + "\n}"
    return (
        heading(
            "Audit events",
            "Every act is one event, written in the transaction of its change. `openpact audit export` gives one as a "
            "line of JSON:",
            block(shown, "json"),
            table(("field", "what it says"), [(code(name), _FIELDS[name]) for name in sample]),
        )
        + section("Outcomes", table(("outcome", "meaning"), [(code(name), _OUTCOMES[name]) for name in outcomes()]))
        + section(
            "Actions",
            "Who may take each stands under [roles](roles.md).",
            table(
                ("type", "actions"),
                [(code(kind), ", ".join(code(each.value) for each in group)) for kind, group in actions],
            ),
        )
    )


def outcomes() -> list[str]:
    """Give the outcomes that the store admits, in the order of its schema."""
    folder = resources.files("openpact.adapters.store") / "migrations"
    found: dict[str, None] = {}
    for file in sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda each: each.name
    ):
        for check in re.findall(r"CHECK \(outcome IN\s*\(([^)]*)\)", file.read_text("utf-8")):
            found = dict.fromkeys(re.findall(r"'(\w+)'", check))  # a later migration's word is the last
    return list(found)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
