"""The words of the Updates page.  Plain language, and never a date, a per cent or a countdown for a trial's end."""

from __future__ import annotations

import re
from typing import Final

from gui.plain import plain
from gui.texts import amount, listed, plural
from node.api.schema import SandboxLevel

NO_NEWS: Final = "No newer version is known. When one comes, it is first tried out beside this one."
NOTHING_IN_USE: Final = "No version runs yet"
NOT_KNOWN: Final = "Not known yet"
NOT_KNOWN_LEAD: Final = "As soon as Perennial answers, its versions are listed here."
ANNOUNCED_LEAD: Final = "It carries the signatures it needs. Its files are fetched next."
FETCHING_LEAD: Final = "It comes from your neighbours, piece by piece, and each piece is checked."
STAGED_LEAD: Final = "It is here, whole and checked. Its trial begins by itself."
_SHUT_OFF: Final[dict[SandboxLevel, str]] = {
    "full": "shut off from your files",
    "partial": "partly shut off from the rest of this computer",
    "none": "which cannot be shut off from your files on this computer",
}
REHEARSING_LEAD: Final = (
    "It did well. Before it may take over, the version you use must find every piece again that the new one kept."
)
PROMOTING_LEAD: Final = "The work is being handed over. Your computer will not restart."
PROBATION_LEAD: Final = "At first it is watched closely. If it fails, the version before it comes back by itself."
RETURNING_LEAD: Final = "It did not do well while it was watched. The version before it takes over again."
SELF_TEST_LEAD: Final = (
    "It could not be proven here. Before it may take over all the same, it must give back every piece that it is given,"
    " and the version you use must find them too."
)
RECALLING_LEAD: Final = "Its makers do not want it to be used any more. The version before it takes over again."

CHECKED: Final = "Checked"
BEING_FETCHED: Final = "Being fetched"
BEING_TRIED: Final = "Being tried out"
REHEARSING: Final = "Rehearsing"
WAY_BACK: Final = "the way back"
TRIED: Final = "Tried out"
NEXT: Final = "comes next"
NOT_TRIED: Final = "Not tried out"
AS_EXCEPTION: Final = "as an exception"
SAME_FILES: Final = "the same files"
TAKING_OVER: Final = "Taking over"
IN_USE: Final = "In use"
WATCHED: Final = "watched closely"
FAILED: Final = "did not do well"
THROWN_AWAY: Final = "Thrown away"
NOT_PROVEN: Final = "Not proven"
TOOK_OVER: Final = "Took over"
TAKEN_BACK: Final = "Taken back"
RECALLED: Final = "Recalled"
GOING_BACK: Final = "Going back"
TURNED_AWAY: Final = "Turned away"

SEEN_SO_FAR: Final = "What has been seen so far"
DATA: Final = "Data"
NEIGHBOURS: Final = "Neighbours"
SPEED: Final = "Speed, against the version in use"
ALSO: Final = "Also measured"
NOTHING_ASKED: Final = "Nothing checked yet"
NONE_LOST: Final = "None lost, none wrong"
ENOUGH_RATED: Final = "Enough to go by"
TOO_SMALL_TO_RATE: Final = "So small a network needs no ratings"
NOTHING_MEASURED: Final = "Nothing measured yet"
NOT_MEASURED: Final = "Too little to tell"
NOTHING_WAS_ASKED: Final = "Nothing was checked"
STILL_MEASURING: Final = "Still measuring"
PROVEN: Final = "Proven good enough"
TOO_SLOW: Final = "Slower than allowed"
NOT_GOOD_ENOUGH: Final = "Not proven good enough"
SLOWER: Final = "slower"
FASTER: Final = "faster"
SAME: Final = "same"
SAME_AS: Final = "the same"
NO_COUNTDOWN: Final = (
    "How long a trial takes is left to chance and known to nobody in advance, so there is nothing to count down."
)
HISTORY: Final = "Versions so far"
WHATS_NEW: Final = "What is new, in its makers' words"
UPDATES_WAIT: Final = "Updates wait"
NOTHING_FETCHED: Final = "Nothing of it was fetched."
NOT_IN_ORDER: Final = "Its papers are not in order."
FIRST_VERSION: Final = "The version that this computer began with."
OFFER: Final = "An offer"

