"""What updates may ask of this node; fulfils ``node.update.ports.Host``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from node.api import texts
from node.prober.control import Probe, Question
from node.supervisor import space
from node.supervisor.assigning import Assigning, newer_than, with_free_port
from node.supervisor.errors import RequestRefused, VaultUnavailable
from node.supervisor.greeting import is_anyone_there, worth_greeting
from node.supervisor.home import Home
from node.supervisor.ports import Assignment, Slot
from node.supervisor.probing import ProberProcess, copy_program, start_prober
from node.supervisor.tending import Order
from node.supervisor.twin_news import Hearing
from node.supervisor.twins import Care, Twin, renewed_key, twin_key
from node.supervisor.vault_child import VaultChild
from node.update.errors import HostFailed, ProberFailed, TwinFailed, UpdateError
from node.update.ports import TwinOrder
from node.update.trials.observations import Neighbour, Neighbourhood
from node.vault import control
from node.vault.limiting import Limits, SetLimits
from node.vault.noting import AskNote, MetVault, NoteSeen, OwnNote, SetNotes
from node.vault.ports import Entropy
from node.vault.rating import COLLECTING_S, FetchRankTables, RankTables

GET_S: Final = 90.0  # eight chunks at once over the slowest line, of which others may need half
TELL_S: Final = 5.0
FILES_S: Final = 20.0  # for all files of the head together
ALIKE_MAX: Final = 64
KEPT_MAX: Final = 8  # twins whose ports, and what they have heard, are remembered; two run at a time
TABLES_S: Final = COLLECTING_S + 10.0
ASK_S: Final = 8.0  # for what a vault waits some seconds for itself
NO_ANSWER: Final = "peer"  # codes of what the vault that was asked did, or did not
NOTE_S: Final = 40.0  # a vault that has moved is looked for first

log = logging.getLogger(__name__)
_T = TypeVar("_T")


class UpdateHost:
    """The vault in use and the means to start others, for the updates of one home."""

    def __init__(
        self,
        home: Home,
        vault: VaultChild,
        slot: Callable[[str], Slot],
        entropy: Entropy,
        utc_s: Callable[[], float],
        assigning: Assigning,
    ) -> None:
        self._utc_s = utc_s
        self._home = home
        self._vault = vault
        self._slot = slot
        self._entropy = entropy
        self._assigning = assigning
        self._binds: dict[bytes, str] = {}  # of twins by their seeds: each keeps its port, as the vault in use does
        self._hearings: dict[bytes, Hearing] = {}  # of twins by their seeds
        self._twins: dict[Twin, Hearing] = {}  # that run
        self._is_program_copied = False
        self.moves = 0
        self.head = b""  # what the vault in use shall carry
        self._alike: deque[bytes] = deque(maxlen=ALIKE_MAX)  # digests of heads that say the same
        self._files: Mapping[bytes, bytes] = {}  # what it shall serve because the head names it
        self._notes: tuple[OwnNote, ...] = ()  # what it shall answer others with
        self.contacts: Callable[[], tuple[bytes, ...]] = tuple  # whom the vault in use knew last, best first
        self.met: Callable[[Sequence[MetVault]], None] = lambda _: None  # who wants to know whom the vault has met

    def moved(self) -> None:
        """Twins, too, are to be started anew: the computer has other addresses, or its disk was plugged in again."""
        self.moves += 1

    async def get_chunk(self, address: bytes) -> bytes:
        """Fetch a file that a head names.  Raises VaultUnavailable or RequestRefused when it cannot be had now."""
        answer = await self._vault.ask(lambda number: control.GetChunk(number, address, is_carried=True), GET_S)
        if not isinstance(answer, control.Content):
            raise VaultUnavailable(texts.odd_answer())
        return answer.content

    async def carry_head(self, head: bytes) -> None:
        """Let the vault in use, and those after it, carry this verified head.

        Raises:
            RequestRefused: The vault would not.
        """
        if head != self.head:
            self._alike.clear()
        self.head = head
        self._tell_news()
        try:
            await self._vault.ask(lambda number: control.SetHead(number, head), TELL_S)
        except VaultUnavailable as error:
            log.info("the vault is told of the head when it is back reason=%s", error)

    async def carry_files(self, files: Mapping[bytes, bytes]) -> None:
        """Let the vault in use, and those after it, serve these by their addresses, and no others from before."""
        self._files = files
        self._tell_twins([order for _, order in self._file_orders()])
        await self.give_files()

    async def tell_changed(self, given: Assignment | None, share_bytes: Callable[[], int]) -> bool:
        """Tell the vault in use, which listens now, what changed since it was ``given`` its assignment.

        Returns whether it answered to all of it, but for files; what it refuses is left out, and nothing else for it.
        """
        try:
            for order in newer_than(given, lambda: self.head, self._assigning.limits):
                await self._tell(order)
            await self.give_files()
            if self._notes:
                await self._tell(lambda number: SetNotes(number, self._notes))
            await self._tell(lambda number: control.SetQuota(number, share_bytes()))
        except VaultUnavailable as error:
            log.warning("vault not told what changed reason=%s", error)
            return False
        return True

    async def _tell(self, order: Order) -> None:
        """Raises VaultUnavailable when it does not answer."""
        try:
            await self._vault.ask(order, TELL_S)
        except RequestRefused as error:
            log.warning("vault refuses what it is told reason=%s", error)

    async def give_files(self) -> None:
        """Hand the vault in use what it shall serve; what it does not take now it is given at its next start.

        A file that it refuses is left out, and no other one because of it.
        """
        with contextlib.suppress(TimeoutError):  # nobody who waits for this waits for each file of a vault that hangs
            async with asyncio.timeout(FILES_S):
                for address, order in self._file_orders():
                    await self._give(address, order)

    def _file_orders(self) -> list[tuple[str, Order]]:
        files = self._files
        carried = ((address.hex()[:8], partial(_carry_object, content)) for address, content in files.items())
        return [("", lambda number: control.DropObjects(number, tuple(files))), *carried]

    async def _give(self, address: str, make: Callable[[int], control.Command]) -> None:
        try:
            await self._vault.ask(make, TELL_S)
        except (VaultUnavailable, RequestRefused) as error:
            log.info("the vault was not given a file of the head address=%s reason=%s", address, error)

    async def set_notes(self, notes: tuple[OwnNote, ...]) -> None:
        """Let the vault in use, and those after it, answer with these notes.

        Raises:
            VaultUnavailable, RequestRefused: The vault was not given them now.
        """
        self._notes = notes
        await self._vault.ask(lambda number: SetNotes(number, notes), TELL_S)

    async def ask_note(self, vault_id: bytes, release: bytes) -> NoteSeen:
        """Ask another vault what its farm says of a release.

        Raises:
            VaultUnavailable, RequestRefused: It gave no answer.
        """
        answer = await self._vault.ask(lambda number: AskNote(number, vault_id, release), NOTE_S)
        if not isinstance(answer, NoteSeen):
            raise VaultUnavailable(texts.odd_answer())
        return answer

    def peer_count(self) -> int:
        """Where the vault speaks nobody's version, as many as the subnets that show it the newest head all the same."""
        state = self._vault.state
        return max(state.peer_count, state.head_subnets) if state is not None else 0

    def neighbours(self) -> int | None:
        """How many vaults the one in use knows; None while it does not run, or has not said."""
        return self._vault.state.peer_count if self._vault.state is not None else None

    async def reaches_others(self) -> bool:
        """Whether some of those whom the vault in use knew last answer a process of the program's own."""
        contacts = worth_greeting(self.contacts(), self._vault.record, self._utc_s())
        return await is_anyone_there(contacts, partial(self._start_prober, self._home.path / "greeter"), self._entropy)

    def head_subnets(self) -> int:
        return self._vault.state.head_subnets if self._vault.state is not None else 0

    def can_shut_off(self) -> bool:
        """Whether a vault is kept from the files of this computer, as far as the vault in use has shown."""
        return self._vault.run is None or self._vault.run.report.files

    def vault_id(self) -> bytes:
        return self._vault.keys.vault_id

    def serial(self) -> int:
        """Raises StateError when it cannot be read."""
        return self._vault.keys.newest_serial()

    async def refuse_head(self, digest: bytes, sender: bytes) -> None:
        """Hold a bad head against the vault that offered it.

        Raises:
            VaultUnavailable, RequestRefused: The vault could not be told.
        """
        await self._vault.ask(lambda number: control.RefuseHead(number, digest, sender), TELL_S)

    async def know_head(self, digest: bytes, sender: bytes) -> None:
        """Let the vault count whoever carries that head as one who shows its own.

        Raises:
            VaultUnavailable, RequestRefused: The vault could not be told.
        """
        self._alike.append(digest)
        self._tell_news()
        await self._vault.ask(lambda number: control.KnowHead(number, digest, sender), TELL_S)

    async def switch(self, tree_hash: str, *, is_insisted: bool = False) -> None:
        """Hand over to that version.

        Raises:
            SwitchFailed: It did not take over; the version from before serves again, unless that one is insisted on.
        """
        await self._vault.switch(tree_hash, is_insisted=is_insisted)

    async def start_twin(self, order: TwinOrder) -> Twin:
        """Start a vault for a trial.

        Raises:
            TwinFailed: It did not start; nothing of it is left.
            HostFailed: This machine could not start it, or its disk is in trouble; nothing of it is left.
        """
        try:
            slot = await asyncio.to_thread(self._slot, order.tree_hash)
        except UpdateError as error:
            raise HostFailed(str(error)) from error
        hearing = _kept(self._hearings, order.seed, Hearing)
        assignment = await asyncio.to_thread(self._assign, order, hearing.head)
        key, care = twin_key(order.seed, self._entropy, self._utc_s()), self._care(order, hearing, assignment)
        try:
            # On systems that rehearse at each start, one can be shut off and the next one not.
            twin = await Twin.start(
                order, slot, key, assignment, self._home.logs / "twins.log", care, must_shut_off=self.can_shut_off()
            )
        except TwinFailed as error:
            trouble = await asyncio.to_thread(space.trouble, self._home)
            if trouble:  # then it may be why, and its twin may have had luck
                raise HostFailed(trouble) from error
            raise
        self._twins[twin] = hearing
        twin.tell(self._news(hearing))  # it may have become the newest while the twin started
        twin.exited.add_done_callback(lambda _: self._twins.pop(twin, None))
        return twin

    def _assign(self, order: TwinOrder, head: bytes) -> Assignment:
        """What a twin is given: what a vault in use would be, and the record of that one to begin with.  Blocking."""
        bind = self._binds[order.seed] = with_free_port(_kept(self._binds, order.seed, self._any_port))
        # A version taken into use always stands by at first; one that was in use when the computer started never did.
        is_standby = order.is_standby or self._entropy(1)[0] % 2 == 0
        given = self._assigning.make(bind=bind, quota_bytes=order.quota_bytes, head=head, is_standby=is_standby)
        own = (self._vault.record,) if self._vault.record else ()
        contacts = (*own, *given.contacts)[: control.CONTACTS_MAX]
        return replace(given, contacts=contacts, limits=_of_twin(given.limits))

    def _care(self, order: TwinOrder, hearing: Hearing, given: Assignment) -> Care:
        def first() -> list[Order]:
            """What the vault in use is told when it listens."""
            files = [make for _, make in self._file_orders()]
            newer = newer_than(given, lambda: hearing.head, lambda: _of_twin(self._assigning.limits()))
            return [*newer, *files, lambda number: control.SetQuota(number, order.quota_bytes)]

        def brought(head: bytes) -> list[Order]:
            hearing.brings(head)
            return self._news(hearing)

        return Care(first, lambda key: renewed_key(order.seed, key, self._utc_s()), self._utc_s, brought)

    def _news(self, hearing: Hearing) -> list[Order]:
        """What a twin is told of the developers' news now."""
        head = self.head
        return [lambda number: control.SetHead(number, head)] if hearing.takes(head, self._alike) else []

    def _tell_news(self) -> None:
        for twin, hearing in self._twins.items():
            twin.tell(self._news(hearing))

    async def set_quota(self, share_bytes: int) -> None:
        """Tell the vault in use how much of the farmer's limit is its own; a later start tells it anyway."""
        try:
            await self._vault.ask(lambda number: control.SetQuota(number, share_bytes))
        except (VaultUnavailable, RequestRefused) as error:
            log.info("quota not told reason=%s", error)

    async def keep_to(self, limits: Limits) -> None:
        """Let all vaults of this home keep to these; one that starts later is assigned them.  Never raises."""
        twin = _of_twin(limits)
        self._tell_twins([lambda number: SetLimits(number, twin)])
        with contextlib.suppress(VaultUnavailable, RequestRefused):  # none there now, or one too old to know limits
            await self._vault.ask(lambda number: SetLimits(number, limits), TELL_S)

    def _tell_twins(self, orders: Sequence[Order]) -> None:
        for twin in self._twins:
            twin.tell(orders)

    async def start_prober(self, twins: tuple[bytes, bytes]) -> ProberProcess:
        """Start the prober on two records; return once it has greeted both.

        Raises:
            ProberFailed: It did not start; nothing of it is left.
        """
        return await self._start_prober(self._home.path / "prober", twins)

    async def _start_prober(self, data: Path, twins: tuple[bytes, bytes]) -> ProberProcess:
        program = self._home.path / "app"
        try:
            if not self._is_program_copied:
                await asyncio.to_thread(copy_program, program)
                self._is_program_copied = True
        except OSError as error:
            raise ProberFailed(texts.unusable(program, error)) from error
        probe = Probe(
            control_version=0,  # set when the prober has said which ones it speaks
            network=self._home.network,
            twins=twins,
            bind=self._any_port(),
        )
        return await start_prober(program, data, probe, self._home.logs / "prober.log")

    async def ask_as_vault(self, twin: bytes, question: Question) -> bytes:
        """Let the vault in use ask a twin, named by its record; return what came, b"" when nothing did.

        Raises:
            TwinFailed: The vault in use is not there, or cannot do that.
        """
        assert question.kind != "put"
        is_audit = question.kind == "audit"
        try:
            answer = await self._vault.ask(
                lambda number: control.AskVault(number, twin, question.address, question.nonce, is_audit), ASK_S
            )
        except RequestRefused as error:
            if error.code.startswith(NO_ANSWER):
                return b""
            raise TwinFailed(str(error)) from error
        except VaultUnavailable as error:
            raise TwinFailed(str(error)) from error
        if not isinstance(answer, control.Asked):
            raise TwinFailed(texts.odd_answer())
        return answer.answer

    async def neighbourhood(self, around: Collection[bytes] = ()) -> Neighbourhood:
        """Ask the vault in use for the rank tables of its neighbours, and of those that stand around these addresses.

        Raises:
            TwinFailed: It has no answer now.
        """
        try:
            state = await self._vault.ask(control.GetState)
            tables = await self._vault.ask(lambda number: FetchRankTables(number, tuple(around)), TABLES_S)
        except (VaultUnavailable, RequestRefused) as error:
            raise TwinFailed(str(error)) from error
        if not isinstance(state, control.State) or not isinstance(tables, RankTables):
            raise TwinFailed(texts.odd_answer())
        neighbours = tuple(Neighbour(given.subnet, given.known_s, given.table) for given in tables.tables)
        size = tables.network_size or state.peer_count + 1  # an older vault tells only whom it knows
        return Neighbourhood(size, state.subnet_count, neighbours)

    def _any_port(self) -> str:
        """The address of the vault in use, so that all of a farm count as one holder, with a port of its own."""
        return f"{self._home.marker.bind.rpartition(':')[0]}:0"


def _kept(kept: dict[bytes, _T], seed: bytes, make: Callable[[], _T]) -> _T:
    """What is remembered of the twin with this seed, or what is made for it; the oldest ones are forgotten."""
    one = kept[seed] = kept.pop(seed) if seed in kept else make()
    while len(kept) > KEPT_MAX:
        kept.pop(next(iter(kept)))
    return one


def _of_twin(limits: Limits) -> Limits:
    """A trial goes on during a pause, and its vaults take chunks: else nothing could be told of them."""
    return msgspec.structs.replace(limits, is_taking=True)


def _carry_object(content: bytes, number: int) -> control.CarryObject:
    return control.CarryObject(number, content)
