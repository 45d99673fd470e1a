"""How often a proof may be tried: counted before it is looked at, where every daemon counts.

Rules of this file:
- The count is durable: a daemon that is killed between two guesses does not forget the first.
"""

from openpact.adapters.store import Durability, throttles
from openpact.domain import errors, instant
from openpact.services.ledger import Ledger

A_MINUTE = 5


def count(ledger: Ledger, name: str, limit: int = A_MINUTE) -> None:
    """Count one try under this name. Raises LimitExceeded when the minute has had its tries."""
    now = ledger.now()
    free_at = ledger.keep(lambda tx: throttles.take(tx, name, now, instant.MINUTE, limit), Durability.FULL)
    if free_at is not None:
        raise errors.LimitExceeded(
            f"More than {limit} tries in a minute.",
            retry_after=(free_at - now) / instant.SECOND,
            hint="Wait a minute, then try again.",
        )
