"""The words of the Network page.  Computers are neighbours here, and it is said at once that this is no map."""

from __future__ import annotations

from typing import Final

from gui.language import number, translate
from gui.texts.app import amount
from node.api.schema import NeighbourState

NETWORK: Final = translate("network", "Network")
TITLE: Final = translate("network", "Your neighbours")
LEAD: Final = translate(
    "network",
    "The computers that keep the same pieces as yours, so that nothing is lost when one of you is switched off.",
)
NOT_HEARD: Final = translate("network", "As soon as Perennial answers, your neighbours are shown here.")
NOBODY: Final = translate(
    "network",
    "No neighbours yet. On your local network they are found by themselves; further away it takes an invitation.",
)
NOBODY_IN_PRACTICE: Final = translate(
    "network", "No neighbours yet. They are found by themselves, which can take a few minutes."
)
NO_MAP: Final = translate("network", "Clockwise, the nearest first, in the network's own order. This is not a map.")
LAST_HOUR: Final = translate("network", "The last hour")
NOW: Final = translate("network", "now")
HOUR_AGO: Final = translate("network", "an hour ago")
QUIET: Final = translate("network", "Nothing was sent or received in this hour.")
NO_TRAFFIC: Final = translate("network", "Not measured yet. The first minute comes in a minute.")
SENT: Final = translate("network", "Sent")
RECEIVED: Final = translate("network", "Received")
NO_LIMIT: Final = translate("network", "no limit set")
NETWORKS_WHY: Final = translate("network", "No single network can speak for all.")


def in_state(count: int, state: NeighbourState) -> str:
    match state:
        case "answers":
            return translate("network", "%n answer(s)", "", count)
        case "slow":
            return translate("network", "%n is/are slow", "", count)
        case "silent":
            return translate("network", "%n is/are silent", "", count)


def shown_of(shown: int, count: int) -> str:
    return translate("network", "The nearest {shown} of {count} are drawn.").format(
        shown=number(shown), count=number(count)
    )


def beyond(count: int, answering: int, per_dot: int) -> str:
    """What the small marks outside of the ring stand for."""
    if count == 1 and answering:
        return translate("network", "The next computer further out answers")
    if count == 1:
        return translate("network", "The next computer further out does not answer")
    if answering == count:
        told = translate("network", "The next {count} computers further out all answer")
    else:
        told = translate("network", "%n of the next {count} computers further out answer(s)", "", answering)
    told = told.format(count=number(count))
    if per_dot == 1:
        return told
    return translate("network", "{told}; each mark stands for up to {per_dot}").format(told=told, per_dot=per_dot)


def known(count: int) -> str:
    return translate("network", "%n computer(s) known in all.", "", count)


def networks(count: int) -> str:
    return translate("network", "Neighbours on %n different network(s).", "", count)


def from_outside(ago: str) -> str:
    return translate("network", "The last one came {ago}.").format(ago=ago)


def as_heard(moment: str) -> str:
    return translate("network", "As it was when last heard, at {moment}.").format(moment=moment)


def rate(bytes_per_s: float) -> str:
    if 0 < bytes_per_s < 1000:
        return f"{number(max(0.1, bytes_per_s / 1000), 1)} kB/s"
    return f"{amount(round(bytes_per_s))}/s" if bytes_per_s else "0 kB/s"


def totals(sent: int, received: int) -> str:
    return translate("network", "{sent} sent, {received} received in this hour.").format(
        sent=amount(sent), received=amount(received)
    )


def peaks(sent: float, received: float) -> str:
    return translate("network", "At most {sent} sent and {received} received, averaged over a minute.").format(
        sent=rate(sent), received=rate(received)
    )


def limits(upload: int, download: int, *, is_upload_drawn: bool, is_download_drawn: bool) -> str:
    """What may be sent and received; a limit of 0 is none."""
    if not upload and not download:
        return translate("network", "Sending and receiving: {no_limit}.").format(no_limit=NO_LIMIT)
    return translate("network", "Your limits: sending {sending}, receiving {receiving}.").format(
        sending=_limit(upload, is_drawn=is_upload_drawn), receiving=_limit(download, is_drawn=is_download_drawn)
    )


def _limit(bytes_per_s: int, *, is_drawn: bool) -> str:
    if not bytes_per_s:
        return NO_LIMIT
    told = rate(bytes_per_s)
    return translate("network", "{limit} (dashed)").format(limit=told) if is_drawn else told
