"""Which packages a runtime is made of: two lock files of a checkout, both without addresses.

installers/requirements.txt             wheels, as pip reads it:   NAME==VERSION [; MARKER] --hash=sha256:HEX ...
installers/linux/runtime-packages.txt   Debian packages:           NAME VERSION sha256:HEX
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.pod.errors import PodError

HASH_MARK: Final = "sha256:"
# A version may hold a colon, which apt-get writes as %3a into a file's name.
_DEBIAN: Final = re.compile(r"([a-z0-9][a-z0-9+.-]{0,99}) ([0-9A-Za-z.+~:-]{1,99}) sha256:([0-9a-f]{64})")
_WHEEL: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,99})==([0-9A-Za-z.+!-]{1,99}) *(?:; ([^\\]*?))?")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
# The only conditions that installers/lock.py writes.
_MARKER: Final = re.compile(r'sys_platform (==|!=) "([a-z0-9]+)"|python_version < "([0-9.]+)"')


@dataclass(frozen=True, slots=True)
class Pin:
    """One package.  A wheel has a hash for each of its files, of which the one for this platform is meant."""

    name: str
    version: str
    hashes: tuple[str, ...]


def read_debian(text: str) -> list[Pin]:
    """The Debian packages of a lock file.

    Raises:
        PodError: A line is none.
    """
    pins = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            found = _DEBIAN.fullmatch(line.strip())
            if found is None:
                raise PodError(f"{line[:80]!r} pins no Debian package")
            pins.append(Pin(found[1], found[2], (found[3],)))
    return pins


def read_wheels(text: str, python: str, system: str) -> list[Pin]:
    """The wheels that a lock file names for a Python, such as 3.11, and a system, as ``sys.platform`` says it.

    Raises:
        PodError: A line names none, or no hash, or a condition that is not understood.
    """
    pins = []
    for line in text.replace("\\\n", " ").splitlines():
        named, *hashes = re.split(r"\s+(?=--hash=)", line.partition("#")[0].strip())
        if not named:
            continue
        found, given = _WHEEL.fullmatch(named), [_HASH.fullmatch(one.strip()) for one in hashes]
        if found is None or not given or None in given:
            raise PodError(f"{named[:80]!r} pins no wheel")
        if found[3] is None or all(_holds(part, python, system) for part in found[3].strip().split(" and ")):
            pins.append(Pin(found[1], found[2], tuple(one[1] for one in given if one)))
    return pins


def as_requirements(pins: list[Pin]) -> Iterator[str]:
    """The lines of a lock file for pip, without conditions: pip would weigh them for the Python that it runs in."""
    for pin in pins:
        yield " ".join([f"{pin.name}=={pin.version}", *(f"--hash={HASH_MARK}{one}" for one in pin.hashes)]) + "\n"


def _holds(condition: str, python: str, system: str) -> bool:
    found = _MARKER.fullmatch(condition)
    if found is None:
        raise PodError(f"the condition {condition[:80]!r} is not understood")
    if found[1] is not None:
        return (found[2] == system) == (found[1] == "==")
    return _numbers(python) < _numbers(found[3])


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
