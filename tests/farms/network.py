"""A thousand farms and one release, in virtual time: the real membership, notes and rollouts; home by home a trial.

Each farm has a book of its own: a random part of the others, which it has met.  What a farm says is made, encoded,
read and checked by the real code, once, and is counted by all who have its author in their books when they ask it
next.  What halts a farm ends its trial, which begins anew; one that proves nothing is held a second time.
A recall by the developers ends everything; they see what anyone sees, and need their time.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from statistics import median
from typing import Final
from unittest.mock import patch

from node.trial import membership, profile
from node.trial.membership import commitment, position, reveal, wave_of
from node.trial.notes import Note, Numbers, State, Subject, check_note, decode_note, encode_note, make_note
from node.trial.waves import DAY_S, HOUR_S, ORDINARY, Plan, Rollout, Seen, Standing, shares_in
from node.update import rollouts
from node.update.events import REAL as LIMITS
from node.vault.core.identity import Signer
from tests.farms import model
from tests.farms.model import Homes, Release, Side

CHAIN: Final = 16  # a short one: a thousand homes begin their chains here
SEQUENCE: Final = 7
LOOK_S: Final = 6 * HOUR_S
URGENT_LOOK_S: Final = HOUR_S
GOSSIP_S: Final = 12 * HOUR_S  # until all have heard of the release
OFF_SHARE: Final = 0.3  # of the authors are switched off when they are asked first
OFF_S: Final = 16 * HOUR_S
YOUNG_SHARE: Final = 0.1  # of the vaults have been known for less than a week
WATCH_S: Final = 6 * HOUR_S  # until a farm sees that what it took over does harm
WAY_BACK_S: Final = 30 * DAY_S
ALARMING_FAILS: Final = 10  # so many honest farms must say "fail" before the developers look
PUBLISHED_S: Final = 1.7e9
FIRST: Final = 0


@dataclass(frozen=True)
class Scenario:
    """``book``: how many others each farm has met.  ``recall_s``: what the developers need; infinity for never."""

    release: Release
    farms: int = 1_000
    book: int = 600
    liars: float = 0.0
    side: Side = "against"
    plan: Plan = ORDINARY
    sybils: int = 0
    sybil_age_s: float = 0.0  # before the release; 0: they saw it first and chose their places in the first wave
    recall_s: float = math.inf
    reaffirm_s: float = math.inf  # after the first farm was halted
    days: float = 120.0
    is_all_at_once: bool = False

    @property
    def is_urgent(self) -> bool:
        return self.plan.soak_s < ORDINARY.soak_s


@dataclass(frozen=True)
class Outcome:
    """What became of the honest farms; times are days since the release was published, None where nobody got there."""

    farms: int
    promoted: int
    hurt: int
    past_the_way_back: int  # of the hurt
    refused: int  # by their own trials
    kept: int  # not proven
    halted: int  # farms that ever were
    waiting: int  # not begun, or not through, at the end
    promoted_days: float | None  # the median farm that was promoted
    promoted_90_days: float | None  # by when nine in ten of those had it
    halted_day: float | None  # the first farm
    sybils_counted: float  # of all votes of the first wave that one farm counts, in the mean


@dataclass(eq=False, repr=False)  # they know each other
class Author:
    """Who says something: a farm, or one identity of an army."""

    signer: Signer
    seed: bytes
    subnet: str
    known_since_s: float
    readers: list[Farm]
    said: State | None = None


@dataclass(eq=False, repr=False)  # they know each other
class Farm:
    author: Author
    is_liar: bool
    rollout: Rollout
    heard_s: float
    known: int = 0  # others that count
    inbox: list[Seen] = field(default_factory=list)
    is_begun: bool = False
    trials: int = 0  # begun: one that was halted ends nothing
    full_trials: int = 0  # that proved nothing
    is_over: bool = False
    ending: str = ""
    promoted_s: float = math.inf
    hurt_s: float = math.inf
    was_halted: bool = False


class Network:
    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario, self.chance = scenario, Random(seed)
        self.digest = self.chance.randbytes(32)
        self.subject = Subject(self.digest, "vault", SEQUENCE)
        is_urgent = scenario.is_urgent
        self.profile = profile.URGENT if is_urgent else profile.REAL
        self.stagger_s = LIMITS.urgent_stagger_s_max if is_urgent else LIMITS.stagger_s_max
        # A look every six hours hears all at once what asking round by round brings one by one.
        self.look_s, self.asked_s = (URGENT_LOOK_S, rollouts.REAL.round_s) if is_urgent else (LOOK_S, 0.0)
        self.homes = Homes(scenario.release, scenario.liars, scenario.side, self.chance)
        size = scenario.farms
        self.shares = () if scenario.is_all_at_once else shares_in(scenario.plan, size)
        self.now_s = 0.0
        self.queue: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0
        self.fails = 0
        self.recalled_s = self.reaffirmed_s = self.halted_s = math.inf
        self.farms = [self._farm(i) for i in range(size)]
        self.sybils = [self._sybil(i) for i in range(scenario.sybils)]
        for author in [*(farm.author for farm in self.farms), *self.sybils]:
            author.readers = self.chance.sample(self.farms, min(size, scenario.book))
            for farm in author.readers:
                farm.known += author.known_since_s <= farm.rollout.heard_s - scenario.plan.age_s_min

    # Making.

    def _farm(self, number: int) -> Farm:
        chance = self.chance
        known_s = -chance.uniform(0.5, 7.0) * DAY_S if chance.random() < YOUNG_SHARE else -60 * DAY_S
        subnet = f"10.{number // 256}.{number % 256}.0/24"
        author = Author(Signer(chance.randbytes(32)), chance.randbytes(32), subnet, PUBLISHED_S + known_s, [])
        place = position(reveal(author.seed, "vault", SEQUENCE), self.digest)
        heard_s = chance.random() * GOSSIP_S
        rollout = Rollout(plan=self.scenario.plan, shares=self.shares, position=place, heard_s=PUBLISHED_S + heard_s)
        farm = Farm(author, chance.random() < self.scenario.liars, rollout, heard_s)
        self._at(heard_s, lambda: self._begin(farm))
        return farm

    def _sybil(self, number: int) -> Author:
        """One of an army: with a seed of its liking, if it comes after the release."""
        seed = self.chance.randbytes(32)
        while not self.scenario.sybil_age_s and self._wave(seed) != FIRST:
            seed = self.chance.randbytes(32)
        known_s = -self.scenario.sybil_age_s if self.scenario.sybil_age_s else HOUR_S
        subnet = f"11.{number // 256}.{number % 256}.0/24"
        author = Author(Signer(self.chance.randbytes(32)), seed, subnet, PUBLISHED_S + known_s, [])
        self._at(HOUR_S, lambda: self._lie(author))
        return author

    def _wave(self, seed: bytes) -> int:
        return wave_of(position(reveal(seed, "vault", SEQUENCE), self.digest), self.shares)

    # Running.

    def run(self) -> Outcome:
        end_s = self.scenario.days * DAY_S
        while self.queue and self.queue[0][0] <= end_s and self.now_s < self.recalled_s:
            self.now_s, _, act = heapq.heappop(self.queue)
            act()
        return self._outcome()

    def _at(self, at_s: float, act: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.queue, (at_s, self.count, act))

    def _begin(self, farm: Farm) -> None:
        if farm.is_liar:
            farm.is_over = True
            self._lie(farm.author)
        else:
            self._look(farm)

    def _lie(self, author: Author) -> None:
        """At once: a liar need not wait for its wave, nor for a trial."""
        self._say(author, "on_trial")
        self._say(author, "fail" if self.scenario.side == "against" else "pass")

    def _look(self, farm: Farm) -> None:
        if farm.is_over:
            return
        standing = self._step(farm)
        if standing.halted_s and farm.is_begun:
            farm.is_begun, farm.trials = False, farm.trials + 1
        if standing.may_begin and not farm.is_begun:
            farm.is_begun = True
            self._stage(farm, is_slow=standing.is_slow)
        self._at(self.now_s + self.look_s, lambda: self._look(farm))

    def _step(self, farm: Farm) -> Standing:
        farm.inbox, news = [], farm.inbox
        is_reaffirmed = self.now_s >= self.reaffirmed_s
        standing = farm.rollout.step(PUBLISHED_S + self.now_s, news, answered=farm.known, is_reaffirmed=is_reaffirmed)
        if standing.halted_s:
            farm.was_halted = True
            if self.halted_s == math.inf:
                self.halted_s = self.now_s
                self.reaffirmed_s = self.now_s + self.scenario.reaffirm_s
        return standing

    def _stage(self, farm: Farm, *, is_slow: bool) -> None:
        farm.trials += 1
        number = farm.trials
        begin = partial(self._try_out, farm, number, is_slow=is_slow)
        self._at(self.now_s + self.chance.random() * self.stagger_s, begin)

    def _try_out(self, farm: Farm, number: int, *, is_slow: bool) -> None:
        if number != farm.trials:
            return
        if farm.author.said is None:
            self._say(farm.author, "on_trial")
        ended = self.homes.trial(self.profile.stretched(2) if is_slow else self.profile, self.now_s)
        self._at(self.now_s + ended.seconds, partial(self._end, farm, number, ended.outcome, is_slow=is_slow))

    def _end(self, farm: Farm, number: int, outcome: model.Outcome, *, is_slow: bool) -> None:
        if number != farm.trials:
            return
        if outcome == "promote":
            if self._step(farm).may_promote:
                self._promote(farm)
            else:
                farm.is_begun, farm.trials = False, farm.trials + 1
            return
        farm.full_trials += outcome == "keep"
        if outcome == "keep" and farm.full_trials < LIMITS.full_trials_max:
            self._stage(farm, is_slow=is_slow)
            return
        self._say(farm.author, "fail" if outcome == "refuse" else "not_proven")
        farm.is_over, farm.ending = True, outcome
        if outcome == "refuse":
            self._note_fail()

    def _promote(self, farm: Farm) -> None:
        self._say(farm.author, "pass")
        farm.is_over, farm.ending, farm.promoted_s = True, "promote", self.now_s
        farm.hurt_s = self.scenario.release.hurts_from_s(self.now_s)
        if farm.hurt_s < math.inf and self.scenario.release.is_seen_in_use:
            self._at(farm.hurt_s + WATCH_S, lambda: self._go_back(farm))

    def _go_back(self, farm: Farm) -> None:
        self._say(farm.author, "fail")
        self._note_fail()

    def _note_fail(self) -> None:
        self.fails += 1
        if self.fails == ALARMING_FAILS:
            self.recalled_s = self.now_s + self.scenario.recall_s

    def _say(self, author: Author, state: State) -> None:
        author.said = state
        note = make_note(
            self.subject, state, Numbers(20_000), author.signer.sign,
            vault_id=author.signer.public_key, seed=author.seed, baseline=bytes(32), platform="linux",
        )  # fmt: skip
        read = decode_note(encode_note(note))
        check_note(read, author.signer.public_key, self.subject, commitment(author.seed))
        delay_s = self.chance.random() * OFF_S if self.chance.random() < OFF_SHARE else 0.0
        delay_s += self.chance.random() * self.asked_s
        self._at(self.now_s + delay_s, lambda: self._deliver(author, read))

    def _deliver(self, author: Author, note: Note) -> None:
        seen = Seen(author.signer.public_key, author.subnet, author.known_since_s, note)
        for farm in author.readers:
            if not farm.is_over:
                farm.inbox.append(seen)

    # Telling.

    def _outcome(self) -> Outcome:
        honest = [farm for farm in self.farms if not farm.is_liar]
        promoted = [farm for farm in honest if farm.promoted_s < math.inf]
        days = sorted(farm.promoted_s / DAY_S for farm in promoted)
        hurt = [farm for farm in promoted if farm.hurt_s <= self.now_s]
        armies = {author.signer.public_key for author in self.sybils}
        shares = [_share_of(armies, farm) for farm in honest]
        return Outcome(
            farms=len(honest),
            promoted=len(promoted),
            hurt=len(hurt),
            past_the_way_back=sum(farm.hurt_s + WATCH_S - farm.promoted_s > WAY_BACK_S for farm in hurt),
            refused=sum(farm.ending == "refuse" for farm in honest),
            kept=sum(farm.ending == "keep" for farm in honest),
            halted=sum(farm.was_halted for farm in honest),
            waiting=sum(not farm.is_over for farm in honest),
            promoted_days=median(days) if days else None,
            promoted_90_days=days[int(0.9 * len(days))] if days else None,
            halted_day=self.halted_s / DAY_S if self.halted_s < math.inf else None,
            sybils_counted=sum(shares) / len(shares),
        )


def _share_of(armies: set[bytes], farm: Farm) -> float:
    """Of the votes of the first wave that the farm counts, how many are an army's."""
    first = [vault_id for vault_id, vote in farm.rollout.votes.items() if vote.wave == FIRST]
    return sum(vault_id in armies for vault_id in first) / len(first) if first else 0.0


def run(scenario: Scenario, seed: int) -> Outcome:
    """The same scenario and seed give the same outcome."""
    with patch.object(membership, "CHAIN_LENGTH", CHAIN):
        return Network(scenario, seed).run()
