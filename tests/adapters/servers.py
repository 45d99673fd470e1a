"""Real servers for a test: they listen on a loopback address, keep what they were asked, and say what a test wants."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


class Asked(msgspec.Struct):
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    raw: bytes

    def path(self) -> str:
        return self.target.partition("?")[0]


Answer = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]
Tunnel = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Served:
    """A server that is listening."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[Asked] = []
        self.connections = 0
        self.tls_names: list[str | None] = []

    @property
    def paths(self) -> list[str]:
        return [asked.path() for asked in self.asked]


def says(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    """Always answer the same; an underscore in the name of a header stands for a hyphen."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def raw(answer: bytes) -> Answer:
    """Answer with these very bytes, and close."""

    async def write(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return write


def by_path(answers: dict[str, Answer]) -> Answer:
    """Answer each path in its own way, and every other with 404."""

    async def choose(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await answers.get(asked.path(), says(404))(asked, writer)

    return choose


@asynccontextmanager
async def serving(
    answer: Answer,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    tunnel: Tunnel | None = None,
) -> AsyncIterator[Served]:
    """Listen, and answer every connection once; with a tunnel, let that have what follows."""
    served = Served()
    under_way: set[asyncio.Task[None]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        try:
            asked = await read_request(reader)
            served.asked.append(asked)
            await answer(asked, writer)
            if tunnel is not None:
                await tunnel(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side gave up: the tests look at that from there
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(one(reader, writer))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: served.tls_names.append(name)
    server = await asyncio.start_server(accept, host, port, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body, head)


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of a test")])
        self.file = folder / "authority.pem"
        certificate = self._builder(self._name, self._key.public_key(), authority=True)
        self.file.write_bytes(certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(self, *hosts: str, trusted: bool = True) -> ssl.SSLContext:
        """Make a server's TLS with a certificate for these hosts; one that is not trusted has signed itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        builder = self._builder(name, key.public_key(), issuer=None if trusted else name)
        names: list[x509.GeneralName] = [_general_name(host) for host in hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        signed = builder.sign(self._key if trusted else key, hashes.SHA256())
        file = self._folder / f"{hosts[0].replace(':', '-')}-{trusted}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _builder(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        authority: bool = False,
        issuer: x509.Name | None = None,
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        day = dt.timedelta(days=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer or self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )
        if authority:
            return builder.add_extension(
                x509.KeyUsage(
                    digital_signature=False,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(key if issuer else self._key.public_key())
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return builder.add_extension(own, critical=False).add_extension(usage, critical=False)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


@asynccontextmanager
async def proxying(port: int) -> AsyncIterator[Served]:
    """Run a proxy that opens a tunnel to this port, whatever host it is asked for."""

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while part := await source.read(65_536):
            sink.write(part)
            await sink.drain()
        sink.close()

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(pump(reader, back), pump(there, writer))
        finally:
            back.close()

    opened = raw(b"HTTP/1.1 200 Connection established\r\n\r\n")
    async with serving(opened, tunnel=tunnel) as served:
        yield served
