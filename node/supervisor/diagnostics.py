"""The diagnostics file: what the doctor found, what the node says, and the ends of the logs, all scrubbed.

It is plain text, so that a person can read what is given away.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

import msgspec

from node.api import doctor_texts, door
from node.api.schema import Examination, Finding, Settings, Status, TrialView, Updates
from node.supervisor.doctor import examine
from node.supervisor.scrub import Scrubber

TAIL_BYTES: Final = 128 << 10  # of each log
TOLD_BYTES_MAX: Final = 512 << 10  # of what the node says, each
LOGS: Final = ("supervisor.log", "vault.log", "twins.log", "prober.log")
NAMING: Final = ("USER", "LOGNAME", "USERNAME", "SUDO_USER", "HOSTNAME")  # variables of the environment
NOBODY: Final = frozenset({"root", "localhost"})  # so is every computer's called
WORD: Final = 3  # characters: shorter parts of a full name are no name


class Told(msgspec.Struct, frozen=True):
    """What a node says of itself."""

    status: Status
    updates: Updates
    settings: Settings
    trial: TrialView | None
    counters: Mapping[str, int]


class Node(Protocol):
    """A node in this process."""

    def status(self) -> Status: ...

    def updates(self) -> Updates: ...

    def settings(self) -> Settings: ...

    def trial(self) -> TrialView | None: ...

    def counters(self) -> Mapping[str, int]: ...


async def of_node(folder: Path, node: Node, now_s: float) -> bytes:
    """The file of a node that runs here."""
    told = Told(node.status(), node.updates(), node.settings(), node.trial(), node.counters())
    opened = door.load(folder)
    examination = await examine(folder, told.status, "", opened.port if opened else 0)
    return await asyncio.to_thread(make, folder, examination, told, now_s)


def make(folder: Path, examination: Examination, told: Told | None, now_s: float) -> bytes:
    """The file as UTF-8 text.  Blocking, with what is on the disk; a home that is not there is no matter."""
    scrubber = _scrubber(folder, told)
    parts = [doctor_texts.about_file(datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))]
    parts += [scrubber.scrub(_line(finding)) for finding in examination.findings]
    if told is not None:
        parts += [_section(name, scrubber.scrub(_json(getattr(told, name)))) for name in told.__struct_fields__]
    parts += [_section(name, scrubber.scrub(_tail(folder / "logs" / name), is_log=True)) for name in LOGS]
    return "".join(parts).encode("utf-8", "replace")


def _line(finding: Finding) -> str:
    advice = f" {finding.advice}" if finding.advice else ""
    return f"{finding.result:<8}{finding.name:<9}{finding.sentence}{advice}\n"


def _section(name: str, text: str) -> str:
    return f"\n== {name} ==\n{text}\n"


def _json(value: object) -> str:
    content = msgspec.json.format(msgspec.json.encode(value), indent=1)
    return content[:TOLD_BYTES_MAX].decode("utf-8", "replace")


def _tail(log: Path) -> str:
    """The last lines of a log, whole ones."""
    try:
        with log.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            file.seek(max(0, length - TAIL_BYTES))
            content = file.read(TAIL_BYTES)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return doctor_texts.log_unreadable(error)
    if length > TAIL_BYTES:
        content = content.partition(b"\n")[2]
    return content.decode("utf-8", "replace")


def _scrubber(folder: Path, told: Told | None) -> Scrubber:
    """What is known of who and where this is."""
    path = folder.expanduser().absolute()
    known = {str(place): "<home>" for place in (path, path.resolve()) if len(place.parts) > 1}
    try:
        person = Path.home()
    except RuntimeError:  # a user without a folder
        person = Path("/")
    if len(person.parts) > 1:
        known.setdefault(str(person), "<user's folder>")
    opened = door.load(path)
    if opened is not None:
        known[opened.token] = "<token>"
    public: set[str] = set()
    if told is not None:
        known[told.status.farm] = "<own id>"
        public = {update.tree_hash for update in told.updates.items}
        public |= {told.status.in_use.tree_hash} if told.status.in_use else set()
    return Scrubber(known, _names(), public)


def _names() -> set[str]:
    """What the user and the computer are called, as far as the system says."""
    host = socket.gethostname()
    names = {os.environ.get(name, "") for name in NAMING} | {host, host.partition(".")[0]}
    with contextlib.suppress(ImportError, KeyError, OSError):  # a user whom the system does not know by name
        names.add(getpass.getuser())
        import pwd  # noqa: PLC0415 - there is none on Windows

        entry = pwd.getpwuid(os.getuid())
        full = entry.pw_gecos.partition(",")[0]
        names |= {entry.pw_name, full, *(part for part in full.split() if len(part) >= WORD)}
    return {name for name in names if name.lower() not in NOBODY}
