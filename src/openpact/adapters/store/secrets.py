"""Secrets at rest: sealed values and their grants, and when each was last used.

Rules of this file:
- What is sealed comes in sealed: nothing here ever holds a value.
- Every change moves the generation first. It tells readers that what they remember is old, and it makes whoever seals
  wait for whoever turns the master key.
"""

import msgspec

from openpact.adapters.store.engine import Row
from openpact.adapters.store.transaction import Snapshot, Transaction
from openpact.domain.secret import Grant, Mode, read_grant

_COLUMNS = "name, sealed, hosts, scripts, places, mode, short, version, created_at, updated_at, updated_by, expires_at"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One secret as stored."""

    name: str
    sealed: str
    grant: Grant
    mode: Mode
    short: bool
    version: int
    created_at: int
    updated_at: int
    updated_by: str
    expires_at: int | None


def generation(snapshot: Snapshot) -> int:
    """Say how often secrets have changed."""
    row = snapshot.row("SELECT generation FROM secrets_state WHERE one = 1")
    return 0 if row is None else int(row[0])


def advance(tx: Transaction, name: str) -> int:
    """Begin a change: wait for whoever changes secrets or turns the key, and give the new generation."""
    row = tx.row("UPDATE secrets_state SET generation = generation + 1 WHERE one = 1 RETURNING generation")
    tx.announce("secrets", name)
    return 0 if row is None else int(row[0])


def everything(snapshot: Snapshot) -> list[Kept]:
    """Give all secrets by name."""
    return [_kept(row) for row in snapshot.rows(f"SELECT {_COLUMNS} FROM secrets ORDER BY name")]


def find(snapshot: Snapshot, name: str) -> Kept | None:
    """Give the secret of this name."""
    row = snapshot.row(f"SELECT {_COLUMNS} FROM secrets WHERE name = ?{snapshot.hold}", name)
    return None if row is None else _kept(row)


def put(tx: Transaction, kept: Kept) -> None:
    """Write the secret, new or in the place of what it was."""
    grant = kept.grant
    tx.run(
        f"INSERT INTO secrets ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, hosts = excluded.hosts, "
        "scripts = excluded.scripts, places = excluded.places, mode = excluded.mode, short = excluded.short, "
        "version = excluded.version, updated_at = excluded.updated_at, updated_by = excluded.updated_by, "
        "expires_at = excluded.expires_at",
        kept.name,
        kept.sealed,
        None if grant.hosts is None else _listed(tuple(map(str, grant.hosts))),
        None if grant.scripts is None else _listed(grant.scripts),
        _listed(tuple(sorted(grant.places))),
        kept.mode.value,
        int(kept.short),
        kept.version,
        kept.created_at,
        kept.updated_at,
        kept.updated_by,
        kept.expires_at,
    )


def delete(tx: Transaction, name: str) -> bool:
    """Remove the secret; False when there is none."""
    tx.run("DELETE FROM secret_uses WHERE name = ?", name)
    return tx.run("DELETE FROM secrets WHERE name = ?", name) == 1


def uses(snapshot: Snapshot) -> dict[str, int]:
    """Give when each secret was last used."""
    return {row[0]: int(row[1]) for row in snapshot.rows("SELECT name, used_at FROM secret_uses")}


def note_use(tx: Transaction, name: str, now: int) -> None:
    """Note that the secret was used."""
    tx.run(
        "INSERT INTO secret_uses (name, used_at) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET used_at = excluded.used_at",
        name,
        now,
    )


def _listed(texts: tuple[str, ...]) -> str:
    return msgspec.json.encode(texts).decode()


def _texts(listed: str | None) -> tuple[str, ...] | None:
    return None if listed is None else msgspec.json.decode(listed, type=tuple[str, ...])


def _kept(row: Row) -> Kept:
    name, sealed, hosts, scripts, places, mode, short, version, created_at, updated_at, updated_by, expires_at = row
    return Kept(
        name=name,
        sealed=sealed,
        grant=read_grant(hosts=_texts(hosts), scripts=_texts(scripts), places=_texts(places)),
        mode=Mode(mode),
        short=bool(short),
        version=version,
        created_at=created_at,
        updated_at=updated_at,
        updated_by=updated_by,
        expires_at=expires_at,
    )
