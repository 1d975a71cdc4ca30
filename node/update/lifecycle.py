"""The way of one release through this computer: a pure state machine.

It reads no clock, draws no chance and touches nothing: what happened comes in as an event, what shall happen
leaves as an effect.  ``driver`` persists the new state first and performs the effects after that, so a
power cut falls either before a step or after it; ``Resumed`` then asks for the effects once more.

    announced --TurnCame--> fetching --Fetched--> staged --time is up--> on_trial --promote--> rehearsing
                                                    ^                       |                      |
                                                    |---- void, < N times --'                clean |
                                                    `---- this computer's fault -------------------|
                                                                                                   v
                confirmed <--time is up-- probation <--------------Switched------------------- promoting
                                              | third failed start, any veto                       | SwitchFailed,
                                              `------> going back --Returned--> rolled_back <------' too slow

    Halted and Held lead from fetching, staged, on_trial and rehearsing back to announced; what is in use stays.
    After a clean rehearsal Unseen keeps it in rehearsing until enough others show its head.
    Recalled leads from promoting, probation and confirmed over recalling to recalled; where nothing from before may be
    gone back to, what is in use stays confirmed, and says so.  Rotten files, or a switch that failed here: fetching.

    A switch that is too late while its process runs leads back, and for a while into rehearsing, where it waits.

    confirmed is watched for a while: a veto, or failures close together, lead over returning to rolled_back; a newer
    release that is confirmed ends the watch.
    An exception goes from staged to rehearsing at once, and may start from not_proven when all trials proved nothing.

    refused     what came is not what was signed; the verdict "refuse"; no clean way back; withdrawn
    not_proven  the verdict "keep" of the last full trial; never tried or taken; a newer release came first

What if nothing ever happens?  ``announced`` waits for its turn and every other release's way ends; each other phase
ends by itself after ``Limits``, fetching in another turn: a line may be out, or neighbours keep files back, for weeks.
Only time in which the node runs counts: while it was off, nothing was watched.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from node.api.schema import Phase
from node.update.events import (
    ContentRefused,
    Event,
    Fetch,
    Fetched,
    FetchFailed,
    Halted,
    Held,
    Limits,
    Recalled,
    RehearsalFailed,
    Rehearse,
    Rehearsed,
    Resumed,
    Returned,
    ReturnFailed,
    StartTrial,
    Stop,
    Succeeded,
    Superseded,
    Switch,
    Switched,
    SwitchFailed,
    Ticked,
    TrialEnded,
    TurnCame,
    Unseen,
    VaultFailed,
    Vetoed,
    Withdrawn,
    counted,
)
from node.update.phases import REPLACEABLE, STOPPABLE, TERMINAL, VERDICTS
from node.update.reasons import CAME_FIRST, NO_WAY_BACK, RECALLED, TOO_SLOW, UNSEEN, WITHDRAWN, short
from node.update.stepping import (
    Step,
    came_back,
    ended,
    entered,
    go_back,
    return_again,
    return_failed,
    switch_failed,
    switch_is_late,
    trial_void,
)
from node.update.watch import Watch, late_starts, why_left

GRAIN_S: Final = 0.001  # a time that is so near is over; else rounding could keep it coming for ever


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Where one release is on its way.  ``step`` returns the next state and the effects; it never changes self.

    Invariant: ``promoting`` is entered only from a clean rehearsal, after the verdict "promote" or, as a written
    exception, after a self-test; and again only when it was this computer that failed, as often as trials may be void.
    """

    release: str
    tree_hash: str
    stagger_s: float  # private: peers must not know when this node starts its trial
    since_s: float  # up to here time is accounted for
    phase: Phase = "announced"
    baseline: str = ""
    spent_s: float = 0.0  # in this visit of the phase
    waited_s: float = 0.0  # for its trial, before it was set down
    tries: int = 0  # failed ones, or cut off, in this visit of the phase
    kept_off: int = 0  # rehearsals that this computer kept from being held, in this visit
    voids: int = 0
    trials: int = 0  # begun; so none goes on from what was kept of another
    failures: int = 0  # failed starts in probation
    is_going_back: bool = False
    is_hosts_fault: bool = False  # that it goes back: nothing speaks against it
    is_late: bool = False  # that is because it took too long, and it is tried again
    late_switches: int = 0  # on its whole way
    is_waiting: bool = False  # after one of them, before the way back is rehearsed again
    late_starts: int = 0  # in a row, of the vault in use
    is_recalled: bool = False
    full_trials: int = 0  # that proved nothing
    exception: str = ""  # why it may be taken without a proof
    serial: int = 0  # the first certificate that it was given in use
    watch: Watch | None = None  # None: not confirmed yet, or watched to the end
    reason: str = ""
    seconds: dict[str, float] = field(default_factory=dict)  # all time in each phase; never changed in place

    @property
    def is_over(self) -> bool:
        return self.phase in TERMINAL

    @property
    def verdict(self) -> str:
        """One or two words for the end; empty while the way goes on."""
        return VERDICTS.get(self.phase, "")

    @property
    def _is_rehearsing(self) -> bool:
        return self.phase == "rehearsing" and not self.is_waiting

    def due_s(self, limits: Limits) -> float:
        """When ``Ticked`` will change something; infinity for never."""
        return self.since_s + max(0.0, _lasts_s(self, limits) - self.spent_s)

    def step(self, event: Event, limits: Limits) -> Step:
        if isinstance(event, Recalled):
            return self._recalled(event)
        if self.is_over:
            return _after_the_end(self, event, limits)
        state = _accounted(self, event)
        match event:
            case Resumed():
                return _resumed(state, limits)
            case Ticked():
                is_over = state.spent_s >= _lasts_s(state, limits) - GRAIN_S
                return _time_is_up(state, limits) if is_over else (state, ())
            case Withdrawn() if self.is_hosts_fault:
                return replace(state, is_hosts_fault=False, reason=WITHDRAWN), ()
            case Withdrawn() if not self.is_going_back:
                is_used = self.phase in ("promoting", "probation")
                return go_back(state, WITHDRAWN) if is_used else ended(state, "refused", WITHDRAWN)
            case Superseded() if self.phase in (STOPPABLE | REPLACEABLE if event.is_urgent else REPLACEABLE):
                return ended(state, "not_proven", event.by + CAME_FIRST)
            case Halted() if self.phase in STOPPABLE:
                return _set_down(state)
            case Unseen() if self._is_rehearsing:
                return replace(state, reason=UNSEEN, spent_s=0.0), ()
            case Held() if self.phase in STOPPABLE or self.phase == "announced":
                waits = replace(state, reason=short(event.reason))
                return (waits, ()) if self.phase == "announced" else _set_down(waits)
            case TurnCame() if self.phase == "announced":
                return _turn_came(state, event)
            case Fetched() if self.phase == "fetching":
                return entered(replace(state, reason=""), "staged")
            case FetchFailed() if self.phase == "fetching":
                return _fetch_again(state, event.reason, limits)
            case ContentRefused() if self.phase == "fetching":
                return ended(state, "refused", event.reason)
            case TrialEnded() if self.phase == "on_trial":
                return _trial_ended(state, event, limits)
            case Rehearsed() if self._is_rehearsing:
                return _rehearsed(state, event)
            case RehearsalFailed() if self._is_rehearsing:
                return _rehearse_again(state, event.reason, limits, is_hosts_fault=event.is_hosts_fault)
            case Returned() if self.is_going_back:
                return came_back(state, state.reason, limits)
            case ReturnFailed() if self.is_going_back:
                return return_failed(state, event.reason, limits)
            case Switched() if self.phase == "promoting" and not self.is_going_back:
                return entered(replace(state, serial=event.serial), "probation")
            case SwitchFailed() if self.phase == "promoting" and not self.is_going_back:
                return switch_failed(state, event, limits)
            case VaultFailed() if self.phase == "probation" and not self.is_going_back:
                return _vault_failed(state, event, limits)
            case Vetoed() if self.phase == "probation" and not self.is_going_back:
                return go_back(state, event.reason)
            case (
                TurnCame() | Fetched() | FetchFailed() | ContentRefused() | TrialEnded() | Rehearsed()
                | RehearsalFailed() | Switched() | SwitchFailed() | VaultFailed() | Vetoed() | Returned()
                | ReturnFailed() | Superseded() | Succeeded() | Halted() | Unseen() | Held() | Withdrawn()
            ):  # fmt: skip
                return state, ()  # late or repeated; neither may do harm
            case _:
                assert_never(event)

    def _recalled(self, event: Recalled) -> Step:
        """What was not in use yet is withdrawn; what is in use makes way for what was in use before."""
        if self.is_hosts_fault:
            return replace(_accounted(self, event), is_hosts_fault=False, is_recalled=True, reason=RECALLED), ()
        if self.is_recalled or self.is_going_back or (self.is_over and self.phase != "confirmed"):
            return self, ()
        state = replace(_accounted(self, event) if not self.is_over else self, is_recalled=True)
        match self.phase:
            case "promoting":
                return go_back(state, RECALLED)
            case "probation" | "confirmed" if event.back_to:
                since = replace(state, baseline=event.back_to, since_s=event.now_s, phase="recalling")
                return go_back(since, RECALLED)
            case "probation" | "confirmed":
                kept = replace(state, phase="confirmed", reason=NO_WAY_BACK, watch=None)
                return (kept, ()) if self.is_over else ended(kept, "confirmed", NO_WAY_BACK)
            case _:
                return ended(state, "refused", RECALLED)


