"""A whole OpenPact in one process for tests: real store, real ledger, real door, and a clock in the test's hand."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import argon2

from openpact.adapters import keyring, seal
from openpact.adapters.egress.door import Egress
from openpact.adapters.egress.settings import Settings as EgressSettings
from openpact.adapters.peer import Peer, Terminal
from openpact.adapters.sandbox.pool import Settings as PoolSettings
from openpact.adapters.store import Store, open_store
from openpact.adapters.store.people import Person
from openpact.domain import instant
from openpact.domain.audit import Event
from openpact.domain.principal import Kind, Principal, Role
from openpact.domain.run import Limits
from openpact.services import standing
from openpact.services.audit import Audit
from openpact.services.house import House
from openpact.services.ledger import Ledger
from openpact.services.live import Live
from openpact.services.passwords import Passwords
from openpact.services.people import People
from openpact.services.runs import Runs
from openpact.services.secret_sources import Given
from openpact.services.secrets import Secrets
from openpact.services.setup import Setup
from openpact.services.sign_in import SignIn
from openpact.services.status import Status
from openpact.services.tokens import Tokens
from openpact.services.unlocks import Unlocks
from openpact.web import app as web

START = instant.from_text("2026-02-05T10:30:00Z")
PASSWORD = "a heron crosses the quiet lake"  # fits every rule
LOCAL = Principal(kind=Kind.LOCAL, id="local/1000", name="local:test")
UNLOCK_MINUTES = 5
NONE_GIVEN: Mapping[str, Given] = {}


class Clock:
    """A clock that stands still until the test moves it."""

    def __init__(self, at: int = START) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Let time pass."""
        total = seconds + 60 * minutes + 3600 * hours + 86_400 * days
        self.at += round(total * instant.SECOND)


@dataclass
class World:
    """One OpenPact."""

    clock: Clock
    store: Store
    ledger: Ledger
    house: House
    folder: Path
    url: str
    told: list[Event] = field(default_factory=list)

    def person(self, name: str, role: Role = Role.VIEWER, groups: tuple[str, ...] = ()) -> Principal:
        """Add a person through the ledger and give who they are."""
        if self.house.setup.required():
            code = self.house.setup.open()
            assert code is not None
            founder = name if role is Role.ADMIN else "founder"
            made = self.house.setup.finish(LOCAL, code, founder, PASSWORD, PASSWORD)
            if founder == name:
                return standing.of_person(made)
        boss = self.house.people.get("founder") if self._has("founder") else self._some_admin()
        added = self.house.people.add(standing.of_person(boss), name, PASSWORD, role, groups)
        return standing.of_person(added)

    def events(self, **wanted: str) -> list[Event]:
        """Give the record, oldest first, or the events of it whose fields are as wanted."""
        with self.store.reading() as snapshot:
            from openpact.adapters.store import audit  # noqa: PLC0415 - beside its use

            found = list(audit.walk(snapshot))
        return [event for event in found if all(getattr(event, name) == value for name, value in wanted.items())]

    def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        *,
        peer: Peer | None = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> "Answer":
        """Ask the people's door: at the machine's own socket when a peer is given, over the network otherwise."""
        sent = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        return asyncio.run(_ask(self.house, method, target, sent, peer, headers or {}))

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _has(self, name: str) -> bool:
        return any(person.username == name for person in self.house.people.everyone())

    def _some_admin(self) -> Person:
        return next(person for person in self.house.people.everyone() if person.role is Role.ADMIN)


@dataclass
class Answer:
    """What the door answered."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        """The body as a document."""
        return json.loads(self.raw)


def open_world(
    url: str,
    folder: Path,
    *,
    engine_uid: int | None = None,
    separated: bool = False,
    given: Mapping[str, Given] = NONE_GIVEN,
    require_grants: bool = False,
    egress: Egress | None = None,
) -> World:
    """Open a whole OpenPact on this database."""
    (folder / "audit").mkdir(parents=True, exist_ok=True)
    clock, told = Clock(), list[Event]()
    store = open_store(url)
    ledger = Ledger(store, clock=clock, tell=told.append)
    sealer = seal.open_seal(folder / "audit")
    audit = Audit(store, ledger, sealer, lambda: seal.trust([folder / "audit" / "keys"]))
    passwords = Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))  # quick, still argon2id
    unlocks = Unlocks(UNLOCK_MINUTES * instant.MINUTE)
    keys = keyring.open_keyring(folder / "master.key")
    secrets = Secrets(store, ledger, keys, given, require_grants=require_grants)
    house = House(
        store=store,
        ledger=ledger,
        audit=audit,
        people=People(store, ledger, passwords, unlocks),
        setup=Setup(store, ledger, passwords, 24 * instant.HOUR),
        sign_in=SignIn(store, ledger, passwords, keys, "OpenPact"),
        tokens=Tokens(store, ledger),
        secrets=secrets,
        runs=Runs(PoolSettings(max_active=2), Limits(wall_ms=5_000)),
        live=Live(ledger, secrets, lambda: egress or Egress(EgressSettings()), full_urls=False),
        unlocks=unlocks,
        status=Status(store, ledger.now(), separated=separated, now=ledger.now),
        separated=separated,
        engine_uid=engine_uid,
    )
    return World(clock, store, ledger, house, folder, url, told)


def peer_at(terminal: int | None, *, uid: int | None = None) -> Peer:
    """Give a peer at the machine's own socket: of our account unless told otherwise, at the terminal of this number."""
    import os  # noqa: PLC0415 - beside its use

    who = os.geteuid() if uid is None else uid
    return Peer(who, 4242, None if terminal is None else Terminal(who, 34816 + terminal, 100, 200 + terminal, 999))


async def _ask(
    house: House, method: str, target: str, raw: bytes, peer: Peer | None, headers: dict[str, str]
) -> Answer:
    door = web.build(house)
    path, _, query = target.partition("?")
    given = {"content-type": "application/json", "content-length": str(len(raw)), **headers}
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},  # such a stream waits for no hang-up
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "client": None if peer else ("192.0.2.7", 50000),
        "server": ("127.0.0.1", 8080),
        "state": {} if peer is None else {"peer": peer},
    }
    got = Answer(0, {}, b"")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            got.status = message["status"]
            got.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            got.raw += message.get("body", b"")

    await door(scope, receive, send)
    return got
