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
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from openpact.adapters import peer
from openpact.domain import errors

_GRACE_SECONDS = 10
_HEAD_SECONDS = 10.0
_LARGEST_HEAD = 65_536
_MOST_CONNECTIONS = 500


class _KnownPeer(HttpToolsProtocol):
    """The HTTP protocol, with the kernel's word about the other end of the machine's own socket, and with bounds.

    A request's head has a size and a time: a stranger who sends it without end, or never, is hung up on.
    """

    _head_bytes = 0
    _in_head = True
    _hang_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        connection = transport.get_extra_info("socket")
        if connection.family == socket.AF_UNIX:
            try:
                self.app_state = {**self.app_state, "peer": peer.of_socket(connection)}
            except OSError:
                transport.close()  # an end that the kernel does not know is not served
                return
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > _LARGEST_HEAD:
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._hang_up is None:
            self._head_bytes = 0
            self._expect_head()

    def on_headers_complete(self) -> None:
        self._head_is_there()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._in_head = True
        self._hang_up = asyncio.get_running_loop().call_later(_HEAD_SECONDS, self.transport.close)

    def _head_is_there(self) -> None:
        self._in_head = False
        if self._hang_up is not None:
            self._hang_up.cancel()
            self._hang_up = None


class _Server(uvicorn.Server):
    """uvicorn, without its habit of raising the stop signal again before the caller can close."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], others: Sequence[uvicorn.Server]) -> None:
        super().__init__(config)
        self._ready = ready
        self._others = others

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        for other in self._others:
            other.handle_exit(sig, frame)

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


class _Second(uvicorn.Server):
    """A server that leaves the signals to the first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve(app: ASGIApp, network: socket.socket, local: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until a stop signal comes. Each listener has its own count: strangers cannot fill up the owner's."""
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
    }
    second = _Second(uvicorn.Config(app, **settings))
    first = _Server(uvicorn.Config(app, limit_concurrency=_MOST_CONNECTIONS, **settings), ready, [second])
    beside = asyncio.create_task(second.serve(sockets=[local]))
    try:
        await first.serve(sockets=[network])
    finally:
        second.should_exit = True
        await beside


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
