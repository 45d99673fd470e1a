"""What a script may use: the secrets, hosts, methods and tools that a reviewer saw, and nothing else.

Rules of this file:
- What is neither declared nor inferred is refused, and the refusal names the line that would declare it.
- An inferred host is one that the source names in full. It may be asked; a secret goes there only where the text that
  names it feeds an `http` call, so that a URL in an unrelated string does not widen where a secret may go.
- A refusal repeats what the script asked for, shortened, with what does not show as escapes: it is read by people.
"""

import msgspec

from openpact.domain.destination import DEFAULT_PORTS, Destination, HostRule
from openpact.domain.logfmt import visible
from openpact.domain.metadata import DEFAULT_METHODS, METHODS, Metadata
from openpact.domain.run import Code, Denied

_SHOWN = 100  # characters of what a script asked for


class InferredHost(msgspec.Struct, frozen=True):
    """A host that the source names in a string: where it stands, and whether that string feeds an `http` call."""

    place: Destination
    line: int
    column: int
    feeds: bool

    @property
    def rule(self) -> HostRule:
        """The host as a rule that fits this one place alone."""
        place = self.place
        port = None if place.port == DEFAULT_PORTS[place.scheme] else place.port
        return HostRule(place.host, port=port, scheme=place.scheme)


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """All that one script may use; with nothing given, nothing."""

    secrets: tuple[str, ...] = ()
    hosts: tuple[HostRule, ...] = ()
    methods: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    inferred: tuple[InferredHost, ...] = ()

    def allows_secret(self, name: str) -> bool:
        """Say whether the script may use the secret."""
        return name in self.secrets

    def allows_host(self, place: Destination) -> bool:
        """Say whether the script may send requests there."""
        return any(rule.matches(place) for rule in (*self.hosts, *(each.rule for each in self.inferred)))

    def allows_method(self, method: str) -> bool:
        """Say whether the script may send requests of this method."""
        return method in self.methods

    def allows_tool(self, name: str) -> bool:
        """Say whether the script may call the tool."""
        return name in self.tools

    def secret_reach(self) -> tuple[HostRule, ...]:
        """Give the hosts that a secret may go to, as far as the script has a say."""
        return tuple(dict.fromkeys((*self.hosts, *(each.rule for each in self.inferred if each.feeds))))

    @property
    def empty(self) -> bool:
        """Say whether nothing beyond computing is asked for; methods alone reach nowhere."""
        return not (self.secrets or self.hosts or self.tools or self.inferred)


def granted(metadata: Metadata, inferred: tuple[InferredHost, ...] = ()) -> Capabilities:
    """Give what a script with this metadata may use; pass no inferred hosts where none may be inferred."""
    return Capabilities(
        secrets=metadata.secrets,
        hosts=metadata.hosts,
        methods=metadata.methods,
        tools=metadata.tools,
        inferred=inferred,
    )


def denied_secret(name: str) -> Denied:
    """Refuse a secret that is not declared."""
    return _denied(f"The script does not declare the secret {_shown(name)}.", "secrets", name)


def denied_host(place: Destination) -> Denied:
    """Refuse a host that is neither declared nor inferred."""
    declaration = place.origin.removeprefix("https://")  # a rule without a scheme covers https
    return _denied(f"The script does not declare the host {place.origin}.", "hosts", declaration)


def denied_secret_host(name: str, place: Destination) -> Denied:
    """Refuse to send a secret to a host that the script may ask, but that no `http` call names."""
    return _denied(
        f"The secret {_shown(name)} does not go to {place.origin}, which the script does not declare.",
        "hosts",
        place.origin.removeprefix("https://"),
    )


def denied_method(method: str, declared: tuple[str, ...] = DEFAULT_METHODS) -> Denied:
    """Refuse a method that is not among the declared ones, which a new line must repeat: it replaces the default."""
    if method not in METHODS:
        return Denied(
            Code.CAPABILITY_DENIED, f"{_shown(method)} is no method of http.", f"There are: {', '.join(METHODS)}."
        )
    return _denied(f"The script does not declare the method {method}.", "methods", ", ".join((*declared, method)))


def denied_tool(name: str) -> Denied:
    """Refuse a tool that is not declared."""
    return _denied(f"The script does not declare the tool {_shown(name)}.", "tools", name)


def _denied(message: str, key: str, value: str) -> Denied:
    return Denied(Code.CAPABILITY_DENIED, message, f"Declare it: # @{key}: {_shown(value)}")


def _shown(text: str) -> str:
    return visible(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
