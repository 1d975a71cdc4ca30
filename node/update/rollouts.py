"""Verdicts of other farms: asked for one by one, checked here, and heeded as far as they may be: they only delay.

    whom the vault has met --> book --> those known for long enough before the release --> asked in turn, for ever anew
                                                                                              |
    hold, halted, is_slow <-- Rollout (``node.trial.waves``) <-- signed by that vault, about this release, under the
                                                                 commitment that the book has of it
    moved: the own trial began or ended --> the own note, persisted --> the vault, for others who ask

What is kept is two files, each replaced as a whole:

    state/book      whom the vault has met
    state/rollouts  how each rollout stands, and the own notes of the last year
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

import msgspec

from node.api.schema import RolloutView
from node.trial.book import BOOK_BYTES_MAX, Acquaintance, Book, UnreadableBook
from node.trial.membership import ChainUsedUp
from node.trial.notes import (
    DAY_S,
    Numbers,
    Platform,
    State,
    check_note,
    decode_note,
    encode_note,
    follows,
    make_note,
    numbers_of,
)
from node.trial.verdict import Progress
from node.trial.waves import STATE_BYTES_MAX, URGENT, Plan, Rollout, Seen, Standing, UnreadableRollout, shares_in
from node.update.events import Event, TrialEnded
from node.update.lifecycle import STOPPABLE
from node.update.noted import HALTED, NOT_YET, TOO_EARLY, position_in, reason_told, rollout_view, state_told, subject_of
from node.update.store import Record
from node.vault.errors import BadSignature, MalformedMessage
from node.vault.noting import NOTES_MAX, MetVault, NoteSeen, OwnNote
from node.vault.ports import Random
from node.vault.storage.filesystem import write_durably

NOTES_KEPT_S: Final = 365 * DAY_S
ROLLOUTS_MAX: Final = 4  # the newest ones
SAVE_S: Final = 300.0  # between two writes of what need not be written at once
MET_S: Final = 1.0  # between two reports that are heard: a vault cannot keep its supervisor busy
GROWN: Final = 2  # the network turns out to be so many times as big: the shares are taken anew
KEPT_BYTES_MAX: Final = ROLLOUTS_MAX * STATE_BYTES_MAX + (1 << 20)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who writes this farm's notes: its vault id, the key that signs for it, and its seat in every rollout."""

    vault_id: bytes
    seed: bytes
    sign: Callable[[bytes], bytes]
    platform: Platform


@dataclass(frozen=True, slots=True)
class Asking:
    """How fast others are asked: everyone once in ``round_s``, but never more than one in ``pause_s_min``."""

    round_s: float
    pause_s_min: float
    idle_s: float  # between two looks while there is nobody to ask


REAL: Final = Asking(round_s=6 * 3600.0, pause_s_min=15.0, idle_s=60.0)
PRACTICE: Final = Asking(round_s=10.0, pause_s_min=0.5, idle_s=2.0)


class NoteHost(Protocol):
    """What it takes of the node; both calls raise anything when the vault cannot do it now."""

    async def ask_note(self, vault_id: bytes, release: bytes) -> NoteSeen: ...

    async def set_notes(self, notes: tuple[OwnNote, ...]) -> None:
        """Let the vault in use, and those after it, answer with these."""
        ...

    def peer_count(self) -> int:
        """How many others the vault knows; 0 while it has met nobody."""
        ...


class _KeptNote(msgspec.Struct, frozen=True):
    release: bytes
    state: State
    content: bytes
    begun_s: float  # UTC, of the trial
    numbers: Numbers  # of the trial, to be told with the verdict


class _KeptRollout(msgspec.Struct, frozen=True):
    name: str
    rollout: bytes
    network_size: int


class _Kept(msgspec.Struct, frozen=True):
    notes: tuple[_KeptNote, ...] = ()
    rollouts: tuple[_KeptRollout, ...] = ()