# Time.


def _accounted(state: Lifecycle, event: Event) -> Lifecycle:
    """Add the time since the last event to the phase, unless the node did not run meanwhile."""
    passed_s, until_s = counted(event, state.since_s)
    seconds = state.seconds | {state.phase: state.seconds.get(state.phase, 0.0) + passed_s}
    late = late_starts(state.late_starts, event)
    return replace(state, since_s=until_s, spent_s=state.spent_s + passed_s, seconds=seconds, late_starts=late)


def _lasts_s(state: Lifecycle, limits: Limits) -> float:
    if state.is_going_back:
        return limits.switch_s
    if state.is_waiting:
        return limits.switch_pause_s
    staged_s = limits.staged_s(state.stagger_s, 0 if state.exception else state.voids)
    return staged_s if state.phase == "staged" else limits.lasts_s(state.phase)


def _time_is_up(state: Lifecycle, limits: Limits) -> Step:
    if state.is_going_back:
        return return_again(state, limits)
    match state.phase:
        case "fetching":
            return entered(
                replace(state, reason=short(f"it could not be fetched: {state.reason}")), "announced", Stop()
            )
        case "staged" if state.exception:
            return entered(state, "rehearsing", Rehearse(is_self_test=True))
        case "staged":
            return entered(replace(state, trials=state.trials + 1), "on_trial", StartTrial())
        case "on_trial":
            return trial_void(state, "the trial did not come to an end", limits)
        case "rehearsing" if state.is_waiting:
            return replace(state, is_waiting=False, spent_s=0.0), (Rehearse(is_self_test=state.exception != ""),)
        case "rehearsing":
            return _rehearse_again(state, "the rehearsal took too long", limits, is_hosts_fault=False)
        case "promoting":
            return switch_is_late(state, TOO_SLOW, limits)
        case "probation":
            return ended(replace(state, watch=Watch()), "confirmed", state.reason)
        case (
            "announced" | "returning" | "recalling" | "confirmed" | "refused" | "not_proven" | "rolled_back"
            | "recalled"
        ):  # fmt: skip
            return state, ()  # it waits for its turn, is over, or goes back and was looked after above
        case _:
            assert_never(state.phase)


