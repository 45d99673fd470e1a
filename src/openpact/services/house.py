"""Every service of one process, as the doors see them; app.py builds it."""

from dataclasses import dataclass

from openpact.adapters.store import Store
from openpact.services.audit import Audit
from openpact.services.ledger import Ledger
from openpact.services.live import Live
from openpact.services.people import People
from openpact.services.runs import Runs
from openpact.services.secrets import Secrets
from openpact.services.setup import Setup
from openpact.services.sign_in import SignIn
from openpact.services.status import Status
from openpact.services.tokens import Tokens
from openpact.services.unlocks import Unlocks


@dataclass(frozen=True)
class House:
    """The services of one process."""

    store: Store
    ledger: Ledger
    audit: Audit
    people: People
    setup: Setup
    sign_in: SignIn
    tokens: Tokens
    secrets: Secrets
    runs: Runs
    live: Live
    unlocks: Unlocks
    status: Status
    separated: bool  # the AI runs as another user of the operating system
    engine_uid: int | None  # that user: never served at the people's door
