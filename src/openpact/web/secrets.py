"""Secrets over the API: what is known about them, and never what they are.

Rules of this file:
- A value is read from a body and handed to the service; no answer and no error has it, nor a part of it.
"""

import msgspec
from msgspec import UNSET, UnsetType

from openpact.domain import instant
from openpact.services.secrets import Listed, Terms
from openpact.web.ask import DONE, Ask


class Set(msgspec.Struct, forbid_unknown_fields=True):
    """A value, and how it may be used; what is not named stays as it was."""

    value: str
    hosts: list[str] | UnsetType | None = UNSET
    scripts: list[str] | UnsetType | None = UNSET
    places: list[str] | UnsetType | None = UNSET
    mode: str | UnsetType = UNSET
    expires_at: str | UnsetType | None = UNSET
    short: bool = False

    def __repr__(self) -> str:
        """Keep the value out of tracebacks and logs."""
        return "Set(***)"


def everything(ask: Ask) -> object:
    """List all secrets."""
    secrets = ask.house.secrets
    return {"secrets": [shown(each) for each in secrets.everything()], "grants_required": secrets.grants_required}


def one(ask: Ask) -> object:
    """Show one secret."""
    return shown(ask.house.secrets.get(ask.path["name"]))


def put(ask: Ask) -> object:
    """Set a secret."""
    name, body = ask.path["name"], ask.body(Set)
    terms = Terms(
        hosts=_tuple(body.hosts),
        scripts=_tuple(body.scripts),
        places=_tuple(body.places),
        mode=body.mode,
        expires=body.expires_at,
        short=body.short,
    )
    ask.house.secrets.set(ask.who, name, body.value, terms, ask.request_id)
    return {"name": name, "set": True}


def delete(ask: Ask) -> object:
    """Delete a secret."""
    ask.house.secrets.delete(ask.who, ask.path["name"], ask.request_id)
    return DONE


def rotate_key(ask: Ask) -> object:
    """Turn the master key."""
    done = ask.house.secrets.rotate_key(ask.who, ask.request_id)
    return {"key_id": done.key_id, "resealed": done.resealed, "turned": done.turned}


def shown(secret: Listed) -> dict[str, object]:
    """Give what may be seen of a secret: everything but its value."""
    grant = secret.grant
    return {
        "name": secret.name,
        "set": True,
        "source": secret.source,
        "hosts": None if grant.hosts is None else [str(rule) for rule in grant.hosts],
        "scripts": None if grant.scripts is None else list(grant.scripts),
        "places": sorted(grant.places),
        "mode": secret.mode.value,
        "short": secret.short,
        "expires_at": _text(secret.expires_at),
        "last_updated": _text(secret.updated_at),
        "last_used": _text(secret.used_at),
        "used_by": [],
    }


def _tuple(texts: list[str] | UnsetType | None) -> tuple[str, ...] | UnsetType | None:
    return tuple(texts) if isinstance(texts, list) else texts


def _text(at: int | None) -> str | None:
    return None if at is None else instant.as_text(at)
