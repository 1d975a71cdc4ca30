"""Vaults for a trial: contained like the vault in use, under an identity that is thrown away."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from node.api import texts
from node.supervisor import no_memory
from node.supervisor.errors import RequestRefused, TooFarApart, VaultLate, VaultUnavailable
from node.supervisor.keys import RunKey, serial_at
from node.supervisor.launch import VaultLauncher, activate, reachable, stood_by
from node.supervisor.ports import Assignment, Run, Slot
from node.supervisor.tending import Order, Tending
from node.update.errors import HostFailed, TwinFailed, TwinLate, UpdateError
from node.update.ports import TwinOrder, Usage
from node.update.reasons import OUT_OF_MEMORY, TOO_FAR_APART
from node.vault import WIRE_VERSIONS, control
from node.vault.core.identity import KEY_BYTES, Signer, certify, decode_record, encode_certificate
from node.vault.errors import ControlError, PeerError
from node.vault.load import Load
from node.vault.ports import Entropy
from node.vault.storage.filesystem import CHUNKS, INCOMING

LISTEN_S_MAX: Final = 30.0
ACTIVATE_S: Final = 30.0
FOLDER_MODE: Final = 0o700
KILLED: Final = -9  # as the kernel ends whom it takes the memory from
ASKERS_MAX: Final = 64  # those who asked a twin most between two states, each summed up


@dataclass(frozen=True, slots=True)
class Care:
    """How a twin is looked after, see ``Tending``.  ``brought`` takes a head that it hands up."""

    first: Callable[[], Sequence[Order]]
    renew: Callable[[RunKey], RunKey]
    utc_s: Callable[[], float]
    brought: Callable[[bytes], Sequence[Order]]


class Loads:
    """What a twin was asked, summed up over its states: each tells only what came since the one before.

    Invariant: at most ASKERS_MAX are told apart, those that asked most.
    """

    def __init__(self) -> None:
        self._all = 0
        self._most: Counter[bytes] = Counter()

    def hear(self, report: control.Report) -> None:
        if isinstance(report, control.State) and report.load is not None:
            self._all += report.load.all
            self._most[report.load.by] += report.load.most
            if len(self._most) > ASKERS_MAX:
                del self._most[min(self._most, key=lambda vault_id: self._most[vault_id])]

    def take(self) -> Load:
        """What came since the last take."""
        by, most = max(self._most.items(), key=lambda one: one[1], default=(b"", 0))
        load = Load(self._all, most, by)
        self._all, self._most = 0, Counter()
        return load


class Twin:
    """A running vault of a trial; fulfils ``node.update.ports.TwinVault``."""

    def __init__(self, care: Care) -> None:
        self.record = b""
        self._care = care
        self._run: Run
        # Before it was started; then at the last two times when it was seen to run.
        self._kills = (no_memory.kills(),) * 2
        self._tending: Tending | None = None
        self._listening = asyncio.Event()
        self._loads = Loads()

    @classmethod
    async def start(
        cls, order: TwinOrder, slot: Slot, key: RunKey, assignment: Assignment, log: Path, care: Care,
        *, must_shut_off: bool,
    ) -> Twin:  # fmt: skip
        """Start it; return once it is reachable, or in standby, once it has opened its store.

        It may be assigned to stand by at first even if the order is for one that is reachable, as after a switch.

        Raises:
            TwinFailed: It did not, TwinLate: not in time; nothing of it is left.
            HostFailed: This machine could not start it, or not shut off as it must be, or this program cannot speak
                with it; nothing of it is left.
        """
        twin = cls(care)
        # Whoever only stands by is asked by nobody but the supervisor.
        spoken = () if order.is_standby else WIRE_VERSIONS
        launcher = VaultLauncher(order.data, log, must_shut_off=must_shut_off, wire_versions=spoken)
        try:
            await asyncio.to_thread(_make_folders, order.data)
            twin._run = await launcher.start(slot, key, assignment, twin._heard)
        except VaultUnavailable as error:
            raise twin._failed(error) from error
        except OSError as error:
            raise HostFailed(texts.reason(error)) from error
        is_up = False
        try:
            twin._look_after()
            if assignment.is_standby:
                await stood_by(twin._run)
            if assignment.is_standby and not order.is_standby:
                await activate(twin._run, twin._listening, ACTIVATE_S)
            elif not assignment.is_standby:
                await reachable(twin._run, twin._listening, LISTEN_S_MAX)
            is_up = True
        except (VaultUnavailable, RequestRefused) as error:
            raise twin._failed(error) from error
        finally:
            if not is_up:
                twin._run.kill()
        return twin

    @property
    def exited(self) -> asyncio.Future[int]:
        return self._run.exited

    @property
    def was_starved(self) -> bool:
        ended = self.exited
        return ended.done() and ended.result() == KILLED and no_memory.kills() > self._kills[0]

    async def stop(self, handover_s: float = 0.0) -> None:
        await self._run.drain(handover_s)

    def kill(self) -> None:
        self._run.kill()

    def usage(self) -> Usage:
        try:
            used = self._run.usage()
        except VaultUnavailable as error:
            raise TwinFailed(str(error)) from error
        # The last but one counts: who is being ended may still look as if it ran.
        self._kills = self._kills[1], no_memory.kills()
        return used

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float) -> control.Report:
        try:
            report = await self._run.ask(make, timeout_s)
        except (VaultUnavailable, RequestRefused) as error:
            raise TwinFailed(str(error)) from error
        if not isinstance(report, control.State) or report.load is None:
            return report
        self._loads.hear(report)
        return msgspec.structs.replace(report, load=self._loads.take())  # with what came while it was tended

    async def activate(self) -> None:
        try:
            await activate(self._run, self._listening, ACTIVATE_S)
        except (VaultUnavailable, RequestRefused) as error:
            raise TwinFailed(str(error)) from error

    def tell(self, orders: Sequence[Order]) -> None:
        """Give it orders that the vault in use is given too; what comes of them does not matter."""
        if self._tending is not None:  # else it is told at its start
            self._tending.tell(orders)

    def _failed(self, error: VaultUnavailable | RequestRefused) -> UpdateError:
        """What it means that it did not start: nothing, when memory has run out, or the program is another age's."""
        if isinstance(error, TooFarApart):
            return HostFailed(TOO_FAR_APART)
        if no_memory.kills() > self._kills[0]:
            return HostFailed(OUT_OF_MEMORY)
        return (TwinLate if isinstance(error, VaultLate) else TwinFailed)(str(error))

    def _look_after(self) -> None:
        care = self._care
        self._tending = Tending(self._run, care.first, care.renew, care.utc_s, self._loads.hear)
        tending = asyncio.create_task(self._tending.keep_on(self._listening), name="twin")
        self._run.exited.add_done_callback(lambda _: tending.cancel())

    def _heard(self, report: control.Report) -> None:
        """Take what it says by itself.  Heads are judged for the vault in use: a twin is not believed anything.

        Raises:
            ControlError: No prober could ask it by the record that it gives; that ends it, for it is its own fault.
        """
        if isinstance(report, control.Listening):
            try:
                decode_record(report.record, self._care.utc_s())
            except PeerError as error:
                raise ControlError(f"its record is none: {error}") from error
            self.record = report.record
            self._listening.set()
        elif isinstance(report, control.HeadSeen):
            self.tell(self._care.brought(report.content))


def twin_key(seed: bytes, entropy: Entropy, now_s: float) -> RunKey:
    """A transport key for one run of a twin.  Its serial is the time, so that it rises with each restart."""
    return _certified(seed, entropy(KEY_BYTES), now_s)


def renewed_key(seed: bytes, key: RunKey, now_s: float) -> RunKey:
    """The same transport key, certified for another day."""
    return _certified(seed, key.seed, now_s)


def _certified(seed: bytes, transport_seed: bytes, now_s: float) -> RunKey:
    transport_key = Signer(transport_seed).public_key
    certificate = certify(
        Signer(seed), transport_key, serial=serial_at(now_s), now_s=now_s, commitment=_looks_like_a_commitment(seed)
    )
    return RunKey(transport_seed, transport_key, encode_certificate(certificate), certificate.expires_s)


def _looks_like_a_commitment(seed: bytes) -> bytes:
    """The same for each run, as a farm's; nobody can enrol by it, and nobody can tell."""
    return hashlib.sha256(b"perennial/1 twin\0" + seed).digest()


def _make_folders(data: Path) -> None:
    for folder in (data, data / INCOMING, data / CHUNKS):
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
