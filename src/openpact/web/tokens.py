"""API tokens over the API: the text is shown once, when it is made."""

import msgspec

from openpact.adapters.store.tokens import Token
from openpact.domain import instant
from openpact.web.ask import Ask, Made


class Create(msgspec.Struct, forbid_unknown_fields=True):
    """A new token."""

    name: str
    scopes: list[str]
    expires_in_days: int = 90


def everything(ask: Ask) -> object:
    """List all tokens."""
    now = ask.house.ledger.now()
    return {"tokens": [shown(token, owner, now) for token, owner in ask.house.tokens.everything()]}


def create(ask: Ask) -> object:
    """Make a token and show its text, this once."""
    body = ask.body(Create)
    token, text = ask.house.tokens.create(ask.who, body.name, tuple(body.scopes), body.expires_in_days, ask.request_id)
    return Made({**shown(token, ask.who.name, ask.house.ledger.now()), "token": text})


def revoke(ask: Ask) -> object:
    """End a token."""
    token = ask.house.tokens.revoke(ask.who, ask.path["token"], ask.request_id)
    return {"id": token.id, "name": token.name, "state": "revoked"}


def shown(token: Token, owner: str, now: int) -> dict[str, object]:
    """Give what may be seen of a token: everything but its text."""
    state = "revoked" if token.revoked_at is not None else "expired" if token.expires_at <= now else "active"
    return {
        "id": token.id,
        "name": token.name,
        "owner": owner,
        "scopes": list(token.scopes),
        "state": state,
        "created_at": instant.as_text(token.created_at),
        "expires_at": instant.as_text(token.expires_at),
        "last_used_at": None if token.seen_at is None else instant.as_text(token.seen_at),
        "revoked_at": None if token.revoked_at is None else instant.as_text(token.revoked_at),
    }
