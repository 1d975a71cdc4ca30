"""Small children for the tests of the sandbox: real processes from a real slot, a few lines in place of the vault."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec

from node.sandbox.child import Child
from node.sandbox.spec import SandboxSpec
from node.vault import WIRE_VERSIONS, control

ROOT = Path(__file__).parents[2]
ANSWER_S = 20.0
NEEDED = ("control.py", "load.py", "looks.py", "limiting.py", "noting.py", "rating.py", "errors.py", "core/identity.py")

CONFIGURE = control.Configure(1, b"n" * 32, b"s" * 32, b"certificate", "127.0.0.1:0", 1 << 20)

# What every stand-in begins with: the child's end of the channel, without any care.
PRELUDE = '''
import os, sys
import msgspec
from node.vault import control

def read():
    """The content of the next frame, or None at the end."""
    head = os.read(0, control.LENGTH_BYTES)
    if not head:
        return None
    content, length = b"", int.from_bytes(head, "big")
    while len(content) < length:
        content += os.read(0, length - len(content))
    return content

def order():
    content = read()
    return None if content is None else control.decode_order(content)

def raw(content):
    while content:
        content = content[os.write(1, content):]

def say(report):
    raw(control.encode(report))

def hello():
    say(control.Hello((1,), WIRE, "ab" * 32))
    return order()
'''.replace("WIRE", str(WIRE_VERSIONS))


def make_slot(folder: Path, body: str, *, package: str = "vault") -> Path:
    """A slot in ``folder`` whose ``node.<package>`` runs ``body`` after the prelude."""
    vault = folder / "node" / "vault"
    (vault / "core").mkdir(parents=True)
    main = folder / "node" / package / "__main__.py"
    main.parent.mkdir(exist_ok=True)
    for package_folder in {vault.parent, vault, vault / "core", main.parent}:
        (package_folder / "__init__.py").touch()
    for name in NEEDED:
        shutil.copyfile(ROOT / "node" / "vault" / name, vault / name)
    main.write_text(PRELUDE + body, encoding="utf-8")
    return folder


def make_spec(folder: Path, body: str, *, package: str = "vault") -> SandboxSpec:
    """All that a stand-in needs, below ``folder``."""
    data = folder / "data"
    data.mkdir(parents=True)
    return SandboxSpec(
        slot=make_slot(folder / "slot", body, package=package),
        data=data,
        module=f"node.{package}",
    )


def configure(hello: bytes) -> bytes:
    assert isinstance(control.decode_report(hello), control.Hello)
    return msgspec.msgpack.encode(CONFIGURE)


@contextlib.asynccontextmanager
async def running(
    folder: Path, body: str, on_report: Callable[[control.Report], None] = print, **changes: Any
) -> AsyncIterator[Child[control.Report]]:
    """A stand-in that has been configured; it is gone afterwards."""
    settings: dict[str, Any] = {
        "configure": configure,
        "decode": control.decode_report,
        "on_report": on_report,
        "log": folder / "log",
        "name": "stand-in",
    }
    child = await Child.start(make_spec(folder, body), **(settings | changes))
    try:
        yield child
    finally:
        child.kill()
        await asyncio.wait_for(asyncio.shield(child.exited), ANSWER_S)


# Two endpoints, each with a key that a farm's key certified, exchange their records.
MEETING = """
import asyncio, time
import iroh
from node.vault.core import identity

ALPN = b"perennial/1"

async def bind(seed):
    options = iroh.EndpointOptions(
        preset=iroh.preset_minimal(), relay_mode=iroh.RelayMode.disabled(), bind_addr="127.0.0.1:0",
        alpns=[ALPN], secret_key=seed)
    return await iroh.Endpoint.bind(options)

async def serve(endpoint, record):
    incoming = await endpoint.accept_next()
    connection = await (await incoming.accept()).connect()
    stream = await connection.accept_bi()
    received = await stream.recv().read_to_end(2048)
    peer = identity.decode_record(received, time.time())
    assert peer.transport_key == connection.remote_id().to_bytes()
    await stream.send().write_all(identity.encode_record(record))
    await stream.send().finish()
    await connection.closed()

async def meet(configured):
    now_s = time.time()
    farm = identity.Signer(bytes(range(32)))
    seeds = (configured.transport_seed, b"o" * 32)
    signers = [identity.Signer(seed) for seed in seeds]
    endpoints = [await bind(seed) for seed in seeds]
    records = []
    for number, (signer, endpoint) in enumerate(zip(signers, endpoints)):
        certificate = identity.certify(farm, signer.public_key, serial=number, now_s=now_s)
        addresses = tuple(str(address) for address in endpoint.addr().direct_addresses())
        records.append(identity.make_record(signer, certificate, addresses, now_s))
    async with asyncio.TaskGroup() as tasks:  # what fails on one side ends the other
        tasks.create_task(serve(endpoints[0], records[0]))
        there = iroh.EndpointAddr(
            iroh.EndpointId.from_bytes(records[0].transport_key), None, list(records[0].addresses))
        connection = await endpoints[1].connect(there, ALPN)
        stream = await connection.open_bi()
        await stream.send().write_all(identity.encode_record(records[1]))
        await stream.send().finish()
        answer = identity.decode_record(await stream.recv().read_to_end(2048), time.time())
        assert answer == records[0]
        connection.close(0, b"")
    for endpoint in endpoints:
        await endpoint.close()
    return b"certified"

configured = hello()
command = order()
say(control.Content(command.id, asyncio.run(meet(configured))))
order()
"""


async def meet_inside(folder: Path) -> tuple[str, bytes]:
    """Two endpoints in one contained child: how well it is contained, and what came of their meeting."""
    async with running(folder, MEETING) as child:
        answer = await child.ask(control.Scan, ANSWER_S)
        assert isinstance(answer, control.Content)
        await child.stop(ANSWER_S)
        return child.report.level, answer.content
