"""This process becomes another program (exec), and its vault goes on.

What the next program must know is handed on in memory that nobody can change any more (a sealed memfd); what it must
have, as descriptors: the vault's pipes, the home's lock, the socket of the local API.  The process stays the same, so
that whoever started it still watches it, and the vault is still its child:

    updates and API put down -> vault let go -> Inheritance -> exec -> inherit -> vault taken over, API served

Only the next program's own start lies between; who connects meanwhile waits.  The running vault stays as contained as
the program before has started it.  Whatever fails here ends the process, and its vault with it, as a power cut would:
both are started anew.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from node.sandbox.piped import CAN_TAKE_OVER, HandedChild
from node.supervisor.errors import StateError
from node.supervisor.keys import RunKey

FORMAT: Final = 1
INHERITANCE_BYTES_MAX: Final = 16 << 20  # what the vault may have said unheard is the largest part, 2 MiB
OPTION: Final = "--succeed"

log = logging.getLogger(__name__)


class HandedRun(msgspec.Struct, frozen=True):
    """A run of a vault, let go of."""

    child: HandedChild
    control_version: int
    key: RunKey


class HandedVault(msgspec.Struct, frozen=True):
    """The vault in use, reachable and running on.  Times count back from the moment at which it was let go."""

    run: HandedRun
    tree_hash: str
    record: bytes
    started_ago_s: float
    listened_ago_s: float


class Inheritance(msgspec.Struct, frozen=True):
    """What the program before hands on.  ``seed`` is the vault id's: so nobody is asked for it once more.

    ``newest_event`` is the number of the last event that it told.
    """

    home: str
    seed: bytes
    lock: int
    socket: int | None
    newest_event: int
    vault: HandedVault | None
    format: int = FORMAT

    def descriptors(self) -> tuple[int, ...]:
        pipes = self.vault.run.child.process.descriptors() if self.vault is not None else ()
        return (self.lock, *pipes, *((self.socket,) if self.socket is not None else ()))


def become(command: Sequence[str], inheritance: Inheritance) -> NoReturn:
    """Become the program that ``command`` starts, which is told by one more option where its inheritance lies.

    Call it in the main thread, which the vault would not survive.

    Raises:
        OSError: It cannot be started.  Nothing has changed; what was to be handed on is still open.
    """
    assert CAN_TAKE_OVER
    sealed = _seal(msgspec.msgpack.encode(inheritance))
    try:
        for descriptor in (sealed, *inheritance.descriptors()):
            os.set_inheritable(descriptor, True)
        log.info("becoming another program command=%s", command)
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(command[0], [*command, OPTION, str(sealed)])  # noqa: S606  no shell is wanted
    except OSError:
        os.close(sealed)
        raise


def inherit(descriptor: int, home: Path) -> Inheritance:
    """Read what the program before has handed on.  Its descriptors are this process's own from now on.

    Raises:
        StateError: It is nothing that can be read, or for another home.
    """
    try:
        with os.fdopen(descriptor, "rb") as file:
            file.seek(0)
            content = file.read(INHERITANCE_BYTES_MAX + 1)
        inheritance = msgspec.msgpack.decode(content, type=Inheritance)
        for handed in inheritance.descriptors():
            os.set_inheritable(handed, False)
    except (OSError, msgspec.DecodeError, UnicodeError) as error:
        raise StateError(f"What the program before has handed on cannot be read: {error}.") from error
    if inheritance.format != FORMAT or inheritance.home != str(home):
        raise StateError("What the program before has handed on is not for this program and home.")
    return inheritance


def _seal(content: bytes) -> int:
    """A descriptor of memory with that content, which nobody can change any more.

    Raises:
        OSError: The system refused.
    """
    import fcntl  # noqa: PLC0415  # not there on Windows

    assert sys.platform == "linux"
    descriptor = os.memfd_create("perennial", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        seals = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
