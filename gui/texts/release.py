"""The words of the Updates page.  Plain language, and never a date, a per cent or a countdown for a trial's end."""

from __future__ import annotations

import re
from typing import Final

from gui.language import number, translate
from gui.texts.app import amount, listed
from gui.texts.plain import plain
from gui.texts.reason import say_reason
from node.api.schema import SandboxLevel

NO_NEWS: Final = translate(
    "releases", "No newer version is known. When one comes, it is first tried out beside this one."
)
NO_NEWS_UNTRIED: Final = translate(
    "releases",
    "No newer version is known. As nothing can be tried out on this computer, one is taken only when all others have"
    " had their turn and its makers have confirmed it once more.",
)
NOTHING_IN_USE: Final = translate("releases", "No version runs yet")
NOT_KNOWN: Final = translate("releases", "Not known yet")
NOT_KNOWN_LEAD: Final = translate("releases", "As soon as Perennial answers, its versions are listed here.")
SIGNED_LEAD: Final = translate("releases", "It carries the signatures it needs.")
ANNOUNCED_LEAD: Final = translate("releases", "It carries the signatures it needs. Its files are fetched next.")
FETCHING_LEAD: Final = translate(
    "releases", "It comes from your neighbours, piece by piece, and each piece is checked."
)
STAGED_LEAD: Final = translate("releases", "It is here, whole and checked. Its trial begins by itself.")
_SHUT_OFF: Final[dict[SandboxLevel, str]] = {
    "full": translate("releases", "shut off from your files"),
    "partial": translate("releases", "partly shut off from the rest of this computer"),
    "none": translate("releases", "which cannot be shut off from your files on this computer"),
}
REHEARSING_LEAD: Final = translate(
    "releases",
    "It did well. Before it may take over, the version you use must find every piece again that the new one kept.",
)
PROMOTING_LEAD: Final = translate("releases", "The work is being handed over. Your computer will not restart.")
PROBATION_LEAD: Final = translate(
    "releases", "At first it is watched closely. If it fails, the version before it comes back by itself."
)
RETURNING_LEAD: Final = translate(
    "releases", "It did not do well while it was watched. The version before it takes over again."
)
SELF_TEST_LEAD: Final = translate(
    "releases",
    "It could not be proven here. Before it may take over all the same, it must give back every piece that it is given,"
    " and the version you use must find them too.",
)
RECALLING_LEAD: Final = translate(
    "releases", "Its makers do not want it to be used any more. The version before it takes over again."
)

CHECKED: Final = translate("releases", "Checked")
BEING_FETCHED: Final = translate("releases", "Being fetched")
BEING_TRIED: Final = translate("releases", "Being tried out")
REHEARSING: Final = translate("releases", "Rehearsing")
WAY_BACK: Final = translate("releases", "the way back")
TRIED: Final = translate("releases", "Tried out")
NEXT: Final = translate("releases", "comes next")
NOT_TRIED: Final = translate("releases", "Not tried out")
AS_EXCEPTION: Final = translate("releases", "as an exception")
SAME_FILES: Final = translate("releases", "the same files")
TAKING_OVER: Final = translate("releases", "Taking over")
TAKES_OVER_LATER: Final = translate("releases", "Takes over later")
IN_USE: Final = translate("releases", "In use")
WATCHED: Final = translate("releases", "watched closely")
FAILED: Final = translate("releases", "did not do well")
THROWN_AWAY: Final = translate("releases", "Thrown away")
NOT_PROVEN: Final = translate("releases", "Not proven")
TOOK_OVER: Final = translate("releases", "Took over")
TAKEN_BACK: Final = translate("releases", "Taken back")
RECALLED: Final = translate("releases", "Recalled")
GOING_BACK: Final = translate("releases", "Going back")
TURNED_AWAY: Final = translate("releases", "Turned away")

