"""API tokens at rest: only the hash of the secret, whose it is, what it opens, and until when.

Rules of this file:
- A token is found by the hash of its secret, in one index look-up: nothing secret is compared letter by letter.
- A token is revoked, never deleted.
"""

import msgspec

from openpact.adapters.store.engine import Row
from openpact.adapters.store.transaction import Snapshot, Transaction

_COLUMNS = "id, name, owner, secret_hash, scopes, created_at, expires_at, seen_at, revoked_at"


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One token as stored."""

    id: str
    name: str
    owner: str
    secret_hash: str
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int
    seen_at: int | None
    revoked_at: int | None

    def live(self, now: int) -> bool:
        """Say whether the token opens anything now."""
        return self.revoked_at is None and self.expires_at > now


def add(tx: Transaction, token: Token) -> bool:
    """Write a new token; False when the owner has a live one of this name."""
    row = tx.row(
        f"INSERT INTO tokens ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (owner, name) WHERE revoked_at IS NULL DO NOTHING RETURNING id",
        token.id,
        token.name,
        token.owner,
        token.secret_hash,
        " ".join(token.scopes),
        token.created_at,
        token.expires_at,
        token.seen_at,
        token.revoked_at,
    )
    return row is not None


def find(snapshot: Snapshot, token_id: str) -> Token | None:
    """Give the token with this id."""
    return _token(snapshot.row(f"SELECT {_COLUMNS} FROM tokens WHERE id = ?{snapshot.share}", token_id))


def find_by_hash(snapshot: Snapshot, secret_hash: str) -> Token | None:
    """Give the token whose secret has this hash."""
    return _token(snapshot.row(f"SELECT {_COLUMNS} FROM tokens WHERE secret_hash = ?", secret_hash))


def everything(snapshot: Snapshot) -> list[Token]:
    """Give all tokens, the newest first."""
    rows = snapshot.rows(f"SELECT {_COLUMNS} FROM tokens ORDER BY created_at DESC, id DESC")
    return [token for token in map(_token, rows) if token is not None]


def revoke(tx: Transaction, token_id: str, now: int) -> bool:
    """End the token; False when there is none or it was ended before."""
    return tx.run("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", now, token_id) == 1


def revoke_all(tx: Transaction, owner: str, now: int) -> int:
    """End every token of this person and say how many."""
    return tx.run("UPDATE tokens SET revoked_at = ? WHERE owner = ? AND revoked_at IS NULL", now, owner)


def note_use(tx: Transaction, token_id: str, now: int) -> None:
    """Note when the token was last used."""
    tx.run("UPDATE tokens SET seen_at = ? WHERE id = ?", now, token_id)


def _token(row: Row | None) -> Token | None:
    if row is None:
        return None
    fields = dict(zip(Token.__struct_fields__, row, strict=True))
    return Token(**{**fields, "scopes": tuple(fields["scopes"].split())})
