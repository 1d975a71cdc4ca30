"""What may happen to a release on its way, what shall be done about it, and the limits of every step."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

from node.api.schema import Phase

SLEPT_S: Final = 60.0  # what comes so much too late was slept through; a computer that is only busy is not so late


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each phase may last, how often a step is tried, and how often the node measures itself."""

    fetch_s: float = 7 * 86_400.0  # then others have their turn first
    fetch_pause_s: float = 30.0  # before the second try; doubles up to fetch_pause_s_max
    fetch_pause_s_max: float = 3600.0
    stagger_s_max: float = 6 * 3600.0  # the driver draws each release's wait between 0 and this
    urgent_stagger_s_max: float = 900.0
    trial_s: float = 15 * 86_400.0  # longer than the trial's own end
    trial_tries_max: int = 5  # void trials
    void_pause_s: float = 86_400.0  # after one of them
    urgent_void_pause_s: float = 3_600.0
    trial_cuts_max: int = 100  # so often a trial goes on after it was cut off; a machine is switched off daily, or more
    trial_cut_s: float = 1800.0  # and once more for each time so long in which it ran
    full_trials_max: int = 2  # that came to their end without a proof
    rehearsal_s: float = 3600.0
    rehearsal_tries_max: int = 3
    switch_s: float = 300.0  # for the handover alone: what is prepared before takes as long as the disk needs
    switch_tries_max: int = 3
    switch_pause_s: float = 3600.0  # after a switch that was only too late, for what kept the computer busy
    probation_s: float = 3600.0
    probation_look_s: float = 600.0  # between two looks at what neighbours can prove against the vault in use
    failures_max: int = 3  # this many failed starts in probation, or close together in the watch, end it
    late_starts_max: int = 14  # in a row, none in time between: with the pauses between them a quarter of an hour
    watch_s: float = 30 * 86_400.0  # after probation; the version from before is kept for at least so long
    watch_look_s: float = 3 * 3600.0  # a look asks up to a hundred neighbours, and a fault shall be seen within 6 h
    lonely_s: float = 600.0  # in which a vault finds others again, once the line is back; longer is suspicious
    watch_count_s: float = 600.0  # as much of the watch is forgotten at most when the power fails
    watch_failures_s: float = 3600.0  # in which failures_max of them are close together
    watch_day_s: float = 86_400.0  # in which more of them, farther apart, end it too
    day_failures_max: int = 24
    decoy_every_s: float = 30 * 86_400.0  # of time in which no release is on its way, on average
    witnesses_min: int = 3  # other subnets that carry the head: without them nothing is tried or taken into use

    def lasts_s(self, phase: Phase) -> float:
        """How long a phase may last whose end is not drawn; infinity for those that wait for something else."""
        return {
            "fetching": self.fetch_s,
            "on_trial": self.trial_s,
            "rehearsing": self.rehearsal_s,
            "promoting": self.switch_s,
            "probation": self.probation_s,
        }.get(phase, math.inf)

    def cuts_max(self, ran_s: float) -> int:
        """After how many cuts a trial that ran for so long is void."""
        return self.trial_cuts_max + int(ran_s / self.trial_cut_s)

    def are_trials_over(self, full: int, void: int) -> bool:
        """Whether it was tried out as often as it will be.  Void ones count: what is in use may have spoilt them."""
        return full >= self.full_trials_max or void >= self.trial_tries_max

    def staged_s(self, stagger_s: float, voids: int) -> float:
        """How long a release waits for its trial: after a void one a day, for what made it void may be over then."""
        return max(stagger_s, self.void_pause_s) if voids else stagger_s

    def stretched(self, factor: int, *, is_urgent: bool = False) -> Limits:
        """The same for a release whose trial lasts ``factor`` times as long."""
        void_pause_s = self.urgent_void_pause_s if is_urgent else self.void_pause_s
        longer = replace(self, trial_s=self.trial_s * factor, trial_cuts_max=self.trial_cuts_max * factor)
        return replace(longer, void_pause_s=void_pause_s)


REAL: Final = Limits()
PRACTICE: Final = Limits(
    fetch_s=60.0,
    fetch_pause_s=0.5,
    fetch_pause_s_max=4.0,
    stagger_s_max=5.0,
    urgent_stagger_s_max=1.0,
    trial_s=400.0,
    void_pause_s=0.0,
    urgent_void_pause_s=0.0,
    trial_cuts_max=5,
    full_trials_max=1,
    rehearsal_s=30.0,
    switch_s=30.0,
    switch_pause_s=5.0,
    late_starts_max=4,
    probation_s=10.0,
    probation_look_s=2.0,
    watch_s=300.0,
    watch_look_s=10.0,
    lonely_s=15.0,
    watch_count_s=10.0,
    watch_failures_s=60.0,
    decoy_every_s=math.inf,
)


Outcome = Literal["promote", "refuse", "keep", "void"]


# Events: what happened.


