"""One run of the vault and what the supervisor knows of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from node.api import texts
from node.supervisor.errors import StateError, SupervisorError, VaultUnavailable
from node.supervisor.keys import Keys
from node.supervisor.ports import Assignment, Run
from node.supervisor.succession import HandedVault
from node.vault import control
from node.vault.core.identity import CERTIFICATE_S

RENEW_S: Final = 4 * 3600.0  # before the certificate ends
LISTEN_S_MAX: Final = 30.0  # from the start until the vault is reachable
END_S: Final = 20.0  # in which a vault that was killed has ended
RENEW_PAUSE_S: Final = 300.0  # after a renewal that failed

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watched:
    """A run and what is known of it.  Times are the event loop's."""

    run: Run
    tree_hash: str
    started_s: float
    answered_s: float
    listened_s: float | None = None
    record: bytes = b""  # encoded PeerRecord, as it last gave it
    is_record_kept: bool = False
    given: Assignment | None = None  # at its start; None: by the program before
    is_told: bool = False  # all that changed while it started
    is_telling_due: bool = True
    fault: str = ""  # for which it is to be ended
    is_late: bool = False  # it was ended because it did not become reachable in time
    renew_after_s: float = 0.0  # no renewal before this
    listening: asyncio.Event = field(default_factory=asyncio.Event)

    def listens(self, now_s: float, record: bytes) -> None:
        """Note that it said, for the first time or again, where it can be reached."""
        if self.listened_s is None:
            self.listened_s = self.answered_s = now_s
            self.listening.set()
        self.record = record
        self.is_record_kept = False

    def answers(self, now_s: float) -> None:
        self.answered_s = now_s
        self.is_telling_due = not self.is_told

    async def tell(self, listening: Callable[[Assignment | None], Awaitable[bool]]) -> None:
        """Let it be told what changed; if it does not answer to all of that, again once it has answered at all."""
        if self.is_telling_due:
            self.is_telling_due = False
            self.is_told = await listening(self.given)

    async def why_over(self, now_s: float) -> str:
        """Why it is over, "" while it goes on; one that is at fault, or does not become reachable, is ended here."""
        if self.fault:
            self.run.kill()
            await asyncio.wait((self.run.exited,), timeout=END_S)  # it may be at the store until then
            return self.fault
        if self.run.exited.done():
            return texts.vault_ended(self.run.exited.result(), await asyncio.to_thread(self.run.last_words))
        if self.listened_s is None and now_s - self.started_s > LISTEN_S_MAX:
            self.is_late = True
            self.run.kill()
            return texts.vault_not_listening(LISTEN_S_MAX)
        return ""

    def is_renewal_due(self, now_s: float, utc_s: float) -> bool:
        """Whether to certify its key anew now; if it is not done, the next time is after RENEW_PAUSE_S.

        By the calendar: it goes on while the computer sleeps.
        """
        is_issued_later = self.run.key.expires_s - CERTIFICATE_S > utc_s  # the clock was set back
        is_due = utc_s >= self.run.key.expires_s - RENEW_S or is_issued_later
        if not is_due or now_s < self.renew_after_s:
            return False
        self.renew_after_s = now_s + RENEW_PAUSE_S
        return True

    async def renew(self, keys: Keys, utc_s: float) -> None:
        """Certify the transport key anew; if that fails, it is tried again later."""
        try:
            key = await asyncio.to_thread(keys.renew, self.run.key, utc_s)
            await self.run.ask(lambda number: control.RenewCertificate(number, key.certificate))
        except (SupervisorError, OSError) as error:
            log.warning("certificate not renewed reason=%s", error)
        else:
            self.run.key = key
            log.info("certificate renewed")

    async def keep_record(self, save: Callable[[bytes], None]) -> None:
        """Keep where it can be reached; if that fails, it is tried again at the next look."""
        self.is_record_kept = True
        try:
            await asyncio.to_thread(save, self.record)
        except StateError as error:
            log.warning("record not kept yet reason=%s", error)
            self.is_record_kept = False

    async def hand_on(self, now_s: float) -> HandedVault | None:
        """Let go of the vault, which goes on; None if that cannot be, and it has been ended."""
        if self.listened_s is not None:
            try:
                run = await self.run.hand_on()
            except VaultUnavailable as error:
                log.warning("vault not handed on reason=%s", error)
            else:
                return HandedVault(run, self.tree_hash, self.record, now_s - self.started_s, now_s - self.listened_s)
        self.run.kill()
        await asyncio.wait((self.run.exited,), timeout=END_S)  # it may be at the store until then
        return None


async def start_watching(
    start: Callable[[Callable[[control.Report], None]], Awaitable[Run]],
    known: Callable[[Run], Watched],
    heard: Callable[[Watched, control.Report], None],
    ended: Callable[[], None],
) -> Watched:
    """Start a run; ``heard`` is called with what it says by itself, from the moment at which it is ``known``."""
    early: list[control.Report] = []
    watched: Watched | None = None

    def hear(report: control.Report) -> None:
        if watched is None:
            early.append(report)
        else:
            heard(watched, report)

    run = await start(hear)
    watched = known(run)
    run.exited.add_done_callback(lambda _: ended())
    for report in early[:1]:
        heard(watched, report)
    return watched


def watched_on(handed: HandedVault, now_s: float, run: Run) -> Watched:
    """A run of the program before, as it was known there."""
    watched = Watched(run, handed.tree_hash, now_s - handed.started_ago_s, now_s)
    watched.listens(now_s - handed.listened_ago_s, handed.record)
    watched.answered_s = now_s
    return watched
