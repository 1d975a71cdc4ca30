"""Heads that are offered, judged one at a time: the chain goes on, is halted, or stays as it is.

offered -> verified with the roots it names -> newer: chain persisted -> its releases are learned -> carried
                                            -> says the same: whoever carries it counts as a witness
                                            -> contradicts what is known: halted, persisted -> carried; also
                                               when something else has halted it before
                                            -> old, expired, without its roots, numbered ahead of its time:
                                               not now, and not remembered
                                            -> bad: refused and remembered; held against the sender where
                                               nobody honest passes such a head on
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from node.api import schema
from node.trust.chain import Chain, Verified, carried
from node.trust.errors import (
    Equivocation,
    ExpiredMetadata,
    MalformedMetadata,
    MissingRoots,
    NotEnoughSignatures,
    NumberedAhead,
    Rollback,
    TrustError,
)
from node.trust.freshness import freshness
from node.trust.head import decode
from node.trust.recall import recalls_in
from node.trust.release import Release
from node.trust.state import highest_sequence_of
from node.update.carrying import newest_of
from node.update.developers import news
from node.update.disk_wait import write_down
from node.update.heads import verify_head
from node.update.jobs import Means

OFFERS_MAX: Final = 16  # heads that wait to be verified
REFUSED_HEADS_MAX: Final = 64

# Nobody honest passes such a head on.  An outdated, expired or forbidden one may come from an honest peer.
BLAMED: Final = (MalformedMetadata, NotEnoughSignatures)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Consequences:
    """What others do about a judgement.  ``learn``: these are released.  ``halt``: nothing new may be taken up."""

    learn: Callable[[Sequence[Release]], Awaitable[None]]
    halt: Callable[[], None]
    keep_refused: Callable[[], Awaitable[None]]


class Judge:
    """Everything known of the developers' statements.  Belongs to one event loop.

    Invariant: the chain is on disk before anything follows from it.
    """

    def __init__(
        self, chain: Chain, refused: Sequence[schema.RefusedHead], means: Means, consequences: Consequences
    ) -> None:
        self._means = means
        self._then = consequences
        self._offering = asyncio.Lock()
        self._offers = 0
        self.refused = list(refused)  # newest first
        self.listed: tuple[Release, ...] = ()  # in the newest head, as far as it is known since the start
        self._lapsed: frozenset[str] = frozenset()  # when the releases were learned
        self._take(chain)

    @property
    def head(self) -> bytes:
        """The newest verified head, and what halts the chain, for the vault to carry; b"" before the first one."""
        return carried(self._chain)

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The files of the roots after the genesis root, oldest first."""
        return self._chain.roots

    @property
    def newest(self) -> tuple[Release, ...]:
        """The newest release of each role."""
        return newest_of(self.listed)

    @property
    def is_current(self) -> bool:
        """Whether updates may be taken up, as far as the developers are concerned."""
        return self.developers().state == "current"

    @property
    def lapsed(self) -> frozenset[str]:
        """The roles whose word has come to its end while the others' holds: they release nothing now."""
        return self._freshness.lapsed(self._now()) if self._freshness is not None else frozenset()

    def developers(self) -> schema.DeveloperNews:
        return news(self._freshness, self._chain.halted_at, self._now())

    async def offered(self, content: bytes, sender: bytes) -> schema.HeadAnswer:
        """Judge a head that a vault (or, with b"" as ``sender``, a person) offers.  Never raises for what is in it."""
        if self._offers >= OFFERS_MAX:
            return schema.HeadAnswer("refused", "too many heads are being verified; offer it again later")
        self._offers += 1
        try:
            async with self._offering:
                return await self._judge(content, sender)
        except OSError as error:  # of the disk with the chain, which is as it was
            return schema.HeadAnswer("refused", f"it could not be kept: {error.strerror or error}")
        finally:
            self._offers -= 1

    async def resume(self) -> None:
        """Carry on with what is known: a power cut may have come between a head and its releases."""
        if self.head:
            await self._carry()
        await self._learn_anew()

    async def heed_time(self) -> None:
        """Learn anew what is released if a role has lapsed since: what it released is taken into use by nobody then."""
        if self.lapsed != self._lapsed:
            log.info("what is released is learned anew: a role of the developers has come to its end")
            await self._learn_anew()

    async def _learn_anew(self) -> None:
        chain = self._chain
        if not chain.head:
            return
        try:
            verified = await asyncio.to_thread(chain.verify, chain.head, self._utc())
        except TrustError as error:
            log.warning("the kept head is not judged anew reason=%s", error)
            self._lapsed = self.lapsed
        else:
            if chain is self._chain:  # else what has come meanwhile is learned
                await self._learn(verified.releases)

    async def _learn(self, releases: Sequence[Release]) -> None:
        self._lapsed = self.lapsed
        self.listed = tuple(releases)
        await self._then.learn(_of_vaults(releases))
        await self._means.apps.learn(releases)

    async def _judge(self, content: bytes, sender: bytes) -> schema.HeadAnswer:
        digest = hashlib.sha256(content).digest()
        if content and content == self.head:
            return schema.HeadAnswer("known", "this is the newest head")
        known = next((head for head in self.refused if head.digest == digest.hex()), None)
        if known is not None:
            if known.is_senders_fault:
                await self._blame(digest, sender)
            return schema.HeadAnswer("refused", known.reason)
        try:
            verified = await verify_head(self._chain, content, self._utc(), self._means.host.get_chunk)
            is_resolving = self._chain.proof and verified.is_newer
            if verified.proof and verified.chain.proofs != self._chain.proofs and not is_resolving:
                return await self._halt(verified.chain)
        except Rollback as error:
            return schema.HeadAnswer("outdated", str(error))
        except (ExpiredMetadata, MissingRoots, NumberedAhead) as error:  # in time, or with its roots, it may do
            return schema.HeadAnswer("refused", str(error))
        except Equivocation as error:
            return await self._contradicted(digest, sender, error)
        except TrustError as error:
            await self._refuse(digest, sender, error)
            return schema.HeadAnswer("refused", str(error))
        if not verified.is_newer:
            if not self._chain.proof and not decode(content).proof:  # else nothing was looked at any closer
                await self._know(digest, sender)
            return schema.HeadAnswer("known", "nothing in it is new")
        return await self._accept(verified)

    async def _contradicted(self, digest: bytes, sender: bytes, error: Equivocation) -> schema.HeadAnswer:
        """The head and what is known cannot both be true: halt, if that can be shown to others."""
        halted = self._chain
        if error.proof:
            halted = await asyncio.to_thread(self._chain.halted_by, error.proof, self._utc(), error.roots)
        if halted != self._chain:
            return await self._halt(halted)
        if not self._chain.proof:
            await self._refuse(digest, sender, error)
        return schema.HeadAnswer("refused", str(error))

    async def _halt(self, chain: Chain) -> schema.HeadAnswer:
        """Take up nothing new from now on, and tell everyone why."""
        log.error("updates are halted: the developers' signatures contradict each other")
        await self._keep(chain)
        self._then.halt()
        await self._carry()
        return schema.HeadAnswer("refused", "the developers' signatures contradict each other")

    async def _accept(self, verified: Verified) -> schema.HeadAnswer:
        if self._chain.proof and not verified.chain.proof:
            log.info("updates go on: the developers have resolved what contradicted each other")
        await self._keep(verified.chain)
        await self._learn(verified.releases)
        await self._carry()
        return schema.HeadAnswer("accepted", "")

    async def _keep(self, chain: Chain) -> None:
        """Go on from this chain, once it is on disk.  Raises OSError when it cannot be kept."""
        await write_down(partial(self._means.store.save_chain, chain), self._means.make_room)
        self._take(chain)
        self._means.on_change()

    def _take(self, chain: Chain) -> None:
        self._chain, self._freshness, self.recalls = chain, freshness(chain), recalls_in(chain)
        self.highest_release = highest_sequence_of(decode(chain.head)) if chain.head else 0

    async def _refuse(self, digest: bytes, sender: bytes, error: TrustError) -> None:
        log.warning("head refused digest=%s code=%s reason=%s", digest.hex()[:8], error.code, error)
        is_senders_fault = isinstance(error, BLAMED)
        refused = schema.RefusedHead(digest.hex(), str(error), self._means.utc_s(), is_senders_fault)
        self.refused.insert(0, refused)
        del self.refused[REFUSED_HEADS_MAX:]
        await self._then.keep_refused()
        if is_senders_fault:
            await self._blame(digest, sender)
        self._means.on_change()

    async def _blame(self, digest: bytes, sender: bytes) -> None:
        if not sender:
            return
        try:
            await self._means.host.refuse_head(digest, sender)
        except Exception as error:  # noqa: BLE001 - the vault is not there now; the head stays refused
            log.info("sender of a bad head not blamed reason=%s", error)

    async def _know(self, digest: bytes, sender: bytes) -> None:
        if not sender:
            return
        try:
            await self._means.host.know_head(digest, sender)
        except Exception as error:  # noqa: BLE001 - the vault is not there now; it will offer the head again
            log.info("a head like the own one not made known reason=%s", error)

    async def _carry(self) -> None:
        try:
            await self._means.host.carry_head(self.head)
        except Exception as error:  # noqa: BLE001 - the vault is not there now; it is given the head at its start
            log.info("head not carried yet reason=%s", error)

    def _now(self) -> datetime:
        """The time by which statements expire: a clock that was set back makes none of them fresh."""
        return max(self._utc(), self._chain.clock_floor)

    def _utc(self) -> datetime:
        return datetime.fromtimestamp(self._means.utc_s(), UTC)


def _of_vaults(releases: Sequence[Release]) -> tuple[Release, ...]:
    """Those that a vault's way leads to; apps and runtimes are no vaults, and nothing here may try one out as such."""
    return tuple(release for release in releases if release.layer == "vault")
