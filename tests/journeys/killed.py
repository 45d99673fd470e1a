"""The program that test_kill.py kills: acts and deeds on a real store, each told on stdout once it is acknowledged.

    python -m tests.journeys.killed URL FOLDER COUNT [POINT HIT]

Rules of this file:
- A line `act ID` or `effect ID` is written only after the ledger has answered: what stands there was promised.
- The change of each act is one parcel in the outbox, whose id is the target of the act's record.
"""

import asyncio
import sys
from pathlib import Path

from openpact import faults
from openpact.adapters.store import outbox
from openpact.domain.principal import Action, Principal
from openpact.services import standing
from openpact.services.ledger import Act
from tests.world import World, open_world

ACTION = Action.PERSON_REGROUP  # any act of an administrator would do
EFFECT = Action.PERSON_SET_ROLE
TOGETHER = 5


def main() -> None:
    url, folder, count, *fault = sys.argv[1:]
    world = open_world(url, Path(folder))
    world.ledger.live()
    boss = standing.of_person(world.house.people.get("founder"))
    if fault:
        faults.arm(fault[0], "crash", hit=int(fault[1]))
    asyncio.run(_work(world, boss, int(count)))
    world.close()
    tell("end", "-")


async def _work(world: World, boss: Principal, count: int) -> None:
    done = 0
    while done < count:
        tell("act", world.ledger.act(boss, ACTION, "parcel", pack))
        soon = [world.ledger.act_soon(boss, ACTION, "parcel", pack) for _ in range(TOGETHER)]
        for waiting in asyncio.as_completed(soon):
            tell("act", await waiting)
        done += 1 + TOGETHER
        if done % 10 == 0 or count - done < TOGETHER or done < 3 * TOGETHER:
            async with world.ledger.effect(boss, EFFECT, "parcel", pack) as effect:
                tell("begun", effect.id)
            tell("effect", effect.id)
            world.house.audit.seal()


def pack(act: Act) -> str:
    act.target = act.new_id("out")
    outbox.add(act.tx, act.target, "test", "{}", act.now)
    return act.target


def tell(what: str, name: str) -> None:
    sys.stdout.write(f"{what} {name}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
