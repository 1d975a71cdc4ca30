"""What the network is compared with: the same bytes between two Python processes, by asyncio over TLS 1.3.

``python -m tests.benchmarks.tls FOLDER`` is the other process.  A connection carries requests one after the other:

    put   b"P", length (8 bytes), content     answered by b"."
    get   b"G", length (8 bytes)              answered by so many bytes

Both hold little more than one piece in memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PIECE_BYTES = 1 << 16  # the fastest of 64 KiB to 1 MiB here
LENGTH_BYTES = 8
BUFFER_BYTES = 1 << 18
START_S_MAX = 30.0
COPY_S_MAX = 120.0
ADDRESS = "127.0.99.1"
Work = Callable[[Sequence[bytes], asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class TlsCopy:
    """The client's side: some connections that stay open.  A copy is a list of pieces."""

    def __init__(self, connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
        self._connections = connections

    async def put(self, copies: Sequence[Sequence[bytes]]) -> float:
        """Seconds for giving all copies to the other process, shared out among the connections."""
        return await self._all(copies, _put)

    async def get(self, copies: Sequence[Sequence[bytes]]) -> float:
        """Seconds for fetching copies of the same lengths from the other process."""
        return await self._all(copies, _get)

    async def _all(self, copies: Sequence[Sequence[bytes]], one: Work) -> float:
        left = iter(copies)

        async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for copy in left:
                await one(copy, reader, writer)

        started_s = time.perf_counter()
        async with asyncio.timeout(COPY_S_MAX):
            await asyncio.gather(*(work(*connection) for connection in self._connections))
        return time.perf_counter() - started_s


async def _put(copy: Sequence[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"P" + sum(map(len, copy)).to_bytes(LENGTH_BYTES, "big"))
    for piece in copy:
        for start in range(0, len(piece), PIECE_BYTES):
            writer.write(piece[start : start + PIECE_BYTES])
            await writer.drain()
    assert await reader.readexactly(1) == b"."


async def _get(copy: Sequence[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"G" + sum(map(len, copy)).to_bytes(LENGTH_BYTES, "big"))
    for piece in copy:
        for start in range(0, len(piece), PIECE_BYTES):
            await reader.readexactly(min(PIECE_BYTES, len(piece) - start))


@contextlib.asynccontextmanager
async def tls_copy(folder: Path, connections: int) -> AsyncIterator[TlsCopy]:
    """Start the other process and connect to it; it is ended afterwards."""
    certificate = folder / "certificate.pem"
    await asyncio.to_thread(_write_certificate, folder)
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.tls", str(folder), stdout=asyncio.subprocess.PIPE
    )
    opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    try:
        assert other.stdout is not None
        async with asyncio.timeout(START_S_MAX):
            port = int(await other.stdout.readline())
            context = ssl.create_default_context(cafile=str(certificate))
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            opened.extend(
                [
                    await asyncio.open_connection(ADDRESS, port, ssl=context, limit=BUFFER_BYTES)
                    for _ in range(connections)
                ]
            )
        yield TlsCopy(opened)
    finally:
        for _, writer in opened:
            writer.transport.abort()
        with contextlib.suppress(ProcessLookupError):
            other.kill()
        await other.wait()


async def _serve(folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    server = await asyncio.start_server(_answer, ADDRESS, 0, ssl=context, limit=BUFFER_BYTES)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    content = os.urandom(PIECE_BYTES)
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readexactly(1 + LENGTH_BYTES)
            left = int.from_bytes(head[1:], "big")
            while left:
                length = min(left, PIECE_BYTES)
                if head[:1] == b"P":
                    await reader.readexactly(length)
                else:
                    writer.write(content[:length])
                    await writer.drain()
                left -= length
            if head[:1] == b"P":
                writer.write(b".")


def _write_certificate(folder: Path) -> None:
    """A self-signed certificate, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
