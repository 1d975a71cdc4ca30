"""What the farmer may set, its ranges, and the file it is kept in.

A file that cannot be read is never ignored in silence: it is put aside as ``settings.json.bad``, the
defaults hold, and the node says so until settings are saved again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from node.api import texts, wishes
from node.api.schema import HOURS, Notifications
from node.api.told import NOTHING, Told
from node.supervisor.errors import SettingsError
from node.supervisor.state import no_room, replace_file

VERSION: Final = 2
FILE_BYTES_MAX: Final = 64 << 10
QUOTA_BYTES_MIN: Final = 16 << 20
QUOTA_BYTES_DEFAULT: Final = 20 << 30
QUOTA_BYTES_MAX: Final = 1 << 50
RATE_BYTES_PER_S_MIN: Final = 200_000  # a chunk of 1 MiB passes within the 10 s that other vaults wait for it
RATE_BYTES_PER_S_MAX: Final = 10_000_000_000
# Eight megabits: most of a slow line, little of a fast one, and as much as repairs may use.
UPLOAD_BYTES_PER_S_DEFAULT: Final = 1_000_000
PORT_MIN: Final = 1024
PORT_MAX: Final = 65_535


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``schema.Settings`` says, as it is kept; but for ``starts_at_login``, which the system keeps."""

    version: int = VERSION
    quota_bytes: int = QUOTA_BYTES_DEFAULT
    local_discovery: bool = True
    upload_bytes_per_s: int = UPLOAD_BYTES_PER_S_DEFAULT
    download_bytes_per_s: int = 0
    eases_in_use: bool = True
    pauses_on_battery: bool = True
    pauses_on_metered: bool = True
    hours: tuple[int, ...] = HOURS
    notifications: Notifications = "act"
    api_port: int = 0


class _First(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Version 1."""

    version: int
    quota_bytes: int = QUOTA_BYTES_DEFAULT
    local_discovery: bool = True


REAL: Final = Settings()
PRACTICE: Final = Settings(upload_bytes_per_s=0)  # its network is this computer


def defaults(*, is_practice: bool) -> Settings:
    return PRACTICE if is_practice else REAL


def checked(settings: Settings) -> Settings:
    """Return ``settings`` if every value is in its range.

    Raises:
        SettingsError: One is not; the message names the range.
    """
    if not QUOTA_BYTES_MIN <= settings.quota_bytes <= QUOTA_BYTES_MAX:
        raise SettingsError(wishes.quota_out_of_range(QUOTA_BYTES_MIN, QUOTA_BYTES_MAX))
    for rate in (settings.upload_bytes_per_s, settings.download_bytes_per_s):
        if rate and not RATE_BYTES_PER_S_MIN <= rate <= RATE_BYTES_PER_S_MAX:
            raise SettingsError(wishes.rate_out_of_range(RATE_BYTES_PER_S_MIN, RATE_BYTES_PER_S_MAX))
    if not settings.hours or list(settings.hours) != sorted(set(settings.hours) & set(HOURS)):
        raise SettingsError(wishes.bad_hours())
    if settings.api_port and not PORT_MIN <= settings.api_port <= PORT_MAX:
        raise SettingsError(wishes.port_out_of_range(PORT_MIN, PORT_MAX))
    return settings


def load(path: Path, default: Settings = REAL) -> tuple[Settings, Told]:
    """Read the settings; return them and, when the defaults had to be used, a sentence that says why, else NOTHING.

    Blocking.  A file that is damaged or of a newer version is renamed to end in ``.bad``.  One of an older version says
    less than the newest: the rest is as by ``default``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return default, wishes.settings_missing(path, QUOTA_BYTES_DEFAULT)
    except OSError as error:
        return default, wishes.settings_unreadable(path, texts.reason(error), QUOTA_BYTES_DEFAULT)
    try:
        return _decode(content, default), NOTHING
    except (msgspec.DecodeError, RecursionError, UnicodeError, SettingsError) as error:
        return default, wishes.settings_bad(path, _put_aside(path), str(error), QUOTA_BYTES_DEFAULT)


def save(path: Path, settings: Settings, make_room: Callable[[], bool] = no_room) -> None:
    """Write the settings so that they survive a power cut; ``make_room`` as for a ``StateFile``.  Blocking.

    Raises:
        SettingsError: They could not be written; the file is as it was.
    """
    try:
        replace_file(path, msgspec.json.encode(checked(settings)), make_room)
    except OSError as error:
        raise SettingsError(wishes.settings_not_saved(path, error)) from error


class _Version(msgspec.Struct):
    version: int


def _decode(content: bytes, default: Settings) -> Settings:
    if len(content) > FILE_BYTES_MAX:
        raise SettingsError(f"longer than {FILE_BYTES_MAX} bytes")
    version = msgspec.json.decode(content, type=_Version).version
    if version > VERSION:
        raise SettingsError(wishes.settings_newer(version))
    if version < 1:
        raise SettingsError(wishes.no_version(version))
    if version == 1:
        first = msgspec.json.decode(content, type=_First)
        said = {"quota_bytes": first.quota_bytes, "local_discovery": first.local_discovery}
        return checked(msgspec.structs.replace(default, **said))
    return checked(msgspec.json.decode(content, type=Settings))


def _put_aside(path: Path) -> Path:
    """Rename the bad file; return where it lies now (where it was, if even that fails)."""
    aside = path.with_name(path.name + ".bad")
    try:
        path.replace(aside)
    except OSError:
        return path
    return aside
