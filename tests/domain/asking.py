"""A run with one secret, and the requests that it asks for."""

import os
from typing import Any

import pytest

from openpact.domain.destination import read_rule
from openpact.domain.outgoing import Misplaced, Placed, Request
from openpact.domain.placing import place
from openpact.domain.sealed import Vault
from openpact.domain.secret import EVERYWHERE, Grant, Place, reach

VALUE = "sk_live_9f8/Zq+Lm==\"&%7Ex<'é"
URL = "https://api.example.com/v1"
HOSTS = (read_rule("api.example.com"),)


class Run:
    """One run with one secret, and what it asks for."""

    def __init__(
        self, value: str = VALUE, places: frozenset[Place] = EVERYWHERE, grant: Grant | None = None, host: str = ""
    ) -> None:
        self.vault = Vault(os.urandom)
        declared = (read_rule(host),) if host else HOSTS
        self.token = self.vault.seal("KEY", value, reach(declared, grant), places)

    def ask(self, url: str = URL, method: str = "GET", **given: Any) -> Placed:
        return place(self.vault, Request(method=method, url=url, **given))

    def refused(self, url: str = URL, method: str = "GET", **given: Any) -> Misplaced:
        with pytest.raises(Misplaced) as refusal:
            self.ask(url, method, **given)
        shown = f"{refusal.value} {refusal.value.message} {refusal.value.hint}"
        assert self.token not in shown
        assert VALUE not in shown
        return refusal.value

    def derived(self, op: str, *inputs: str, **options: str) -> str:
        return self.vault.derive(op, inputs, options)
