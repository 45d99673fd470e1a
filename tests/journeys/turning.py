"""The program that test_secrets.py kills while it turns the master key.

python -m tests.journeys.turning URL FOLDER POINT
"""

import sys
from pathlib import Path

from openpact import faults
from openpact.services import standing
from tests.world import open_world


def main() -> None:
    url, folder, point = sys.argv[1:]
    world = open_world(url, Path(folder))
    boss = standing.of_person(world.house.people.get("boss"))
    faults.arm(point, "crash")
    world.house.secrets.rotate_key(boss)
    sys.stdout.write("end\n")


if __name__ == "__main__":
    main()
