"""Everything in the store that the master key has sealed: secrets, and people's authenticators.

Rules of this file:
- What is held stays as it was read until the commit: nobody seals anything beside it. (Who enrols an authenticator has
  their own row read for sharing since they were authorised, before they seal.)
- A sealed text is replaced by the same thing sealed anew, and nothing else of its row changes.
"""

import msgspec

from openpact.adapters.store import secrets
from openpact.adapters.store.transaction import Transaction

OF_TOTP = "totp/"  # what begins the purpose of an authenticator; that of a secret begins with `secret/`


class Sealed(msgspec.Struct, frozen=True):
    """One sealed text and what it is for."""

    purpose: str
    text: str

    @property
    def whose(self) -> str:
        """The name of the secret, or the person whose authenticator it is."""
        return self.purpose.split("/")[1]


def hold_everything(tx: Transaction) -> list[Sealed]:
    """Give every sealed text, and let nobody seal another until the commit."""
    secrets.advance(tx, "*")
    people = tx.rows(f"SELECT id, totp_sealed FROM people ORDER BY id{tx.hold}")
    found = [Sealed(OF_TOTP + row[0], row[1]) for row in people if row[1] is not None]
    return found + [Sealed(kept.purpose, kept.sealed) for kept in secrets.hold_everything(tx)]


def replace(tx: Transaction, sealed: Sealed, text: str) -> None:
    """Put the same thing in its place, sealed anew."""
    if sealed.purpose.startswith(OF_TOTP):
        tx.run("UPDATE people SET totp_sealed = ? WHERE id = ?", text, sealed.whose)
    else:
        secrets.reseal(tx, sealed.whose, text)
