"""The prober process: Hello, one order, then pairs until the parent closes the channel."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
from typing import Final

import msgspec

from node.prober.control import Measured, Ready, decode_probe
from node.prober.prober import Prober
from node.vault import CONTROL_VERSIONS, WIRE_VERSIONS
from node.vault.channel import Channel
from node.vault.clock import SystemClock
from node.vault.control import LENGTH_BYTES, Hello
from node.vault.core import codec, messages
from node.vault.core.identity import PeerRecord, Signer, certify, decode_record, make_record
from node.vault.errors import ControlError, VaultError
from node.vault.loaded import loaded_tree_hash
from node.vault.transport.endpoint import IrohNetwork

PROBE_TIMEOUT_S: Final = 30.0
FLUSH_TIMEOUT_S: Final = 2.0

logger = logging.getLogger("node.prober")


async def run(channel: Channel) -> None:
    """Probe until the parent closes the channel.

    Raises:
        ControlError: The parent gave no order.
        OSError: The port cannot be bound.
    """
    orders = channel.start_reading(asyncio.get_running_loop())

    def tell(report: Hello | Ready | Measured) -> None:
        content = msgspec.msgpack.encode(report)
        channel.send(len(content).to_bytes(LENGTH_BYTES, "big") + content)

    tell(Hello(CONTROL_VERSIONS, WIRE_VERSIONS, loaded_tree_hash()))
    async with asyncio.timeout(PROBE_TIMEOUT_S):
        content = await orders.get()
    if content is None:
        raise ControlError("the parent gave no order")
    order, clock = decode_probe(content), SystemClock()
    twins = (decode_record(order.twins[0], clock.utc_s()), decode_record(order.twins[1], clock.utc_s()))
    seed = os.urandom(32)
    record = _throw_away_record(seed, clock.utc_s())
    network = await IrohNetwork.bind(
        seed, order.bind, lambda seen_at: messages.Hello(order.network, WIRE_VERSIONS, record, seen_at),
        _refuse, clock,
    )  # fmt: skip
    prober = Prober(order, twins, network, clock, random.Random(), os.urandom, tell)  # noqa: S311  # chance, not secrets
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(network.run()), tasks.create_task(prober.run())]
        while await orders.get() is not None:
            continue
        for task in running:
            task.cancel()
    await network.close()


def _throw_away_record(transport_seed: bytes, utc_s: float) -> PeerRecord:
    """An identity for this run only.  Without an address it is a client's: nobody takes it for a vault."""
    transport = Signer(transport_seed)
    certificate = certify(Signer(os.urandom(32)), transport.public_key, serial=1, now_s=utc_s)
    return make_record(transport, certificate, (), utc_s)


async def _refuse(_peer: PeerRecord, _subnet: str, _content: bytes) -> bytes:
    return codec.encode(messages.Refused("not_mine"))


def main() -> int:
    """Run the prober; return the exit code."""
    channel = Channel()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    assert __debug__, "assertions must stay on"
    try:
        asyncio.run(run(channel))
    except (VaultError, OSError, TimeoutError) as error:
        logger.error("the prober ends: %s", error or type(error).__name__)
        return 1
    finally:
        channel.flush_and_close(FLUSH_TIMEOUT_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
