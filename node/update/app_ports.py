"""What the updates of the app need of the rest of the supervisor, as a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from node.update.files.programs import Program


@dataclass(frozen=True, slots=True)
class Shown:
    """What a succession rehearsal has shown; ``void``: nothing of the candidate."""

    verdict: Literal["passed", "refused", "void"]
    reason: str


class AppHost(Protocol):
    """How a program is tried out, and how this process becomes it."""

    @property
    def platform(self) -> str:
        """As releases of runtimes name it."""
        ...

    def running(self) -> Program:
        """Which program this is.  Blocking, but short."""
        ...

    def installed_app(self) -> str:
        """The tree hash of the installed app; "" if it is not known.  Blocking, but short."""
        ...

    def was_left(self, program: Program, since_s: float) -> bool:
        """Whether the launcher has left that program after this time (UTC).  Blocking, but short."""
        ...

    async def rehearse(self, app: Path, runtime: Path | None) -> Shown:
        """Let the candidate show that it can be replaced itself.  Takes minutes; safe to cancel.

        Raises:
            Exception: It could not be held.
        """
        ...

    async def warm(self, program: Program) -> None:
        """Prepare the program's byte code.  Raises anything when it does not even start."""
        ...

    def become(self, program: Program) -> None:
        """Make this process become that program, soon; the vault goes on."""
        ...
