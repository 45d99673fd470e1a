"""People at rest: who they are, what they are trusted with, and how their sign-ins went.

Rules of this file:
- Every change is one statement that says what it expects; it answers whether that was so.
- A person is disabled, never deleted: the record speaks of them for years.
"""

import msgspec

from openpact.adapters.store.engine import Row
from openpact.adapters.store.transaction import Snapshot, Transaction
from openpact.domain.principal import Role

_COLUMNS = (
    "id, username, role, state, password_hash, totp_sealed, totp_step, failures, locked_until, "
    "created_at, created_by, password_at, seen_at"
)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person as stored."""

    id: str
    username: str
    role: Role
    state: str
    password_hash: str
    totp_sealed: str | None
    totp_step: int
    failures: int
    locked_until: int
    created_at: int
    created_by: str
    password_at: int
    seen_at: int | None
    groups: tuple[str, ...] = ()

    @property
    def active(self) -> bool:
        """Say whether the person may act at all."""
        return self.state == "active"


def add(tx: Transaction, person: Person) -> bool:
    """Write a new person with their groups; False when the name is taken."""
    row = tx.row(
        f"INSERT INTO people ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (username) DO NOTHING RETURNING id",
        *_values(person),
    )
    if row is None:
        return False
    set_groups(tx, person.id, person.groups)
    return True


def find(snapshot: Snapshot, person_id: str) -> Person | None:
    """Give the person with this id."""
    return _one(snapshot, snapshot.row(f"SELECT {_COLUMNS} FROM people WHERE id = ?{snapshot.share}", person_id))


def find_named(snapshot: Snapshot, username: str) -> Person | None:
    """Give the person with this name."""
    return _one(snapshot, snapshot.row(f"SELECT {_COLUMNS} FROM people WHERE username = ?{snapshot.hold}", username))


def everyone(snapshot: Snapshot) -> list[Person]:
    """Give all people by name."""
    groups: dict[str, list[str]] = {}
    for person, name in snapshot.rows("SELECT person, name FROM memberships ORDER BY name"):
        groups.setdefault(person, []).append(name)
    rows = snapshot.rows(f"SELECT {_COLUMNS} FROM people ORDER BY username")
    return [_person(row, tuple(groups.get(row[0], ()))) for row in rows]


def count(snapshot: Snapshot) -> int:
    """Say how many people there are, disabled ones included."""
    row = snapshot.row("SELECT count(*) FROM people")
    return 0 if row is None else int(row[0])


def other_administrators(tx: Transaction, person_id: str) -> int:
    """Say how many active administrators there are besides this person, and keep that true until the commit."""
    # The rows are locked (by the engine's suffix on PostgreSQL, by the one writer on SQLite): two administrators who
    # take each other's role at the same moment must not both succeed.
    rows = tx.rows(f"SELECT id FROM people WHERE role = 'admin' AND state = 'active' ORDER BY id{tx.hold}")
    return sum(1 for row in rows if row[0] != person_id)


def set_role(tx: Transaction, person_id: str, role: Role) -> bool:
    """Give the person another role; False when there is no such person."""
    return tx.run("UPDATE people SET role = ? WHERE id = ?", role.value, person_id) == 1


def set_state(tx: Transaction, person_id: str, expected: str, state: str) -> bool:
    """Disable or enable; False when the person was not in the expected state."""
    return tx.run("UPDATE people SET state = ? WHERE id = ? AND state = ?", state, person_id, expected) == 1


def set_password(tx: Transaction, person_id: str, password_hash: str, now: int) -> bool:
    """Put another password in place and forgive earlier failures; False when there is no such person."""
    changed = tx.run(
        "UPDATE people SET password_hash = ?, password_at = ?, failures = 0, locked_until = 0 WHERE id = ?",
        password_hash,
        now,
        person_id,
    )
    return changed == 1


def set_totp(tx: Transaction, person_id: str, sealed: str | None) -> bool:
    """Put a sealed authenticator secret in place, or take it away."""
    return tx.run("UPDATE people SET totp_sealed = ?, totp_step = 0 WHERE id = ?", sealed, person_id) == 1


def spend_totp_step(tx: Transaction, person_id: str, step: int) -> bool:
    """Use up the time step of a one-time code; False when it, or a later one, was used before."""
    return tx.run("UPDATE people SET totp_step = ? WHERE id = ? AND totp_step < ?", step, person_id, step) == 1


def set_groups(tx: Transaction, person_id: str, groups: tuple[str, ...]) -> None:
    """Put the person into exactly these groups."""
    tx.run("DELETE FROM memberships WHERE person = ?", person_id)
    for name in groups:
        tx.run("INSERT INTO memberships (person, name) VALUES (?, ?)", person_id, name)


def note_success(tx: Transaction, person_id: str, now: int) -> None:
    """Note a sign-in and forgive earlier failures."""
    tx.run("UPDATE people SET failures = 0, locked_until = 0, seen_at = ? WHERE id = ?", now, person_id)


def note_failure(tx: Transaction, person_id: str) -> int:
    """Count a failed sign-in and say how many there were in a row."""
    row = tx.row("UPDATE people SET failures = failures + 1 WHERE id = ? RETURNING failures", person_id)
    return 0 if row is None else int(row[0])


def lock_out(tx: Transaction, person_id: str, until: int) -> None:
    """Refuse this person's sign-ins until that instant."""
    tx.run("UPDATE people SET locked_until = ? WHERE id = ?", until, person_id)


def _one(snapshot: Snapshot, row: Row | None) -> Person | None:
    if row is None:
        return None
    groups = snapshot.rows("SELECT name FROM memberships WHERE person = ? ORDER BY name", row[0])
    return _person(row, tuple(name for (name,) in groups))


def _person(row: Row, groups: tuple[str, ...]) -> Person:
    fields = dict(zip(Person.__struct_fields__, row, strict=False))
    fields["role"] = Role(fields["role"])
    return Person(**fields, groups=groups)


def _values(person: Person) -> list[object]:
    return [person.role.value if name == "role" else getattr(person, name) for name in _COLUMNS.split(", ")]