TIMES_MIN: Final = 2.0  # from here on as a multiple rather than in per cent
TIMES_MAX: Final = 100.0
_VERBS: Final = ["broke", "crashed", "failed", "fails", "gave", "lost", "needs", "sends", "stopped", "tried", "was"]
_BEGINNINGS: Final = {verb: f"It {verb}" for verb in _VERBS} | {
    "slower:": "It is slower:",
    "memory": "Its memory",
    "as": "It is as",
    "it": "It",
}
_SIGNED_BY_FEW: Final = re.compile(r"signed by (\d+) pods?, (\d+) (?:is|are) needed")
_TIMES: Final = {SLOWER: "slow"}
METRICS: Final = {  # the words for more and for less of it; for the name of each figure of a trial
    "p50": ("Usual answer", "slower", "faster"),
    "tail": ("Slowest answers", "slower", "faster"),
    "cpu": ("Processor time", "more", "less"),
    "mem": ("Memory", "more", "less"),
    "leak": ("Growth of memory", "more", "less"),
    "bytes": ("Data sent", "more", "less"),
    "fail": ("Failed answers", "more", "less"),
}


def as_sentence(reason: str) -> str:
    """The node's reason, which is the part of a sentence, as a whole one in everyday words."""
    text = plain(reason.strip())
    first, _, rest = text.partition(" ")
    text = f"{_BEGINNINGS[first]} {rest}" if first in _BEGINNINGS else text
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', '…')) else '.'}" if text else ""


def in_use_reason(reason: str) -> str:
    """Why it took over; the version that was current then no longer is."""
    return as_sentence(reason.replace("the current version", "the version before it"))


def show_all(count: int) -> str:
    return f"Show all {count}"


def new_in(notes: str) -> str:
    return f"New: {notes}"


def turned_away(reason: str) -> tuple[str, str]:
    """Why an offer was turned away, in everyday words; and the node's own words where they say more."""
    few = _SIGNED_BY_FEW.search(reason)
    if few is not None:
        return f"{plural(int(few[1]), 'maker has', 'makers have')} signed it, {few[2]} must. {NOTHING_FETCHED}", ""
    return f"{NOT_IN_ORDER} {NOTHING_FETCHED}", reason


def on_trial_lead(sandbox: SandboxLevel) -> str:
    return (
        f"It runs beside the version you use, {_SHUT_OFF[sandbox]}. If it does well it takes over by itself; "
        "if not, it is thrown away. Your computer will not restart."
    )


def using(version: str) -> str:
    return f"You are using {version}"


def title_of(phase: str, version: str) -> str:
    return {
        "announced": f"Version {version} was announced",
        "fetching": f"Version {version} is being fetched",
        "staged": f"Version {version} waits for its trial",
        "on_trial": f"Version {version} is being tried out",
        "rehearsing": f"The way back from {version} is rehearsed",
        "promoting": f"Version {version} is taking over",
        "probation": f"Version {version} took over",
        "returning": f"Version {version} is being taken back",
        "recalling": f"Version {version} was recalled",
    }[phase]


def decided_lead(phase: str, version: str, moment: str, reason: str, *, was_tried: bool) -> str:
    why = f"{as_sentence(reason)} " if reason else ""
    if phase == "confirmed" and not was_tried:
        return f"Version {version} has the very files that were in use already. {NO_NEWS}"
    return {
        "confirmed": f"It did well in its trial and took over at {moment}. {NO_NEWS}",
        "refused": f"Version {version} was thrown away. {why}Nothing changed for you.",
        "not_proven": f"Version {version} could not prove itself. {why}The version you use was kept.",
        "rolled_back": f"Version {version} took over and did not do well. {why}The one before came back by itself.",
        "recalled": f"The makers recalled version {version}. The one before came back by itself.",
    }[phase]


def exception_lead(moment: str, why: str) -> str:
    return f"It took over at {moment} without a proof, as an exception. {as_sentence(why)} {NO_NEWS}"


def waits_because(reason: str) -> str:
    return f"It waits for its turn. {as_sentence(reason)}"