def _resumed(state: Lifecycle, limits: Limits) -> Step:
    """Ask once more for what a power cut may have kept from happening."""
    if state.is_going_back:
        return return_again(state, limits)
    match state.phase:
        case "fetching":
            return _fetch_again(state, "the computer stopped meanwhile", limits, is_at_once=True)
        case "on_trial" if state.tries + 1 >= limits.cuts_max(state.spent_s):
            return trial_void(state, "the computer stopped meanwhile, again and again", limits)
        case "on_trial":
            return replace(state, tries=state.tries + 1), (StartTrial(),)
        case "rehearsing" if state.is_waiting:
            return state, ()
        case "rehearsing":
            return _rehearse_again(state, "the computer stopped meanwhile", limits, is_hosts_fault=True)
        case "promoting" if state.tries + 1 >= limits.switch_tries_max:
            return go_back(state, "the computer stopped at every try to take over")
        case "promoting":
            return replace(state, tries=state.tries + 1, spent_s=0.0), (Switch(state.tree_hash),)
        case (
            "announced" | "staged" | "probation" | "returning" | "recalling" | "confirmed" | "refused" | "not_proven"
            | "rolled_back" | "recalled"
        ):  # fmt: skip
            return state, ()
        case _:
            assert_never(state.phase)


# The way forward.


