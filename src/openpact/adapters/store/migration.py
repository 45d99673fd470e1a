"""Brings a database to this version's schema: numbered files, forward only, each in one transaction under a lock.

Rules of this file:
- A database that a newer OpenPact wrote is refused: an older one could misread it.
- A migration that was applied in another form than the file now has is refused: the schema is not what it says.
- A SQLite file that holds somebody else's tables is refused.
"""

import hashlib
import secrets
from dataclasses import dataclass
from importlib import resources

from openpact.adapters.store.engine import Connection, Durability, Engine
from openpact.domain import errors

_LEDGER = """CREATE TABLE schema_migrations (
    number BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)"""


@dataclass(frozen=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    script: str

    @property
    def sha256(self) -> str:
        """The hash of what is run, so that a changed file is noticed."""
        return hashlib.sha256(self.script.encode()).hexdigest()


def known(engine_name: str) -> list[Migration]:
    """Give this version's migrations for the engine, in order."""
    folder = resources.files("openpact.adapters.store") / "migrations"
    texts = {entry.name: entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".sql")}
    found = []
    for name in sorted(texts):
        stem = name.removesuffix(".sql")
        if "." in stem:
            continue  # an engine's addition, read with its migration
        script = texts[name] + texts.get(f"{stem}.{engine_name}.sql", "")
        found.append(Migration(int(stem.split("_", 1)[0]), stem, script))
    return found


def migrate(engine: Engine, migrations: list[Migration] | None = None) -> int:
    """Bring the database to the last migration and give its number."""
    steps = known(engine.name) if migrations is None else migrations
    connection = engine.connect()
    try:
        connection.begin(Durability.FULL)
        try:
            engine.lock_for_migration(connection)
            _apply(engine, connection, steps)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
    finally:
        connection.close()
    return steps[-1].number


def _apply(engine: Engine, connection: Connection, steps: list[Migration]) -> None:
    if not engine.has_table(connection, "schema_migrations"):
        if not engine.is_empty(connection):
            raise errors.StoreUnavailable(
                "The database belongs to another program: it has tables, and none of them is ours.",
                hint="Let store.url name a file or a database of its own for OpenPact.",
            )
        connection.execute(_LEDGER)
    applied: dict[int, str] = dict(connection.execute("SELECT number, sha256 FROM schema_migrations"))
    newest, ours = max(applied, default=0), steps[-1].number
    if newest > ours:
        raise errors.StoreNewer(f"The database has schema {newest}, and this OpenPact knows schemas up to {ours}.")
    for step in steps:
        if step.number in applied:
            if applied[step.number] != step.sha256:
                raise errors.StoreUnavailable(
                    f"Schema {step.number} of the database was made by another text than this OpenPact's {step.name}.",
                    hint="Run the OpenPact version that made this database, or put back a backup.",
                )
            continue
        engine.run_script(connection, step.script)
        at = engine.now()
        if step.number == 1:
            store_id = secrets.token_hex(16)
            connection.execute("INSERT INTO store_identity (one, id, created_at) VALUES (1, ?, ?)", (store_id, at))
        connection.execute(
            "INSERT INTO schema_migrations (number, name, sha256, applied_at) VALUES (?, ?, ?, ?)",
            (step.number, step.name, step.sha256, at),
        )
