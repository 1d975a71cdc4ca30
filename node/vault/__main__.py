"""The vault process: the only place where the core meets the real disk, network, clock and chance.

    Hello -> Configure -> (standby: Activate) -> bind -> work -> Drain, or the end of the control channel

The working directory is the data directory.  Nothing that matters stands in arguments or environment.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from node.vault import CONTROL_VERSIONS, WIRE_VERSIONS, control, load, looks
from node.vault.channel import Channel
from node.vault.clock import SystemClock
from node.vault.core.identity import (
    RECORD_BYTES_MAX,
    Introduction,
    PeerRecord,
    Signer,
    decode_certificate,
    decode_introduction,
    decode_record,
    encode_introduction,
    introduced,
    make_record,
)
from node.vault.core.messages import Hello
from node.vault.core.vault import Vault, VaultConfig
from node.vault.driver import Driver, scan
from node.vault.ending import run_to_its_end
from node.vault.errors import ControlError, PeerError
from node.vault.limiting import Limits, SetLimits
from node.vault.loaded import loaded_tree_hash
from node.vault.rating import RankTables, report_of
from node.vault.storage.chunk_store import ChunkStore
from node.vault.storage.filesystem import RealFileSystem

CONFIGURE_TIMEOUT_S: Final = 30.0

logger = logging.getLogger("node.vault")


class Process:
    """One run of the vault process, from Hello to the last frame."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._clock = SystemClock()
        self._control_version = 1  # until the parent has said which one it speaks

    async def run(self) -> None:
        """Raises ControlError when the parent breaks the contract, OSError when the port cannot be bound."""
        orders = self._channel.start_reading(asyncio.get_running_loop())
        self._tell(control.Hello(CONTROL_VERSIONS, WIRE_VERSIONS, loaded_tree_hash()))
        async with asyncio.timeout(CONFIGURE_TIMEOUT_S):
            content = await orders.get()
        order = control.decode_order(content) if content is not None else None
        if not isinstance(order, control.Configure) or order.control_version not in CONTROL_VERSIONS:
            raise ControlError("the parent does not configure this vault")
        self._control_version = order.control_version
        filesystem = RealFileSystem(Path.cwd())  # by its name, which a disk that was unplugged has again
        store = await asyncio.to_thread(ChunkStore, filesystem, order.quota_bytes, is_standby=order.is_standby)
        activation = await self._stand_by(orders, store) if order.is_standby else None
        if not order.is_standby or activation is not None:
            await self._work(order, orders, store, activation)

    async def _stand_by(self, orders: asyncio.Queue[bytes | None], store: ChunkStore) -> control.Activate | None:
        """Everything is imported and the store is readable; wait for Activate.  None: to end without it."""
        while (content := await orders.get()) is not None:
            command = control.decode_order(content)
            match command:
                case control.Activate():
                    await asyncio.to_thread(store.take_over)
                    return command
                case control.Scan():
                    self._tell(await asyncio.to_thread(scan, store, command))
                case control.Drain():
                    self._tell(control.Done(command.id))
                    return None
                case control.Configure():
                    raise ControlError("a second Configure")
                case _:
                    self._tell(control.Failed(command.id, "control.standby", "a standby vault does no work"))
        return None

    async def _work(
        self,
        order: control.Configure,
        orders: asyncio.Queue[bytes | None],
        store: ChunkStore,
        activation: control.Activate | None,
    ) -> None:
        from node.vault.transport.endpoint import IrohNetwork  # noqa: PLC0415  # a standby vault touches no network

        vault = Vault(self._vault_config(order), random.Random(), os.urandom)  # noqa: S311  # chance, not secrets
        driver = Driver(vault, store, self._clock, self._tell)
        network = await IrohNetwork.bind(
            order.transport_seed,
            order.bind,
            lambda seen_at: Hello(order.network, WIRE_VERSIONS, vault.record, seen_at, vault.head_digest),
            driver.handle,
            self._clock,
            beat_s=order.pace.beat_s,
            listener=driver,
        )
        network.set_limits(order.limits or Limits())
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(network.run())
            working = tasks.create_task(driver.run(network, network.addresses))
            await driver.wait_until_started()
            searching = tasks.create_task(_search(order, vault.record, driver)) if order.is_discovering else None
            if activation is not None:
                self._tell(control.Done(activation.id))
            drained = await self._take_orders(orders, driver, network.set_limits)
            await working
            if searching is not None:
                searching.cancel()
            serving.cancel()
            await network.close()
        await asyncio.to_thread(store.close)
        if drained is not None:
            self._tell(control.Done(drained.id))

    async def _take_orders(
        self, orders: asyncio.Queue[bytes | None], driver: Driver, set_limits: Callable[[Limits], None]
    ) -> control.Drain | None:
        """Pass orders on until the vault has drained; a closed channel drains it too, so no vault is orphaned."""
        while (content := await orders.get()) is not None:
            order = control.decode_order(content)
            match order:
                case control.Drain():
                    await driver.drain(order)
                    return order
                case control.Configure():
                    raise ControlError("a second Configure")
                case SetLimits():
                    set_limits(order.limits)
                    driver.command(order)
                case _:
                    driver.command(order)
        await driver.drain(control.Drain(0))
        return None

    def _vault_config(self, order: control.Configure) -> VaultConfig:
        utc_s = self._clock.utc_s()
        certificate = decode_certificate(order.certificate, utc_s)
        contacts = [introduced(decode_introduction(content)) for content in order.introductions]
        for content in order.contacts[: control.CONTACTS_MAX]:
            try:
                contacts.append(decode_record(content, utc_s))
            except PeerError as error:
                old = _old_contact(content)
                contacts += [] if old is None else [old]
                logger.info("contact %s: %s", "left out" if old is None else "only a hint", error)
        signer = Signer(order.transport_seed)
        record = make_record(signer, certificate, (), utc_s)
        return VaultConfig(
            signer=signer, record=record, quota_bytes=order.quota_bytes, contacts=tuple(contacts), head=order.head,
            pace=order.pace, limits=order.limits or Limits(),
        )  # fmt: skip

    def _tell(self, report: control.Report) -> None:
        if isinstance(report, control.State) and self._control_version < load.SINCE_CONTROL_VERSION:
            report = msgspec.structs.replace(report, load=None)
        if isinstance(report, control.State) and self._control_version < looks.SINCE_CONTROL_VERSION:
            report = msgspec.structs.replace(report, looks=None)
        if isinstance(report, control.State) and self._control_version < control.NEWER_SINCE:
            report = msgspec.structs.replace(report, newer_age_s=None)
        if isinstance(report, RankTables):
            report = report_of(report, self._control_version)
        if control.SINCE_VERSION.get(type(report), 1) <= self._control_version:
            self._channel.send(control.encode(report))


def _old_contact(content: bytes) -> PeerRecord | None:
    """A record that is no longer valid, to dial by: the same vault may have a newer one under the same key."""
    try:
        record = msgspec.msgpack.decode(content[:RECORD_BYTES_MAX], type=PeerRecord)
        hint = encode_introduction(Introduction(record.transport_key, record.addresses))
        return introduced(decode_introduction(hint))
    except (msgspec.DecodeError, RecursionError, UnicodeError, PeerError):
        return None


async def _search(order: control.Configure, own: PeerRecord, driver: Driver) -> None:
    """Look for vaults on the local network, and be found there, until cancelled."""
    from node.vault.transport.discovery import discover  # noqa: PLC0415  # most vaults do not

    await discover(order.network, own.transport_key, own.addresses, driver.found)


def main() -> int:
    """Run the vault; return the exit code: 0 after Drain or a closed channel, 1 after a stated failure."""
    channel = Channel()
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )  # fmt: skip
    return run_to_its_end("vault", Process(channel).run(), channel)


if __name__ == "__main__":
    sys.exit(main())
