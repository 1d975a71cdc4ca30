"""One vault, as it runs at home: ``python -m tests.routers.home FOLDER BIND``, its orders and answers line by line.

The first line in is the root of the network and the contacts; the first one out is the vault's record.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import msgspec

from node.practice.host import PlainVault
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.trust.chain import Chain
from node.vault.control import Pace
from node.vault.core.identity import PeerRecord
from tests.benchmarks.vaults import own_slot

QUOTA_BYTES: Final = 1 << 26


class Begin(msgspec.Struct, frozen=True):
    root: bytes
    contacts: tuple[bytes, ...]


class Order(msgspec.Struct, frozen=True):
    """``put`` the content, or ``get`` the address; neither: only say how things are."""

    put: bytes = b""
    get: bytes = b""


class Said(msgspec.Struct, frozen=True):
    """``addresses``: that the record names now.  ``content``: what was got.  ``copies``: of what was put."""

    record: bytes
    addresses: tuple[str, ...]
    peers: int
    counters: dict[str, int]
    content: bytes = b""
    copies: int = 0
    failure: str = ""


async def live(folder: Path, bind: str) -> None:
    reader = asyncio.StreamReader(limit=1 << 22)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    begin = msgspec.json.decode(await reader.readline(), type=Begin)
    vault = PlainVault(folder.name, folder, bind, Chain.start(begin.root))
    slot = await asyncio.to_thread(own_slot, folder.parent / f"{folder.name}-slots")
    await vault.start(slot, begin.contacts, Pace(), QUOTA_BYTES)
    try:
        order = Order()
        while True:
            print(msgspec.json.encode(await carry_out(vault, order)).decode(), flush=True)
            line = await reader.readline()
            if not line:
                return
            order = msgspec.json.decode(line, type=Order)
    finally:
        vault.kill()


async def carry_out(vault: PlainVault, order: Order) -> Said:
    copies, content, failure = 0, b"", ""
    try:
        if order.put:
            copies = await vault.put(order.put)
        if order.get:
            content = await vault.get(order.get)
    except (RequestRefused, VaultUnavailable) as error:
        failure = str(error)
    state = await vault.state()
    addresses = msgspec.msgpack.decode(vault.record, type=PeerRecord).addresses
    return Said(vault.record, addresses, state.peer_count, state.counters, content, copies, failure)


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), sys.argv[2]))