def _turn_came(state: Lifecycle, event: TurnCame) -> Step:
    begun = replace(state, baseline=event.baseline, exception=event.exception, reason="")
    return entered(begun, "fetching", Fetch())


def _set_down(state: Lifecycle) -> Step:
    waited_s = state.spent_s if state.phase == "staged" else state.waited_s
    return entered(replace(state, waited_s=waited_s), "announced", Stop())


def _fetch_again(state: Lifecycle, reason: str, limits: Limits, *, is_at_once: bool = False) -> Step:
    failed = replace(state, tries=state.tries + 1, reason=short(reason))
    pause_s = 0.0 if is_at_once else min(limits.fetch_pause_s * 2.0 ** min(state.tries, 20), limits.fetch_pause_s_max)
    return failed, (Fetch(pause_s),)


def _trial_ended(state: Lifecycle, event: TrialEnded, limits: Limits) -> Step:
    match event.outcome:
        case "promote":
            return entered(replace(state, reason=short(event.reason)), "rehearsing", Rehearse())
        case "refuse":
            return ended(state, "refused", event.reason)
        case "keep":
            kept = replace(state, full_trials=state.full_trials + 1, reason=short(event.reason))
            if kept.full_trials < limits.full_trials_max:
                return entered(kept, "staged", Stop())
            return ended(kept, "not_proven", event.reason)
        case "void":
            return trial_void(state, event.reason, limits, is_damaged=event.is_damaged)
        case _:
            assert_never(event.outcome)


def _rehearsed(state: Lifecycle, event: Rehearsed) -> Step:
    if not event.is_clean:
        lost = f"{event.missing} of {event.checked} chunks missing, {event.corrupt} damaged"
        return ended(state, "refused", f"the way back is not open: {lost}")
    if state.exception:
        state = replace(state, reason=f"taken without a proof, as an exception, because {state.exception}")
    return entered(state, "promoting", Switch(state.tree_hash))


def _rehearse_again(state: Lifecycle, reason: str, limits: Limits, *, is_hosts_fault: bool) -> Step:
    failed = replace(state, tries=state.tries + (not is_hosts_fault), kept_off=state.kept_off + is_hosts_fault)
    if (failed.kept_off if is_hosts_fault else failed.tries) < limits.rehearsal_tries_max:
        return replace(failed, spent_s=0.0), (Rehearse(is_self_test=failed.exception != ""),)
    if is_hosts_fault:
        return trial_void(state, reason, limits, is_damaged=state.exception != "")
    what = "it did not pass its self-test" if state.exception else "the way back could not be shown"
    return ended(failed, "refused", f"{what}: {reason}")


# The ends.


def _vault_failed(state: Lifecycle, event: VaultFailed, limits: Limits) -> Step:
    if event.is_late:
        why = why_left(state.late_starts, event, limits)
        return go_back(state, why) if why else (state, ())
    failed = replace(state, failures=state.failures + 1)
    if failed.failures < limits.failures_max:
        return failed, ()
    return go_back(failed, f"it failed {failed.failures} times in probation: {event.reason}")


def _after_the_end(state: Lifecycle, event: Event, limits: Limits) -> Step:
    """What is in use is watched; what trials could not prove may get an exception; all else stays as it is."""
    if state.phase == "not_proven" and isinstance(event, TurnCame) and event.exception:
        is_tried = limits.are_trials_over(state.full_trials, state.voids)
        return _turn_came(replace(state, since_s=event.now_s), event) if is_tried else (state, ())
    if state.watch is None:
        return state, ()
    if isinstance(event, Returned | ReturnFailed):  # what a newer one signed, and its time, were not this one's
        return replace(state, since_s=event.now_s, serial=event.serial or state.serial), ()
    watch, why = state.watch.step(event, state.since_s, limits)
    late = late_starts(state.late_starts, event)
    if watch is not None:
        why = why or why_left(late, event, limits)
    state = replace(state, since_s=counted(event, state.since_s)[1], watch=watch, late_starts=late)
    return go_back(replace(state, phase="returning"), why) if why else (state, ())
