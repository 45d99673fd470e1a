"""What a daemon does by itself, beside answering: it says that it lives, seals the record, marks what was left open.

Rules of this file:
- What only one daemon may do is done by the one that holds the lease; when it dies another takes over.
- A store that does not answer is no reason to stop: the next turn tries again, and every act refuses meanwhile.
"""

import structlog

from openpact.adapters.store import Durability, leases, throttles
from openpact.domain import errors, instant
from openpact.services.audit import Audit
from openpact.services.ledger import LEASE_SECONDS, Ledger

LIVE_EVERY = 10 * instant.SECOND
RECOVER_EVERY = 30 * instant.SECOND
FORGET_EVERY = instant.HOUR
_LEASE = "job/care"

_log = structlog.get_logger("openpact.care")


class Care:
    """The chores of one daemon; `turn` is called about once a second."""

    def __init__(self, ledger: Ledger, audit: Audit, *, checkpoint_events: int, checkpoint_seconds: int) -> None:
        self._ledger = ledger
        self._audit = audit
        self._checkpoint_events = checkpoint_events
        self._checkpoint_every = checkpoint_seconds * instant.SECOND
        self._chosen = False
        self._lived_at = self._recovered_at = self._forgot_at = 0
        self._sealed_at = ledger.now()

    def turn(self) -> None:
        """Do what is due."""
        try:
            self._turn(self._ledger.now())
        except (errors.Unavailable, errors.OutcomeUnknown) as fault:
            if isinstance(fault, errors.StoreCorrupt):
                _log.error("the record is not sealed any more", problem=fault.message, remedy=fault.hint)
            else:
                _log.warning("chores wait for the store", reason=fault.code)
        except Exception:  # noqa: BLE001 - one failing chore must not end the others: without them nothing is sealed
            _log.exception("a chore failed")

    def _turn(self, now: int) -> None:
        if _due(now, self._lived_at, LIVE_EVERY):
            self._ledger.live()
            self._chosen = self._take_lease(now)
            self._lived_at = now
        if not self._chosen:
            return
        if _due(now, self._recovered_at, RECOVER_EVERY):
            self._ledger.recover()
            self._recovered_at = now
        if _due(now, self._forgot_at, FORGET_EVERY):
            self._ledger.keep(lambda tx: throttles.forget(tx, now - FORGET_EVERY), Durability.NORMAL)
            self._forgot_at = now
        unsealed = self._audit.unsealed()
        if unsealed >= self._checkpoint_events or (unsealed and _due(now, self._sealed_at, self._checkpoint_every)):
            self._sealed_at = now  # also when it fails: what is broken is told once a while, not every second
            self._audit.seal()

    def _take_lease(self, now: int) -> bool:
        until = now + LEASE_SECONDS * instant.SECOND
        holder = self._ledger.holder
        return self._ledger.keep(lambda tx: leases.take(tx, _LEASE, holder, now, until)) is not None

    def close(self) -> None:
        """Let another daemon take over at once."""
        holder = self._ledger.holder
        self._ledger.keep(lambda tx: leases.give_back(tx, _LEASE, holder))


def _due(now: int, last: int, every: int) -> bool:
    # A clock that jumped back must not stop the chores until it has caught up.
    return now - last >= every or now < last
