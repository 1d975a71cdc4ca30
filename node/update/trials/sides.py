"""The two twins of one trial through all their runs, and every process that was started for them.

Which twin is the candidate is known by ``Side``, and no vault and no prober is told it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from node.trial import verdict as says
from node.trial.events import Twin
from node.trial.verdict import Outcome
from node.update.errors import TwinFailed
from node.update.ports import Process, TrialPorts, TwinOrder, TwinVault
from node.update.trials.identities import between
from node.update.trials.rehearsal import stop
from node.vault.core.identity import Signer
from node.vault.ports import Random


@dataclass(slots=True)
class Side:
    """One twin through all its runs.  ``vault`` is None while it does not run."""

    name: Twin
    tree_hash: str
    data: Path
    seed: bytes
    vault: TwinVault | None = None
    trouble: str = ""  # why it did not start
    vault_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.vault_id = Signer(self.seed).public_key


class Twins:
    """Both sides, and all that ever ran for them.  Whoever makes it calls ``stop_all`` in the end."""

    def __init__(self, ports: TrialPorts, quota_bytes: int, random: Random) -> None:
        self.sides: dict[Twin, Side] = {}
        self._ports = ports
        self._quota_bytes = quota_bytes
        self._random = random
        self._processes: list[Process] = []

    async def start(self, side: Side, *, is_standby: bool, tries: int = 1) -> TwinVault:
        """Start one twin on its data.

        Raises:
            TwinFailed: It did not start, at any of the tries.
            HostFailed: This machine could not start it.
        """
        order = TwinOrder(
            tree_hash=side.tree_hash, data=side.data, seed=side.seed, quota_bytes=self._quota_bytes,
            is_standby=is_standby,
        )  # fmt: skip
        for left in reversed(range(tries)):
            try:
                side.vault = await self._ports.start_twin(order)
                break
            except TwinFailed as error:
                side.trouble = str(error)
                if not left:
                    raise
        assert side.vault is not None, tries
        self._processes.append(side.vault)
        return side.vault

    @property
    def vault_ids(self) -> tuple[bytes, bytes]:
        """That of the candidate and that of the control."""
        return self.sides["candidate"].vault_id, self.sides["control"].vault_id

    @property
    def around(self) -> bytes:
        """Where whoever shares chunks with both stands."""
        return between((self.sides["candidate"].seed, self.sides["control"].seed))

    def own(self, process: Process) -> None:
        """Stop this process, too, when all is stopped."""
        self._processes.append(process)

    def running(self, name: Twin) -> TwinVault:
        """Raises TwinFailed when it does not run."""
        vault = self.sides[name].vault
        if vault is None:
            raise TwinFailed("it has ended")
        return vault

    @property
    def are_up(self) -> bool:
        return all(side.vault is not None for side in self.sides.values())

    def shuffled(self) -> list[Side]:
        """Both, in random order, so that no order tells which is which."""
        sides = list(self.sides.values())
        return sides if self._random.random() < 0.5 else sides[::-1]

    async def stop_all(self, handover_s: float) -> None:
        """Stop whatever was started, in any case."""
        async with asyncio.TaskGroup() as tasks:
            for process in reversed(self._processes):
                if not process.exited.done():
                    tasks.create_task(stop(process, handover_s))

    def judge_ends(self, outcome: Outcome, reason: str) -> tuple[Outcome, str]:
        """The verdict, now that all was stopped: who does not end when it is told to, as its twin does, is refused.

        The version after it would wait for it, and with it whoever asks for a chunk.  Nor is one taken that did not
        even come back to be told, after the trial was cut off between its verdict and its end.
        """
        vaults = {name: side.vault for name, side in self.sides.items()}
        if outcome == "promote" and vaults["candidate"] is None and vaults["control"] is not None:
            return "refuse", says.gone()
        over = {name: vault for name, vault in vaults.items() if vault and vault.exited.done()}
        codes = {name: 0 if vault.was_starved else vault.exited.result() for name, vault in over.items()}
        if outcome == "promote" and codes.get("candidate") and not codes.get("control"):
            return "refuse", says.unwilling(codes["candidate"])
        return outcome, reason