@dataclass(slots=True)
class _Way:
    """The rollout of one release, and for how big a network its shares were taken.

    ``answered``: from which subnet each vault gave its last answer; ``answered_before``: how many subnets did so in an
    earlier run, as long as not everyone was asked in this one.
    """

    rollout: Rollout
    network_size: int
    standing: Standing
    answered_before: int = 0
    answered: dict[bytes, str] = field(default_factory=dict)

    def step(self, now_s: float, *seen: Seen, is_reaffirmed: bool = False) -> Standing:
        answered = max(self.answered_before, len(set(self.answered.values())))
        return self.rollout.step(now_s, seen, answered=answered, is_reaffirmed=is_reaffirmed)


class Rollouts:
    """All rollouts of one home.  Belongs to one event loop; ``run`` is called once."""

    def __init__(
        self, folder: Path, author: Author, host: NoteHost, *, plan: Plan, asking: Asking, random: Random,
        utc_s: Callable[[], float], on_change: Callable[[], None],
    ) -> None:  # fmt: skip
        """Go on with what ``folder`` holds; what of it cannot be read begins anew.  Blocking."""
        self._files = folder / "book", folder / "rollouts"
        self._author = author
        self._host = host
        self._plan = plan
        self._asking = asking
        self._random = random
        self._utc_s = utc_s
        self._on_change = on_change
        self._book = _read_book(self._files[0])
        kept = _read_kept(self._files[1])
        self._notes = {note.release: note for note in kept.notes}
        self._ways = dict(filter(None, map(_way, kept.rollouts)))
        self._followed: Record | None = None
        self._round: list[Acquaintance] = []
        self._pause_s = asking.idle_s
        self._met_at_s = float("-inf")
        self._saved_at_s = float("-inf")
        self._is_saved = True

    # What the driver asks.

    def hold(self, record: Record) -> str:
        """Why the trial of this release may not begin yet; "" if it may.  From now on others are asked about it."""
        self._followed = record
        standing = self._stepped(record)
        if standing is None:
            return TOO_EARLY
        if not self._plan.shares or standing.may_begin:
            return ""
        return NOT_YET if standing.may_promote else HALTED

    def halted(self, record: Record) -> str:
        """Why this release, which is on its way, may come no nearer to being used; "" if it may."""
        self._followed = record if record.way.phase in STOPPABLE else None
        standing = self._stepped(record) if self._followed is not None else None
        return HALTED if standing is not None and self._plan.shares and not standing.may_promote else ""

    def is_rolled_out(self, record: Record) -> bool:
        """Whether the last wave has been open for a trial and a soak, and votes hold the release up no longer."""
        self._followed = record
        standing = self._stepped(record)
        if standing is None or not standing.may_promote or standing.open_wave + 1 < standing.wave_count:
            return False
        rollout = self._ways[record.release.name].rollout
        return rollout.waited_s >= rollout.plan.report_s_min + rollout.plan.soak_s

    def is_slow(self, name: str) -> bool:
        """Whether its trial shall last twice as long, because many others refuse it."""
        return name in self._ways and bool(self._plan.shares) and self._ways[name].standing.is_slow

    def view(self, name: str) -> RolloutView | None:
        way = self._ways.get(name)
        return None if way is None else rollout_view(way.standing, way.rollout.heard_s)

    async def moved(self, before: Record, after: Record, event: Event, progress: Progress | None) -> None:
        """The release has made a step, which is persisted: the own note follows it.  Never raises."""
        state, subject, now_s = state_told(before.way, after.way, event), subject_of(after.release), self._utc_s()
        held = self._notes.get(subject.digest)
        if held is not None and isinstance(event, TrialEnded) and progress is not None:
            held = msgspec.structs.replace(held, numbers=numbers_of(progress, held.begun_s))
            self._notes[subject.digest] = held  # told with the verdict, which may have to wait for the rehearsal
            self._is_saved = False
        if state is None or not (state == "on_trial" if held is None else follows(held.state, state)):
            return
        begun_s, numbers = now_s, Numbers(started_day=int(now_s / DAY_S))
        if held is not None and state != "on_trial":
            begun_s, numbers = held.begun_s, held.numbers
        author = self._author
        try:
            note = make_note(
                subject, state, numbers, author.sign, vault_id=author.vault_id, seed=author.seed,
                baseline=bytes.fromhex(after.way.baseline), platform=author.platform, reason=reason_told(event),
            )  # fmt: skip
        except ChainUsedUp as error:
            log.warning("no note about %s reason=%s", after.release.name, error)
            return
        self._notes[subject.digest] = _KeptNote(subject.digest, state, encode_note(note), begun_s, numbers)
        log.info("note about %s says %s", after.release.name, state)
        await self._save()
        await self._tell_vault()

    async def catch_up(self, record: Record, event: Event) -> None:
        """Say what the power failed before: the record was kept, the note was not yet.  Never raises."""
        held, phase = self._notes.get(subject_of(record.release).digest), record.way.phase
        if held is None or held.state == "on_trial":
            before = replace(record.way, phase="staged" if phase == "on_trial" else "on_trial")
            await self.moved(msgspec.structs.replace(record, way=before), record, event, None)

    # What the vault tells.

    def met(self, vaults: Sequence[MetVault]) -> None:
        """The vault has met these."""
        now_s = self._now()
        if now_s - self._met_at_s < MET_S:
            return
        self._met_at_s = now_s
        for vault in vaults:
            if vault.vault_id != self._author.vault_id:
                self._book.met(vault.vault_id, vault.subnet, vault.commitment, self._utc_s())
        self._is_saved = False

    async def run(self) -> None:
        """Ask, and keep what came of it, until cancelled.  Time passes for the rollouts even if this should fail."""
        await self._tell_vault()
        while True:
            await asyncio.sleep(self._pause_s)
            try:
                if self._followed is not None:
                    await self._ask_next(self._followed)
                if not self._is_saved and self._now() - self._saved_at_s >= SAVE_S:
                    await self._save()
            except Exception:
                log.exception("other farms could not be asked")

    # Asking.

    async def _ask_next(self, record: Record) -> None:
        if not self._round:
            self._begin_round(record)
        if not self._round:
            return
        entry, subject = self._round.pop(), subject_of(record.release)
        try:
            seen = await self._host.ask_note(entry.vault_id, subject.digest)
        except Exception as error:  # noqa: BLE001 - whatever it is, the vault is asked again in the next round
            log.debug("a note was not given reason=%s", error)
            seen = None
        known, way = self._book.get(entry.vault_id), self._ways.get(record.release.name)
        if way is None or known is None or known.commitment != entry.commitment:
            return
        if seen is None:
            way.answered.pop(entry.vault_id, None)
            return
        way.answered[entry.vault_id] = seen.subnet
        if not seen.content:
            return
        try:
            note = decode_note(seen.content)
            check_note(note, entry.vault_id, subject, entry.commitment)
        except (MalformedMessage, BadSignature) as error:
            log.info("a note does not count vault=%s reason=%s", entry.vault_id.hex()[:8], error)
            return
        sight = Seen(entry.vault_id, seen.subnet, known.first_s, note)
        self._told(way, way.step(self._now(), sight))

    def _begin_round(self, record: Record) -> None:
        """Draw whom to ask, one of each subnet before a second of any; set the pace."""
        way = self._ways.get(record.release.name)
        if way is not None and way.answered:
            way.answered_before = 0  # by now everyone was asked
        old = list(self._book.known_since(record.announced_s - self._plan.age_s_min))
        self._random.shuffle(old)
        first = {entry.subnet: entry for entry in old}
        others = [entry for entry in old if first[entry.subnet] is not entry]
        asking = self._asking
        most = int(asking.round_s / asking.pause_s_min)
        self._round = [*first.values(), *others][:most][::-1]
        self._pause_s = max(asking.pause_s_min, asking.round_s / len(self._round)) if self._round else asking.idle_s

    def _stepped(self, record: Record) -> Standing | None:
        """How the rollout stands now; None while the size of the network is not known at all."""
        name, size = record.release.name, max(self._host.peer_count(), len(self._book)) + 1
        way = self._ways.get(name)
        if way is None and not self._host.peer_count():
            return None
        if way is None or (size >= GROWN * way.network_size and not way.rollout.votes):
            way = self._begin(record, size)
        self._told(way, way.step(self._now(), is_reaffirmed=record.release.is_reaffirmed))
        return way.standing

    def _begin(self, record: Record, size: int) -> _Way:
        is_urgent, subject = record.release.is_urgent and bool(self._plan.shares), subject_of(record.release)
        plan = URGENT if is_urgent else self._plan
        rollout = Rollout(
            plan=plan, shares=shares_in(plan, size), position=position_in(subject, self._author.seed),
            heard_s=record.announced_s,
        )  # fmt: skip
        self._ways.pop(record.release.name, None)
        way = self._ways[record.release.name] = _Way(rollout, size, rollout.step(self._now()))
        for name in list(self._ways)[:-ROLLOUTS_MAX]:
            del self._ways[name]
        self._round = []
        return way

    def _told(self, way: _Way, standing: Standing) -> None:
        self._is_saved = False
        if standing != way.standing:
            way.standing = standing
            self._on_change()

    # Keeping.

    async def _tell_vault(self) -> None:
        """Let others have the newest notes of the last year."""
        newest = [note for note in self._notes.values() if self._utc_s() - note.begun_s < NOTES_KEPT_S][-NOTES_MAX:]
        self._notes = {note.release: note for note in newest}
        try:
            await self._host.set_notes(tuple(OwnNote(note.release, note.content) for note in newest))
        except Exception as error:  # noqa: BLE001 - the vault is not there now; it is given them at its start
            log.info("the vault was not given the notes reason=%s", error)

    async def _save(self) -> None:
        rollouts = tuple(_KeptRollout(name, way.rollout.dump(), way.network_size) for name, way in self._ways.items())
        kept = msgspec.msgpack.encode(_Kept(tuple(self._notes.values()), rollouts))
        self._saved_at_s, self._is_saved = self._now(), True  # what changes while it is written is written next time
        try:
            for path, content in zip(self._files, (self._book.dump(), kept), strict=True):
                await asyncio.to_thread(write_durably, path, content)
        except OSError as error:  # what is forgotten only delays
            log.warning("rollouts not kept yet reason=%s", error)
            self._is_saved = False

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _read(path: Path, bytes_max: int) -> bytes:
    """What the file holds; b"" if there is none, or it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        log.warning("%s not read reason=%s", path.name, error)
        return b""
    return content if len(content) <= bytes_max else b""


def _read_book(path: Path) -> Book:
    content = _read(path, BOOK_BYTES_MAX)
    try:
        return Book.load(content) if content else Book()
    except UnreadableBook as error:
        log.warning("the book begins anew reason=%s", error)
        return Book()


def _read_kept(path: Path) -> _Kept:
    content = _read(path, KEPT_BYTES_MAX)
    try:
        return msgspec.msgpack.decode(content, type=_Kept) if content else _Kept()
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        log.warning("the rollouts begin anew reason=%s", error)
        return _Kept()


def _way(kept: _KeptRollout) -> tuple[str, _Way] | None:
    try:
        rollout = Rollout.load(kept.rollout)
    except UnreadableRollout as error:
        log.warning("the rollout of %s begins anew reason=%s", kept.name, error)
        return None
    last_s, answered = rollout.last_s or 0.0, rollout.answered
    standing = rollout.step(last_s, answered=answered)  # no time passes
    return kept.name, _Way(rollout, kept.network_size, standing, answered_before=answered)
