"""What a proposal comes to, in plain words, for the person who is asked to sign it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from node.api.texts import printable
from node.pod.build import Built, derive_of
from node.pod.capabilities import in_words, needed
from node.pod.dates import day, ends, newest_until
from node.pod.describe_conflict import describe_resolution, who
from node.pod.difference import changes, gained
from node.pod.errors import PodError
from node.pod.kept import Listed, find_listed, kept_release, listed_in
from node.pod.known import KnownNetwork
from node.pod.plans import Beating, Founding, Reaffirming, Recalling, Releasing, Resolving, Rotating
from node.pod.proposal import Proposal
from node.trust.anchor import anchor_in
from node.trust.capabilities import Capabilities, as_declared, cost
from node.trust.head import Head
from node.trust.layers import ROLES, role_of
from node.trust.metadata import Targets, read, time_text
from node.trust.policy import foundation_until, high_threshold, majority
from node.trust.release import floor_of, recalled_in

FILES_SHOWN_MAX: Final = 100
RECALLED_SHOWN_MAX: Final = 10
URGENT: Final = (
    "It is urgent: farms try it out for some hours instead of days, and take it when nothing speaks against it. Keep"
    " that for a bug which does more harm than an unproven release could."
)

LAYER_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "vault": (),
    "app": ("It replaces the app, which may do whatever the farmer may: nothing shuts it off.",),
    "runtime": ("It replaces Python, Qt and the other libraries on which the app runs: nothing shuts them off.",),
}
ALL_FETCH_WHOLE: Final = "Farms fetch every file that differs as a whole: no delta leads to it."


def describe(proposal: Proposal) -> list[str]:
    """What will be signed, as sentences; for a release see ``describe_changes`` too."""
    plan, known = proposal.plan, proposal.published
    if isinstance(plan, Founding):
        return _founding(proposal, plan)
    assert known is not None, "only a founding builds on nothing"
    lines = [f"This is for the network {known.network[:16]}…, drafted at {time_text(proposal.at)}."]
    match plan:
        case Releasing(release=release):
            lines += [
                f"It releases {release.name}, tree hash {release.tree}.",
                *LAYER_WORDS[release.layer],
                f"Its notes: {printable(release.notes) or 'none'}",
                *_floor(known.head, release.role, release.floor),
                *([URGENT] if release.is_urgent else []),
            ]
        case Recalling(release=name):
            kinds = {release.name: release.kind for release in releases_of(known.head)}
            kind = kinds.pop(name, None)
            left = [release for release in releases_of(known.head) if kinds.get(release.name) == kind]
            lines += [
                f"It recalls {name}, for ever. {_way_back(known.head, name)}",
                f"The newest release is then {left[0].name if left else 'none'}.",
            ]
        case Reaffirming(release=name):
            lines += [
                f"It reaffirms {name}: the pods stand by it, whatever others think of it.",
                "A farm that can try out no release, or could not prove this one, takes it unproven after all others.",
            ]
        case Rotating():
            lines += _rotation(known, plan)
        case Resolving():
            lines += describe_resolution(plan, known, proposal.statements)
        case Beating():
            until = day(newest_until(proposal.outcome()))
            lines += [f"It says that the newest is still the newest, until {until}, and nothing else."]
    return lines + ends(proposal.outcome(), proposal.stamped_at)


def describe_changes(
    proposal: Proposal, built: Built, network_folder: Path, checkouts: Sequence[Path] = ()
) -> list[str]:
    """What a release changes against the last release and against the last anchor, as sentences.

    Args:
        proposal: A release.
        built: Its files, rebuilt here.
        network_folder: Where earlier releases are kept.
        checkouts: Checkouts of earlier releases that are not kept there.

    Raises:
        PodError: The files of an earlier release are not at hand, so nothing could be said about it.
    """
    known = proposal.published
    assert known is not None, "a release builds on a network"
    statement = proposal.statements[built.release.role].signed
    listed = next(release for release in listed_in(statement) if release.name == built.release.name)
    asked, recalled = listed.capabilities, _recalled(known.head)
    last = next((release for release in releases_of(known.head) if release.kind == listed.kind), None)
    title = f"Against the last release, {last.name}:" if last else "It is the first release:"
    if last is None and recalled:  # farms go on with one of them: what it changes is to be seen all the same
        last = _last_of(recalled, listed, network_folder)
        title = "Every release before it was recalled"
        title += f". Against {last.name}, the last of them:" if last else ", and none is at hand:"
    before = kept_release(network_folder, last, checkouts) if last else None
    lines = [title, *_files(before, built)]
    if listed.layer != "vault":
        return lines + _of_the_program(built)
    lines += [_gains(last.capabilities, asked)] if last else []
    anchor = anchor_in(read(known.head.targets, Targets).signed)
    if anchor.version:
        name = f"vault/{anchor.version}"
        before = kept_release(network_folder, find_listed(network_folder, name), checkouts)
        lines += [f"Against the anchor, {name}:", *_files(before, built), _gains(anchor.capabilities, asked)]
    else:
        lines += ["No release is an anchor yet. Against what any release may do:", _gains(anchor.capabilities, asked)]
    need = needed(built.release.role, proposal.statements, known.head)
    return lines + in_words(derive_of(built), cost(anchor.capabilities, asked), need)


def releases_of(head: Head) -> list[Listed]:
    """Everything that a verified head releases, newest first."""
    recalled = _recalled(head)
    found = [release for statement in _statements(head) for release in listed_in(statement)]
    return sorted((release for release in found if release.name not in recalled), key=lambda one: -one.sequence)


def _recalled(head: Head) -> set[str]:
    return {name for statement in _statements(head) for name in recalled_in(statement)}


def _statements(head: Head) -> list[Targets]:
    return [read(head.delegated[role], Targets).signed for role in ROLES if role in head.delegated]


def _last_of(names: set[str], like: Listed, network_folder: Path) -> Listed | None:
    """The newest of these releases that is of the same kind, and of which the folder has a statement."""
    found = []
    for name in names:
        with contextlib.suppress(PodError):  # the folder has no statement from that time
            found.append(find_listed(network_folder, name))
    alike = [release for release in found if release.kind == like.kind]
    return max(alike, key=lambda release: release.sequence, default=None)


def _founding(proposal: Proposal, plan: Founding) -> list[str]:
    pods, root = len(plan.pods), proposal.statements["root"].signed
    until = foundation_until(root)
    return [
        f"This founds a new network, drafted at {time_text(proposal.at)}. Its pods are:",
        *map(who, plan.pods),
        "Its founders are:" if plan.founders else "It has no founders.",
        *map(who, plan.founders),
        f"{majority(pods)} of {pods} pods sign for the vault, {high_threshold(pods)} for the app or new pods.",
        *([f"{len(plan.founders) // 2 + 1} founders release for the vault until {time_text(until)}."] if until else []),
        "Compare every fingerprint with its owner, by voice or in person, before you sign.",
        f"Fingerprint of the founding, the same for everybody: {proposal.hash_of('root')}",
    ]


def _rotation(known: KnownNetwork, plan: Rotating) -> list[str]:
    lines = ["It renews the dates of everything: the root for three years, the statements below it for one."]
    if plan.join is not None:
        lines += [f"The pod {plan.leave} leaves; its keys sign nothing any more. In its place comes:", who(plan.join)]
    if plan.foundation_until:
        before = foundation_until(known.root.signed)
        assert before is not None, "a date that does not exist was moved"
        lines.append(f"The foundation ends at {plan.foundation_until}, no longer at {time_text(before)}.")
    return lines


def _floor(head: Head, role: str, floor: int) -> list[str]:
    if floor <= floor_of(read(head.delegated[role], Targets).signed):
        return []
    name = next((release.name for release in releases_of(head) if release.sequence == floor), "the release itself")
    return [f"It raises the floor: no recall leads below number {floor} ({name}) any more."]


def _way_back(head: Head, name: str) -> str:
    """What farms do that run a release which is recalled; as ``node.trust.recall`` has it."""
    is_app = role_of(name) == "app"
    statements = {role: read(head.delegated[role], Targets).signed for role in ROLES if role in head.delegated}
    floor = max(floor_of(statement) for role, statement in statements.items() if (role == "app") == is_app)
    number = next((release.sequence for release in releases_of(head) if release.name == name), 0)
    if floor and floor >= number:
        return f"Farms that run it go on with it: the floor is number {floor}, and no recall leads below that."
    closed = [f"has a number below the floor, which is {floor}"] if floor else []
    recalled = sorted(one for one in _recalled(head) if (role_of(one) == "app") == is_app)
    if recalled:
        others = f" and {len(recalled) - RECALLED_SHOWN_MAX} others" if len(recalled) > RECALLED_SHOWN_MAX else ""
        closed.append(f"was recalled too ({', '.join(recalled[:RECALLED_SHOWN_MAX])}{others})")
    if not closed:
        return "Farms that run it go back to what they ran before."
    return f"Farms that run it go back to what they ran before. Where that {', or '.join(closed)}, they go on with it."


def _files(before: Built | None, after: Built) -> list[str]:
    found = changes(before, after)
    lines = [f"  {change}" for change in found[:FILES_SHOWN_MAX]]
    if len(found) > FILES_SHOWN_MAX:
        lines.append(f"  and {len(found) - FILES_SHOWN_MAX} files more")
    return lines or ["  no file differs"]


def _of_the_program(built: Built) -> list[str]:
    """What else a person should know of an app or a runtime: it runs with all that the farmer may do."""
    release = built.release
    lines = [f"It needs the runtime {tree} on {platform}." for platform, tree in release.runtimes.items()]
    if release.layer == "app" and not release.runtimes:
        lines.append("It runs on whatever runtime a farm has.")
    if release.layer == "runtime":
        lines.append(f"It is for {release.platform}. Farms take it with the first app that needs it.")
    count = len(release.deltas)
    lines.append(f"Farms with one of {count} releases before fetch only what differs." if count else ALL_FETCH_WHOLE)
    return lines


def _gains(before: Capabilities, after: Capabilities) -> str:
    return f"  capabilities gained: {'; '.join(gained(as_declared(before), as_declared(after))) or 'none'}"
