"""What the farmer lends of the disk: the limit, what else the home takes of it, and what is left for the vault."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from node.api import schema, wishes
from node.api.told import NOTHING
from node.supervisor import settings, space
from node.supervisor.ballast import Ballast
from node.supervisor.errors import SettingsError
from node.supervisor.home import Home
from node.supervisor.login import LoginStart, login_start
from node.update.files.kept import Kept
from node.update.files.links import LinkingFileSystem
from node.vault.storage.quota import RESERVE_BYTES

MEASURE_S: Final = 60.0
LOOK_EACH: Final = 5  # measurements, at least, from one look at what is kept for the way back to the next
LOOK_DAILY: Final = 1440  # measurements after which it is looked at in any case
MISSING_PARTS: Final = 64  # of the limit: so much that nothing explains makes it be looked at sooner
VAIN_LOOKS_EACH: Final = 60  # measurements, where the vault says that it needs more room than it does
LOOKS_AFTER_CHANGE: Final = 3  # of the limit, one each time: chunks that the vault gives away then are kept alone
AFTER_CHANGE_S: Final = 15.0  # until the first of these; for each further one twice as long

log = logging.getLogger(__name__)


class Lending:
    """The settings and the disk of one home.

    ``tell`` is called with the vault's share whenever it has changed; it must not raise.  ``used_bytes`` is what the
    vault says that its chunks take.
    """

    def __init__(
        self, home: Home, tell: Callable[[int], Awaitable[None]], used_bytes: Callable[[], int],
        login: LoginStart | None = None,
    ) -> None:  # fmt: skip
        """Read the settings and look at the disk.  Blocking.  ``login``: None for what the system offers."""
        self._home = home
        self._login = login or login_start(home.path, home.marker.name, is_practice=home.is_practice)
        self._login.renew()
        self._starts_at_login = self._login.is_on()
        self._tell = tell
        self._used_bytes = used_bytes
        self._measurements = 0
        self._looks_due = 1  # at what is kept for the way back: not here, it lists every chunk
        self._is_look_due = False  # in this measurement
        self._looked_at = self._vain_until = 0  # measurements
        self._accounted_bytes = 0  # the most since the last look
        self._returns = 0  # of chunks that were kept
        self._has_changed = asyncio.Event()  # the limit, or whether the disk works, while nothing else was waited for
        self._rests = 0  # of the store, one before each run of a vault
        self._is_litter_left = False  # then what lies there is not the fault of the vault that runs
        self.kept = Kept(LinkingFileSystem(home.path), home.vault.relative_to(home.path).as_posix())
        self._kept_bytes = 0
        self._lock = asyncio.Lock()
        self.settings, self.trouble = settings.load(home.settings_file, settings.defaults(is_practice=home.is_practice))
        self.ballast = Ballast.of(home)
        self.ballast.lay()
        self.disk = space.measure(home)
        self.share_bytes = space.share_bytes(self.settings.quota_bytes, self.rest_bytes)

    def shown(self) -> schema.Settings:
        """The settings as the farmer sees them; whether it starts at login as it was found a minute ago or less."""
        kept = msgspec.structs.asdict(self.settings)
        del kept["version"]
        return schema.Settings(**kept, starts_at_login=self._starts_at_login)

    @property
    def rest_bytes(self) -> int:
        """All of the home but what the vault uses."""
        return self.disk.rest_bytes + self._kept_bytes

    def left_bytes(self) -> int:
        """What of the limit is not in use."""
        return max(0, self.share_bytes - self._used_bytes())

    async def keep_measuring(
        self, settled: Callable[[], Awaitable[None]], changed: Callable[[], None], littered: Callable[[], None]
    ) -> None:
        """Measure as soon as it is ``settled``, and again and again, until cancelled.

        ``littered`` is called when the vault has written far more than its chunks, and shall end that.
        """
        await settled()  # the vault's slot and byte code take room too
        while True:
            await self.measure()
            if self.disk.is_littered:
                littered()
            changed()
            await self._pause()

    def measure_soon(self) -> None:
        """What was found last is not so any more."""
        self._has_changed.set()

    async def _pause(self) -> None:
        """Until the next measurement, which comes soon where a change of the limit makes the vault give chunks away."""
        if not self._looks_due:
            self._has_changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(MEASURE_S):
                    await self._has_changed.wait()
        if self._looks_due:
            await asyncio.sleep(AFTER_CHANGE_S * 2 ** (LOOKS_AFTER_CHANGE - self._looks_due))

    async def measure(self) -> None:
        """Look at the disk anew."""
        self._measurements += 1
        self._starts_at_login = await asyncio.to_thread(self._login.is_on)
        await asyncio.to_thread(self.ballast.lay)
        self.disk = await self._measured()
        accounted_bytes = self._accounted()
        self._is_look_due = self._is_due(accounted_bytes)
        if self._is_look_due:
            self._looked_at, self._accounted_bytes = self._measurements, accounted_bytes
        self._accounted_bytes = max(self._accounted_bytes, accounted_bytes)
        self._looks_due = max(0, self._looks_due - 1)
        await self._share_out(is_kept_looked_at=self._is_look_due)

    def _accounted(self) -> int:
        """What is free or in use, as far as is known: what others do not take, nor what is kept and found nowhere else.

        It falls by each chunk that the vault removes and that is kept, whatever the vault stores instead.
        """
        return self.disk.free_bytes + self.disk.rest_bytes + self._used_bytes()

    def _is_due(self, accounted_bytes: int) -> bool:
        """Whether more may be kept alone than is known of, so that it is worth to list every chunk."""
        since = self._measurements - self._looked_at
        if self._looks_due or since >= LOOK_DAILY:
            return True
        if since < LOOK_EACH or self.disk.total_bytes == 0:
            return False
        is_low = self.disk.free_bytes < RESERVE_BYTES + space.ROOM_BYTES_MAX
        most_bytes = 0 if is_low else self.settings.quota_bytes // MISSING_PARTS
        return self._accounted_bytes - accounted_bytes > most_bytes

    async def _measured(self) -> space.Disk:
        """The disk now; litter on it is that of the vault that runs, or not told."""
        rests = self._rests
        disk = await asyncio.to_thread(space.measure, self._home)
        is_of_others = self._is_litter_left or rests != self._rests  # whoever wrote it does not run any more
        return dataclasses.replace(disk, litter_bytes=0) if is_of_others else disk

    async def see_to_store(self, tree_hash: str) -> None:
        """Give the store back what it lost to a version that came after this one, which is about to run.

        What the one before littered is removed: it does not run any more.
        """
        self._rests += 1
        if self.disk.is_littered or self._is_litter_left:
            self._is_litter_left = not await asyncio.to_thread(self._is_cleared)
            self.disk = dataclasses.replace(self.disk, litter_bytes=0)
        if await asyncio.to_thread(self.kept.before_run, tree_hash):
            self._returns += 1
            self._kept_bytes = 0  # until it is looked at, which would hold up the start: no chunk is given away for it
            self._looks_due = max(1, self._looks_due)
            await self._share_out(is_kept_looked_at=False)

    async def change(self, patch: schema.SettingsPatch) -> None:
        """Change what is given.  What is kept for the way back is looked at by whoever measures: that may take long.

        Raises:
            SettingsError: A value is out of range or could not be kept; nothing changed.
        """
        async with self._lock:
            given = {k: v for k, v in msgspec.structs.asdict(patch).items() if v is not msgspec.UNSET}
            at_login = given.pop("starts_at_login", None)
            wanted = settings.checked(msgspec.structs.replace(self.settings, **given))
            disk = await self._measured()
            if "quota_bytes" in given and 0 < disk.total_bytes < wanted.quota_bytes:
                raise SettingsError(wishes.quota_over_disk(disk.total_bytes))
            await asyncio.to_thread(self._keep, wanted, at_login)
            self.settings, self.trouble, self.disk = wanted, NOTHING, disk
            if "quota_bytes" in given:
                self._looks_due = LOOKS_AFTER_CHANGE
                self._has_changed.set()
            await self._tell_share(self._over_bytes(self._kept_bytes, self._used_bytes()))

    def _is_cleared(self) -> bool:
        """Remove what the vault littered; whether all of it is gone.  Blocking."""
        try:
            space.remove_litter(self._home)
        except OSError as error:
            log.warning("what the vault littered is not all removed reason=%s", error)
            return False
        return True

    def _keep(self, wanted: settings.Settings, at_login: bool | None) -> None:  # noqa: FBT001 - as it was given
        """Blocking.  Raises SettingsError when the file or the system refuses; then both are as before."""
        before = self._login.is_on()
        if at_login is not None:
            self._login.set(at_login)
        try:
            settings.save(self._home.settings_file, wanted, self.ballast.give_up)
        except SettingsError:
            if at_login is not None:
                self._login.set(before)
            raise
        self._starts_at_login = self._login.is_on()

    async def _share_out(self, *, is_kept_looked_at: bool) -> None:
        if is_kept_looked_at or self._over_bytes(self._kept_bytes, self._used_bytes()):
            self._kept_bytes = await asyncio.to_thread(self._keep_within_limit)
        await self._tell_share()

    async def _tell_share(self, soon_given_up_bytes: int = 0) -> None:
        """``soon_given_up_bytes``: of what is kept; no chunk in use shall be given away for it meanwhile."""
        share_bytes = space.share_bytes(self.settings.quota_bytes, self.rest_bytes - soon_given_up_bytes)
        if share_bytes != self.share_bytes:
            self.share_bytes = share_bytes
            await self._tell(share_bytes)

    def _keep_within_limit(self) -> int:
        """What is kept for the way back, once that is given up which the limit needs.  Blocking."""
        if self._measurements < self._vain_until and not (self._is_look_due or self._looks_due):
            return self._kept_bytes
        returns = self._returns
        kept_bytes, used_bytes = self.kept.alone_bytes(), self._used_bytes()
        over_bytes = self._over_bytes(kept_bytes, used_bytes)
        if over_bytes:  # whoever has removed the chunks may say whatever makes this be given up
            over_bytes = self._over_bytes(kept_bytes, min(used_bytes, space.stored_bytes(self._home)))
            self._vain_until = 0 if over_bytes else self._measurements + VAIN_LOOKS_EACH
        if over_bytes:
            kept_bytes = max(0, kept_bytes - self.kept.give_up(over_bytes))
        return kept_bytes if returns == self._returns else 0

    def _over_bytes(self, kept_bytes: int, used_bytes: int) -> int:
        if self.disk.is_littered:  # that makes room soon, and what is kept may be all that is left of some chunks
            return 0
        return space.too_much_kept_bytes(kept_bytes, self.settings.quota_bytes, used_bytes, self.disk)
