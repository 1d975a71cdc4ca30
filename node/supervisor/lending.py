"""What the farmer lends of the disk: the limit, what else the home takes of it, and what is left for the vault."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from node.api import schema, texts
from node.supervisor import settings, space
from node.supervisor.errors import SettingsError
from node.supervisor.home import Home


class Lending:
    """The settings and the disk of one home.

    ``tell`` is called with the vault's share whenever it has changed; it must not raise.
    """

    def __init__(self, home: Home, tell: Callable[[int], Awaitable[None]]) -> None:
        """Read the settings and look at the disk.  Blocking."""
        self._home = home
        self._tell = tell
        self._lock = asyncio.Lock()
        self.settings, self.trouble = settings.load(home.settings_file)
        self.disk = space.measure(home)
        self.share_bytes = space.share_bytes(self.settings.quota_bytes, self.disk)

    async def measure(self) -> None:
        """Look at the disk anew."""
        self.disk = await asyncio.to_thread(space.measure, self._home)
        await self._share_out()

    async def change(self, patch: schema.SettingsPatch) -> None:
        """Change what is given.

        Raises:
            SettingsError: A value is out of range or could not be kept; nothing changed.
        """
        async with self._lock:
            given = {k: v for k, v in msgspec.structs.asdict(patch).items() if v is not msgspec.UNSET}
            wanted = settings.checked(msgspec.structs.replace(self.settings, **given))
            disk = await asyncio.to_thread(space.measure, self._home)
            if disk.total_bytes and wanted.quota_bytes > disk.total_bytes:
                raise SettingsError(texts.quota_over_disk(disk.total_bytes))
            await asyncio.to_thread(settings.save, self._home.settings_file, wanted)
            self.settings, self.trouble, self.disk = wanted, "", disk
            await self._share_out()

    async def _share_out(self) -> None:
        share_bytes = space.share_bytes(self.settings.quota_bytes, self.disk)
        if share_bytes != self.share_bytes:
            self.share_bytes = share_bytes
            await self._tell(share_bytes)
