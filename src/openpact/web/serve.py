"""Serves the people's door on its two listeners: the network's and the machine's own socket.

Rules of this file:
- At the socket the kernel's word about the other end goes with every request, and nothing a client sends can set it.
- A stop signal ends the listening, lets running requests finish for a while, and returns: the caller closes the rest.
"""

import asyncio
import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from openpact.adapters import peer
from openpact.domain import errors

_GRACE_SECONDS = 10


class _KnownPeer(HttpToolsProtocol):
    """The HTTP protocol, with the kernel's word about the other end of the machine's own socket."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        connection = transport.get_extra_info("socket")
        if connection.family == socket.AF_UNIX:
            try:
                self.app_state = {**self.app_state, "peer": peer.of_socket(connection)}
            except OSError:
                transport.close()  # an end that the kernel does not know is not served
                return
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """uvicorn, without its habit of raising the stop signal again before the caller can close."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


async def serve(app: ASGIApp, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
    """Serve until a stop signal comes."""
    settings: dict[str, Any] = {
        "http": _KnownPeer,
        "ws": "none",
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,  # nobody's X-Forwarded-For is believed
        "timeout_graceful_shutdown": _GRACE_SECONDS,
        "timeout_keep_alive": 30,
        "limit_concurrency": 500,
        "h11_max_incomplete_event_size": 65_536,
    }
    await _Server(uvicorn.Config(app, **settings), ready).serve(sockets=sockets)


def listen_on_network(host: str, port: int) -> socket.socket:
    """Open the network's listener. Raises PortInUse, Invalid."""
    try:
        family, kind, number, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as fault:
        raise _no_address(host) from fault
    listener = socket.socket(family, kind, number)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as fault:
        listener.close()
        if fault.errno == errno.EADDRNOTAVAIL:
            raise _no_address(host) from fault
        raise errors.PortInUse(
            f"OpenPact cannot listen on {host}:{port}: {fault.strerror}.",
            hint=f"Choose another port with --port, or stop what listens there: `ss -ltnp sport = :{port}` shows it.",
        ) from fault
    listener.listen(2048)
    listener.setblocking(False)  # noqa: FBT003 - the library's name
    return listener


def _no_address(host: str) -> errors.ConfigInvalid:
    hint = "Use 127.0.0.1, or an address of an interface."
    return errors.ConfigInvalid(f"server.host {host!r} is no address of this machine.", hint=hint)


def listen_at(path: Path) -> socket.socket:
    """Open the machine's own socket, for its owner alone. The workspace is locked: what lies there is a dead one."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)  # it never exists, not for a moment, with wider modes
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
    except OSError as fault:
        listener.close()
        raise errors.WorkspaceUnusable(
            f"The socket {path} cannot be made: {fault.strerror}.", hint="Check who owns its folder."
        ) from fault
    finally:
        os.umask(before)
    listener.listen(128)
    listener.setblocking(False)  # noqa: FBT003 - the library's name
    return listener
