"""Answers what a running script asks of its host, one session for each run.

Rules of this file:
- The order is fixed: shape, capability, then secret and place, then the record, then the deed. What an earlier step
  refuses, no later one sees, and without a record there is no deed.
- A refusal ends the run: scripts cannot catch one, so none can be tried until it fits.
- What goes back to a script has been scrubbed of every secret's value; what goes on to people, of every token too.
- The deadline and the worker's death cancel whatever is under way here (adapters/sandbox/pool.py).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from openpact.domain import capability, errors, secret
from openpact.domain.capability import Capabilities
from openpact.domain.redaction import Redactor
from openpact.domain.run import Code, Denied, Exchange, Limits
from openpact.domain.sealed import Vault
from openpact.domain.secret import Mode
from openpact.services.aside import aside
from openpact.services.ports import Ports
from openpact.services.script_requests import Asked, Requests

T = TypeVar("T")

_LONGEST_SLEEP = 5.0
_COMPUTED_HERE = 4_096  # characters of a computation; values that are put in and parsed may make it many times as long


class Session:
    """One run's host."""

    def __init__(
        self,
        script: str,
        capabilities: Capabilities,
        limits: Limits,
        ports: Ports,
        *,
        chance: Callable[[int], bytes],
    ) -> None:
        self.script = script
        self.logs: list[str] = []
        self.closure: dict[str, str] = {}  # path → hash of what was loaded
        self._capabilities = capabilities
        self._ports = ports
        self._vault = Vault(chance)
        self._given: dict[str, str] = {}  # what this run has been given for each name
        self._plain: dict[str, str] = {}  # values that the script itself holds
        self._held = Redactor.of(())
        self._searched = (0, 0)  # how many of the sealed and of the plain values that one searches for
        self._requests = Requests(capabilities, limits, ports.web, ports.record, self._vault, full_urls=ports.full_urls)
        self._operations: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[object]]] = {
            "http": self._http,
            "sleep": self._sleep,
            "secrets.get": self._secret,
            "secrets.list": self._secret_names,
            "secrets.has": self._has_secret,
            "derive": self._derive,
            "tools": self._tool,
            "load": self._load,
        }

    @property
    def secrets_used(self) -> list[str]:
        """The secrets that the run was given, by name."""
        return sorted(self._given)

    @property
    def exchanges(self) -> list[Exchange]:
        """The requests that the run sent."""
        return self._requests.exchanges

    async def call(self, op: str, given: Mapping[str, Any]) -> object:
        """Answer one question of the script. Raises Denied."""
        operation = self._operations.get(op)
        if operation is None:
            raise Denied(Code.SANDBOX_VIOLATION, f"A script asks nothing that is called {op[:40]!r}.")
        try:
            return await operation(given)
        except errors.SecretNotGranted as error:
            raise Denied(Code.SECRET_NOT_GRANTED, error.message, error.hint) from error
        except errors.OpenPactError as error:  # the store is away, the record cannot be written: then no deed either
            raise Denied(Code.SCRIPT_ERROR, error.message, error.hint) from error

    def log(self, line: str) -> None:
        """Keep a line that the script printed."""
        self.logs.append(line)

    @property
    def hosts(self) -> list[str]:
        """The places that the run asked."""
        return list(self._requests.hosts)

    async def redaction(self) -> "Redaction":
        """Give what takes every secret out of a text: those of the house, and what this run holds of them."""
        everything = await self._ports.secrets.redactor()
        sealed, plain = self._vault.contents(self._searched[0]), list(self._plain.items())[self._searched[1] :]
        if sealed or plain:
            secrets = [(one.label, one.value) for one in sealed if not one.made_by] + plain
            computed = [(one.label, one.value) for one in sealed if one.made_by]
            self._held = await aside(self._held.more, secrets, computed)
            self._searched = (self._searched[0] + len(sealed), self._searched[1] + len(plain))
        return Redaction(everything.beside(self._held), self._vault)

    async def _http(self, given: Mapping[str, Any]) -> object:
        asked = _shaped(given, Asked)
        redaction = await self.redaction()
        return await self._requests.send(asked, redaction.text)

    async def _sleep(self, given: Mapping[str, Any]) -> None:
        seconds = given.get("seconds")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= _LONGEST_SLEEP:
            raise Denied(
                Code.SCRIPT_ERROR, f"time.sleep takes 0 to {_LONGEST_SLEEP:g} seconds.", "Sleep several times."
            )
        await asyncio.sleep(seconds)

    async def _secret(self, given: Mapping[str, Any]) -> str:
        name = _text(given, "name")
        if not self._capabilities.allows_secret(name):
            raise capability.denied_secret(name)
        if name in self._given:
            return self._given[name]
        opened = await self._ports.secrets.open(name, self.script)
        if opened is None:
            return ""
        await self._ports.record.opened(name, {"script": self.script, "mode": opened.mode.value})
        if opened.mode is Mode.PLAIN:
            self._plain[name] = opened.value
            self._requests.watch(opened, self._capabilities.secret_reach())
            self._given[name] = opened.value
        else:
            grant = opened.grant
            places = secret.EVERYWHERE if grant is None else grant.places
            reach = secret.reach(self._capabilities.secret_reach(), grant)
            self._given[name] = self._vault.seal(name, opened.value, reach, places)
        return self._given[name]

    async def _secret_names(self, given: Mapping[str, Any]) -> list[str]:
        del given
        return [name for name in self._capabilities.secrets if await self._ports.secrets.has(name)]

    async def _has_secret(self, given: Mapping[str, Any]) -> bool:
        name = _text(given, "name")
        return self._capabilities.allows_secret(name) and await self._ports.secrets.has(name)

    async def _derive(self, given: Mapping[str, Any]) -> str:
        asked = _shaped(given, _Derive)
        size = sum(map(len, (*asked.inputs, *asked.options.values())))
        if size <= _COMPUTED_HERE:
            return self._vault.derive(asked.op, asked.inputs, asked.options)
        return await aside(self._vault.derive, asked.op, asked.inputs, asked.options)

    async def _tool(self, given: Mapping[str, Any]) -> str:
        name, arguments = _text(given, "name"), _text(given, "arguments")
        if not self._capabilities.allows_tool(name):
            raise capability.denied_tool(name)
        if self._vault.has(arguments):
            raise Denied(Code.SCRIPT_ERROR, "A secret cannot go into the arguments of a tool.", "Send it with http.")
        result = await self._ports.tools.call(name, arguments)
        return (await self.redaction()).json(result)

    async def _load(self, given: Mapping[str, Any]) -> dict[str, str]:
        loaded = await self._ports.load(_text(given, "path"))
        self.closure[loaded.path] = loaded.sha256
        return {"path": loaded.path, "source": loaded.source, "sha256": loaded.sha256}


class Redaction:
    """What makes the texts of one run fit for people: no value, no token."""

    def __init__(self, redactor: Redactor, vault: Vault) -> None:
        self._redactor = redactor
        self._vault = vault

    def text(self, text: str) -> str:
        """Give the text as people may read it."""
        return self._vault.redact(self._redactor.scrub(text))

    def json(self, text: str) -> str:
        """Give JSON text as people may read it; it stays JSON."""
        return self._vault.redact(self._redactor.scrub_json(text))


class _Derive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    op: str
    inputs: list[str]
    options: dict[str, str] = {}


def _shaped(given: Mapping[str, Any], shape: type[T]) -> T:
    try:
        return msgspec.convert(given, shape)
    except msgspec.ValidationError as fault:
        # The prelude checks what a script writes, so this came past it.
        raise Denied(Code.SANDBOX_VIOLATION, f"The sandbox sent what no script can: {fault}.") from fault


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise Denied(Code.SANDBOX_VIOLATION, f"The sandbox sent no {name}.")
    return value
