"""What the farmer may set, its ranges, and the file it is kept in.

A file that cannot be read is never ignored in silence: it is put aside as ``settings.json.bad``, the
defaults hold, and the node says so until settings are saved again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from node.api import texts
from node.supervisor.errors import SettingsError
from node.vault.storage.filesystem import write_durably

VERSION: Final = 1
FILE_BYTES_MAX: Final = 64 << 10
QUOTA_BYTES_MIN: Final = 16 << 20
QUOTA_BYTES_DEFAULT: Final = 20 << 30
QUOTA_BYTES_MAX: Final = 1 << 50


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``quota_bytes``: the most that the whole home may take of the disk.

    ``local_discovery``: whether the vault looks for others on the local network and is found there.
    """

    version: int = VERSION
    quota_bytes: int = QUOTA_BYTES_DEFAULT
    local_discovery: bool = True


def checked(settings: Settings) -> Settings:
    """Return ``settings`` if every value is in its range.

    Raises:
        SettingsError: One is not; the message names the range.
    """
    if not QUOTA_BYTES_MIN <= settings.quota_bytes <= QUOTA_BYTES_MAX:
        raise SettingsError(texts.quota_out_of_range(QUOTA_BYTES_MIN, QUOTA_BYTES_MAX))
    return settings


def load(path: Path) -> tuple[Settings, str]:
    """Read the settings; return them and, when the defaults had to be used, a sentence that says why, else "".

    Blocking.  A file that is damaged or of a newer version is renamed to end in ``.bad``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return Settings(), texts.settings_missing(path, QUOTA_BYTES_DEFAULT)
    except OSError as error:
        return Settings(), texts.settings_unreadable(path, texts.reason(error), QUOTA_BYTES_DEFAULT)
    try:
        return _decode(content), ""
    except (msgspec.DecodeError, RecursionError, UnicodeError, SettingsError) as error:
        return Settings(), texts.settings_bad(path, _put_aside(path), str(error), QUOTA_BYTES_DEFAULT)


def save(path: Path, settings: Settings) -> None:
    """Write the settings so that they survive a power cut.  Blocking.

    Raises:
        SettingsError: They could not be written; the file is as it was.
    """
    try:
        write_durably(path, msgspec.json.encode(checked(settings)))
    except OSError as error:
        raise SettingsError(texts.settings_not_saved(path, error)) from error


class _Version(msgspec.Struct):
    version: int


def _decode(content: bytes) -> Settings:
    if len(content) > FILE_BYTES_MAX:
        raise SettingsError(f"longer than {FILE_BYTES_MAX} bytes")
    version = msgspec.json.decode(content, type=_Version).version
    if version > VERSION:
        raise SettingsError(texts.settings_newer(version))
    return checked(msgspec.json.decode(content, type=Settings))


def _put_aside(path: Path) -> Path:
    """Rename the bad file; return where it lies now (where it was, if even that fails)."""
    aside = path.with_name(path.name + ".bad")
    try:
        path.replace(aside)
    except OSError:
        return path
    return aside
