"""How fast a proof of contradicting signatures spreads: real head carriers and real chains, played in rounds.

Some vaults were given one head and all others another one, both signed by enough pods.  In a round every honest vault
pings a few random peers, as vaults do all the time; whatever it has to fetch because of that is fetched and judged in
the same round, and whom it tells at once hears of it in the next.  Liars are silent: they neither ask nor answer.
"""

from __future__ import annotations

import copy
import functools
import random
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from node.trust.chain import Chain, carried
from node.trust.errors import Equivocation, TrustError
from node.vault import control
from node.vault.core.desk import Desk
from node.vault.core.events import Ask, Now, Tell
from node.vault.core.gossip import HeadCarrier
from node.vault.core.identity import PeerRecord, Signer, certify
from node.vault.core.messages import Answer, FetchHead, HeadContent, Ping, Pong, Refused
from tests.signed_world import NOW, World

LINKS: Final = 8  # that each vault makes; so it has about twice as many peers
PINGS: Final = 3  # to random peers in a round
ROUND_S: Final = 60.0  # the usual time between two pings to one peer
ROUNDS_MAX: Final = 60
START_S: Final = NOW.timestamp()


@dataclass(frozen=True, slots=True)
class Spread:
    """``rounds`` until every honest vault that has an honest peer had halted; None: not within ROUNDS_MAX."""

    rounds: int | None
    honest: int
    eclipsed: int  # honest ones with liars as peers only: nobody can tell them
    messages: int


class Vault:
    """What of a vault and its supervisor has to do with heads."""

    def __init__(self, record: PeerRecord, signer: Signer, chain: Chain, chance: random.Random) -> None:
        self.record = record
        self.desk = Desk(record, signer, chance, chance.randbytes, quota_bytes=0)
        self.carrier = HeadCarrier(carried(chain))
        self.chain = chain
        self.seen: list[bytes] = []

    def answer(self, asker: PeerRecord, message: object) -> Answer:
        if isinstance(message, Ping):
            self.carrier.heard(self.desk, asker, message.head)
            return Pong(self.carrier.digest)
        assert isinstance(message, FetchHead), message
        is_carried = message.digest == self.carrier.digest
        return HeadContent(self.carrier.head) if is_carried else Refused("not_held")

    def judge(self) -> None:
        """What the supervisor makes of the heads that were handed up."""
        for content in self.seen:
            self.chain = shown(self.chain, content, NOW)
        self.seen.clear()
        if carried(self.chain) != self.carrier.head:
            self.carrier.carry(self.desk, carried(self.chain))


class Network:
    """Vaults with random peers; ``victims`` of the honest ones were given the other head."""

    def __init__(self, vaults: int, liars_ratio: float, victims: int, seed: int) -> None:
        self._chance = random.Random(seed)
        chains = two_chains()
        self.all = [Vault(*identity(number), chains[0], self._chance) for number in range(vaults)]
        self.liars = set(self._chance.sample(range(vaults), int(liars_ratio * vaults)))
        self.honest = [number for number in range(vaults) if number not in self.liars]
        for number in self._chance.sample(self.honest, victims):
            self.all[number] = Vault(*identity(number), chains[1], self._chance)
        self._number_of = {vault.record.vault_id: number for number, vault in enumerate(self.all)}
        self._links: dict[int, set[int]] = {number: set() for number in range(vaults)}
        for number in range(vaults):
            for other in self._chance.sample([other for other in range(vaults) if other != number], LINKS):
                self._meet(number, other)
        self.eclipsed = [number for number in self.honest if self._links[number] <= self.liars]
        self.messages = 0

    def run(self) -> Spread:
        for number in range(1, ROUNDS_MAX + 1):
            self._round(number)
            if all(self.all[honest].chain.proof for honest in self.honest if honest not in self.eclipsed):
                return Spread(number, len(self.honest), len(self.eclipsed), self.messages)
        return Spread(None, len(self.honest), len(self.eclipsed), self.messages)

    def _meet(self, one: int, other: int) -> None:
        for number, peer in ((one, other), (other, one)):
            self._links[number].add(peer)
            self.all[number].desk.table.met(self.all[peer].record, subnet_of(peer), 0.0)

    def _round(self, number: int) -> None:
        now_s = number * ROUND_S
        for honest in self.honest:
            vault = self.all[honest]
            vault.desk.now = Now(now_s, START_S + now_s)
            peers = list(vault.desk.table)
            for peer in self._chance.sample(peers, min(PINGS, len(peers))):
                vault.desk.ask(vault.carrier, peer.record, Ping(vault.carrier.digest))
        waiting = list(self.honest)
        while waiting:
            waiting = [other for honest in waiting for other in self._perform(honest)]
        for honest in self.honest:
            self.all[honest].judge()

    def _perform(self, number: int) -> list[int]:
        """Let a vault's messages reach those whom it asks; return who has something to send because of that."""
        vault, moved = self.all[number], []
        for effect in vault.desk.take_effects():
            if isinstance(effect, Tell) and isinstance(effect.report, control.HeadSeen):
                vault.seen.append(effect.report.content)
            elif isinstance(effect, Ask):
                self.messages += 1
                self._ask(vault, effect)
                moved += [self._number_of[effect.peer.vault_id], number]
        return [other for other in moved if other not in self.liars]

    def _ask(self, vault: Vault, effect: Ask) -> None:
        waiting = vault.desk.finish_ask(effect.ask_id)
        assert waiting is not None, effect
        asker, asked = waiting
        number = self._number_of[effect.peer.vault_id]
        if number in self.liars:
            vault.desk.table.failed(effect.peer.vault_id)
            asker.unanswered(vault.desk, asked, "peer.unreachable")
        else:
            asker.answered(vault.desk, asked, self.all[number].answer(vault.record, effect.message))


@functools.cache
def identity(number: int) -> tuple[PeerRecord, Signer]:
    seed = number.to_bytes(32, "big")
    owner, transport = Signer(seed), Signer(seed[::-1])
    certificate = certify(owner, transport.public_key, serial=1, now_s=START_S)
    return PeerRecord(certificate, (f"{subnet_of(number)[:-4]}1:4000",), START_S), transport


def subnet_of(number: int) -> str:
    """One of its own for each vault."""
    return f"10.{number >> 8}.{number & 255}.0/24"


@functools.cache
def two_chains() -> tuple[Chain, Chain]:
    """Two farms' chains after each was given another release in the same place."""
    world = World()
    world.accept()
    other = copy.deepcopy(world)
    one = world.accept(world.release("0.1.1", by=world.pods[:3])).chain
    return one, other.accept(other.release("0.1.2", by=other.pods[2:])).chain


@functools.cache
def shown(chain: Chain, content: bytes, now: datetime) -> Chain:
    """The chain after it was shown a head.  Cached: a thousand vaults judge the same few pairs."""
    try:
        return chain.verify(content, now).chain
    except Equivocation as error:
        return chain.halted_by(error.proof, now, error.roots)
    except TrustError:
        return chain
