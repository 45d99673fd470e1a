"""Everything in the store that the master key has sealed: secrets, and people's authenticators.

Rules of this file:
- What is held stays as it was read until the commit: nobody seals anything beside it. (Who enrols an authenticator has
  their own row read for sharing since they were authorised, before they seal.)
- A sealed text is replaced by the same thing sealed anew, and nothing else of its row changes.
"""

import msgspec

from openpact.adapters.store import secrets
from openpact.adapters.store.transaction import Transaction

OF_SECRET, OF_TOTP = "secret/", "totp/"  # what begins each purpose


class Sealed(msgspec.Struct, frozen=True):
    """One sealed text and what it is for."""

    purpose: str
    text: str


def hold_everything(tx: Transaction) -> list[Sealed]:
    """Give every sealed text, and let nobody seal another until the commit."""
    secrets.advance(tx, "*")
    people = tx.rows(f"SELECT id, totp_sealed FROM people ORDER BY id{tx.hold}")
    found = [Sealed(OF_TOTP + row[0], row[1]) for row in people if row[1] is not None]
    kept = tx.rows(f"SELECT name, sealed FROM secrets ORDER BY name{tx.hold}")
    return found + [Sealed(OF_SECRET + row[0], row[1]) for row in kept]


def replace(tx: Transaction, sealed: Sealed, text: str) -> None:
    """Put the same thing in its place, sealed anew."""
    if sealed.purpose.startswith(OF_TOTP):
        tx.run("UPDATE people SET totp_sealed = ? WHERE id = ?", text, sealed.purpose.removeprefix(OF_TOTP))
    else:
        tx.run("UPDATE secrets SET sealed = ? WHERE name = ?", text, sealed.purpose.removeprefix(OF_SECRET))
