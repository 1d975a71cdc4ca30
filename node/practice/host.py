"""A plain vault of the practice network: one without a supervisor of its own.

What a supervisor does for its vault, this does as far as it matters to the others: it certifies the transport
key, and verifies each head before the vault may carry it.  It runs no trials.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.keys import RunKey
from node.supervisor.launch import VaultLauncher
from node.supervisor.ports import Assignment, Run, Slot
from node.trust.chain import Chain, carried
from node.trust.errors import Equivocation, MissingRoots, TrustError
from node.update.heads import verify_head
from node.vault import control
from node.vault.core.identity import COMMITMENT_BYTES, Signer, certify, encode_certificate
from node.vault.noting import Met, MetVault

ASK_S: Final = 30.0
LISTEN_S: Final = 20.0

logger = logging.getLogger(__name__)
_T = TypeVar("_T", bound=control.Report)


class PlainVault:
    """One vault process and the little that stands in for its supervisor."""

    def __init__(self, name: str, folder: Path, bind: str, chain: Chain) -> None:
        self.name = name
        self.folder = folder
        self.bind = bind
        self.record = b""
        self.met: set[MetVault] = set()
        self._chain = chain
        self._signer = Signer(os.urandom(32))
        self._commitment = os.urandom(COMMITMENT_BYTES)  # as a farm's, though it never enrols
        self._run: Run | None = None
        self._listening: asyncio.Event = asyncio.Event()
        self._heads: asyncio.Queue[control.HeadSeen] = asyncio.Queue(32)

    @property
    def vault_id(self) -> bytes:
        return self._signer.public_key

    @property
    def pid(self) -> int:
        assert self._run is not None
        return self._run.pid

    @property
    def exited(self) -> asyncio.Future[int]:
        assert self._run is not None
        return self._run.exited

    async def start(self, slot: Slot, contacts: tuple[bytes, ...], pace: control.Pace, quota_bytes: int) -> None:
        """Start the vault and wait until it can be reached.

        Raises:
            VaultUnavailable: It did not start, or did not listen in time.
        """
        data = self.folder / "vault"
        for made in (self.folder, data, data / "incoming", data / "chunks", self.folder / "logs"):
            made.mkdir(mode=0o700, exist_ok=True)
        seed, now_s = os.urandom(32), time.time()
        certificate = certify(self._signer, Signer(seed).public_key, serial=1, now_s=now_s, commitment=self._commitment)
        key = RunKey(seed, certificate.transport_key, encode_certificate(certificate), certificate.expires_s)
        assignment = Assignment(
            self._chain.network, self.bind, quota_bytes, contacts, self._chain.head, pace, is_standby=False
        )
        launcher = VaultLauncher(data, self.folder / "logs" / "vault.log")
        self._run = await launcher.start(slot, key, assignment, self._reported)
        listening = asyncio.create_task(self._listening.wait())
        either: set[asyncio.Future[Any]] = {listening, self._run.exited}
        await asyncio.wait(either, timeout=LISTEN_S, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            listening.cancel()
            raise VaultUnavailable(f"{self.name} does not listen: {self._run.last_words()}")

    async def run(self) -> None:
        """Verify the heads that the vault sees, until cancelled."""
        while True:
            seen = await self._heads.get()
            try:
                chain = await self._after(seen.content)
            except MissingRoots as error:
                logger.info("%s: %s", self.name, error)
            except TrustError as error:
                logger.info("%s refused a head: %s", self.name, error)
                await self._refuse(seen)
            else:
                if carried(chain) != carried(self._chain):
                    self._chain = chain
                    await self.carry(carried(chain))

    async def _after(self, head: bytes) -> Chain:
        """The chain once this head is known: gone on, halted, or as it was."""
        now = datetime.now(UTC)
        try:
            return (await verify_head(self._chain, head, now, self.get)).chain
        except Equivocation as error:
            if not error.proof:
                raise
            return self._chain.halted_by(error.proof, now, error.roots)

    async def _refuse(self, seen: control.HeadSeen) -> None:
        digest = hashlib.sha256(seen.content).digest()
        await self._try(lambda number: control.RefuseHead(number, digest, seen.sender))

    async def carry(self, head: bytes) -> None:
        """Let the vault carry this head and offer it to everyone."""
        await self._try(lambda number: control.SetHead(number, head))

    async def put(self, content: bytes) -> int:
        """Store a chunk in the network; return how many vaults signed for it.

        Raises:
            RequestRefused: Not enough vaults took it.
            VaultUnavailable: The vault does not answer.
        """
        answer = await self._ask(lambda number: control.PutChunk(number, content), control.Stored)
        return len(answer.receipts)

    async def get(self, address: bytes) -> bytes:
        """Fetch a chunk from the network.

        Raises:
            RequestRefused: Nobody has it.
            VaultUnavailable: The vault does not answer.
        """
        return (await self._ask(lambda number: control.GetChunk(number, address), control.Content)).content

    async def state(self) -> control.State:
        """The vault's figures.

        Raises:
            VaultUnavailable: The vault does not answer.
        """
        return await self._ask(control.GetState, control.State)

    async def stop(self) -> None:
        if self._run is not None:
            await self._run.drain()

    def kill(self) -> None:
        if self._run is not None:
            self._run.kill()

    async def _ask(self, make: Callable[[int], control.Command], kind: type[_T]) -> _T:
        assert self._run is not None
        answer = await self._run.ask(make, ASK_S)
        if not isinstance(answer, kind):
            raise VaultUnavailable(f"{self.name} answered {type(answer).__name__}")
        return answer

    async def _try(self, make: Callable[[int], control.Command]) -> None:
        try:
            await self._ask(make, control.Done)
        except (VaultUnavailable, RequestRefused) as error:
            logger.warning("%s: %s", self.name, error)

    def _reported(self, report: control.Report) -> None:
        if isinstance(report, control.Listening):
            self.record = report.record
            self._listening.set()
        elif isinstance(report, Met):
            self.met.update(report.vaults)
        elif isinstance(report, control.HeadSeen) and not self._heads.full():
            self._heads.put_nowait(report)
