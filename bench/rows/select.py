"""What reading costs: one row by its key through a snapshot, and with the bare client."""

from bench.frame import Row, median_of
from bench.lab import SHOWN, Lab, placeholders

_SQL = "SELECT id, username, role, state FROM people WHERE id = ?"


class Select(Row):
    """A select by key."""

    against = "the bare client, outside a transaction"

    def __init__(self, engine: str) -> None:
        self.name = f"select.{engine}"
        self.what = f"select by key in a snapshot of its own, {SHOWN[engine]}"
        self._engine = engine

    def open(self, lab: Lab) -> None:
        self._times = lab.times(2000)
        self._desk = lab.desk(self._engine)
        self._raw = lab.bare(self._desk.url)
        self._bare_sql = placeholders(self._desk.url, _SQL)

    def measure(self) -> float:
        return median_of(self._times, self._ours)

    def compare(self) -> float:
        return median_of(self._times, self._theirs)

    def _ours(self) -> None:
        with self._desk.store.reading() as snapshot:
            assert snapshot.row(_SQL, self._desk.person.id)

    def _theirs(self) -> None:
        assert self._raw.execute(self._bare_sql, (self._desk.person.id,)).fetchone()
