"""Answering peers what this vault knows: other vaults, the head it carries, its ranks, its farm's notes."""

from __future__ import annotations

import itertools
from typing import assert_never

from node.vault.core.desk import Desk
from node.vault.core.events import RequestReceived
from node.vault.core.gossip import HeadCarrier
from node.vault.core.messages import (
    RECORDS_MAX,
    RECORDS_WIDE_MAX,
    Answer,
    FetchHead,
    FetchRanks,
    FindVaults,
    GetNote,
    HeadContent,
    Hello,
    NoteContent,
    Ping,
    Pong,
    Ranks,
    Refused,
    Vaults,
)
from node.vault.core.routing_table import Peer


def know(
    desk: Desk,
    carrier: HeadCarrier,
    event: RequestReceived,
    message: Hello | Ping | FindVaults | FetchHead | FetchRanks | GetNote,
) -> Answer:
    """Answer what needs nothing from the disk."""
    match message:
        case Ping(head):
            carrier.heard(desk, event.peer, head)
            desk.heard_whether_full(event.peer, message)
            return Pong(carrier.digest, desk.is_full)
        case FindVaults(target, is_wide):
            near = desk.table.nearest(target, len(desk.table))
            named = (other.record for other in near if _may_name(desk, other, event))
            most = RECORDS_WIDE_MAX if is_wide else RECORDS_MAX
            return Vaults(tuple(itertools.islice(named, most)), desk.is_full_for(target))
        case FetchHead(digest):
            is_carried = digest == carrier.digest
            return HeadContent(carrier.head) if is_carried else Refused("not_held")
        case FetchRanks():
            now = desk.now
            certificate = desk.record.certificate
            return Ranks(desk.ledger.table(desk.signer, certificate, now_s=now.monotonic_s, utc_s=now.utc_s))
        case GetNote(release):
            return NoteContent(desk.notes.get(release, b""))
        case Hello():
            return Refused("peer.malformed")  # a connection says Hello once, to the transport
        case _:
            assert_never(message)


def refuse_older(desk: Desk, event: RequestReceived) -> Answer:
    """Answer a vault that has got a newer certificate since: only someone else would still show the older one.

    If it asks whom it could ask, it is shown the newer record, so that a farm learns that its key runs twice.
    """
    newer = desk.table.get(event.peer.vault_id)
    if newer is None or not isinstance(event.message, FindVaults):
        return Refused("peer.signature")
    return Vaults((newer.record,))


def _may_name(desk: Desk, other: Peer, event: RequestReceived) -> bool:
    """Whether to tell who asks of this vault; an expired record would be held against who hands it on.

    Who signs a record may write a third party's addresses into it, for all who hear of it to dial.  So the vault
    must have been seen at one of them, or from the asker's own subnet: two behind one router may reach each other.
    """
    is_expired = other.record.certificate.expires_s <= desk.now.utc_s
    is_reachable = other.is_where_it_says or other.seen_in == event.subnet
    return other.vault_id != event.peer.vault_id and not is_expired and is_reachable