@dataclass(frozen=True, slots=True)
class TurnCame:
    """No other release is on its way.  ``baseline`` is the tree in use, which is gone back to if need be.

    ``exception``: why it may be taken without a proof; "" if it may not.
    """

    now_s: float
    baseline: str
    exception: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The release lies in its slot, whole and verified."""

    now_s: float


@dataclass(frozen=True, slots=True)
class FetchFailed:
    now_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class ContentRefused:
    """What came is not what was signed."""

    now_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """``is_damaged``: files of a version that is tried out have rotted here."""

    now_s: float
    outcome: Outcome
    reason: str
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """The version in use opened the candidate's data and looked for every acknowledged chunk."""

    now_s: float
    checked: int
    missing: int
    corrupt: int

    @property
    def is_clean(self) -> bool:
        return not (self.missing or self.corrupt)


@dataclass(frozen=True, slots=True)
class RehearsalFailed:
    """The version in use could not even look.  ``is_hosts_fault``: nor could any other, on this machine now."""

    now_s: float
    reason: str
    is_hosts_fault: bool = False


@dataclass(frozen=True, slots=True)
class Switched:
    """The new version serves.  ``serial``: its certificates have this one or later ones."""

    now_s: float
    serial: int = 0


@dataclass(frozen=True, slots=True)
class SwitchFailed:
    """``is_hosts_fault``: its files here, or the disk, and nothing that it did.  ``is_late``: it had not ended yet."""

    now_s: float
    reason: str
    is_hosts_fault: bool = False
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class VaultFailed:
    """The vault in use ended unasked or did not start.  A stop that the person wanted is none.

    ``is_late``: it was still starting when the time for that was over.
    """

    now_s: float
    reason: str
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Vetoed:
    """The vault in use did what no vault may do: one time is enough."""

    now_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Returned:
    """The version from before serves again, and is the one that the next start begins with.

    ``serial``: from now on its certificates have this one or later ones; 0 where that is not known.
    """

    now_s: float
    serial: int = 0


@dataclass(frozen=True, slots=True)
class ReturnFailed:
    """It does not serve, but the next start begins with it; insisted on, no other is started any more.

    ``serial`` as for ``Returned``.
    """

    now_s: float
    reason: str
    serial: int = 0


@dataclass(frozen=True, slots=True)
class Superseded:
    """A newer release takes the place of this one; one that ``is_urgent`` does not wait for the end of a trial."""

    now_s: float
    by: str
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A newer release is in use for good: from now on that one is watched."""

    now_s: float


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The pods' newest head no longer lists the release."""

    now_s: float


@dataclass(frozen=True, slots=True)
class Recalled:
    """The developers recalled the release.  ``back_to`` is what may be gone back to; "": nothing."""

    now_s: float
    back_to: str


@dataclass(frozen=True, slots=True)
class Halted:
    """The developers' signatures contradict each other, or have expired: nothing new may be taken into use for now."""

    now_s: float


@dataclass(frozen=True, slots=True)
class Unseen:
    """The rehearsal was clean, but too few others show the head now: it may have been made for this farm alone."""

    now_s: float


@dataclass(frozen=True, slots=True)
class Held:
    """Other farms' verdicts, or what this computer cannot do, say: not yet.  It is only a delay."""

    now_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """``is_idle``: nothing was watched since the last event.

    The computer slept, work waited for the disk, or no vault ran.
    """

    now_s: float
    is_idle: bool = False


@dataclass(frozen=True, slots=True)
class Resumed:
    """The node runs again; ``now_s`` counts from a new origin, and nothing that was under way still is."""

    now_s: float


Event = (
    TurnCame
    | Fetched
    | FetchFailed
    | ContentRefused
    | TrialEnded
    | Rehearsed
    | RehearsalFailed
    | Switched
    | SwitchFailed
    | VaultFailed
    | Vetoed
    | Returned
    | ReturnFailed
    | Superseded
    | Succeeded
    | Withdrawn
    | Recalled
    | Halted
    | Unseen
    | Held
    | Ticked
    | Resumed
)


def watched_s(event: Event, since_s: float) -> float:
    """How long the node ran from ``since_s`` until an event."""
    if isinstance(event, Resumed) or (isinstance(event, Ticked) and event.is_idle):
        return 0.0
    return max(0.0, event.now_s - since_s)


def counted(event: Event, since_s: float) -> tuple[float, float]:
    """The same, and up to when time is accounted for then: what comes late, behind others, does not count it twice."""
    until_s = event.now_s if isinstance(event, Resumed) else max(since_s, event.now_s)
    return watched_s(event, since_s), until_s


# Effects: what shall happen.  Each one replaces whatever was still under way for the release.


@dataclass(frozen=True, slots=True)
class Fetch:
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StartTrial:
    """Hold a trial, or go on with it if what is kept of it is of the same ``Lifecycle.trials``."""


@dataclass(frozen=True, slots=True)
class Rehearse:
    """Rehearse the way back; ``is_self_test``: on what the candidate keeps while it is asked by us alone."""

    is_self_test: bool = False


@dataclass(frozen=True, slots=True)
class Switch:
    """Make ``tree_hash`` the version in use; nothing happens if it is that already."""

    tree_hash: str


@dataclass(frozen=True, slots=True)
class SwitchBack:
    """Make ``tree_hash``, the version from before, the one in use again; ``is_insisted``: even if it does not run."""

    tree_hash: str
    is_insisted: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """End what is under way for the release; wait for nothing new."""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """The way is over: remove what nobody needs any more."""


Effect = Fetch | StartTrial | Rehearse | Switch | SwitchBack | Stop | CleanUp
