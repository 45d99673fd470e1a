"""Secrets at rest: what is put is found again whole, and every change moves the generation that readers look at."""

import pytest

from openpact.adapters.store import Store, sealed, secrets
from openpact.adapters.store.engine import ConstraintBroken
from openpact.adapters.store.secrets import Kept
from openpact.domain.secret import EVERYWHERE, Grant, Mode, Place, read_grant
from tests.waiting import until


def kept(name: str = "API_KEY", sealed_text: str = "c2VhbGVk", grant: Grant | None = None, version: int = 1) -> Kept:
    return Kept(
        name=name,
        sealed=sealed_text,
        grant=grant or Grant(),
        mode=Mode.SEALED,
        short=False,
        version=version,
        created_at=1,
        updated_at=2,
        updated_by="alice",
        expires_at=None,
    )


@pytest.mark.parametrize(
    "grant",
    [
        Grant(),
        read_grant(hosts=(), scripts=()),
        read_grant(hosts=("api.example.com", "*.example.org:8443", "http://intranet"), scripts=("a*.star", "b")),
        read_grant(places=("header",)),
        read_grant(places=()),
    ],
)
def test_a_secret_is_found_as_it_was_put(store: Store, grant: Grant) -> None:
    store.write(lambda tx: secrets.put(tx, kept(grant=grant)))
    with store.reading() as snapshot:
        found = secrets.find(snapshot, "API_KEY")
        assert found == kept(grant=grant)
        assert secrets.everything(snapshot) == [found]
        assert secrets.find(snapshot, "API_KE") is None


def test_a_grant_without_places_allows_none_and_one_that_names_none_allows_all(store: Store) -> None:
    assert Grant().places == EVERYWHERE == frozenset(Place)
    store.write(lambda tx: secrets.put(tx, kept(grant=read_grant(places=()))))
    with store.reading() as snapshot:
        found = secrets.find(snapshot, "API_KEY")
    assert found is not None
    assert found.grant.places == frozenset()


def test_putting_again_replaces_all_but_the_moment_it_was_made(store: Store) -> None:
    store.write(lambda tx: secrets.put(tx, kept()))
    again = kept(sealed_text="other", version=7, grant=read_grant(hosts=("a.example",)))
    changed = Kept(**{name: getattr(again, name) for name in Kept.__struct_fields__} | {"created_at": 99})
    store.write(lambda tx: secrets.put(tx, changed))
    with store.reading() as snapshot:
        assert secrets.everything(snapshot) == [again]


def test_every_change_moves_the_generation_and_is_announced(store: Store) -> None:
    heard: list[tuple[str, str]] = []
    end = store.listen(lambda change: heard.append((change.topic, change.key)))
    with store.reading() as snapshot:
        before = secrets.generation(snapshot)
    assert store.write(lambda tx: secrets.advance(tx, "API_KEY")) == before + 1
    with store.reading() as snapshot:
        assert secrets.generation(snapshot) == before + 1
    until(lambda: ("secrets", "API_KEY") in heard)
    end()


def test_a_secret_is_deleted_once_and_its_uses_with_it(store: Store) -> None:
    store.write(lambda tx: secrets.put(tx, kept()))
    store.write(lambda tx: secrets.note_use(tx, "API_KEY", 5))
    store.write(lambda tx: secrets.note_use(tx, "API_KEY", 6))
    with store.reading() as snapshot:
        assert secrets.uses(snapshot) == {"API_KEY": 6}
    assert store.write(lambda tx: secrets.delete(tx, "API_KEY"))
    assert not store.write(lambda tx: secrets.delete(tx, "API_KEY"))
    with store.reading() as snapshot:
        assert (secrets.uses(snapshot), secrets.everything(snapshot)) == ({}, [])


@pytest.mark.parametrize("harm", ["mode = 'open'", "short = 2", "version = 0", "sealed = NULL"])
def test_what_makes_no_sense_is_refused_by_the_schema(store: Store, harm: str) -> None:
    store.write(lambda tx: secrets.put(tx, kept()))
    with pytest.raises(ConstraintBroken):
        store.write(lambda tx: tx.run(f"UPDATE secrets SET {harm}"))  # noqa: S608 - of this table here


@pytest.mark.promise("SCR-4.03")
def test_everything_sealed_is_found_and_replaced_where_it_stands(store: Store) -> None:
    for name in ("A_KEY", "B_KEY"):
        secret = kept(name=name, sealed_text=f"sealed {name}")
        store.write(lambda tx, secret=secret: secrets.put(tx, secret))  # type: ignore[misc]
    found = store.write(sealed.hold_everything)
    assert [(each.purpose.rpartition("/")[0], each.whose, each.text) for each in found] == [
        ("secret/A_KEY", "A_KEY", "sealed A_KEY"),
        ("secret/B_KEY", "B_KEY", "sealed B_KEY"),
    ]
    store.write(lambda tx: sealed.replace(tx, found[1], "anew"))
    assert [each.text for each in store.write(sealed.hold_everything)] == ["sealed A_KEY", "anew"]
