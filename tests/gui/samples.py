"""What a practice farm says in each of its states, from its start to releases that took over and that did not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from gui.stories.home import Seen
from gui.stories.resources import Refusal
from node.api.schema import (
    Check,
    CheckName,
    CheckResult,
    MetricView,
    NodeState,
    PauseKind,
    PauseReason,
    Phase,
    RefusedHead,
    Said,
    Settings,
    Space,
    Status,
    Surroundings,
    TrialView,
    Update,
    Updates,
    VersionInUse,
)
from tests.gui import release_samples as more

NOW = datetime(2026, 11, 22, 14, 5, 30, tzinfo=UTC)
NOW_S = NOW.timestamp()
BASE, NEXT, SLOW, LOSSY = "0" * 64, "1" * 64, "2" * 64, "3" * 64
HOME, UPDATES, RESOURCES = range(3)
SIGNERS = ("alder", "birch", "cedar")


CHECKED: dict[CheckName, str] = {
    "disk": "A file was written to the disk and read back.",
    "clock": "The clock agrees with those of 7 other computers.",
    "reach": "Another computer came in by itself.",
    "exchange": "Another computer answered, and the answer was right.",
    "audit": "Another computer asked for a piece and was given it.",
}


def check(name: CheckName, result: CheckResult = "ok", sentence: str = "", advice: str = "") -> Check:
    looked_s = NOW_S - 130 if result == "ok" else None
    return Check(name, result, sentence or CHECKED[name], looked_s, advice)


def checks(*changed: Check) -> tuple[Check, ...]:
    """All five, fine but for those that are given."""
    others = {one.name: one for one in changed}
    return tuple(others.get(name, check(name)) for name in CHECKED)


def paused(kind: PauseKind, until_s: float | None = None) -> PauseReason:
    return PauseReason(kind, f"It is paused: {kind}.", until_s)


def status(
    state: NodeState = "fine",
    sentence: str = "All is well: 12 MB of 256 MB in use, connected to 7 vaults.",
    *,
    version: str = "0.1.0",
    tree_hash: str = BASE,
    is_practice: bool = True,
    chunks: int = 37,
    last_event: int = 0,
) -> Status:
    is_up = state != "starting"
    return Status(
        state=state,
        sentence=sentence,
        is_practice=is_practice,
        space=Space(12_400_000 + 9_000_000 * (not is_practice), 256_000_000, chunks, free_bytes=70_000_000_000),
        peer_count=13 if is_up else 0,
        subnet_count=7 if is_up else 0,
        in_use=VersionInUse(version, tree_hash, NOW_S - 900) if is_up else None,
        sandbox="full" if is_practice else "partial",
        farm="a1b2c3d4",
        last_event=last_event,
        checks=checks() if is_up else checks(*(check(name, "wait", "Not looked at yet.") for name in CHECKED)),
    )


def real(state: NodeState = "fine", sentence: str = "All is well.", **changed: object) -> Status:
    """The status of a farm of a real network that has been there for a while."""
    farm = status(state, sentence, is_practice=False, chunks=1204, version="1.3.2")
    space = Space(412 * 10**9, 670 * 10**9, 1204, free_bytes=488 * 10**9)
    known = Surroundings(is_on_battery=False, is_metered=False, is_in_use=True)
    return msgspec.structs.replace(farm, **({"space": space, "surroundings": known, "is_eased": True} | changed))


SET = Settings(quota_bytes=670 * 10**9, upload_bytes_per_s=500_000, hours=(*range(8), 12, *range(19, 24)))


def metric(
    name: str, estimate: float | None, spread: float, limit: float, *, proven: bool, alarm: bool = False
) -> MetricView:
    low = high = None
    if estimate is not None and spread:
        low, high = estimate / (1 + spread), estimate * (1 + spread)
    return MetricView(name, estimate, low, high, limit, is_proven=proven, is_alarming=alarm)


def metrics(p50: float | None, spread: float, *, proven: bool, alarm: bool = False) -> tuple[MetricView, ...]:
    others = None if p50 is None else 1.0
    return (
        metric("p50", p50, spread, 1.35, proven=proven, alarm=alarm),
        metric("tail", others, spread * 2.4, 3.0, proven=proven),
        metric("cpu", others and 1.03, spread, 1.35, proven=proven),
        metric("mem", others, spread * 0.3, 1.25, proven=others is not None),
        metric("leak", others, spread * 0.2, 1.1, proven=False),
        metric("bytes", others and 1.002, spread * 0.2, 1.1, proven=others is not None),
        metric("fail", others, spread * 0.1, 1.05, proven=others is not None),
    )


def trial(
    version: str,
    phase: Phase = "on_trial",
    *,
    blocks: int = 0,
    reads: int = 0,
    lost: int = 0,
    rated: int = 0,
    figures: tuple[MetricView, ...] = (),
) -> TrialView:
    return TrialView(
        release=f"vault/{version}",
        version=version,
        phase=phase,
        started_s=NOW_S - 40,
        blocks=blocks,
        pairs=reads // 2,
        verified_reads=reads,
        lost=lost,
        wrong=0,
        restarts=0,
        neighbours_rated=rated,
        neighbours_needed=4,
        metrics=figures,
    )


def update(version: str, tree_hash: str, phase: Phase, reason: str = "", *, ago_s: float = 60.0) -> Update:
    ended = {"confirmed": "promoted", "refused": "refused", "not_proven": "not proven", "rolled_back": "rolled back"}
    ended["recalled"] = "recalled"
    is_open = phase not in ended
    return Update(
        release=f"vault/{version}",
        version=version,
        tree_hash=tree_hash,
        phase=phase,
        verdict=ended.get(phase, ""),
        reason=reason,
        signers=SIGNERS,
        announced_s=NOW_S - ago_s - 80,
        decided_s=None if is_open else NOW_S - ago_s,
        bytes_fetched=0 if phase == "announced" else 11_640,
        seconds={"on_trial": 62.0} if stage_after_trial(phase) else {},
    )


def stage_after_trial(phase: Phase) -> bool:
    return phase not in ("announced", "fetching", "staged", "on_trial")


EARLY = trial("0.1.1", blocks=3, reads=90, rated=1, figures=metrics(1.05, 0.42, proven=False))
LATE = trial("0.1.1", blocks=21, reads=1284, rated=6, figures=metrics(0.98, 0.09, proven=True))
FRESH = trial("0.1.1", figures=metrics(None, 0, proven=False))
SLOW_TRIAL = trial(
    "0.1.2", "refused", blocks=17, reads=1020, rated=5, figures=metrics(1.82, 0.12, proven=False, alarm=True)
)
LOSSY_TRIAL = trial("0.1.3", "refused", blocks=9, reads=544, lost=3, rated=2, figures=metrics(1.01, 0.2, proven=False))

PROMOTED = "as good as the current version in 21 comparisons, 1,284 reads checked, rated by 6 neighbours"
TOO_SLOW = "slower: requests take 1.82 times as long (at most 1.35 allowed)"
LOST = "lost 3 of 540 stored pieces"
FORGED = RefusedHead("f" * 64, "snapshot: signed by 2 pods, 3 are needed", NOW_S - 30)

_OPEN: tuple[Phase, ...] = ("announced", "fetching", "staged", "on_trial", "rehearsing", "promoting", "probation")


def live(one: Status, updates: tuple[Update, ...] = (), view: TrialView | None = None, *, forged: bool = False) -> Seen:
    heads = (FORGED,) if forged else ()
    settings = SET if not one.is_practice else Settings(quota_bytes=256_000_000)
    return Seen("connected", NOW_S, one, Updates(updates, heads), view, settings)


@dataclass(frozen=True)
class Sample:
    name: str
    seen: Seen
    page: int  # the page on which it is best seen
    refusal: str = ""
    refused: Refusal | None = None


def paused_samples() -> tuple[Sample, ...]:
    def one(*reasons: PauseReason, state: NodeState = "paused", sentence: str = "Paused.") -> Seen:
        return live(real(state, sentence, pauses=reasons))

    battery, hours = paused("battery"), paused("hours", NOW_S + 5 * 3600 - 330)
    bad = check("disk", "bad", "The disk takes nothing.", "Make room on it.")
    stopped = "The disk cannot be written, so nothing new is stored: No space left on device."
    broken = msgspec.structs.replace(real("problem", stopped, pauses=(hours,)), checks=checks(bad))
    urgent = msgspec.structs.replace(update("1.3.3", NEXT, "announced"), is_urgent=True)
    return (
        Sample("paused-asked", one(paused("asked", NOW_S + 3300)), HOME),
        Sample("paused-until-resumed", one(paused("asked")), HOME),
        Sample("paused-battery", one(battery), HOME),
        Sample("paused-two", one(battery, hours), HOME),
        Sample(
            "paused-many",
            one(paused("asked", NOW_S + 16 * 3600), battery, paused("metered"), hours),
            HOME,
            refusal="Perennial is busy with something else; try again in a moment.",
        ),
        Sample("paused-broken", live(broken), HOME),
        Sample("paused-urgent", live(real("paused", "Paused.", pauses=(paused("asked"),)), (urgent,)), HOME),
    )


def trouble_samples() -> tuple[Sample, ...]:
    gone = check(
        "disk", "bad", "The disk with the pieces is missing.", "Plug it back in; then everything goes on by itself."
    )
    slow = check(
        "clock",
        "bad",
        "The clock of this computer is 2 years behind those of 9 other computers.",
        "Set the clock, best by letting the computer take its time from the network.",
    )
    closed = check("reach", "wait", "Nobody has come in from outside yet.")
    router = check("reach", "bad", "Your router lets nobody in: others can only be asked, and not come by themselves.")
    router = msgspec.structs.replace(router, said=(Said("reach.router"),))
    doubled = "Another computer runs with this home's key."
    over = "20 GB more than the 670 GB that you lend are in use, so nothing new is stored."
    too_much = Said("space.over", {"over_bytes": 20 * 10**9, "quota_bytes": 670 * 10**9})
    return (
        Sample("router", live(real(checks=checks(router))), HOME),
        Sample("doubled", live(real("problem", doubled, said=(Said("vault.doubled"),), checks=checks(router))), HOME),
        Sample("too-much", live(real("attention", over, said=(too_much,), checks=checks())), HOME),
        Sample("not-let-in", replace(Seen("lost"), refused="/home/eve cannot be entered: access is denied."), HOME),
        Sample("needs-you", live(real("attention", gone.sentence, checks=checks(gone, closed))), HOME),
        Sample("clock", live(real("attention", f"{slow.sentence} {slow.advice}", checks=checks(slow))), HOME),
        Sample("closed", live(real(checks=checks(closed))), HOME),
        Sample("disk", live(real("problem", gone.sentence, checks=checks(gone, slow, closed))), HOME),
    )


def resources_samples() -> tuple[Sample, ...]:
    shrinking = real(space=Space(132 * 10**9, 100 * 10**9, 1204, free_bytes=488 * 10**9))
    unknown = real(surroundings=Surroundings(), is_eased=False, space=Space(1 << 30, 670 * 10**9, 9))
    refused = Refusal("The disk has only 500 GB in all, so no more than that can be lent.", frozenset({"quota_bytes"}))
    late = Refusal("The hours could not be kept: the disk is full.", frozenset({"hours"}))
    gone = msgspec.structs.replace(SET, quota_bytes=100 * 10**9, hours=(), notifications="news")
    return (
        Sample("lent", live(real()), RESOURCES),
        Sample("shrinking", replace(live(shrinking), settings=gone), RESOURCES),
        Sample("not-said", live(unknown), RESOURCES, refused=refused),
        Sample("practice", live(status()), RESOURCES, refused=late),
        Sample("silent", Seen("lost", NOW_S - 4, real(), Updates((), ()), None, SET), RESOURCES),
        Sample("unread", Seen(), RESOURCES),
    )


def samples() -> tuple[Sample, ...]:
    fine, trying = status(), status("trial", "Version 0.1.1 is being tried out; version 0.1.0 keeps your chunks.")
    newer = status(version="0.1.1", tree_hash=NEXT)
    confirmed = update("0.1.1", NEXT, "confirmed", PROMOTED, ago_s=200)
    slow = update("0.1.2", SLOW, "refused", TOO_SLOW, ago_s=120)
    lossy = update("0.1.3", LOSSY, "refused", LOST, ago_s=60)
    way = [
        Sample(
            phase,
            live(trying if phase in ("on_trial", "rehearsing") else fine, (update("0.1.1", NEXT, phase),), view),
            1,
        )
        for phase, view in zip(_OPEN, (None, None, None, EARLY, LATE, LATE, LATE), strict=True)
    ]
    full = status(
        "problem",
        "The disk cannot be written, so nothing new is stored: No space left on device.",
    )
    return (
        Sample("connecting", Seen(), 0),
        Sample("starting", live(status("starting", "The vault is starting.", chunks=0)), 0),
        Sample("fine", live(fine), 0),
        Sample("fine-real", live(real()), 0),
        Sample("empty", live(status(chunks=0)), 0),
        Sample("trial", live(trying, (update("0.1.1", NEXT, "on_trial"),), EARLY), 0),
        Sample("paused", live(status("paused", "Paused: on battery.")), 0),
        *paused_samples(),
        *trouble_samples(),
        *resources_samples(),
        Sample("attention", live(status("attention", "The vault runs, but it has reached no other vault yet.")), 0),
        Sample("problem", live(full), 0),
        Sample("lost", Seen("lost", NOW_S - 4, fine, Updates((), ()), None), 0),
        Sample("missing", Seen("lost", NOW_S - 4, real(), is_home_missing=True), 0),
        Sample("never", Seen("lost"), 0),
        *way,
        Sample("trial-fresh", live(trying, (update("0.1.1", NEXT, "on_trial"),), FRESH), 1),
        Sample("trial-late", live(trying, (update("0.1.1", NEXT, "on_trial"),), LATE), 1),
        Sample("confirmed", live(newer, (confirmed,), LATE), 1),
        Sample("refused-slow", live(newer, (slow, confirmed), SLOW_TRIAL), 1),
        Sample("refused-lossy", live(newer, (lossy, slow, confirmed), LOSSY_TRIAL, forged=True), 1),
        Sample(
            "not-proven",
            live(
                newer, (update("0.1.4", LOSSY, "not_proven", "not proven within 280 s: 2 of 4 neighbours"), confirmed)
            ),
            1,
        ),
        Sample(
            "rolled-back",
            live(fine, (update("0.1.1", NEXT, "rolled_back", "it failed 2 times in probation: exit code 3"),), LATE),
            1,
        ),
        Sample("recalling", live(newer, (update("0.1.1", NEXT, "recalling", "the developers recalled it"),), LATE), 1),
        Sample("recalled", live(fine, (update("0.1.1", NEXT, "recalled", "the developers recalled it"),), LATE), 1),
        Sample("recalled-stays", live(newer, (msgspec.structs.replace(confirmed, is_recalled=True),), LATE), 1),
        *_unusual(fine, newer, trying),
        Sample("idle", live(fine), 1),
        Sample("unknown", Seen("lost"), 1),
    )


def _unusual(fine: Status, newer: Status, trying: Status) -> tuple[Sample, ...]:
    """What comes in another way than the usual one."""
    announced, on_trial = update("0.1.1", NEXT, "announced"), update("0.1.1", NEXT, "on_trial")
    took_over = msgspec.structs.replace(update("0.1.1", NEXT, "confirmed", PROMOTED), notes=more.NOTES)
    ended: tuple[tuple[Phase, str], ...] = (
        ("refused", TOO_SLOW), ("not_proven", "not proven within 280 s"), ("rolled_back", "it failed 3 times"),
    )  # fmt: skip
    many = tuple(update(f"0.0.{i}", f"{i:064x}", *ended[i % 3], ago_s=86_400.0 * (40 - i)) for i in range(30, 0, -1))
    return (
        Sample("in-turns", live(fine, (more.with_rollout(announced, more.rollout()),)), 1),
        Sample("held-up", live(fine, (more.with_rollout(announced, more.rollout(bad=4, halted_s=64_800.0)),)), 1),
        Sample("urgent", live(trying, (more.with_rollout(on_trial, more.rollout(own=1), is_urgent=True),), EARLY), 1),
        Sample("excepted", live(newer, (more.excepted(took_over),)), 1),
        Sample("many", more.told(newer, (took_over, *many), more.CURRENT, NOW_S), 1),
        Sample("makers-disagree", more.told(fine, (), more.HALTED, NOW_S), 1),
        Sample(
            "late", live(fine, (msgspec.structs.replace(update("0.1.1", NEXT, "rehearsing"), again_s=NOW_S + 3600),)), 1
        ),
        Sample("stopped", more.stopped(live(trying, (on_trial,), EARLY)), 1),
        Sample("open-to-all", live(msgspec.structs.replace(newer, sandbox="none"), (took_over,)), 1),
    )
