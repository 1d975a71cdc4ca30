"""How a release comes to the farms of a network one wave after the other, as one farm sees it.  Pure.

A farm counts the notes of vaults that it has itself known for long enough, one for each subnet.  They are a sample,
they may be lies, and they only delay: each wait has an end, and after it the farm's own evidence decides.

    wave 0 open --> most of its notes are in and most verdicts are passes --> soak --> wave 1 open --> ... --> all open
         |                                                                       ^
         `---- too few notes, or too many that are no pass: the silence is over --'

    too many fails in one wave: halted, once, for at most ``Plan.halt_s`` or until the developers reaffirm the release
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from node.trial.membership import wave_of
from node.trial.notes import Note, State, follows
from node.trial.profile import PRACTICE, REAL, Profile
from node.trial.profile import URGENT as URGENT_TRIAL
from node.trial.stored import decoded

HOUR_S: Final = 3600.0
DAY_S: Final = 24 * HOUR_S
STATE_VERSION: Final = 1
STATE_BYTES_MAX: Final = 1_000_000
VOTES_MAX: Final = 2_048  # as many subnets are counted; a larger sample would say the same
SUBNET_CHARACTERS_MAX: Final = 64
GAP_S_MAX: Final = 6 * HOUR_S  # a computer that was off for longer has asked nobody meanwhile


class UnreadableRollout(ValueError):
    """The stored state is damaged or of another version.  Begin the rollout anew."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers of a rollout.  ``shares`` are parts of the network, one after the other; () is no waves."""

    shares: tuple[float, ...]
    first_nodes_min: int  # the first wave is never expected to have fewer
    soak_s: float
    silence_s: float  # a wave that says too little for so long holds nobody up any more
    report_s_min: float  # no honest pass comes sooner after a wave has opened, and nothing of it is weighed before
    halt_share: float  # of all in one wave: more fails halt
    slow_share: float  # more fails double all durations
    halt_s: float  # a halt by votes ends after this
    age_s_min: float  # how long a vault's commitment must have been known before the release was heard of
    enrolled_min: int = 20  # fewer say nothing about a share of fails
    reports_min: int = 10  # fewer open no wave
    reported_share: float = 0.60  # of all in a wave
    passed_share: float = 0.50  # of all verdicts


HALT_S: Final = 14 * DAY_S  # simulated: resources/handbook/decisions/0037-asked-for-verdicts-and-a-bounded-halt.md


def plan_of(profile: Profile) -> Plan:
    """The plan of the releases that are tried out by this profile."""
    return Plan(
        shares=profile.wave_shares,
        first_nodes_min=profile.wave_first_nodes_min,
        soak_s=profile.wave_soak_s,
        silence_s=profile.wave_silence_s,
        report_s_min=profile.trial_s_min,
        halt_share=profile.wave_halt_share,
        slow_share=profile.wave_slow_share,
        halt_s=HALT_S if profile.wave_shares else 0.0,
        age_s_min=profile.reporter_age_s_min,
    )


ORDINARY: Final = plan_of(REAL)
# A critical bug: all waits are those of its shorter trial, what liars can cost included.
URGENT: Final = replace(plan_of(URGENT_TRIAL), halt_s=2 * DAY_S)
WITHOUT_WAVES: Final = plan_of(PRACTICE)


def shares_in(plan: Plan, network_size: int) -> tuple[float, ...]:
    """The plan's shares, the first one raised until it has ``first_nodes_min`` of about ``network_size`` vaults.

    What that takes is taken from the later waves alike.  In a network that is no bigger there is one wave.
    """
    if not plan.shares or network_size <= plan.first_nodes_min:
        return ()
    first = max(plan.shares[0], plan.first_nodes_min / network_size)
    scale = (1.0 - first) / (1.0 - plan.shares[0])
    return (first, *(share * scale for share in plan.shares[1:]))


