"""What a worker is for: a request in, one last message out.

Rules of this file:
- `warm` runs before the locks and touches everything that would read a file or import a module later: behind the
  locks the first attempt ends the worker. `settle` runs behind them, before the worker reads its request.
- `answer` never raises for what a script does: a script's fault is an answer.
"""

import unicodedata  # noqa: F401 - CPython imports it for the first letter beyond ASCII, wherever that comes from
import warnings
from typing import Any

from openpact.adapters.sandbox.inside import rehearsal
from openpact.adapters.sandbox.inside.dialect import Language
from openpact.adapters.sandbox.inside.evaluation import Evaluation, Hidden
from openpact.adapters.sandbox.inside.failure import Failed
from openpact.adapters.sandbox.inside.host import Host
from openpact.adapters.sandbox.inside.outline import outline
from openpact.adapters.sandbox.inside.world import World

_FILES_OF_A_WORKER = 2  # what it settles with, and the script
_languages: list[Language] = []


def warm() -> None:
    """Make the language ready, and go once through all that a script can do."""
    warnings.simplefilter("ignore")  # to show one, Python would read the source it is about from a file
    for request in rehearsal.REQUESTS:
        answer(request, rehearsal.Stand())
    hidden = Hidden.beside("")
    _language().prepare(hidden.shift, hidden.finish, _FILES_OF_A_WORKER)


def settle() -> None:
    """Run something small in the worker itself: a script then finds memory that this process has its own copy of."""
    answer(rehearsal.SMALL, rehearsal.Stand())


def answer(request: dict[str, Any], host: Host) -> dict[str, Any]:
    """Answer the one request of a worker."""
    if request["t"] == "check":
        return {"t": "checked", "outline": outline(_language(), request["name"], request["source"])}
    world = World(host, request["limits"])
    try:
        evaluation = Evaluation(_language(), world, request["name"])
        result = evaluation.run(request["source"], request.get("function"), request.get("args"))
        last: dict[str, Any] = {"t": "done", "result": result}
    except Failed as failed:
        last = failed.failure
    return {**last, "steps": world.steps, "peak": world.peak}


def _language() -> Language:
    if not _languages:
        _languages.append(Language())
    return _languages[0]
