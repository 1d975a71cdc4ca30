"""What the farmer may set."""

from __future__ import annotations

from typing import Literal

import msgspec

Notifications = Literal["act", "news", "never"]  # only what needs a person, good news too, or nothing
HOURS: tuple[int, ...] = tuple(range(24))


class Settings(msgspec.Struct, frozen=True):
    """``quota_bytes``: the most that the whole home may take of the disk.

    ``local_discovery``: whether vaults on the local network are looked for; it holds from the vault's next start.
    ``upload_bytes_per_s``, ``download_bytes_per_s``: the most that the vault sends and takes; 0: no limit.
    ``eases_in_use``: the line is used less while somebody works at the computer.  ``pauses_on_battery``,
    ``pauses_on_metered``: the node pauses by itself then.  ``hours``: of the day, by the computer's own clock, in
    which it helps; outside of them it pauses.  ``starts_at_login``: kept by the system, shown as it really is.
    ``api_port``: the local API listens there on the loopback address too; 0: on its socket only.
    """

    quota_bytes: int
    local_discovery: bool = True
    upload_bytes_per_s: int = 0
    download_bytes_per_s: int = 0
    eases_in_use: bool = True
    pauses_on_battery: bool = True
    pauses_on_metered: bool = True
    hours: tuple[int, ...] = HOURS
    starts_at_login: bool = False
    notifications: Notifications = "act"
    api_port: int = 0


class SettingsPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is given changes; all of it or, on any error, nothing."""

    quota_bytes: int | msgspec.UnsetType = msgspec.UNSET
    local_discovery: bool | msgspec.UnsetType = msgspec.UNSET
    upload_bytes_per_s: int | msgspec.UnsetType = msgspec.UNSET
    download_bytes_per_s: int | msgspec.UnsetType = msgspec.UNSET
    eases_in_use: bool | msgspec.UnsetType = msgspec.UNSET
    pauses_on_battery: bool | msgspec.UnsetType = msgspec.UNSET
    pauses_on_metered: bool | msgspec.UnsetType = msgspec.UNSET
    hours: tuple[int, ...] | msgspec.UnsetType = msgspec.UNSET
    starts_at_login: bool | msgspec.UnsetType = msgspec.UNSET
    notifications: Notifications | msgspec.UnsetType = msgspec.UNSET
    api_port: int | msgspec.UnsetType = msgspec.UNSET
