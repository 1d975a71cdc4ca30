"""The prober process: Hello, the twins, then questions until the parent closes the channel."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Coroutine
from typing import Final

import msgspec

from node.prober.control import Probe, ProberReport, Question, Renew, decode_order
from node.prober.prober import Prober
from node.vault import CONTROL_VERSIONS, WIRE_VERSIONS
from node.vault.channel import Channel
from node.vault.clock import SystemClock
from node.vault.control import LENGTH_BYTES, Hello
from node.vault.core import codec, messages
from node.vault.core.identity import COMMITMENT_BYTES, PeerRecord, Signer, certify, decode_record, make_record
from node.vault.ending import run_to_its_end
from node.vault.errors import ControlError
from node.vault.loaded import loaded_tree_hash
from node.vault.ports import Clock
from node.vault.transport.endpoint import IrohNetwork

PROBE_TIMEOUT_S: Final = 30.0

logger = logging.getLogger("node.prober")


async def run(channel: Channel) -> None:
    """Probe until the parent closes the channel.

    Raises, alone or in a group:
        ControlError: The parent gave no order, or another one than it may.
        OSError: No port can be bound.
    """
    contents = channel.start_reading(asyncio.get_running_loop())

    def tell(report: ProberReport) -> None:
        content = msgspec.msgpack.encode(report)
        channel.send(len(content).to_bytes(LENGTH_BYTES, "big") + content)

    tell(Hello(CONTROL_VERSIONS, WIRE_VERSIONS, loaded_tree_hash()))
    async with asyncio.timeout(PROBE_TIMEOUT_S):
        content = await contents.get()
    order = None if content is None else decode_order(content)
    if not isinstance(order, Probe):
        raise ControlError("the parent gave no order")
    clock = SystemClock()
    twins = (decode_record(order.twins[0], clock.utc_s()), decode_record(order.twins[1], clock.utc_s()))
    orders: asyncio.Queue[Question | Renew] = asyncio.Queue()
    running: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as tasks:

        def start(work: Coroutine[None, None, None]) -> None:
            task = tasks.create_task(work)
            running.add(task)
            task.add_done_callback(running.discard)

        async def connect() -> IrohNetwork:
            network = await _connect(order, clock)
            start(network.run())
            await asyncio.sleep(0)  # requests need run()
            return network

        start(Prober(twins, connect, clock, tell).run(orders))
        while (content := await contents.get()) is not None:
            given = decode_order(content)
            if isinstance(given, Probe):
                raise ControlError("a second Probe")
            orders.put_nowait(given)
        for task in running:
            task.cancel()


async def _connect(order: Probe, clock: Clock) -> IrohNetwork:
    """A network under an identity that nobody has seen before."""
    seed = os.urandom(32)
    record = _throw_away_record(seed, clock.utc_s())
    return await IrohNetwork.bind(
        seed, order.bind, lambda seen_at: messages.Hello(order.network, WIRE_VERSIONS, record, seen_at), _refuse, clock
    )


def _throw_away_record(transport_seed: bytes, utc_s: float) -> PeerRecord:
    """An identity that is thrown away.  Without an address it is a client's: nobody takes it for a vault."""
    transport = Signer(transport_seed)
    certificate = certify(
        Signer(os.urandom(32)), transport.public_key, serial=1, now_s=utc_s, commitment=os.urandom(COMMITMENT_BYTES)
    )
    return make_record(transport, certificate, (), utc_s)


async def _refuse(_peer: PeerRecord, _subnet: str, _content: bytes, *, is_here: bool) -> bytes:  # noqa: ARG001
    return codec.encode(messages.Refused("not_mine"))


def main() -> int:
    """Run the prober; return the exit code."""
    channel = Channel()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    return run_to_its_end("prober", run(channel), channel)


if __name__ == "__main__":
    sys.exit(main())