SEEN_SO_FAR: Final = translate("releases", "What has been seen so far")
DATA: Final = translate("releases", "Data")
NEIGHBOURS: Final = translate("releases", "Neighbours")
SPEED: Final = translate("releases", "Speed, against the version in use")
ALSO: Final = translate("releases", "Also measured")
NOTHING_ASKED: Final = translate("releases", "Nothing checked yet")
NONE_LOST: Final = translate("releases", "None lost, none wrong")
ENOUGH_RATED: Final = translate("releases", "Enough to go by")
TOO_SMALL_TO_RATE: Final = translate("releases", "So small a network needs no ratings")
NOTHING_MEASURED: Final = translate("releases", "Nothing measured yet")
NOT_MEASURED: Final = translate("releases", "Too little to tell")
NOTHING_WAS_ASKED: Final = translate("releases", "Nothing was checked")
STILL_MEASURING: Final = translate("releases", "Still measuring")
PROVEN: Final = translate("releases", "Proven good enough")
TOO_SLOW: Final = translate("releases", "Slower than allowed")
NOT_GOOD_ENOUGH: Final = translate("releases", "Not proven good enough")
SLOWER: Final = translate("releases", "slower")
FASTER: Final = translate("releases", "faster")
SAME: Final = translate("releases", "same")
SAME_AS: Final = translate("releases", "the same")
NO_COUNTDOWN: Final = translate(
    "releases",
    "How long a trial takes is left to chance and known to nobody in advance, so there is nothing to count down.",
)
HISTORY: Final = translate("releases", "Versions so far")
WHATS_NEW: Final = translate("releases", "What is new, in its makers' words")
UPDATES_WAIT: Final = translate("releases", "Updates wait")
NOTHING_FETCHED: Final = translate("releases", "Nothing of it was fetched.")
NOT_IN_ORDER: Final = translate("releases", "Its papers are not in order.")
FIRST_VERSION: Final = translate("releases", "The version that this computer began with.")
OFFER: Final = translate("releases", "An offer")
ITSELF: Final = translate("releases", "Perennial")
WAITS: Final = translate("releases", "It waits.")
SIGNATURES_CHECKED: Final = translate("releases", "signatures checked")
IS_URGENT: Final = translate("releases", "Urgent: its trial is short.")

TIMES_MIN: Final = 2.0  # from here on as a multiple rather than in per cent
TIMES_MAX: Final = 100.0
_SAME_MAX: Final = 0.0005  # a difference so small is none
_VERBS: Final = ["broke", "crashed", "failed", "fails", "gave", "lost", "needs", "sends", "stopped", "tried", "was"]
_BEGINNINGS: Final = {verb: f"It {verb}" for verb in _VERBS} | {
    "slower:": "It is slower:",
    "memory": "Its memory",
    "as": "It is as",
    "it": "It",
}
_SIGNED_BY_FEW: Final = re.compile(r"signed by (\d+) pods?, (\d+) (?:is|are) needed")
_MORE: Final = translate("releases", "more")
_LESS: Final = translate("releases", "less")
METRICS: Final = {  # the words for more and for less of it; for the name of each figure of a trial
    "p50": (translate("releases", "Usual answer"), SLOWER, FASTER),
    "tail": (translate("releases", "Slowest answers"), SLOWER, FASTER),
    "cpu": (translate("releases", "Processor time"), _MORE, _LESS),
    "mem": (translate("releases", "Memory"), _MORE, _LESS),
    "leak": (translate("releases", "Growth of memory"), _MORE, _LESS),
    "bytes": (translate("releases", "Data sent"), _MORE, _LESS),
    "fail": (translate("releases", "Failed answers"), _MORE, _LESS),
}


def as_sentence(reason: str) -> str:
    """The node's reason, which is the part of a sentence, as a whole one in everyday words."""
    if known := say_reason(reason.strip()):
        return known
    text = plain(reason.strip())
    first, _, rest = text.partition(" ")
    text = f"{_BEGINNINGS[first]} {rest}" if first in _BEGINNINGS else text
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', '…')) else '.'}" if text else ""


def in_use_reason(reason: str) -> str:
    """Why it took over; the version that was current then no longer is."""
    return as_sentence(reason.replace("the current version", "the version before it"))


def show_all(count: int) -> str:
    return translate("releases", "Show all {count}").format(count=number(count))


def new_in(notes: str) -> str:
    return translate("releases", "New: {notes}").format(notes=notes)


