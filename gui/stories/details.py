"""What is known, told exactly for the Details page.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gui.stories.home import Seen
from gui.texts import details as words
from gui.texts.app import at
from node.api.schema import Event, Settings, Status, TrialView, Updates

EVENTS_MAX: Final = 40
TOLD_CHARACTERS_MAX: Final = 200  # of one event


@dataclass(frozen=True, slots=True)
class DetailsSeen:
    """What was heard for this page alone.  ``log``: the last lines; ``log_trouble``: why they could not be read.

    ``wrote``: what a node that was started here and has ended wrote last, beside its log.
    """

    settings: Settings | None = None
    log: tuple[str, ...] = ()
    log_trouble: str = ""
    wrote: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DetailsStory:
    lead: str
    facts: tuple[tuple[str, str], ...]
    events: str
    log: str
    commands: str


def tell_details(seen: Seen, own: DetailsSeen, events: Sequence[Event], home: str, now: datetime) -> DetailsStory:
    status = seen.status if seen.link == "connected" else None
    facts = _facts(status, seen.updates, now) if status is not None else []
    port = own.settings.api_port if own.settings is not None else 0
    newest = list(events)[-EVENTS_MAX:][::-1]
    return DetailsStory(
        lead=words.LEAD if status is not None else words.NOT_HEARD,
        facts=(*facts, (words.HOME, home)),
        events="\n".join(_event(one, now) for one in newest) or words.NO_EVENTS,
        log="\n".join(line for line in (*own.log, own.log_trouble, *own.wrote) if line) or words.NO_LOG,
        commands=words.commands(f"{home}/api.sock", port, f"{home}/api.json"),
    )


def _facts(status: Status, updates: Updates | None, now: datetime) -> list[tuple[str, str]]:
    facts = [(words.STATE, f"{status.state}: {status.sentence}")]
    if status.in_use is not None:
        facts.append((words.VERSION, words.since(status.in_use.version, at(status.in_use.since_s, now))))
        facts.append((words.TREE, status.in_use.tree_hash))
    if (program := status.program) is not None:
        facts.append((words.PROGRAM, words.program(program.version, program.app, program.runtime)))
    key = words.KEY_OF_PRACTICE if status.is_practice else words.KEY_PLACES[status.key_place]
    facts += [
        (words.FARM, words.farm(status.farm)),
        (words.KEY, key),
        (words.SANDBOX, words.sandbox(status.sandbox, status.sandbox_reasons, is_tried=status.is_sandbox_tried)),
        (words.PEERS, words.peers(status.peer_count, status.subnet_count)),
        (words.SPACE, words.space(status.space.used_bytes, status.space.quota_bytes, status.space.chunk_count)),
    ]
    if updates is not None and updates.developers is not None:
        facts.append((words.DEVELOPERS, f"{updates.developers.state}: {updates.developers.sentence}"))
    if updates is not None and updates.measured_itself:
        newest = updates.measured_itself[0]
        facts.append((words.NOISE, words.noise(newest.outcome, newest.blocks, at(newest.at_s, now))))
    return facts


def _event(event: Event, now: datetime) -> str:
    told = f"#{event.number}  {at(event.at_s, now, with_seconds=True)}  {event.kind}  {_data(event)}"
    return told if len(told) <= TOLD_CHARACTERS_MAX else f"{told[: TOLD_CHARACTERS_MAX - 1]}…"


def _data(event: Event) -> str:
    match event.data:
        case Status() as status:
            return f"{status.state}: {status.sentence}"
        case Updates() as updates:
            return ", ".join(f"{item.release} {item.phase}" for item in updates.items) or "none"
        case TrialView() as trial:
            return f"{trial.release} {trial.phase}, {trial.blocks} blocks, {trial.pairs} pairs"
        case Settings():
            return "changed"
        case None:
            return "none"
