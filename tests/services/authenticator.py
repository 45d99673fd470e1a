"""An authenticator app for tests: enrolled like a real one, and it shows the code of the test's clock."""

from datetime import UTC, datetime

import pyotp

from openpact.domain import instant
from openpact.domain.principal import Principal
from tests.world import PASSWORD, World

STEP = 30


def code(world: World, secret: str, steps: int = 0) -> str:
    moment = datetime.fromtimestamp(world.clock.at // instant.SECOND + steps * STEP, UTC)
    return pyotp.TOTP(secret).at(moment)


def enrol(world: World, who: Principal) -> str:
    """Enrol an authenticator, and move on to a time step whose code is fresh."""
    secret = world.house.sign_in.enrol_totp(who, PASSWORD).secret
    world.house.sign_in.confirm_totp(who, code(world, secret), "req_1")
    world.clock.advance(seconds=STEP)
    return secret