@dataclass(frozen=True, slots=True)
class Seen:
    """A note that was asked for and checked, and what this farm's own book says of its author.

    ``subnet``: from which the author was met, not what it claims.  ``known_since_s``: since when this very commitment
    has been in the book (UTC).
    """

    vault_id: bytes
    subnet: str
    known_since_s: float
    note: Note


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rollout says now.  Waves count from 0; the last three say how many count."""

    may_begin: bool  # a trial
    may_promote: bool
    own_wave: int
    open_wave: int
    wave_count: int
    is_slow: bool  # the trial lasts twice as long
    halted_s: float  # for so long yet; 0: not halted
    enrolled: int
    passes: int
    fails: int


class Vote(msgspec.Struct, array_like=True):
    """What one author says: the one of its subnet that this farm has known longest."""

    subnet: str
    known_since_s: float
    wave: int
    state: State


class Counts(msgspec.Struct, array_like=True):
    """The votes of one wave.  A void trial could not be held and says nothing of the release: it is left out."""

    enrolled: int = 0
    passes: int = 0
    fails: int = 0
    not_proven: int = 0

    def add(self, state: State, by: int) -> None:
        self.enrolled += by * (state != "void")
        self.passes += by * (state == "pass")
        self.fails += by * (state == "fail")
        self.not_proven += by * (state == "not_proven")

    @property
    def reports(self) -> int:
        return self.passes + self.fails + self.not_proven


class Rollout(msgspec.Struct, kw_only=True):
    """The rollout of one release on this farm; all fields are stored by ``dump``.

    ``shares`` are those of ``shares_in`` when the rollout begins, ``position`` is this farm's own, ``heard_s`` is when
    it first heard of the release (UTC).  Time passes only while the farm runs.
    """

    plan: Plan
    shares: tuple[float, ...]
    position: float
    heard_s: float
    state_version: int = STATE_VERSION
    answered: int = 0
    last_s: float | None = None  # of the last step
    open_wave: int = 0
    waited_s: float = 0.0  # since the open wave was opened, halts left out
    soaked_s: float | None = None  # since most of the open wave has passed; None before
    halted_s: float | None = None  # since the only halt began; None before it
    is_reaffirmed: bool = False
    votes: dict[bytes, Vote] = msgspec.field(default_factory=dict)  # by vault id
    voters: dict[str, bytes] = msgspec.field(default_factory=dict)  # by subnet: whose vote it is
    counts: dict[int, Counts] = msgspec.field(default_factory=dict)  # by wave

    def step(
        self, now_s: float, seen: Iterable[Seen] = (), *, answered: int = 0, is_reaffirmed: bool = False
    ) -> Standing:
        """Let time pass until ``now_s``, count new notes, and say how it stands.

        ``now_s`` is of any clock; when it goes back or leaps, little or no time has passed.  Notes that were counted
        before may come again.  ``answered``: how many vaults that would count, one for each subnet, answered when they
        were asked last, with a note or without.  ``is_reaffirmed``: the high threshold of developers stands by the
        release.
        """
        assert answered >= 0, answered
        self.answered = answered
        passed_s = 0.0 if self.last_s is None else min(GAP_S_MAX, max(0.0, now_s - self.last_s))
        self.last_s = now_s
        for sight in seen:
            self._count(sight)
        self._pass_time(passed_s, is_reaffirmed=is_reaffirmed)
        return self._standing()

    def in_a_network_of(self, size: int) -> Rollout:
        """The same where there turn out to be about so many vaults.  What was waited stays waited, or it had no end."""
        assert not self.votes, "their waves are those of the shares from before"
        shares = shares_in(self.plan, size)
        return msgspec.structs.replace(self, shares=shares, open_wave=min(self.open_wave, max(0, len(shares) - 1)))

    @property
    def own_wave(self) -> int:
        return wave_of(self.position, self.shares)

    @property
    def has_lasted(self) -> bool:
        """Whether the open wave has been open for as long as its trials and a soak take at least."""
        return self.waited_s >= self.plan.report_s_min + self.plan.soak_s

    def dump(self) -> bytes:
        content = msgspec.msgpack.encode(self)
        assert len(content) <= STATE_BYTES_MAX, len(content)
        return content

    @classmethod
    def load(cls, content: bytes) -> Rollout:
        """The rollout that ``dump`` stored.

        Raises:
            UnreadableRollout: It is damaged, too long or of another version.
        """
        rollout = decoded(content, cls, STATE_BYTES_MAX, UnreadableRollout, "rollout")
        if rollout.state_version != STATE_VERSION:
            raise UnreadableRollout(f"a rollout of version {rollout.state_version}")
        return rollout

    # Votes.

    def _count(self, sight: Seen) -> None:
        """Take a note as the vote of its subnet, unless somebody who is known longer already has that."""
        assert len(sight.subnet) <= SUBNET_CHARACTERS_MAX, sight.subnet
        if sight.known_since_s > self.heard_s - self.plan.age_s_min:
            return
        held = self.votes.get(sight.vault_id)
        if held is not None:
            if follows(held.state, sight.note.state):
                self._add(held, -1)
                held.state = sight.note.state
                self._add(held, 1)
            return
        rival = self.voters.get(sight.subnet)
        if rival is not None:
            if self.votes[rival].known_since_s <= sight.known_since_s:
                return
            self._add(self.votes.pop(rival), -1)
        elif len(self.votes) >= VOTES_MAX:
            return
        wave = wave_of(sight.note.position, self.shares)
        vote = Vote(sight.subnet, sight.known_since_s, wave, sight.note.state)
        self.votes[sight.vault_id] = vote
        self.voters[sight.subnet] = sight.vault_id
        self._add(vote, 1)

    def _add(self, vote: Vote, by: int) -> None:
        self.counts.setdefault(vote.wave, Counts()).add(vote.state, by)

    def _weighed(self) -> list[int]:
        """The waves whose votes count now.

        Liars need not wait for their wave, and are done with a trial at once: for the first hours they would be alone
        in it.  No honest farm takes the release into use before those are over, so that nothing is lost by waiting.
        """
        last = self.open_wave if self.waited_s >= self.plan.report_s_min else self.open_wave - 1
        return [wave for wave in self.counts if wave <= last]

    def _fail_share(self) -> float:
        """The largest share of fails in any wave, of all that enrolled in it.

        Of those enrolled, not of the verdicts: fails come early and passes late.  Not by platform either: a claim that
        costs nothing would let few liars be many on the rarest one.
        """
        judged = [wave for wave in self._weighed() if self.counts[wave].enrolled >= max(1, self.plan.enrolled_min)]
        return max((self.counts[wave].fails / self._members(wave) for wave in judged), default=0.0)

    def _members(self, wave: int) -> float:
        """How many are in this wave: those who enrolled, or those who should have by now.

        The farms of one wave do not begin at the same time, and liars always begin first.
        """
        share = self.shares[wave] if self.shares else 1.0
        enrolled = self.counts[wave].enrolled if wave in self.counts else 0
        return max(enrolled, share * self.answered)

    def _has_reported(self) -> bool:
        """Whether enough of the open wave have a verdict, and no sooner than an honest one can come."""
        plan, wave = self.plan, self.open_wave
        reports = self.counts[wave].reports if wave in self.counts else 0
        reports_min = max(plan.reports_min, plan.reported_share * self._members(wave))
        return self.waited_s >= plan.report_s_min and reports >= reports_min

    def _is_liked(self) -> bool:
        """Whether enough of all verdicts are passes; without any nobody is against it."""
        weighed = [self.counts[wave] for wave in self._weighed()]
        passes = sum(counts.passes for counts in weighed)
        return passes >= self.plan.passed_share * sum(counts.reports for counts in weighed)

    # Time.

    @property
    def _is_slow(self) -> bool:
        return self._fail_share() > self.plan.slow_share

    def _pass_time(self, passed_s: float, *, is_reaffirmed: bool) -> None:
        self.is_reaffirmed |= is_reaffirmed
        if self.halted_s is not None and self._is_halted():
            self.halted_s += passed_s
        else:
            self._pass_waves(passed_s)
        if self.halted_s is None and self._fail_share() > self.plan.halt_share:
            self.halted_s = 0.0

    def _is_halted(self) -> bool:
        return self.halted_s is not None and self.halted_s < self.plan.halt_s and not self.is_reaffirmed

    def _pass_waves(self, passed_s: float) -> None:
        self.waited_s += passed_s
        if self.open_wave >= len(self.shares) - 1:
            return
        is_liked, factor = self._is_liked(), 2.0 if self._is_slow else 1.0
        if not is_liked or not self._has_reported():
            self.soaked_s = None
        else:
            self.soaked_s = 0.0 if self.soaked_s is None else self.soaked_s + passed_s
        is_soaked = self.soaked_s is not None and self.soaked_s >= self.plan.soak_s * factor
        patience_s = self.plan.silence_s * (factor if is_liked else 2.0)
        if is_soaked or self.waited_s >= patience_s:
            self.open_wave += 1
            self.waited_s, self.soaked_s = 0.0, None

    def _standing(self) -> Standing:
        is_halted = self._is_halted()
        return Standing(
            may_begin=not is_halted and self.own_wave <= self.open_wave,
            may_promote=not is_halted,
            own_wave=self.own_wave,
            open_wave=self.open_wave,
            wave_count=max(1, len(self.shares)),
            is_slow=self._is_slow,
            halted_s=self.plan.halt_s - (self.halted_s or 0.0) if is_halted else 0.0,
            enrolled=sum(counts.enrolled for counts in self.counts.values()),
            passes=sum(counts.passes for counts in self.counts.values()),
            fails=sum(counts.fails for counts in self.counts.values()),
        )
