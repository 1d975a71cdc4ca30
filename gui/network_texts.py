"""The words of the Network page.  Computers are neighbours here, and it is said at once that this is no map."""

from __future__ import annotations

from typing import Final

from gui.texts import amount, plural
from node.api.schema import NeighbourState

NETWORK: Final = "Network"
TITLE: Final = "Your neighbours"
LEAD: Final = (
    "The computers that keep the same pieces as yours, so that nothing is lost when one of you is switched off."
)
NOT_HEARD: Final = "As soon as Perennial answers, your neighbours are shown here."
NOBODY: Final = "No neighbours yet. They are found by themselves, which can take a few minutes."
NO_MAP: Final = "Clockwise, the nearest first, in the network's own order. This is not a map."
LAST_HOUR: Final = "The last hour"
NOW: Final = "now"
HOUR_AGO: Final = "an hour ago"
QUIET: Final = "Nothing was sent or received in this hour."
NO_TRAFFIC: Final = "Not measured yet. The first minute comes in a minute."
SENT: Final = "Sent"
RECEIVED: Final = "Received"
NO_LIMIT: Final = "no limit set"
DASHED: Final = " (dashed)"
NETWORKS_WHY: Final = "No single network can speak for all."

_STATES: Final[dict[NeighbourState, tuple[str, str]]] = {
    "answers": ("answers", "answer"),
    "slow": ("is slow", "are slow"),
    "silent": ("is silent", "are silent"),
}


def in_state(count: int, state: NeighbourState) -> str:
    one, many = _STATES[state]
    return plural(count, one, many)


def shown_of(shown: int, count: int) -> str:
    return f"The nearest {shown} of {count:,} are drawn."


def beyond(count: int, answering: int, per_dot: int) -> str:
    """What the small marks outside of the ring stand for."""
    if count == 1:
        return f"The next computer further out {'answers' if answering else 'does not answer'}"
    told = f"{answering:,} of the next {count:,} computers further out {'answers' if answering == 1 else 'answer'}"
    if answering == count:
        told = f"The next {count:,} computers further out all answer"
    return f"{told}; each mark stands for up to {per_dot}" if per_dot > 1 else told


def known(count: int) -> str:
    return f"{plural(count, 'computer', 'computers')} known in all."


def networks(count: int) -> str:
    return f"Neighbours on {plural(count, 'network', 'different networks')}."


def from_outside(ago: str) -> str:
    return f"The last one came {ago} ago."


def as_heard(moment: str) -> str:
    return f"As it was when last heard, at {moment}."


def rate(bytes_per_s: float) -> str:
    if 0 < bytes_per_s < 1000:
        return f"{max(0.1, bytes_per_s / 1000):.1f} kB/s"
    return f"{amount(round(bytes_per_s))}/s" if bytes_per_s else "0 kB/s"


def totals(sent: int, received: int) -> str:
    return f"{amount(sent)} sent, {amount(received)} received in this hour."


def peaks(sent: float, received: float) -> str:
    return f"At most {rate(sent)} sent and {rate(received)} received, averaged over a minute."


def limits(upload: int, download: int, *, is_upload_drawn: bool, is_download_drawn: bool) -> str:
    """What may be sent and received; a limit of 0 is none."""
    if not upload and not download:
        return f"Sending and receiving: {NO_LIMIT}."
    sending = rate(upload) + (DASHED if is_upload_drawn else "") if upload else NO_LIMIT
    receiving = rate(download) + (DASHED if is_download_drawn else "") if download else NO_LIMIT
    return f"Your limits: sending {sending}, receiving {receiving}."
