"""What the guarded way out costs: one request to a server on this machine, over TLS, beside the plain client.

Rules of this file:
- Both sides resolve the name, verify the certificate and read the whole answer; the server is in this process.
- The guarded way keeps no connection, by design. What that costs is a row of its own.
"""

import asyncio
import datetime as dt
import socket
import ssl
import statistics
import time
from collections.abc import Awaitable, Callable
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.frame import Row
from bench.lab import Lab
from openpact.adapters.egress.door import Egress
from openpact.adapters.egress.message import Outgoing
from openpact.adapters.egress.redirects import Hop
from openpact.adapters.egress.settings import Settings, tls_context

_BODY = b'{"answer":"' + b"x" * 1000 + b'"}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_BODY)


class Fetch(Row):
    """One request."""

    what = "one https request by the guarded way out to a local server"

    def __init__(self, variant: str) -> None:
        self.name = f"egress.{variant}"
        self._keeps = variant == "kept"
        connection = "over the connection that it keeps" if self._keeps else "over a new connection"
        self.against = f"plain aiohttp {connection}"

    def open(self, lab: Lab) -> None:
        self._times = lab.times(100)
        folder = lab.place()
        authority = _certificate(folder)
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        lab.keep(self._runner.close)
        server = self._runner.run(_serve(folder))
        lab.keep(server.close)
        self._url = f"https://localhost:{server.sockets[0].getsockname()[1]}/v1/things"
        self._egress = Egress(Settings(allow_private=(ip_network("127.0.0.0/8"),), ca_file=authority), _resolve)
        lab.keep(self._egress.close)
        self._runner.run(self._connect(authority))
        lab.keep(lambda: self._runner.run(self._session.close()))

    def measure(self) -> float:
        return self._runner.run(_median_of(self._times, self._ours))

    def compare(self) -> float:
        return self._runner.run(_median_of(self._times, self._theirs))

    async def _connect(self, authority: Path) -> None:
        connector = aiohttp.TCPConnector(
            family=socket.AF_INET,
            ssl=tls_context(authority),
            use_dns_cache=self._keeps,
            force_close=not self._keeps,
        )
        self._session = aiohttp.ClientSession(connector=connector)

    async def _ours(self) -> None:
        answer = await self._egress.fetch(Outgoing(method="GET", url=self._url), _stay, seconds=10)
        assert answer.body == _BODY

    async def _theirs(self) -> None:
        async with self._session.get(self._url) as response:
            assert await response.read() == _BODY


async def _median_of(times: int, call: Callable[[], Awaitable[None]]) -> float:
    spent = []
    for _ in range(times):
        began = time.perf_counter_ns()
        await call()
        spent.append(time.perf_counter_ns() - began)
    return statistics.median(spent) / 1000


def _resolve(host: str, port: int) -> list[str]:
    return [str(place[0]) for *_, place in socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)]


def _stay(hop: Hop) -> Outgoing:
    raise AssertionError(f"nothing redirects here, and yet: {hop.url}")


async def _serve(folder: Path) -> asyncio.Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(_HEAD + _BODY)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):  # the client has what it wanted
            writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)


def _certificate(folder: Path) -> Path:
    """Make a key and a certificate for `localhost` that has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"),
        False,
    )
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, encipher_only=False, decipher_only=False, **usage
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, plain, serialization.NoEncryption()))
    certificate = folder / "certificate.pem"
    certificate.write_bytes(signed.public_bytes(pem))
    return certificate
