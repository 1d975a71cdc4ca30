"""The network as this vault sees it, and what is exchanged with it."""

from __future__ import annotations

from typing import Literal

import msgspec

from node.api.schema.said import Said

NeighbourState = Literal["answers", "slow", "silent"]
ReachState = Literal["open", "closed", "unknown"]


class Neighbour(msgspec.Struct, frozen=True):
    """Another vault.  ``farm``: its vault id's first 8 hex digits; ``is_close``: one of the own close group."""

    farm: str
    state: NeighbourState
    is_close: bool
    seen_s: float | None  # when it last answered


class Traffic(msgspec.Struct, frozen=True):
    """What the vault sent and received in the minute that began at ``at_s``."""

    at_s: float
    sent_bytes: int
    received_bytes: int


class Reach(msgspec.Struct, frozen=True):
    """Whether others can reach this vault by themselves.  ``contact_s``: when one last did, None: never known."""

    state: ReachState
    sentence: str  # for a person
    contact_s: float | None = None
    advice: str = ""  # what would make it better; "" if nothing would
    said: tuple[Said, ...] = ()  # the sentence as data
    advised: tuple[Said, ...] = ()  # the advice as data


class NetworkView(msgspec.Struct, frozen=True):
    """``vault_count`` counts all that are known; ``neighbours`` are some of them, in the network's own order.

    ``traffic``: the last hour, oldest first, without the minute that runs.
    """

    vault_count: int
    subnet_count: int
    neighbours: tuple[Neighbour, ...]
    traffic: tuple[Traffic, ...]
    reach: Reach


class Invitation(msgspec.Struct, frozen=True):
    """A short text by which a home of the same network finds this one."""

    text: str
    advice: str = ""  # what would let it lead out of the local network; "" if it does
    advised: tuple[Said, ...] = ()  # the advice as data


class JoinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text of an invitation, as it was given to a person."""

    text: str


class Joined(msgspec.Struct, frozen=True):
    """An invitation was taken: how many vaults it names, and what happens now."""

    vaults: int
    sentence: str
    said: tuple[Said, ...] = ()  # the sentence as data


class StoredChunk(msgspec.Struct, frozen=True):
    address: str
    holders: int


class HeadAnswer(msgspec.Struct, frozen=True):
    """What became of an offered head: ``outdated`` if a newer one is known, ``refused`` with the reason."""

    outcome: Literal["accepted", "known", "outdated", "refused"]
    reason: str
