"""A handover to another version that somebody waits for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from node.supervisor.errors import SupervisorError, SwitchFailed, SwitchLate, VaultLate

IN_USE: Final = ""  # in place of a tree hash: the version in use, started anew


@dataclass(slots=True)
class Switch:
    """Belongs to one event loop.  ``is_insisted``: if it fails, the version from before is ended all the same."""

    tree_hash: str
    is_insisted: bool = False
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def succeed(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, error: SwitchFailed) -> None:
        if not self.done.done():
            self.done.set_exception(error)


def failed_by(error: SupervisorError, told: str) -> SwitchFailed:
    """What to say of a handover that this has ended: only lateness may be the computer's fault."""
    return (SwitchLate if isinstance(error, VaultLate) else SwitchFailed)(told)
