"""EDGE: how a program ends whose parent holds its channel: after a stated failure with one sentence in its log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Final

from node.vault.channel import Channel
from node.vault.errors import VaultError

STATED: Final = (VaultError, OSError, TimeoutError)
FLUSH_TIMEOUT_S: Final = 2.0


def run_to_its_end(program: str, work: Coroutine[None, None, None], channel: Channel) -> int:
    """Run ``work``, then close the channel; return the exit code: 1 after a stated failure, alone or in a group."""
    logger = logging.getLogger(f"node.{program}")
    assert __debug__, "assertions must stay on"
    try:
        asyncio.run(work)
    except STATED as error:
        logger.error("the %s ends: %s", program, error or type(error).__name__)
        return 1
    except ExceptionGroup as group:  # from a task; whatever is not stated in it is a fault of this program
        stated, unstated = group.split(STATED)
        if stated is None or unstated is not None:
            raise
        logger.error("the %s ends: %s", program, _first(stated))
        return 1
    finally:
        channel.flush_and_close(FLUSH_TIMEOUT_S)
    return 0


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