def recalled_lead(version: str) -> str:
    return (
        f"The makers recalled version {version}, and no version from before may take its place. It keeps serving"
        " until a newer one has proven itself."
    )


def signed_by(signers: tuple[str, ...]) -> str:
    return f"signed by {plural(len(signers), 'maker', 'makers')}" if signers else "signatures checked"


def since(moment: str) -> str:
    return f"since {moment}"


def watched_until(moment: str) -> str:
    return f"watched until {moment}"


def at_moment(moment: str) -> str:
    return f"at {moment}"


def for_time(lasted: str) -> str:
    return f"for {lasted}"


def now_using(version: str) -> str:
    return f"now: {version}"


def still_using(version: str) -> str:
    return f"still: {version}"


def seen_of(version: str) -> str:
    return f"What was seen of {version}"


def asked_for(reads: int) -> str:
    return f"{plural(reads, 'piece', 'pieces')} checked"


def lost_and_wrong(lost: int, wrong: int) -> str:
    parts = [f"{lost:,} lost"] if lost else []
    parts += [f"{wrong:,} wrong"] if wrong else []
    return ", ".join(parts) or NONE_LOST


def rated(count: int, *, is_open: bool) -> str:
    nobody = "Nobody has rated it yet" if is_open else "Nobody had rated it yet"
    return f"{plural(count, 'neighbour has', 'neighbours have')} rated it" if count else nobody


def at_least(needed: int, *, is_open: bool) -> str:
    return f"At least {needed} are needed" if is_open else f"To take over it needed {needed}"


def percent(factor: float) -> str:
    share = abs(factor - 1) * 100
    return f"{share:.0f} %" if share >= 0.95 else f"{share:.1f} %"


def change(factor: float, more: str, less: str) -> str:
    """One end of an interval: 3 % slower, 4 % faster, the same."""
    if abs(factor - 1) < 0.0005:
        return SAME_AS
    if factor >= TIMES_MIN:
        return f"{factor:.1f} times as {_TIMES.get(more, 'much')}" if factor < TIMES_MAX else f"far {more}"
    return f"{percent(factor)} {more if factor > 1 else less}"


def between(low: float, high: float, more: str, less: str) -> str:
    ends = change(high, more, less), change(low, more, less)
    if ends[0] == ends[1]:
        return ends[0]
    ways = [end.rpartition(" % ") for end in ends]
    if ways[0][1] and ways[0][1:] == ways[1][1:]:  # both on one side: 0.2 to 0.4 % less
        small, large = sorted((ways[0][0], ways[1][0]), key=float)
        return f"{small} to {large} % {ways[0][2]}"
    if SAME_AS in ends:  # between the same and 3 % less: up to 3 % less
        return f"up to {ends[1] if ends[0] == SAME_AS else ends[0]}"
    return f"between {ends[0]} and {ends[1]}"


def speed(low: float, high: float, estimate: float) -> str:
    """What is probable; extreme measurements are cut in the reckoning, so that a range may be only its lower end."""
    if estimate > high * 1.05:
        return f"Probably at least {change(high, SLOWER, FASTER)}"
    return f"Probably {between(low, high, SLOWER, FASTER)}"


def first_guess(factor: float, *, is_open: bool) -> str:
    guess = "just as fast" if abs(factor - 1) < 0.0005 else f"about {change(factor, SLOWER, FASTER)}"
    return f"So far {guess}" if is_open else f"{guess[:1].upper()}{guess[1:]}"


def limit(factor: float) -> str:
    return f"limit: {percent(factor)} slower"


def details(signers: tuple[str, ...], bytes_fetched: int, watched_until: str = "", *, is_urgent: bool = False) -> str:
    """Who signed it, what it cost to fetch, what was special about it, and until when it may still be taken back."""
    parts = [f"Signed by {listed(signers)}."] if signers else []
    parts += [f"{amount(bytes_fetched)} fetched."] if bytes_fetched else []
    parts += ["Urgent: its trial is short."] if is_urgent else []
    parts += [f"Watched until {watched_until}."] if watched_until else []
    return " ".join(parts)
