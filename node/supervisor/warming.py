"""Another program's byte code, prepared before this process becomes it: else its start would take seconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from node.supervisor.errors import SupervisorError

WARM_S_MAX: Final = 180.0  # on a slow disk; nothing waits for it but the switch
HELP: Final = ("run", "--help")  # imports all that the node imports, and does nothing


class NotWarmed(SupervisorError):
    """The program does not even say how it is used.  Do not become it."""

    code = "succession.not_warmed"


async def warm(command: Sequence[str]) -> None:
    """Let the program that ``command`` starts with HELP import itself, and end.  Safe to cancel: it is ended then.

    Raises:
        NotWarmed: It did not, or not in time.
    """
    nothing = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=nothing, stdout=nothing, stderr=nothing)
    except OSError as error:
        raise NotWarmed(f"it cannot be started: {error}") from error
    try:
        async with asyncio.timeout(WARM_S_MAX):
            code = await process.wait()
    except TimeoutError as error:
        raise NotWarmed(f"it does not say within {WARM_S_MAX:.0f} s how it is used") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if code:
        raise NotWarmed(f"asked how it is used, it ended with {code}")
