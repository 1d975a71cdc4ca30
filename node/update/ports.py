"""What an update needs of the rest of the supervisor, as protocols: processes, neighbours, the vault in use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from node.prober.control import Heard, Question
from node.update.trials.observations import Neighbourhood
from node.vault import control


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinOrder:
    """One contained vault to start, from the slot ``tree_hash``, in the folder ``data``, under the identity ``seed``.

    Nothing else may depend on which twin it is: name, path, environment, log and limits are those of any vault.
    """

    tree_hash: str
    data: Path
    seed: bytes  # Ed25519 seed of a vault id that is thrown away after the trial
    quota_bytes: int
    is_standby: bool = False


class Usage(Protocol):
    @property
    def cpu_ns(self) -> int: ...

    @property
    def rss_bytes(self) -> int: ...


class Process(Protocol):
    """A contained process that was started for a trial."""

    @property
    def exited(self) -> asyncio.Future[int]: ...

    async def stop(self, handover_s: float = 0.0) -> None:
        """Let it finish, then end it in any case, within a few seconds.  Never raises.

        A vault may first give its chunks to those who hold them from then on, for ``handover_s``.
        """
        ...


class TwinVault(Process, Protocol):
    """A running vault that was started for a trial."""

    @property
    def was_starved(self) -> bool:
        """Whether it has ended as one does for whom no memory is left, while this computer had none left."""
        ...

    @property
    def record(self) -> bytes:
        """Its encoded PeerRecord; b"" in standby."""
        ...

    def usage(self) -> Usage:
        """Raises TwinFailed once it has ended."""
        ...

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float) -> control.Report:
        """Raises TwinFailed when it does not, or cannot, do it."""
        ...

    async def activate(self) -> None:
        """Make a standby vault take up work; ``record`` is its new one then.  Raises TwinFailed."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...


class Prober(Process, Protocol):
    """A running prober that has greeted both twins."""

    async def ask(self, question: Question) -> Heard:
        """Put the question to both; its ``id`` is drawn here.  Raises ProberFailed when it does not answer."""
        ...

    async def renew(self) -> None:
        """Go on under another identity, which both twins have met by then.  Raises ProberFailed."""
        ...


class TrialPorts(Protocol):
    @property
    def head(self) -> bytes:
        """The newest verified head, which the farm's own vault carries; b"" before the first one."""
        ...

    @property
    def moves(self) -> int:
        """How often the computer had other addresses, or its disk was plugged in again: then twins start anew."""
        ...

    async def start_twin(self, order: TwinOrder) -> TwinVault:
        """Start a vault; return once it is reachable, or, in standby, once it has opened its store.

        Of the developers' news it is given those alone that it has handed up itself, in this run or an earlier one.

        Raises:
            TwinFailed: It did not, TwinLate: not in time; nothing of it is left.
            HostFailed: This machine could not start it, or is in trouble that may be why; nothing of it is left.
        """
        ...

    async def start_prober(self, twins: tuple[bytes, bytes]) -> Prober:
        """Start the prober on two records, whose order says nothing; return once it has greeted both.

        Raises:
            ProberFailed: It did not start; nothing of it is left.
        """
        ...

    async def ask_as_vault(self, twin: bytes, question: Question) -> bytes:
        """Let the farm's own vault ask a twin, named by its record, as it asks any vault; ``question`` is no put.

        Returns:
            The answer as it came, unchecked; b"" when the twin gave none.

        Raises:
            TwinFailed: The own vault is not there, or cannot do that.
        """
        ...

    async def neighbourhood(self, around: Collection[bytes] = ()) -> Neighbourhood:
        """Ask the farm's own vault for the rank tables of its neighbours, and of those around these addresses.

        Raises:
            TwinFailed: It has no answer now.
        """
        ...


class Host(TrialPorts, Protocol):
    """The rest of the supervisor, as the updates see it."""

    async def get_chunk(self, address: bytes) -> bytes:
        """Fetch a file that a head names from the network; raises anything if it cannot be had."""
        ...

    async def carry_head(self, head: bytes) -> None:
        """Let the vault in use carry and pass on this verified head; raises anything if it cannot now."""
        ...

    async def carry_files(self, files: Mapping[bytes, bytes]) -> None:
        """Let the vault in use, and those after it, serve these by their addresses, and no others from before."""
        ...

    def head_subnets(self) -> int:
        """How many other subnets show, by carrying it too, that the head is no secret made for this farm."""
        ...

    def can_shut_off(self) -> bool:
        """Whether vaults are kept from the farmer's files on this computer; else nothing may be tried out on it."""
        ...

    def vault_id(self) -> bytes:
        """The farm's own."""
        ...

    def serial(self) -> int:
        """Of the certificate that was given last to a vault in use.  Blocking; raises anything if it is not known."""
        ...

    def neighbours(self) -> int | None:
        """How many vaults the one in use knows; None while it does not run, or has not said."""
        ...

    async def reaches_others(self) -> bool:
        """Greet some of those whom the vault in use knew last, by a process that is none of its; whether one answered.

        Takes minutes when none does.  Never raises.
        """
        ...

    async def refuse_head(self, digest: bytes, sender: bytes) -> None:
        """Hold a bad head against the vault that offered it; raises anything if it cannot now."""
        ...

    async def know_head(self, digest: bytes, sender: bytes) -> None:
        """What that vault offered says the same as the head that is carried; raises anything if it cannot now."""
        ...

    async def switch(self, tree_hash: str, *, is_insisted: bool = False) -> None:
        """Hand the farm's identity and data over to that version; nothing happens if it is in use already.

        Raises:
            Exception: It did not take over, SwitchTooLate: not in time; the version from before serves again, or if
                that one is insisted on, nothing does until it can be started.
        """
        ...