def turned_away(reason: str) -> tuple[str, str]:
    """Why an offer was turned away, in everyday words; and the node's own words where they say more."""
    few = _SIGNED_BY_FEW.search(reason)
    if few is not None:
        signed = translate("releases", "%n maker(s) signed it, {needed} must.", "", int(few[1])).format(needed=few[2])
        return f"{signed} {NOTHING_FETCHED}", ""
    return f"{NOT_IN_ORDER} {NOTHING_FETCHED}", reason


def on_trial_lead(sandbox: SandboxLevel) -> str:
    return translate(
        "releases",
        "It runs beside the version you use, {shut_off}. If it does well it takes over by itself; "
        "if not, it is thrown away. Your computer will not restart.",
    ).format(shut_off=_SHUT_OFF[sandbox])


def using(version: str) -> str:
    return translate("releases", "You are using {version}").format(version=version)


def title_of(phase: str, version: str) -> str:
    return {
        "announced": translate("releases", "Version {version} was announced"),
        "fetching": translate("releases", "Version {version} is being fetched"),
        "staged": translate("releases", "Version {version} waits for its trial"),
        "on_trial": translate("releases", "Version {version} is being tried out"),
        "rehearsing": translate("releases", "The way back from {version} is rehearsed"),
        "promoting": translate("releases", "Version {version} is taking over"),
        "probation": translate("releases", "Version {version} took over"),
        "returning": translate("releases", "Version {version} is being taken back"),
        "recalling": translate("releases", "Version {version} was recalled"),
    }[phase].format(version=version)


def waits_to_take_over(version: str) -> str:
    return translate("releases", "Version {version} waits to take over").format(version=version)


def again_lead(moment: str) -> str:
    return translate(
        "releases",
        "Taking over took too long; your computer may have been busy. It is tried again at {moment}."
        " Until then the version you use goes on.",
    ).format(moment=moment)


def decided_lead(phase: str, version: str, moment: str, reason: str, news: str, *, was_tried: bool) -> str:
    """``news``: what is to be said of the next version where this one is in use; may be ""."""
    if phase == "confirmed" and not was_tried:
        told = translate("releases", "Version {version} has the very files that were in use already.")
    elif phase == "confirmed":
        told = translate("releases", "It did well in its trial and took over at {moment}.")
    else:
        told = {
            "refused": translate("releases", "Version {version} was thrown away. {why} Nothing changed for you."),
            "not_proven": translate(
                "releases", "Version {version} could not prove itself. {why} The version you use was kept."
            ),
            "rolled_back": translate(
                "releases",
                "Version {version} took over and did not do well. {why} The one before came back by itself.",
            ),
            "recalled": translate(
                "releases", "The makers recalled version {version}. The one before came back by itself."
            ),
        }[phase]
    why = as_sentence(reason)
    told = (told if why else told.replace(" {why}", "")).format(version=version, moment=moment, why=why)
    return f"{told} {news}".rstrip() if phase == "confirmed" else told


def exception_lead(moment: str, why: str, news: str) -> str:
    told = translate("releases", "It took over at {moment} without a proof, as an exception.").format(moment=moment)
    return f"{told} {as_sentence(why)} {news}".rstrip()


def waits_because(reason: str) -> str:
    return f"{WAITS} {as_sentence(reason)}"


def recalled_lead(version: str) -> str:
    return translate(
        "releases",
        "The makers recalled version {version}, and no version from before may take its place. It keeps serving"
        " until a newer one has proven itself.",
    ).format(version=version)


def signed_by(signers: tuple[str, ...]) -> str:
    return translate("releases", "signed by %n maker(s)", "", len(signers)) if signers else SIGNATURES_CHECKED


def since(moment: str) -> str:
    return translate("releases", "since {moment}").format(moment=moment)


def watched_until(moment: str) -> str:
    return translate("releases", "watched until {moment}").format(moment=moment)


def at_moment(moment: str) -> str:
    return translate("releases", "at {moment}").format(moment=moment)


def for_time(lasted: str) -> str:
    return translate("releases", "for {lasted}").format(lasted=lasted)


def now_using(version: str) -> str:
    return translate("releases", "now: {version}").format(version=version)


def still_using(version: str) -> str:
    return translate("releases", "still: {version}").format(version=version)


def seen_of(version: str) -> str:
    return translate("releases", "What was seen of {version}").format(version=version)


