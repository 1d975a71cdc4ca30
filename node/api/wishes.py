"""What is said of settings that cannot be."""

from __future__ import annotations

from pathlib import Path

from node.api.texts import reason, size


def rate_out_of_range(bytes_min: int, bytes_max: int) -> str:
    return (
        f"A limit of the line is 0 (none) or between {size(bytes_min)} and {size(bytes_max)} a second: with less, no"
        " chunk would pass in the time that others wait for it."
    )


def bad_hours() -> str:
    return "The hours are some of 0 to 23, each once and in order, and at least one; to stop for longer, pause."


def port_out_of_range(port_min: int, port_max: int) -> str:
    return f"The port of the local API is 0 (none) or between {port_min} and {port_max}."


def no_login_start(path: Path, error: OSError) -> str:
    return f"Whether Perennial starts when you log in could not be changed in {path}: {reason(error)}."


def no_login_start_here() -> str:
    return "A practice home does not start when you log in."


def no_version(version: int) -> str:
    return f"it says that it is of version {version}, which there never was"
