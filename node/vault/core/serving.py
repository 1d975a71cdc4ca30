"""Answering peers about chunks: store one, serve one, prove one.

A receipt leaves only after the store has said that the chunk would survive a power cut; every answer is signed.
"""

from __future__ import annotations

import hashlib

from node.vault.core.close_group import REACH_SUBNETS, is_in_group
from node.vault.core.desk import Desk
from node.vault.core.identity import PeerRecord
from node.vault.core.limits import KNOWN_S, SMALL_NETWORK_SUBNETS
from node.vault.core.messages import Answer, Audit, Audited, Chunk, Get, NotHeld, Put, Refused, Stored
from node.vault.core.proofs import AUDITED, HELD, NOT_HELD, audit_digest, sign_answer, sign_receipt, takers_digest


class Storing:
    """One chunk given by a peer:  checks -> durable write -> signed receipt."""

    def __init__(self, request_id: int, subnet: str, *, is_here: bool) -> None:
        """``is_here``: who gives it runs on this computer."""
        self._request_id = request_id
        self._subnet = subnet
        self._is_here = is_here
        self._is_new = False

    def begin(self, desk: Desk, peer: PeerRecord, message: Put) -> None:
        # A held chunk is written again: what memory knows of the disk is not enough for a receipt.
        is_held = message.address in desk.held
        self._is_new = not is_held
        if hashlib.sha256(message.content).digest() != message.address:
            desk.blame(peer, "peer.chunk_mismatch")
            desk.reply(self._request_id, Refused("peer.chunk_mismatch"))
        elif desk.trouble:
            desk.counters[f"put in trouble {desk.trouble}"] += 1
            desk.reply(self._request_id, Refused(desk.trouble))
        elif not is_held and not desk.is_mine(message.address):
            desk.counters["put not mine"] += 1
            desk.reply(self._request_id, Refused("not_mine"))
        elif not desk.takes(message.address, len(message.content), is_here=self._is_here):
            desk.counters["put over quota"] += 1
            desk.reply(self._request_id, Refused("resource.quota"))
        elif not is_held and not self._has_share(desk, peer, message):
            desk.counters["put over share"] += 1
            desk.reply(self._request_id, Refused("share"))
        else:
            desk.write_chunk(self, message.address, message.content)

    def _has_share(self, desk: Desk, peer: PeerRecord, message: Put) -> bool:
        """Whether the putter's subnet may fill so much more, or the putter itself what is kept for this computer."""
        length = max(len(message.content), desk.room.place_bytes)
        if desk.has_room(message.address, len(message.content)) and self._has_share_of_others(desk, peer, message):
            return True
        return self._is_here and desk.shares.take_here(length, quota_bytes=desk.quota_bytes, now_s=desk.now.monotonic_s)

    def _has_share_of_others(self, desk: Desk, peer: PeerRecord, message: Put) -> bool:
        subnets = {other.subnet for other in desk.table} | {desk.own_place.subnet, self._subnet}
        if len(subnets) < SMALL_NETWORK_SUBNETS:
            return True
        return desk.shares.take(
            self._subnet, max(len(message.content), desk.room.place_bytes),
            is_restoring=self._is_restoring(desk, peer, message.address),
            room_bytes=desk.room.left_bytes, quota_bytes=desk.room.others_bytes, now_s=desk.now.monotonic_s,
        )  # fmt: skip

    def _is_restoring(self, desk: Desk, peer: PeerRecord, address: bytes) -> bool:
        """Whether the putter may be believed to bring back a copy that its group has lost."""
        known = desk.table.get(peer.vault_id)
        if known is None or desk.now.monotonic_s - known.met_s < KNOWN_S:
            return False
        return is_in_group(known.place, desk.places(known), int.from_bytes(address, "big"), REACH_SUBNETS)

    def written(self, desk: Desk, address: bytes, length: int, code: str) -> None:
        if code:
            desk.counters[f"write failed {code}"] += 1
            desk.reply(self._request_id, Refused(code))
        elif desk.is_leaving:  # since it was begun: whoever gave it may count on nothing here
            desk.reply(self._request_id, Refused("busy"))
        else:
            desk.reply(self._request_id, Stored(sign_receipt(desk.signer, address, length, desk.now.utc_s)))
            if self._is_new:
                desk.fresh.came(address, desk.now.monotonic_s, desk.nearer(address))


class Serving:
    """One question about a chunk:  read it -> signed answer, "not held" when there is no whole chunk."""

    def __init__(self, request_id: int, peer: PeerRecord, message: Get | Audit) -> None:
        self._request_id = request_id
        self._peer = peer
        self._message = message

    def begin(self, desk: Desk) -> None:
        carried = desk.carried.get(self._message.address) if isinstance(self._message, Get) else None
        if carried is not None:
            self.read(desk, self._message.address, carried)
        elif desk.may_hold(self._message.address):
            desk.read_chunk(self, self._message.address)
        else:
            self.read(desk, self._message.address, None)

    def read(self, desk: Desk, address: bytes, content: bytes | None, code: str = "") -> None:
        desk.reply(self._request_id, Refused(code) if code else self._answer(desk, address, content))

    def _answer(self, desk: Desk, address: bytes, content: bytes | None) -> Answer:
        nonce, utc_s = self._message.nonce, desk.now.utc_s
        if content is None and address in desk.forgotten:
            return Refused("busy")  # "not held" without those who took it over would convict the own vault
        if content is None:
            takers = desk.takers.get(address, ())
            answer = sign_answer(desk.signer, NOT_HELD, address, takers_digest(takers), nonce, utc_s)
            return NotHeld(answer, takers, desk.is_full_for(address))
        if isinstance(self._message, Get):
            digest = hashlib.sha256(content).digest()
            return Chunk(content, sign_answer(desk.signer, HELD, address, digest, nonce, utc_s))
        known = desk.table.get(self._peer.vault_id)
        target = int.from_bytes(address, "big")
        if known is not None and is_in_group(known.place, desk.places(known), target):
            desk.fresh.asked(address, known.vault_id)
        digest = audit_digest(nonce, desk.signer.public_key, content)
        # What was given up while it was read is promised to nobody: whoever asks may count on it, and give it up too.
        is_going = desk.is_leaving or address in desk.going or address not in desk.held
        receipt = None if is_going else sign_receipt(desk.signer, address, len(content), utc_s)
        return Audited(sign_answer(desk.signer, AUDITED, address, digest, nonce, utc_s), receipt)