def step(place: int, word: str, under: str) -> str:
    """One of the three stops of a release, for those who do not see the picture."""
    text = translate("releases", "{place} of 3: {word}, {under}").format(place=place, word=word, under=under)
    return text.rstrip(" ,")  # where nothing stands under it


def asked_for(reads: int) -> str:
    return translate("releases", "%n piece(s) checked", "", reads)


def lost_and_wrong(lost: int, wrong: int) -> str:
    parts = [translate("releases", "{count} lost").format(count=number(lost))] if lost else []
    parts += [translate("releases", "{count} wrong").format(count=number(wrong))] if wrong else []
    return ", ".join(parts) or NONE_LOST


def rated(count: int, *, is_open: bool) -> str:
    if count:
        return translate("releases", "%n neighbour(s) rated it", "", count)
    if is_open:
        return translate("releases", "Nobody has rated it yet")
    return translate("releases", "Nobody had rated it yet")


def at_least(needed: int, *, is_open: bool) -> str:
    told = translate("releases", "At least {needed} are needed")
    if not is_open:
        told = translate("releases", "To take over it needed {needed}")
    return told.format(needed=number(needed))


def percent(factor: float) -> str:
    return translate("releases", "{share} %").format(share=_share(factor))


def change(factor: float, more: str, less: str) -> str:
    """One end of an interval: 3 % slower, 4 % faster, the same."""
    if abs(factor - 1) < _SAME_MAX:
        return SAME_AS
    if factor >= TIMES_MAX:
        return translate("releases", "far {more}").format(more=more)
    if factor >= TIMES_MIN and more == SLOWER:
        return translate("releases", "{times} times as slow").format(times=number(factor, 1))
    if factor >= TIMES_MIN:
        return translate("releases", "{times} times as much").format(times=number(factor, 1))
    return f"{percent(factor)} {more if factor > 1 else less}"


def between(low: float, high: float, more: str, less: str) -> str:
    ends = change(high, more, less), change(low, more, less)
    if ends[0] == ends[1]:
        return ends[0]
    if SAME_AS in ends:  # between the same and 3 % less: up to 3 % less
        return translate("releases", "up to {most}").format(most=ends[1] if ends[0] == SAME_AS else ends[0])
    if high < TIMES_MIN and (low > 1) == (high > 1):  # both on one side: 0.2 to 0.4 % less
        small, large = sorted((low, high), key=lambda factor: abs(factor - 1))
        return translate("releases", "{small} to {large} {less}").format(
            small=_share(small), large=percent(large), less=more if low > 1 else less
        )
    return translate("releases", "between {one} and {other}").format(one=ends[0], other=ends[1])


def speed(low: float, high: float, estimate: float) -> str:
    """What is probable; extreme measurements are cut in the reckoning, so that a range may be only its lower end."""
    if estimate > high * 1.05:
        return translate("releases", "Probably at least {change}").format(change=change(high, SLOWER, FASTER))
    return translate("releases", "Probably {range}").format(range=between(low, high, SLOWER, FASTER))


def first_guess(factor: float, *, is_open: bool) -> str:
    if abs(factor - 1) < _SAME_MAX:
        return translate("releases", "So far just as fast") if is_open else translate("releases", "Just as fast")
    told = translate("releases", "So far about {change}") if is_open else translate("releases", "About {change}")
    return told.format(change=change(factor, SLOWER, FASTER))


def limit(factor: float) -> str:
    return translate("releases", "limit: {share} slower").format(share=percent(factor))


def details(signers: tuple[str, ...], bytes_fetched: int, watched_until: str = "", *, is_urgent: bool = False) -> str:
    """Who signed it, what it cost to fetch, what was special about it, and until when it may still be taken back."""
    parts = [translate("releases", "Signed by {signers}.").format(signers=listed(signers))] if signers else []
    if bytes_fetched:
        parts.append(translate("releases", "{size} fetched.").format(size=amount(bytes_fetched)))
    parts += [IS_URGENT] if is_urgent else []
    if watched_until:
        parts.append(translate("releases", "Watched until {moment}.").format(moment=watched_until))
    return " ".join(parts)


def _share(factor: float) -> str:
    """How far a factor is from 1, in per cent: 3, 0.2."""
    share = abs(factor - 1) * 100
    return number(share, 0 if share >= 0.95 else 1)
