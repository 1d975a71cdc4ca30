"""Joins the vault's core to the world: turns what happens into events, and performs the effects.

Everything runs on one event loop; only the disk works in threads.  Each effect that waits for the world is a task
of one group, so that nothing outlives the driver and no failure is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Final, assert_never

import msgspec

from node.vault import control
from node.vault.core import codec
from node.vault.core.events import (
    AnswerReceived,
    Ask,
    AskFailed,
    AskNewer,
    CheckStore,
    ChunkRead,
    ChunkRemoved,
    ChunkWritten,
    CommandReceived,
    Counted,
    DialUnanswered,
    Effect,
    Event,
    NewerAnswered,
    NewerMet,
    Now,
    PeerGreeted,
    PeerMisbehaved,
    PeerSilent,
    ReadChunk,
    RemoveChunk,
    Reply,
    RequestReceived,
    SeenAt,
    Send,
    Started,
    StoreChecked,
    Tell,
    Ticked,
    VaultFound,
    Watch,
    Withdraw,
    WriteChunk,
)
from node.vault.core.identity import Introduction, PeerRecord
from node.vault.core.messages import CHUNK_BYTES_MAX, Answer, Refused
from node.vault.core.vault import Vault
from node.vault.errors import (
    ChunkCorrupt,
    Misdated,
    PeerError,
    ResourceError,
    StorageError,
    Unreachable,
    WrongNetwork,
)
from node.vault.load import WORK, Askers, work_of
from node.vault.looks import Looks
from node.vault.ports import BESIDE, Clock, Network
from node.vault.storage.chunk_store import ChunkStore

TICK_S_MIN: Final = 0.05  # however much is due
TICK_S_MAX: Final = 60.0
TICK_LATE_S: Final = 0.004  # a tick that comes a moment too early finds nothing to do and has to come once more
ANSWER_TIMEOUT_S: Final = 20.0
REQUESTS_MAX: Final = 256  # of peers, at once; more are told to come later
DRAIN_S: Final = 3.0
HANDOVER_GRACE_S: Final = 2.0  # for the core to say that the time for it is over
COUNT_PAUSE_S: Final = 10.0  # after a disk did not say what lies on it

logger = logging.getLogger(__name__)


class Driver:
    """Runs one started vault.  ``handle`` serves peers' requests; ``command`` takes the supervisor's orders."""

    def __init__(self, vault: Vault, store: ChunkStore, clock: Clock, tell: Callable[[control.Report], None]) -> None:
        self._vault = vault
        self._store = store
        self._clock = clock
        self._tell = tell
        self._network: Network | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._replies: dict[int, asyncio.Future[Answer]] = {}
        self._next_request = 0
        self._askers = Askers()
        self._work = 0
        self._asks: dict[int, asyncio.Task[None]] = {}  # by ask id
        self._running: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._tick_at_s = 0.0  # when the timer is set for
        self._idle = asyncio.Event()
        self._started = asyncio.Event()
        self._stopped = asyncio.Event()
        self._handed_over = asyncio.Event()
        self._is_draining = False

    def now(self) -> Now:
        return Now(self._clock.monotonic_s(), self._clock.utc_s())

    async def run(self, network: Network, addresses: tuple[str, ...]) -> None:
        """Take up work on a bound network; returns after ``drain``."""
        self._network = network
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            counting = tasks.create_task(self._count())
            try:
                self._take(Started(self.now(), addresses, {}, self._store.used_bytes, is_counted=False))
                self._started.set()
                await self._stopped.wait()
            finally:
                network.watch((), self._peer_silent)  # whoever falls silent from now on is no news
                if self._timer is not None:
                    self._timer.cancel()
                for task in (counting, *self._running):
                    task.cancel()

    async def wait_until_started(self) -> None:
        """Return once the vault has said that it listens.  Orders are taken only then."""
        await self._started.wait()

    async def handle(self, peer: PeerRecord, subnet: str, content: bytes, *, is_here: bool = False) -> bytes:
        """Answer one request of a peer.  Never raises for what the peer sent."""
        self._askers.asked(peer.vault_id)
        answer_bytes = CHUNK_BYTES_MAX  # of who does not wait for it, for all that is known
        try:
            answer = await self._answered(peer, subnet, content, is_here=is_here)
            answer_bytes = len(answer)
            return answer
        finally:
            self._work += work_of(len(content) + answer_bytes)

    async def _answered(self, peer: PeerRecord, subnet: str, content: bytes, *, is_here: bool) -> bytes:
        try:
            message = codec.decode_request(content)
        except PeerError as error:
            self._take(PeerMisbehaved(self.now(), peer, error.code))
            return codec.encode(Refused(error.code))
        if len(self._replies) >= REQUESTS_MAX or self._tasks is None:
            return codec.encode(Refused("busy"))
        self._next_request += 1
        request_id = self._next_request
        reply: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._replies[request_id] = reply
        try:
            self._take(RequestReceived(self.now(), request_id, peer, subnet, message, is_here=is_here))
            if reply.done():  # as most are: they need nothing from the disk
                return codec.encode(reply.result())
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return codec.encode(await reply)
        except TimeoutError:
            return codec.encode(Refused("busy"))
        finally:
            del self._replies[request_id]

    def command(self, command: control.Command) -> None:
        """Take an order of the supervisor; its answer leaves through ``tell``."""
        match command:
            case control.Scan():
                self._spawn(self._scan(command))
            case control.SetQuota():
                self._store.set_quota(command.quota_bytes)
                self._take(CommandReceived(self.now(), command))
            case _:
                self._take(CommandReceived(self.now(), command))

    def greeted(self, peer: PeerRecord, head: bytes) -> None:
        """A session was made with a peer that carries the head of this digest."""
        if self._started.is_set():
            self._take(PeerGreeted(self.now(), peer, head))

    def unanswered(self, peer: PeerRecord) -> None:
        """A peer is being dialled, and nobody has answered yet."""
        if self._started.is_set():
            self._take(DialUnanswered(self.now(), peer))

    def newer(self, peer: PeerRecord, subnet: str, head: bytes) -> None:
        """A vault that speaks no version in common carries the head of this digest."""
        if self._started.is_set():
            self._take(NewerMet(self.now(), peer, subnet, head))

    def seen_at(self, addresses: tuple[str, ...]) -> None:
        """The vault can be dialled at these addresses from now on."""
        if self._started.is_set():
            self._take(SeenAt(self.now(), addresses))

    def found(self, introduction: Introduction) -> None:
        """The local network names a vault."""
        self._take(VaultFound(self.now(), introduction))

    async def drain(self, command: control.Drain) -> None:
        """Accept nothing new, say goodbye, hand over, let what runs come to its end for at most DRAIN_S, stop."""
        self._is_draining = True  # what is over from now on is not a shrinking
        self._take(CommandReceived(self.now(), command))
        if command.handover_s > 0:
            try:
                async with asyncio.timeout(command.handover_s + HANDOVER_GRACE_S):
                    await self._handed_over.wait()
            except TimeoutError:
                logger.warning("the hand-over was not over in time")
        try:
            async with asyncio.timeout(DRAIN_S):
                while self._running:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            logger.info("drained with %d tasks unfinished", len(self._running))
        self._stopped.set()

    async def _count(self) -> None:
        """Tell the core what lies on the disk, little by little, while it works already."""
        while True:
            try:
                await self._count_once()
            except StorageError as error:
                logger.warning("the chunks cannot be counted yet: %s", error)
                await asyncio.sleep(COUNT_PAUSE_S)
            else:
                return

    async def _count_once(self) -> None:
        batches = self._store.inventory()
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            self._take(Counted(self.now(), batch, is_counted=False))
        self._take(Counted(self.now(), {}, is_counted=True))

    def _take(self, event: Event) -> None:
        for effect in self._vault.step(event):
            self._perform(effect)
        self._set_timer()

    def _set_timer(self) -> None:
        """See to it that the vault ticks when it wants to, and not before: an idle vault shall cost next to nothing."""
        due_s = self._vault.due_s
        if self._stopped.is_set() or (self._timer is not None and self._tick_at_s <= due_s):
            return
        if self._timer is not None:
            self._timer.cancel()
        delay_s = min(max(due_s - self._clock.monotonic_s() + TICK_LATE_S, TICK_S_MIN), TICK_S_MAX)
        self._tick_at_s = due_s
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._take(Ticked(self.now()))

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Reply():
                reply = self._replies.get(effect.request_id)
                if reply is not None and not reply.done():
                    reply.set_result(effect.message)
            case Tell():
                if isinstance(effect.report, control.HandedOver) and effect.report.is_over and self._is_draining:
                    self._handed_over.set()
                self._tell(self._completed(effect.report))
            case Ask():
                task = self._asks[effect.ask_id] = self._spawn(self._ask(effect))
                task.add_done_callback(lambda _: self._asks.pop(effect.ask_id))
            case AskNewer():
                self._spawn(self._ask_newer(effect))
            case Withdraw():
                self._asks[effect.ask_id].cancel()
            case Send():
                self._spawn(self._send(effect))
            case WriteChunk():
                self._spawn(self._write(effect))
            case ReadChunk():
                self._spawn(self._read(effect))
            case RemoveChunk():
                self._spawn(self._remove(effect))
            case CheckStore():
                self._spawn(self._check())
            case Watch():
                assert self._network is not None
                self._network.watch(effect.peers, self._peer_silent)
            case _:
                assert_never(effect)

    def _completed(self, report: control.Report) -> control.Report:
        """A State also tells what the network refused and saw before the core could see it, and who asked most."""
        if not isinstance(report, control.State) or self._network is None:
            return report
        looks = self._network.looks(report.looks or Looks())  # it brings the counters up to date
        counters = dict(Counter(report.counters) + self._network.counters)
        counters[WORK] = self._work + counters.pop(BESIDE, 0)
        return msgspec.structs.replace(report, counters=counters, load=self._askers.take(), looks=looks)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        assert self._tasks is not None
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._one_done)
        return task

    def _one_done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not self._running:
            self._idle.set()

    async def _ask(self, effect: Ask) -> None:
        assert self._network is not None
        try:
            content = codec.encode(effect.message)
            answered = await self._network.request(effect.peer, content, effect.timeout_s)
            message = codec.decode_answer(answered.content)
        except (Misdated, WrongNetwork):  # whichever of the two is wrong: nobody is to blame, and nobody was reached
            self._take(AskFailed(self.now(), effect.ask_id, Unreachable.code))
        except PeerError as error:
            self._take(AskFailed(self.now(), effect.ask_id, error.code))
        else:
            self._take(AnswerReceived(self.now(), effect.ask_id, answered.subnet, message, answered.peer))

    async def _ask_newer(self, effect: AskNewer) -> None:
        assert self._network is not None
        content: bytes | None = None
        with contextlib.suppress(PeerError):
            content = await self._network.ask_newer(effect.peer, effect.kind, effect.subject, effect.timeout_s)
        self._take(NewerAnswered(self.now(), effect.ask_id, content))

    async def _send(self, effect: Send) -> None:
        assert self._network is not None
        await self._network.send(effect.peers, codec.encode(effect.message), effect.most)

    def _peer_silent(self, peer: PeerRecord) -> None:
        self._take(PeerSilent(self.now(), peer))

    async def _write(self, effect: WriteChunk) -> None:
        try:
            await asyncio.to_thread(self._store.put, effect.content, effect.address)
        except (ResourceError, StorageError) as error:
            logger.warning("chunk not stored: %s", error)
            self._take(ChunkWritten(self.now(), effect.token, error.code))
        else:
            self._take(ChunkWritten(self.now(), effect.token))

    async def _read(self, effect: ReadChunk) -> None:
        try:
            content = await asyncio.to_thread(self._store.get, effect.address)
        except StorageError as error:
            logger.warning("chunk not served: %s", error)
            code = "" if isinstance(error, ChunkCorrupt) else error.code
            self._take(ChunkRead(self.now(), effect.token, None, code))
        else:
            self._take(ChunkRead(self.now(), effect.token, content))

    async def _remove(self, effect: RemoveChunk) -> None:
        try:
            await asyncio.to_thread(self._store.remove, effect.address)
        except StorageError as error:
            logger.warning("chunk not removed: %s", error)
            self._take(ChunkRemoved(self.now(), effect.token, error.code))
        else:
            self._take(ChunkRemoved(self.now(), effect.token))

    async def _check(self) -> None:
        try:
            await asyncio.to_thread(self._store.check)
        except (ResourceError, StorageError) as error:
            self._take(StoreChecked(self.now(), error.code))
        else:
            self._take(StoreChecked(self.now(), ""))

    async def _scan(self, command: control.Scan) -> None:
        self._tell(await asyncio.to_thread(scan, self._store, command))


def scan(store: ChunkStore, command: control.Scan) -> control.Scanned | control.Failed:
    """Read every chunk of the store, or as many as one answer can name.  Blocking."""
    try:
        held, corrupt = store.scan() if command.after is None else store.scan(command.after, control.SCANNED_MAX)
    except StorageError as error:
        return control.Failed(command.id, error.code, str(error))
    if len(held) + len(corrupt) > control.SCANNED_MAX:
        message = f"{len(held) + len(corrupt)} chunks are more than one answer can name"
        return control.Failed(command.id, ResourceError.code, message)
    return control.Scanned(command.id, tuple(held), tuple(corrupt))
