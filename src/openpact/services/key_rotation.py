"""Turning the master key: everything that it has sealed is sealed anew, in one transaction.

Rules of this file:
- All or nothing: what cannot be opened stops it before any key has turned, and is named.
- The key before is forgotten only after the commit. A process that dies on the way leaves both keys, and its next
  start ends what it began.
"""

import msgspec
import structlog

from openpact import faults
from openpact.adapters.keyring import Keyring
from openpact.adapters.store import sealed
from openpact.adapters.store.sealed import Sealed
from openpact.domain import errors
from openpact.domain.principal import SYSTEM, Action, Principal
from openpact.services.ledger import Act, Ledger

TARGET = "master-key"
_log = structlog.get_logger("openpact.secrets")


class Rotated(msgspec.Struct, frozen=True):
    """What a rotation did."""

    key_id: str
    resealed: int
    turned: bool  # False: the new key came from the environment, and the one before is to be taken away there


def rotate(ledger: Ledger, keys: Keyring, who: Principal, request: str | None = None) -> Rotated:
    """Turn the master key and seal everything anew. Raises KeyUnusable, IllegalMove, Forbidden."""

    def change(act: Act) -> int:
        opened = [(each, _opened(keys, each)) for each in sealed.hold_everything(act.tx)]
        keys.turn()
        return _reseal(act, keys, opened)

    resealed = ledger.act(who, Action.SECRET_ROTATE_KEY, TARGET, change, request_id=request)
    faults.point("key.resealed")
    keys.settle()
    return Rotated(keys.id, resealed, keys.turnable)


def finish(ledger: Ledger, keys: Keyring) -> None:
    """End what a process that died had begun: seal the rest with the new key, then forget the one before."""
    if not keys.turnable or not keys.unsettled:
        return

    def change(act: Act) -> int:
        return _reseal(act, keys, [(each, _opened(keys, each)) for each in sealed.hold_everything(act.tx)])

    try:
        ledger.act(SYSTEM, Action.SECRET_FINISH_ROTATION, TARGET, change)
    except errors.KeyUnusable as fault:
        # Both keys are kept, so nothing is worse than before: what does open goes on being served.
        _log.error("the turning of the master key cannot be finished", problem=fault.message, remedy=fault.hint)
        return
    keys.settle()


def _opened(keys: Keyring, each: Sealed) -> bytes:
    try:
        return keys.open(each.text, each.purpose)
    except errors.KeyUnusable as fault:
        what = f"the {'secret' if each.purpose.startswith('secret/') else 'authenticator of'} {each.whose}"
        raise errors.KeyUnusable(
            f"No key at hand opens {what}, so nothing was sealed anew.",
            hint="Put back the master key that belongs to it, or delete it first.",
        ) from fault


def _reseal(act: Act, keys: Keyring, opened: list[tuple[Sealed, bytes]]) -> int:
    done = 0
    for each, value in opened:
        if keys.is_current(each.text):
            continue
        sealed.replace(act.tx, each, keys.seal(value, each.purpose))
        done += 1
    act.details.update(key=keys.id, resealed=done)
    return done
