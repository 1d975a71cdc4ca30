"""What a node says of its network: a small one, a large one, one that nobody enters, and none at all."""

from __future__ import annotations

import math

from gui.stories.network import NetworkSeen
from node.api.check_texts import REACH_ANNOUNCED, REACH_ROUTER_HINT
from node.api.schema import Neighbour, NeighbourState, NetworkView, Reach, Settings, Traffic
from tests.gui.samples import NOW_S

OPEN = Reach("open", "Others on the internet reach this computer by themselves.", NOW_S - 40)
CLOSED = Reach(
    "closed",
    "Your router lets nobody in: others can only be asked, and not come by themselves.",
    None,
    REACH_ROUTER_HINT.sentence,
)
ROUTED = Reach("open", REACH_ANNOUNCED.sentence, NOW_S - 400, said=REACH_ANNOUNCED.said)


def neighbours(states: str, *, close: int) -> tuple[Neighbour, ...]:
    """One neighbour for each letter: a answers, s is slow, anything else is silent."""
    by_letter: dict[str, NeighbourState] = {"a": "answers", "s": "slow"}
    return tuple(
        Neighbour(f"{i:08x}", by_letter.get(letter, "silent"), is_close=i < close, seen_s=NOW_S - i)
        for i, letter in enumerate(states)
    )


def traffic(minutes: int, sent: float, received: float) -> tuple[Traffic, ...]:
    def wave(i: int, size: float, phase: float) -> int:
        return max(0, round(size * 60 * (1 + 0.7 * math.sin(i / 5 + phase) + 0.4 * math.sin(i / 1.7))))

    return tuple(
        Traffic(NOW_S - 30 - 60 * (minutes - i), wave(i, sent, 0), wave(i, received, 2)) for i in range(minutes)
    )


def view(
    states: str, *, close: int, known: int, subnets: int, minutes: int = 60, sent: float = 90e3, reach: Reach = OPEN
) -> NetworkView:
    return NetworkView(known, subnets, neighbours(states, close=close), traffic(minutes, sent, sent * 0.4), reach)


LARGE = view("a" * 17 + "sla" + "aaaaaaaasaal" * 165, close=20, known=2000, subnets=740)
NETWORKS = {
    "small": NetworkSeen(view("aaasala", close=5, known=7, subnets=7), Settings(1 << 30), NOW_S, is_live=True),
    "large": NetworkSeen(
        LARGE,
        Settings(1 << 30, upload_bytes_per_s=250_000, download_bytes_per_s=2_000_000),
        NOW_S,
        is_live=True,
    ),
    "closed": NetworkSeen(
        view("aasaalaaaaaal" * 3, close=9, known=39, subnets=21, minutes=11, sent=4e3, reach=CLOSED),
        Settings(1 << 30, upload_bytes_per_s=5_000_000),
        NOW_S,
        is_live=True,
    ),
    "router": NetworkSeen(
        view("aasaaaa", close=5, known=7, subnets=6, reach=ROUTED), Settings(1 << 30), NOW_S, is_live=True
    ),
    "alone": NetworkSeen(
        NetworkView(
            0, 0, (), (), Reach("unknown", "Whether others can reach this computer by themselves is not known yet.")
        ),
        Settings(1 << 30),
        NOW_S,
        is_live=True,
    ),
    "lost": NetworkSeen(view("aaasala", close=5, known=7, subnets=7), Settings(1 << 30), NOW_S - 90),
    "never": NetworkSeen(),
}
