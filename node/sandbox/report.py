"""What is in force around a child, honestly, in three levels.

full      files, signals and other processes, system calls and memory, as an ordinary user
partial   some of it; ``reasons`` says what is lacking
none      nothing
"""

from __future__ import annotations

import sys
from typing import Literal

import msgspec

from node.sandbox.errors import ChildError

Level = Literal["full", "partial", "none"]


class SandboxReport(msgspec.Struct, frozen=True):
    """What a child is really held to.  ``udp`` is False: UDP is open to every address."""

    level: Level
    landlock_abi: int = 0
    files: bool = False
    tcp: bool = False
    signals: bool = False
    seccomp: bool = False
    udp: bool = False
    memory_bytes: int | None = None
    reasons: tuple[str, ...] = ()


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the launcher says is in force; its line on standard error."""

    landlock_abi: int
    files: bool
    scopes: bool
    tcp: bool
    seccomp: bool
    memory_bytes: int | None
    is_root: bool
    has_capabilities: bool
    missing: tuple[str, ...]


class NotStarted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the launcher says when it cannot start the child."""

    error: str


def uncontained() -> SandboxReport:
    """The report for a system without a sandbox of ours."""
    return SandboxReport("none", reasons=(f"there is no sandbox for {sys.platform} yet",))


def read_report(line: bytes) -> SandboxReport:
    """The report in the launcher's line.

    Raises:
        ChildError: The launcher could not start the child, or the line is something else.
    """
    try:
        facts = msgspec.json.decode(line, type=Facts)
    except msgspec.DecodeError as error:
        raise ChildError(f"the launcher failed: {_failure(line)}") from error
    return rate(facts)


def rate(facts: Facts) -> SandboxReport:
    """Turn what is in force into a level and the reasons why it is no better."""
    # The filter refuses signals to others and every way to them, Landlock's scopes the signals alone.
    is_isolated = facts.scopes or facts.seccomp
    reasons = list(facts.missing)
    if not facts.files:
        reasons.append(f"this kernel's Landlock (ABI {facts.landlock_abi}) cannot restrict the files of a vault")
    if facts.is_root:
        reasons.append("it runs as root, although without root's capabilities: every file of root is its own")
    held = (facts.files, is_isolated, facts.seccomp, facts.memory_bytes is not None)
    level: Level = "none" if not any(held) else "partial"
    if all(held) and not (facts.is_root or facts.has_capabilities):
        level = "full"
    return SandboxReport(
        level=level,
        landlock_abi=facts.landlock_abi,
        files=facts.files,
        tcp=facts.tcp,
        signals=is_isolated,
        seccomp=facts.seccomp,
        memory_bytes=facts.memory_bytes,
        reasons=tuple(reasons),
    )


def _failure(line: bytes) -> str:
    try:
        return msgspec.json.decode(line, type=NotStarted).error
    except msgspec.DecodeError:
        return line[:200].decode("utf-8", "backslashreplace") or "it said nothing"
