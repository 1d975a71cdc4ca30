"""The trial of a release: a pure state machine over events of both twins.

It reads no clock and draws nothing: time comes with the events, the private duration with ``Started``.  It ends
exactly once, with a verdict, and it always ends: the last line of the picture holds when nothing ever happens.

                     Started                  a block closes; every metric proven, evidence enough,
    WAITING -----------------------> RUNNING ------ the private time over, no hold ----------------> promote
       |                                |---- a fault of its own, a proof, or an alarm -------------> refuse
       |                                |---- the computer's fault, or the control is gone ---------> void
       |  a twin not up in time         |
       `------> refuse or void          `---- trial_s_max or calendar_s_max over -------------------> keep
"""

from __future__ import annotations

from typing import Final, assert_never

import msgspec

from node.trial import verdict as says
from node.trial.comparison import Comparison
from node.trial.events import (
    ChunkLost,
    Denied,
    Event,
    HostFault,
    NewsAsked,
    PairMeasured,
    PeersRated,
    Rescanned,
    Resumed,
    Started,
    Ticked,
    Twin,
    UsageSampled,
    VaultExited,
    VaultStarted,
)
from node.trial.evidence import Ask, Pair, is_first_told
from node.trial.faults import Doubt, FaultKind, Faults, Ruling, Silence, Tally
from node.trial.news import News
from node.trial.peers import Neighbours, score
from node.trial.profile import METRICS, Profile
from node.trial.ratchet import Estimates
from node.trial.stored import decoded
from node.trial.timing import Clock, Presence, Step
from node.trial.verdict import Outcome, Progress, Verdict

STATE_BYTES_MAX: Final = 200_000
STATE_VERSION: Final = 2


class UnreadableTrial(ValueError):
    """The stored state is damaged or of another version.  Begin the trial anew."""


