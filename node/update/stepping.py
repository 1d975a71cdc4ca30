"""Steps into another phase, and back to the version from before (pure).

A switch that only took too long is tried again later: what is in use again meanwhile shows nothing against the release,
for its computer may have been busy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from node.api.schema import Phase
from node.update.events import CleanUp, Effect, Fetch, Limits, Stop, SwitchBack, SwitchFailed
from node.update.reasons import TOO_SLOW, short

if TYPE_CHECKING:
    from node.update.lifecycle import Lifecycle

Step = tuple["Lifecycle", tuple[Effect, ...]]


def trial_void(state: Lifecycle, reason: str, limits: Limits, *, is_damaged: bool = False) -> Step:
    void, was_held = replace(state, voids=state.voids + 1, reason=short(reason)), state.phase == "promoting"
    if void.voids >= limits.trial_tries_max:
        return ended(void, "not_proven", reason if was_held else f"no trial could be held: {reason}")
    if is_damaged or was_held:  # some of its files may not be whole any more
        return entered(void, "fetching", Stop(), Fetch())
    return entered(void, "staged", Stop())


def entered(state: Lifecycle, phase: Phase, *effects: Effect) -> Step:
    """A wait for the trial that was broken off goes on: pauses, however many, keep no release from it for good."""
    spent_s, waited_s = (state.waited_s, 0.0) if phase == "staged" else (0.0, state.waited_s)
    fresh = replace(state, is_waiting=False, spent_s=spent_s, waited_s=waited_s, tries=0, kept_off=0)
    return replace(fresh, phase=phase), effects


def switch_failed(state: Lifecycle, event: SwitchFailed, limits: Limits) -> Step:
    if event.is_late:
        return switch_is_late(state, f"it did not take over: {event.reason}", limits)
    return go_back(replace(state, is_hosts_fault=event.is_hosts_fault), f"it did not take over: {event.reason}")


def switch_is_late(state: Lifecycle, reason: str, limits: Limits) -> Step:
    """It took too long, and had not ended: the last time that this may happen on its whole way is its own fault."""
    late = replace(state, late_switches=state.late_switches + 1)
    if late.late_switches >= limits.switch_tries_max:
        return go_back(late, reason)
    return go_back(replace(late, is_hosts_fault=True, is_late=True), state.reason)


def go_back(state: Lifecycle, reason: str) -> Step:
    back = replace(state, is_going_back=True, watch=None, reason=short(reason), spent_s=0.0, tries=0)
    return back, (SwitchBack(back.baseline),)


def return_again(state: Lifecycle, limits: Limits) -> Step:
    again = replace(state, tries=state.tries + 1, spent_s=0.0)
    return again, (SwitchBack(again.baseline, is_insisted=again.tries + 1 >= limits.switch_tries_max),)


def return_failed(state: Lifecycle, reason: str, limits: Limits) -> Step:
    if state.tries + 1 < limits.switch_tries_max:
        return return_again(state, limits)
    why = TOO_SLOW if state.is_late and state.is_hosts_fault else state.reason
    blamed = replace(state, is_hosts_fault=state.is_hosts_fault and not state.is_late)
    return came_back(blamed, f"{why}; then {reason}", limits)  # insisted on, no other is started any more


def came_back(state: Lifecycle, reason: str, limits: Limits) -> Step:
    """What this computer could not take into use comes anew and is tried out again; all else has had its end.

    What was only too late waits, and then its way back is rehearsed once more, so that all that holds a release off
    before it comes into use does so now, too.
    """
    if not state.is_hosts_fault:
        return ended(state, "recalled" if state.phase == "recalling" else "rolled_back", reason)
    back = replace(state, is_going_back=False, is_hosts_fault=False, is_late=False)
    if not state.is_late:
        return trial_void(back, reason, limits)
    waiting, effects = entered(back, "rehearsing", Stop())
    return replace(waiting, is_waiting=True), effects


def ended(state: Lifecycle, phase: Phase, reason: str) -> Step:
    return replace(state, phase=phase, reason=short(reason), is_going_back=False), (Stop(), CleanUp())
