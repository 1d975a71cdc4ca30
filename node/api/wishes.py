"""What is said of settings that cannot be."""

from __future__ import annotations

from pathlib import Path

from node.api.texts import reason, size
from node.api.told import Told, told


def quota_out_of_range(bytes_min: int, bytes_max: int) -> Told:
    return told(
        "settings.quota_range",
        f"The disk limit must be between {size(bytes_min)} and {size(bytes_max)} ({bytes_min} to {bytes_max} bytes).",
        least_bytes=bytes_min,
        most_bytes=bytes_max,
        least_exactly=str(bytes_min),
        most_exactly=str(bytes_max),
    )


def quota_over_disk(disk_bytes: int) -> Told:
    return told(
        "settings.quota_disk",
        f"The disk limit is larger than the disk, which holds {size(disk_bytes)}.",
        disk_bytes=disk_bytes,
    )


def _default_holds(quota_bytes: int) -> str:
    return f"the disk limit is {size(quota_bytes)} until you set it"


def settings_missing(path: Path, quota_bytes: int) -> Told:
    return told(
        "settings.missing",
        f"{path} is missing; {_default_holds(quota_bytes)}.",
        path=str(path),
        quota_bytes=quota_bytes,
    )


def settings_unreadable(path: Path, why: str, quota_bytes: int) -> Told:
    return told(
        "settings.unreadable",
        f"{path} cannot be read ({why}); {_default_holds(quota_bytes)}.",
        path=str(path),
        why=why,
        quota_bytes=quota_bytes,
    )


def settings_bad(path: Path, aside: Path, why: str, quota_bytes: int) -> Told:
    return told(
        "settings.bad",
        f"{path.name} could not be understood ({why}) and lies in {aside} now; {_default_holds(quota_bytes)}.",
        name=path.name,
        aside=str(aside),
        why=why,
        quota_bytes=quota_bytes,
    )


def settings_newer(version: int) -> str:
    return f"it is of the newer version {version}"


def settings_not_saved(path: Path, error: OSError) -> Told:
    return told(
        "settings.not_saved",
        f"The settings could not be saved in {path.parent}: {reason(error)}.",
        path=str(path.parent),
        why=reason(error),
    )


def rate_out_of_range(bytes_min: int, bytes_max: int) -> Told:
    return told(
        "settings.rate_range",
        f"A limit of the line is 0 (none) or between {size(bytes_min)} and {size(bytes_max)} a second: with less, no"
        " chunk would pass in the time that others wait for it.",
        least_bytes=bytes_min,
        most_bytes=bytes_max,
    )


def bad_hours() -> Told:
    return told(
        "settings.hours",
        "The hours are some of 0 to 23, each once and in order, and at least one; to stop for longer, pause.",
    )


def port_out_of_range(port_min: int, port_max: int) -> Told:
    return told(
        "settings.port_range",
        f"The port of the local API is 0 (none) or between {port_min} and {port_max}.",
        least=str(port_min),
        most=str(port_max),
    )


def no_login_start(path: Path, error: OSError) -> Told:
    return told(
        "settings.login",
        f"Whether Perennial starts when you log in could not be changed in {path}: {reason(error)}.",
        path=str(path),
        why=reason(error),
    )


def no_login_start_here() -> Told:
    return told("settings.login_practice", "A practice home does not start when you log in.")


def no_version(version: int) -> str:
    return f"it says that it is of version {version}, which there never was"