class Trial(msgspec.Struct, kw_only=True):
    """State of one trial; all fields are stored by ``dump``.  Read it through ``progress`` and ``verdict``."""

    profile: Profile
    distances: tuple[Estimates, ...] = ()  # of the control to the versions in use before it, see ``ratchet``
    state_version: int = STATE_VERSION
    verdict: Verdict | None = None
    duration_s: float | None = None  # None while waiting for Started; a secret until the end

    clock: Clock = msgspec.field(default_factory=Clock)
    candidate: Presence = msgspec.field(default_factory=Presence)
    control: Presence = msgspec.field(default_factory=Presence)
    is_excused: bool = False  # the candidate is down through the computer's fault
    ran_s: float = 0.0  # both up, since Started
    warm_s: float = 0.0  # both up, since the later of them joined
    absent_s: float = 0.0  # not both up, or waiting for Started, in one go

    comparison: Comparison = msgspec.field(default_factory=Comparison)
    seen: dict[int, None] = msgspec.field(default_factory=dict)
    faults: Faults = msgspec.field(default_factory=Faults)
    tally: Tally = msgspec.field(default_factory=Tally)
    silence: Silence = msgspec.field(default_factory=Silence)
    news: News = msgspec.field(default_factory=News)
    restarts: int = 0
    restarted_at_s: float = -1.0  # on the trial's clock

    neighbours: Neighbours = msgspec.field(default_factory=Neighbours)

    def step(self, event: Event) -> Verdict | None:
        """Take one event; return the verdict if this event brings it, once."""
        if self.verdict is not None:
            return None  # whatever comes after the end changes nothing
        if isinstance(event, Resumed):
            self.clock.restart(event.now_s)
        step = self.clock.advance(event.now_s, self.profile.gap_s_max)
        self._pass_time(step)
        self.verdict = self._take(event, step) or self._look()
        return self.verdict

    def progress(self) -> Progress:
        return Progress(
            seconds=self.ran_s,
            blocks=self.comparison.blocks,
            pairs=self.comparison.pairs + self.comparison.block.pairs,
            verified_reads=self.tally.verified_reads,
            lost=len(self.tally.lost),
            wrong=len(self.tally.wrong),
            restarts=self.restarts,
            neighbours_rated=self.neighbours.rated,
            neighbours_needed=self.neighbours.needed(self.profile, self.ran_s),
            metrics=self.comparison.metric_progress(self.profile),
            noise=self.comparison.noise(),
        )

    def dump(self) -> bytes:
        """The whole state, the secret duration included.  Loaded again, it takes the same decisions."""
        content = msgspec.msgpack.encode(self)
        assert len(content) <= STATE_BYTES_MAX, len(content)
        return content

    @classmethod
    def load(cls, content: bytes) -> Trial:
        """The trial that ``dump`` stored.  After a restart of the supervisor the next event is ``Resumed``.

        Raises:
            UnreadableTrial: It is damaged, too long or of another version.
        """
        trial = decoded(content, cls, STATE_BYTES_MAX, UnreadableTrial, "trial")
        if trial.state_version != STATE_VERSION or tuple(trial.comparison.gauges) != METRICS:
            raise UnreadableTrial(f"a trial of version {trial.state_version}")
        return trial

    # Time.

    def _pass_time(self, step: Step) -> None:
        if step.is_new_clock:
            self.candidate.changed_s = self.control.changed_s = None
        if step.is_gap:
            self.comparison.cut()
        if not self._is_running():
            self.absent_s += step.awake_s
            return
        self.ran_s += step.awake_s
        self.warm_s += step.awake_s
        if not step.is_gap and self._is_comparing():
            self.comparison.pass_time(min(step.awake_s, self.warm_s - self.profile.warmup_s))

    def _is_running(self) -> bool:
        return self.duration_s is not None and self.candidate.is_up and self.control.is_up

    def _is_comparing(self) -> bool:
        return self._is_running() and self.warm_s >= self.profile.warmup_s

    def _changed(self) -> None:
        """A twin came or went: what counts from then on counts from zero."""
        self.absent_s = self.warm_s = 0.0
        self.silence = Silence()
        self.news.restart()
        self.comparison.begin_runs()

    # Events.

    def _take(self, event: Event, step: Step) -> Verdict | None:
        match event:
            case Started():
                self._start(event)
            case Resumed():
                return self._resume(event)
            case VaultStarted():
                self._vault_started(event)
            case VaultExited():
                return self._vault_exited(event)
            case PairMeasured():
                return self._pair_measured(event.pair)
            case UsageSampled():
                if self._is_comparing() and not step.is_late:
                    self.comparison.add_usage(event.candidate, event.control)
            case NewsAsked() if self._is_running():
                return self._news_asked(event)
            case PeersRated():
                return self._peers_rated(event, step)
            case ChunkLost():
                return self._lost(event.twin, event.address)
            case Denied():
                return self._fault(event.twin, "denial", says.denied(event.what))
            case Rescanned():
                return self._rescanned(event, step)
            case HostFault():
                self.comparison.disturb(is_brief=event.is_brief)
                return self._excuse()
            case Ticked() if event.calendar_s >= self.profile.calendar_s_max:
                return self._time_over(self.profile.calendar_s_max)
            case NewsAsked() | Ticked():
                pass
            case _:
                assert_never(event)
        return None

    def _start(self, event: Started) -> None:
        assert event.duration_s >= 0.0, event.duration_s
        if self.duration_s is not None:
            return
        self.duration_s = event.duration_s
        self.clock.begin()
        self.candidate.change(event.now_s, is_up=True)
        self.control.change(event.now_s, is_up=True)
        self._changed()

    def _resume(self, event: Resumed) -> Verdict | None:
        self.candidate = Presence(is_up=False, changed_s=event.now_s)
        self.control = Presence(is_up=False, changed_s=event.now_s)
        self._changed()
        self.comparison.cut()
        self.is_excused = False
        return self._excuse()

    def _vault_started(self, event: VaultStarted) -> None:
        if self._presence(event.twin).change(event.now_s, is_up=True):
            self._changed()
            self.is_excused = (self.is_excused or event.is_late) and not self.candidate.is_up

    def _vault_exited(self, event: VaultExited) -> Verdict | None:
        is_news = self._presence(event.twin).change(event.now_s, is_up=False)
        is_first_start = self.duration_s is None  # nobody said that it was up, and it never will be
        if not is_news and not is_first_start:
            return None
        self._changed()
        if event.is_intended:
            return None
        self.comparison.cut()  # a computer that is shut down ends its programs in any order
        return self._fault(event.twin, "crash", says.crashed(event.exit_code))

    def _presence(self, twin: Twin) -> Presence:
        return self.candidate if twin == "candidate" else self.control

    def _pair_measured(self, pair: Pair) -> Verdict | None:
        if not is_first_told(pair, self.seen):
            return None
        self.tally.count(pair)
        if self._is_comparing() and not pair.is_relayed and not pair.is_handed_over:
            self.comparison.add(pair)
        return self._judge_answers(pair) or self._watch_for_a_hang(pair)

    def _judge_answers(self, pair: Pair) -> Verdict | None:
        """The control first: it was asked the same, and whether it is sound decides whose fault it is."""
        return self._judge("control", pair.control, pair.candidate, pair) or self._judge(
            "candidate", pair.candidate, pair.control, pair
        )

    def _judge(self, twin: Twin, ask: Ask, other: Ask, pair: Pair) -> Verdict | None:
        if ask.is_wrong:
            return self._wrong(twin, pair.address, is_twin_sound=other.is_good)
        if ask.is_violation:
            sentence = says.violated(f"an answer without a valid signature ({ask.code})")
            return self._fault(twin, "violation", sentence, is_twin_sound=other.is_good)
        return None

    def _watch_for_a_hang(self, pair: Pair) -> Verdict | None:
        if not self._is_running():
            return None
        silent_s = self.silence.hear(pair, self.clock.awake_s)
        if self.silence.asks < self.profile.hang_asks_min or silent_s < self.profile.hang_s:
            return None
        sentence = says.hung(self.silence.asks, silent_s)
        self.silence = Silence()
        return self._fault("candidate", "hang", sentence, is_twin_sound=True)

    def _news_asked(self, event: NewsAsked) -> Verdict | None:
        if not event.candidate and not event.control:
            self.comparison.disturb(is_brief=True)
        sentence = self.news.hear(event, self.clock.awake_s, self.profile)
        return self._fault("candidate", "news", sentence, is_twin_sound=True) if sentence else None

    def _peers_rated(self, event: PeersRated, step: Step) -> Verdict | None:
        peers = score(event.candidate, event.control, self.profile)
        if not step.is_late:
            self.neighbours.take(peers, event.subnets_known)
        verdict = self._fault("control", "proof", "") if peers.control_proofs else None
        if verdict is None and peers.proofs:
            verdict = self._fault("candidate", "proof", says.proven_by_neighbours(peers.proofs), is_twin_sound=True)
        return verdict

    def _rescanned(self, event: Rescanned, step: Step) -> Verdict | None:
        is_news = not step.is_late and self.clock.awake_s > self.restarted_at_s  # one restart counts once
        if event.is_planned and is_news:
            self.restarts += 1
            self.restarted_at_s = self.clock.awake_s
        verdict = self._lost("control", *event.control_lost) if event.control_lost else None
        if verdict is None and event.candidate_lost:
            verdict = self._lost("candidate", *event.candidate_lost, is_twin_sound=not event.control_lost)
        return verdict

    def _excuse(self) -> Verdict | None:
        """What has just happened, or is about to, may be the computer's fault."""
        profile = self.profile
        ruling = self.faults.of_host(self.clock.awake_s, profile.fault_window_s, profile.excuses_max)
        return self._ruled(ruling, "", "")

    # Faults.

    def _lost(self, twin: Twin, *addresses: bytes, is_twin_sound: bool = False) -> Verdict | None:
        if twin == "candidate" and not self.tally.note_lost(addresses):
            return None
        sentence = says.lost(len(self.tally.lost), self.tally.stored)
        return self._fault(twin, "lost", sentence, is_twin_sound=is_twin_sound)

    def _wrong(self, twin: Twin, address: bytes, *, is_twin_sound: bool = False) -> Verdict | None:
        if twin == "candidate" and not self.tally.note_wrong(address):
            return None
        sentence = says.wrong(len(self.tally.wrong), self.tally.reads)
        return self._fault(twin, "wrong", sentence, is_twin_sound=is_twin_sound)

    def _fault(self, twin: Twin, kind: FaultKind, sentence: str, *, is_twin_sound: bool = False) -> Verdict | None:
        """A twin shows a fault.  ``is_twin_sound``: the other one was seen to be sound at the same moment."""
        at_s, profile = self.clock.awake_s, self.profile
        if twin == "control":
            ruling = self.faults.of_control(kind, at_s, profile.fault_window_s)
        else:
            ruling = self.faults.of_candidate(
                Doubt(kind, sentence, at_s), profile.fault_window_s, profile.excuses_max, is_twin_sound=is_twin_sound
            )
        return self._ruled(ruling, kind, sentence)

    def _ruled(self, ruling: Ruling, kind: str, sentence: str) -> Verdict | None:
        match ruling:
            case Ruling.NONE | Ruling.DOUBT:
                return None
            case Ruling.EXCUSED:
                self.is_excused = not self.candidate.is_up
                return None
            case Ruling.REFUSE:
                return self._end("refuse", sentence)
            case Ruling.VOID:
                return self._end("void", says.both_failed(kind))
            case Ruling.HOST_ILL:
                return self._end("void", says.excused_too_often(self.faults.excuses))
            case _:
                assert_never(ruling)

    # Decisions.

    def _look(self) -> Verdict | None:
        """What has come due with the time that passed, or with the block that is now complete."""
        doubt = self.faults.due(self.clock.awake_s, self.profile.fault_window_s)
        if doubt is not None:
            return self._end("refuse", doubt.sentence)
        if self.absent_s >= self.profile.start_s_max:
            return self._absent()
        verdict: Verdict | None = None
        if self.comparison.is_block_complete(self.profile):
            verdict = self._close_block()
        if verdict is None and self.clock.lasted_s >= self.profile.trial_s_max:
            verdict = self._time_over(self.profile.trial_s_max)
        return verdict

    def _absent(self) -> Verdict:
        if self.control.is_up and not self.candidate.is_up and not self.is_excused:
            return self._end("refuse", says.absent(self.absent_s))
        return self._end("void", says.not_up(self.absent_s))

    def _close_block(self) -> Verdict | None:
        assert self.duration_s is not None, "blocks grow only after Started"
        self.comparison.close_block(self.profile)
        alarm = self.comparison.alarm(self.profile)
        if alarm is not None:
            return self._end("refuse", alarm)
        is_time = self.ran_s >= self.duration_s
        if is_time and self.faults.doubt is None and not self.neighbours.hold and not self._missing():
            return self._end("promote", says.promoted(self.progress(), is_proven=self.profile.needs_proof))
        return None

    def _time_over(self, seconds: float) -> Verdict:
        if self.faults.doubt is not None:
            return self._end("refuse", self.faults.doubt.sentence)
        missing = self._missing()
        if not missing and self.neighbours.hold:
            return self._end("keep", says.disagreed(self.neighbours.hold))
        missing = missing or ["its private time was not over"]
        return self._end("keep", says.not_proven(seconds, missing))

    def _missing(self) -> list[str]:
        """What stands in the way of a promotion, apart from time, doubts and a hold by neighbours."""
        evidence = (
            (self.comparison.blocks, self.profile.blocks_min, "comparisons"),
            (self.tally.verified_reads, self.profile.reads_min, "checked reads"),
            (self.restarts, self.profile.restarts_min, "restarts"),
            (self.neighbours.rated, self.neighbours.needed(self.profile, self.ran_s), "neighbours rated it"),
            (self.tally.readable, self.profile.readable_min, "pieces to read"),
        )
        too_few = [says.too_few(have, need, what) for have, need, what in evidence if have < need]
        too_few += self.tally.missing(self.profile.relayed_reads_min)
        drifted = self.comparison.drifted(self.distances, self.profile)
        news = self.news.missing(self.profile.news_min)
        return drifted + news + too_few + self.comparison.missing(self.profile)

    def _end(self, outcome: Outcome, reason: str) -> Verdict:
        return Verdict(outcome, reason, self.progress())
