"""People who use the practice network: they store small files and fetch them again, a few a second."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from random import Random

from node.practice.host import PlainVault
from node.practice.outcome import TrafficOutcome
from node.practice.profile import PracticeProfile
from node.supervisor.errors import RequestRefused, VaultUnavailable

logger = logging.getLogger(__name__)


class Traffic:
    """Puts and gets through the plain vaults; checks every byte that comes back."""

    def __init__(self, vaults: list[PlainVault], profile: PracticeProfile, random: Random) -> None:
        self._vaults = vaults
        self._profile = profile
        self._random = random
        self._stored: list[bytes] = []
        self._puts = self._gets = self._failed_puts = self._failed_gets = self._wrong = 0

    @property
    def outcome(self) -> TrafficOutcome:
        return TrafficOutcome(self._puts, self._gets, self._failed_puts, self._failed_gets, self._wrong)

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(self._random.expovariate(self._profile.traffic_per_s))
            is_put = len(self._stored) < self._profile.traffic_chunks_max and self._random.random() < 0.5
            await (self.put_one() if is_put or not self._stored else self._get_one())

    async def put_one(self) -> None:
        """Store one random chunk."""
        content = self._random.randbytes(1 + self._random.randrange(self._profile.traffic_chunk_bytes_max))
        self._puts += 1
        try:
            await self._random.choice(self._vaults).put(content)
        except (RequestRefused, VaultUnavailable) as error:
            self._failed_puts += 1
            logger.info("a put failed: %s", error)
        else:
            self._stored.append(hashlib.sha256(content).digest())

    async def _get_one(self) -> None:
        address = self._random.choice(self._stored)
        self._gets += 1
        try:
            content = await self._random.choice(self._vaults).get(address)
        except (RequestRefused, VaultUnavailable) as error:
            self._failed_gets += 1
            logger.info("a get failed: %s", error)
        else:
            self._wrong += hashlib.sha256(content).digest() != address
