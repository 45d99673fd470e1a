"""Secrets at rest: sealed values and their grants, and when each was last used.

Rules of this file:
- What is sealed comes in sealed: nothing here ever holds a value.
- A value is sealed for its name and its terms: with a wider grant, or in plain mode, written into the database past us,
  it does not open.
- Every change moves the generation first. It tells readers that what they remember is old, and it makes whoever seals
  wait for whoever turns the master key.
"""

import msgspec

from openpact.adapters.store.engine import Row
from openpact.adapters.store.transaction import Snapshot, Transaction
from openpact.domain import strict_json
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

    @property
    def purpose(self) -> str:
        """What the value is sealed for: this name on these terms, in this version."""
        hosts, scripts, places = _terms(self.grant)
        terms: list[strict_json.Value] = [hosts, scripts, places, self.mode.value, self.short, self.version]
        return f"secret/{self.name}/{strict_json.digest([*terms, self.expires_at])}"


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


def hold_everything(tx: Transaction) -> list[Kept]:
    """Give all secrets by name, and let nobody change one until the commit."""
    return [_kept(row) for row in tx.rows(f"SELECT {_COLUMNS} FROM secrets ORDER BY name{tx.hold}")]


def reseal(tx: Transaction, name: str, text: str) -> None:
    """Put the same value in its place, sealed anew."""
    tx.run("UPDATE secrets SET sealed = ? WHERE name = ?", text, name)


def put(tx: Transaction, kept: Kept) -> None:
    """Write the secret, new or in the place of what it was."""
    tx.run(
        f"INSERT INTO secrets ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, hosts = excluded.hosts, "
        "scripts = excluded.scripts, places = excluded.places, mode = excluded.mode, short = excluded.short, "
        "version = excluded.version, updated_at = excluded.updated_at, updated_by = excluded.updated_by, "
        "expires_at = excluded.expires_at",
        kept.name,
        kept.sealed,
        *_terms(kept.grant),
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


def _terms(grant: Grant) -> tuple[str | None, str | None, str]:
    return (
        None if grant.hosts is None else _listed(tuple(map(str, grant.hosts))),
        None if grant.scripts is None else _listed(grant.scripts),
        _listed(tuple(sorted(grant.places))),
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
