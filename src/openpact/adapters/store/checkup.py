"""Looks at a database without changing it: is it ours, can this version read it, is it whole."""

from openpact.adapters.store.engine import Engine
from openpact.adapters.store.migration import known
from openpact.domain import errors


def check(engine: Engine) -> int | None:
    """Give the number of the schema of a database that is whole, None for an empty one. Raises a Store… error."""
    connection = engine.connect(reading=True)
    try:
        if not engine.has_table(connection, "schema_migrations"):
            return None
        schema = int(connection.execute("SELECT max(number) FROM schema_migrations")[0][0] or 0)
        newest = known(engine.name)[-1].number
        if schema > newest:
            raise errors.StoreNewer(f"The database has schema {schema}, and this OpenPact knows up to {newest}.")
        if engine.name == "sqlite":
            said = connection.execute("PRAGMA quick_check(1)")
            if said != [("ok",)]:
                raise errors.StoreCorrupt(f"The database is damaged: {said[0][0]}.")
        return schema
    finally:
        connection.close()
