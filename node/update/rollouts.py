"""Verdicts of other farms: asked for one by one, checked here, and heeded as far as they may be: they only delay.

    whom the vault has met --> book --> those known for long enough before the release --> asked in turn, for ever anew
                                                                                              |
    hold, halted, is_slow <-- Rollout (``node.trial.waves``) <-- signed by that vault, about this release, under the
                                                                 commitment that the book has of it
    moved: the own trial began or ended --> the own note --> kept --> the vault, for others who ask

What is kept of all this is told in ``rollout_files``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

import msgspec

from node.api import texts
from node.api.schema import RolloutView
from node.trial.book import Acquaintance
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
from node.trial.waves import URGENT, Plan, Rollout, Seen, Standing, UnreadableRollout, shares_in
from node.update.disk_wait import PAUSE_S
from node.update.events import Event, TrialEnded
from node.update.noted import HALTED, NOT_YET, TOO_EARLY, position_in, reason_told, rollout_view, state_told, subject_of
from node.update.phases import STOPPABLE
from node.update.rollout_files import ROLLOUTS_MAX, Kept, KeptNote, KeptRollout, RolloutFiles
from node.update.store import Record
from node.vault.errors import BadSignature, MalformedMessage
from node.vault.noting import NOTES_MAX, MetVault, NoteSeen, OwnNote
from node.vault.ports import Random

NOTES_KEPT_S: Final = 365 * DAY_S
SAVE_S: Final = 300.0  # between two writes of what need not be written at once
MET_S: Final = 1.0  # between two reports that are heard: a vault cannot keep its supervisor busy
GROWN: Final = 2  # the network turns out to be so many times as big: the shares are taken anew

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
        self._files = RolloutFiles(folder)
        self._author = author
        self._host = host
        self._plan = plan
        self._asking = asking
        self._random = random
        self._utc_s = utc_s
        self._on_change = on_change
        self._book, kept = self._files.load()
        self._notes = {note.release: note for note in kept.notes}
        self._kept_notes = kept.notes  # what others may be told: nothing that a power cut could change
        self._ways = dict(filter(None, map(_way, kept.rollouts)))
        self._followed: dict[str, Record] = {}  # by layer, for an app comes beside a vault; next whose turn it is
        self._rounds: dict[str, list[Acquaintance]] = {}  # by layer
        self._pause_s = asking.idle_s
        self._ask_at_s = float("-inf")
        self._met_at_s = float("-inf")
        self._save_at_s = float("-inf")  # not before
        self._is_saved = True
        self.disk_trouble = ""  # why the disk refuses, while it does

    # What the driver asks.

    def hold(self, record: Record) -> str:
        """Why the trial of this release may not begin yet; "" if it may.  From now on others are asked about it."""
        self._follow(record)
        standing = self._stepped(record)
        if standing is None:
            return TOO_EARLY
        if not self._plan.shares or standing.may_begin:
            return ""
        return NOT_YET if standing.may_promote else HALTED

    def halted(self, record: Record) -> str:
        """Why this release, which is on its way, may come no nearer to being used; "" if it may."""
        is_open = record.way.phase in STOPPABLE
        self._follow(record, is_over=not is_open)
        standing = self._stepped(record) if is_open else None
        return HALTED if standing is not None and self._plan.shares and not standing.may_promote else ""

    def is_rolled_out(self, record: Record) -> bool:
        """Whether the last wave has been open for a trial and a soak, and votes hold the release up no longer."""
        self._follow(record)
        standing = self._stepped(record)
        if standing is None or not standing.may_promote or standing.open_wave + 1 < standing.wave_count:
            return False
        return self._ways[record.release.name].rollout.has_lasted

    def is_under_way(self, record: Record) -> bool:
        """Whether its rollout has begun here, is not halted, and this farm's own wave has not been open for long."""
        way = self._ways.get(record.release.name)
        return way is not None and way.standing.may_promote and not (way.standing.may_begin and way.rollout.has_lasted)

    def is_slow(self, name: str) -> bool:
        """Whether its trial shall last twice as long, because many others refuse it."""
        return name in self._ways and bool(self._plan.shares) and self._ways[name].standing.is_slow

    def view(self, name: str, *, is_stretched: bool = True) -> RolloutView | None:
        """How the rollout of a release stands, as a person reads it; None before it was asked about.

        ``is_stretched``: where many others refuse it, its trial here lasts twice as long.
        """
        way = self._ways.get(name)
        if way is None:
            return None
        standing = replace(way.standing, is_slow=way.standing.is_slow and is_stretched)
        return rollout_view(standing, way.rollout.heard_s)

    async def moved(self, before: Record, after: Record, event: Event, progress: Progress | None) -> None:
        """The release has made a step, which is persisted: the own note follows it.  Never raises."""
        if after.way.is_over:
            self._follow(after, is_over=True)
        state, subject = state_told(before.way, after.way, event), subject_of(after.release)
        held = self._notes.get(subject.digest)
        if held is not None and isinstance(event, TrialEnded) and progress is not None:
            held = msgspec.structs.replace(held, numbers=numbers_of(progress, held.begun_s))
            self._notes[subject.digest] = held  # told with the verdict, which may have to wait for the rehearsal
            await self._save()
        if state is not None:
            await self._say(after, state, reason_told(event))

    async def catch_up(self, record: Record) -> None:
        """Say what the power failed before: the record was kept, the note was not yet.  Never raises."""
        if record.said is not None:
            await self._say(record, record.said, record.said_why)

    async def _say(self, record: Record, state: State, reason: str) -> None:
        """Let the own note about the release say this, unless its word may not change so."""
        subject, now_s = subject_of(record.release), self._utc_s()
        held = self._notes.get(subject.digest)
        if not (state == "on_trial" if held is None else follows(held.state, state)):
            return
        begun_s, numbers = now_s, Numbers(started_day=int(now_s / DAY_S))
        if held is not None and state != "on_trial":
            begun_s, numbers = held.begun_s, held.numbers
        author = self._author
        note = make_note(
            subject, state, numbers, author.sign, vault_id=author.vault_id, seed=author.seed,
            baseline=bytes.fromhex(record.way.baseline), platform=author.platform, reason=reason,
        )  # fmt: skip
        self._notes[subject.digest] = KeptNote(subject.digest, state, encode_note(note), begun_s, numbers)
        log.info("note about %s says %s", record.release.name, state)
        await self._save()

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

    def known_since(self, vault_id: bytes) -> float | None:
        """Since when the farm has known this vault (UTC), over all runs of its own; None: it stands in no book."""
        entry = self._book.get(vault_id)
        return entry.first_s if entry is not None else None

    async def run(self) -> None:
        """Ask, and keep what came of it, until cancelled.  Time passes for the rollouts even if this should fail."""
        await self._tell_vault()
        self._ask_at_s = self._now() + self._pause_s
        while True:  # who has few to ask waits for hours in between, and a power cut must not take those
            await asyncio.sleep(min(SAVE_S, max(0.0, self._ask_at_s - self._now())))
            is_turn = self._now() >= self._ask_at_s
            try:
                if is_turn and self._followed:
                    await self._ask_next(self._next_followed())
                if not self._is_saved and self._now() >= self._save_at_s:
                    await self._save()
            except Exception:
                log.exception("other farms could not be asked")
            if is_turn:
                self._ask_at_s = self._now() + self._pause_s

    # Asking.

    def _follow(self, record: Record, *, is_over: bool = False) -> None:
        """Ask about this one from now on, of the releases of its layer, or no more if it ``is_over``."""
        layer, name = record.release.layer, record.release.name
        if not is_over:
            self._followed[layer] = record
        elif layer in self._followed and self._followed[layer].release.name == name:
            del self._followed[layer]

    def _next_followed(self) -> Record:
        """Whose turn it is, which goes behind the other."""
        layer = next(iter(self._followed))
        record = self._followed[layer] = self._followed.pop(layer)
        return record

    async def _ask_next(self, record: Record) -> None:
        if not self._rounds.get(record.release.layer):
            self._begin_round(record)
        if not self._rounds[record.release.layer]:
            return
        entry, subject = self._rounds[record.release.layer].pop(), subject_of(record.release)
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
        drawn = self._rounds[record.release.layer] = [*first.values(), *others][:most][::-1]
        asks = len(drawn) * max(1, len(self._followed))  # they take turns
        self._pause_s = max(asking.pause_s_min, asking.round_s / asks) if drawn else asking.idle_s

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
        before = self._ways.pop(record.release.name, None)
        rollout = before.rollout.in_a_network_of(size) if before is not None else Rollout(
            plan=plan, shares=shares_in(plan, size), position=position_in(subject, self._author.seed),
            heard_s=record.announced_s,
        )  # fmt: skip
        way = self._ways[record.release.name] = _Way(rollout, size, rollout.step(self._now()))
        for name in list(self._ways)[:-ROLLOUTS_MAX]:
            del self._ways[name]
        self._rounds.pop(record.release.layer, None)
        self._ask_at_s = min(self._ask_at_s, self._now() + self._asking.pause_s_min)
        return way

    def _told(self, way: _Way, standing: Standing) -> None:
        self._is_saved = False
        if standing != way.standing:
            way.standing = standing
            self._on_change()

    # Keeping.

    async def _tell_vault(self) -> None:
        """Let others have the notes that are kept."""
        try:
            await self._host.set_notes(tuple(OwnNote(note.release, note.content) for note in self._kept_notes))
        except Exception as error:  # noqa: BLE001 - the vault is not there now; it is given them at its start
            log.info("the vault was not given the notes reason=%s", error)

    async def _save(self) -> None:
        """Keep all of it, the newest notes of the last year; what is new in them is told after that."""
        newest = [note for note in self._notes.values() if self._utc_s() - note.begun_s < NOTES_KEPT_S][-NOTES_MAX:]
        self._notes = {note.release: note for note in newest}
        rollouts = tuple(KeptRollout(name, way.rollout.dump(), way.network_size) for name, way in self._ways.items())
        kept = Kept(tuple(newest), rollouts)
        self._is_saved = True  # what changes while it is written is written next time
        try:
            await asyncio.to_thread(self._files.save, self._book.dump(), kept)
        except OSError as error:  # what is forgotten only delays
            log.warning("rollouts not kept yet reason=%s", error)
            self._is_saved = False
            self._save_at_s, self.disk_trouble = self._now() + PAUSE_S, texts.disk_refuses(error)
            self._on_change()
            return
        self._save_at_s, self.disk_trouble = self._now() + SAVE_S, ""
        if kept.notes != self._kept_notes:
            self._kept_notes = kept.notes
            await self._tell_vault()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _way(kept: KeptRollout) -> tuple[str, _Way] | None:
    try:
        rollout = Rollout.load(kept.rollout)
    except UnreadableRollout as error:
        log.warning("the rollout of %s begins anew reason=%s", kept.name, error)
        return None
    last_s, answered = rollout.last_s or 0.0, rollout.answered
    standing = rollout.step(last_s, answered=answered)  # no time passes
    return kept.name, _Way(rollout, kept.network_size, standing, answered_before=answered)
