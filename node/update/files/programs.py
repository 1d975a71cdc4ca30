"""Which program runs: a pair of app and runtime, changed as a pair and fallen back from as a pair.

    slots/programs.json   {"format": 1, "current": {"app": TREE, "runtime": TREE}, "previous": {...} or null,
                           "starts": 0, "is_proven": true}

    slots/versions.json   {"format": 1, "versions": {TREE: "1.4.0"}}, what the releases of these apps are called

A TREE of "" is the installed one.  The launcher, which has its own small reader of this file, adds 1 to ``starts``
before each start of a program; ``mark_proven`` sets it back.  After too many starts without that mark the launcher
makes the previous program current, then the installed one.  By the versions it knows a package that a person has
installed since as a newer one: it then makes the installed program current, with what ran before as the previous one.

Two write here, never at once: the launcher while no program runs that it started, the supervisor while it holds the
home's lock.  Everything here blocks: call it through ``asyncio.to_thread``.
"""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Final

import msgspec

from node.vault.storage.filesystem import write_durably

FORMAT: Final = 1
PROGRAMS: Final = "programs.json"
PROGRAMS_BYTES_MAX: Final = 1 << 16
VERSIONS: Final = "versions.json"
TREE: Final = re.compile("(?:[0-9a-f]{64})?")
RESTART_CODE: Final = 75  # with which a program ends so that the launcher at once starts the one that is current now


class Program(msgspec.Struct, frozen=True):
    """An app and the runtime it runs on, by their tree hashes; "" for the installed one."""

    app: str = ""
    runtime: str = ""

    def __post_init__(self) -> None:
        if not TREE.fullmatch(self.app) or not TREE.fullmatch(self.runtime):
            raise ValueError("not the hash of a tree")


INSTALLED: Final = Program()


class Programs(msgspec.Struct, frozen=True):
    """What ``programs.json`` says.

    ``previous`` is the program that last proved itself before the current one; None: the installed one is next.
    Behind the installed one there is only ever something where that was installed over a program from the network.
    ``starts`` counts the starts of the current program since it last proved itself.
    """

    current: Program = INSTALLED
    previous: Program | None = None
    starts: int = 0
    is_proven: bool = True
    format: int = FORMAT

    @property
    def is_installed_anew(self) -> bool:
        """Whether a person has installed what is current, in the place of a program from the network."""
        return self.current == INSTALLED and self.previous is not None


class _Versions(msgspec.Struct, frozen=True):
    versions: dict[str, str]
    format: int = FORMAT


def read(slots: Path) -> Programs:
    """What runs, or shall run next, of the home with these slots; the installed program if nothing says so.

    Raises:
        OSError: It cannot be read now.
    """
    return _read(slots) or Programs()


def trees(slots: Path) -> set[str]:
    """The trees of the program that runs, or shall run next, and of the one before it.

    Raises:
        OSError: It cannot be read now, or says what this version does not understand.
    """
    said = _read(slots)
    if said is None and (slots / PROGRAMS).exists():
        raise OSError(errno.EINVAL, "which program runs is not readable", str(slots / PROGRAMS))
    said = said or Programs()
    pairs = (said.current, said.previous) if said.previous else (said.current,)
    return {tree for pair in pairs for tree in (pair.app, pair.runtime)}


def write(slots: Path, programs: Programs) -> None:
    """Once this returns, it survives a power cut.

    Raises:
        OSError: The file holds what it held.
    """
    write_durably(slots / PROGRAMS, msgspec.json.encode(programs))


def point(slots: Path, program: Program, *, starts: int = 1, version: str = "") -> Programs:
    """Make ``program`` the current one, still to prove itself.  Repeating it is a no-op.

    ``starts``: 1 if this process becomes it; 0 if the launcher shall start it.  ``version``: what its app's release
    is called.  A program that has not proven itself
    is never what is fallen back to: then the previous one stays.

    Raises:
        OSError: All is as it was.
    """
    before = read(slots)
    if before.current == program:
        return before
    previous = before.current if before.is_proven else before.previous
    if version:  # before it is current: nobody could call it by its name afterwards
        _name(slots, program.app, version, {one.app for one in (before.current, before.previous) if one is not None})
    return _written(slots, Programs(program, None if previous == program else previous, starts, is_proven=False))


def point_back(slots: Path, program: Program, *, starts: int = 1) -> Programs:
    """Make a ``program`` from before the current one again; nothing is before it then.  Repeating it is a no-op.

    The program that is left must never be what is fallen back to.  ``starts`` as for ``point``.

    Raises:
        OSError: All is as it was.
    """
    before = read(slots)
    if before.current == program and before.previous is None:
        return before
    return _written(slots, Programs(program, None, starts, is_proven=False))


def forget(slots: Path, program: Program, running: Program) -> Programs:
    """Let ``running``, which runs, be the current one, and nobody start ``program``, which failed or never ran.

    Raises:
        OSError: All is as it was.
    """
    before = read(slots)
    if program not in (before.current, before.previous):
        return before
    if before.current == running:
        return _written(slots, msgspec.structs.replace(before, previous=None))
    is_proven = before.previous == running
    return _written(slots, Programs(running, None, starts=0 if is_proven else 1, is_proven=is_proven))


def mark_proven(slots: Path) -> Programs:
    """The current program has shown that it runs here.  A file of a newer format is left alone.

    Raises:
        OSError: All is as it was.
    """
    found = _read(slots)
    if found is None and (_is_newer(slots) or not (slots / PROGRAMS).exists()):
        return Programs()
    proven = msgspec.structs.replace(found or Programs(), starts=0, is_proven=True)
    return found if found == proven else _written(slots, proven)


def _name(slots: Path, app: str, version: str, kept: set[str]) -> None:
    """Write down what this app's release is called, and forget all others but those.  Raises OSError."""
    try:
        with (slots / VERSIONS).open("rb") as file:
            known = msgspec.json.decode(file.read(PROGRAMS_BYTES_MAX + 1), type=_Versions).versions
    except (FileNotFoundError, msgspec.DecodeError, UnicodeError, RecursionError):
        known = {}
    versions = {tree: named for tree, named in known.items() if tree in kept} | {app: version}
    if versions != known:
        write_durably(slots / VERSIONS, msgspec.json.encode(_Versions(versions)))


def _written(slots: Path, programs: Programs) -> Programs:
    write(slots, programs)
    return programs


def _read(slots: Path) -> Programs | None:
    """What the file says; None where there is none, or none that can be understood.

    Raises:
        OSError: Nobody can tell now, as when the disk was pulled out and the whole folder is gone.
    """
    try:
        found = msgspec.json.decode(_content(slots), type=Programs)
    except FileNotFoundError:
        slots.stat()
        return None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return found if found.format == FORMAT and found.starts >= 0 else None


def _is_newer(slots: Path) -> bool:
    try:
        return msgspec.json.decode(_content(slots), type=_Format).format > FORMAT
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
        return False


def _content(slots: Path) -> bytes:
    with (slots / PROGRAMS).open("rb") as file:
        return file.read(PROGRAMS_BYTES_MAX + 1)


class _Format(msgspec.Struct):
    format: int
