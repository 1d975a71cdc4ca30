"""The prober of a trial: our own program in the same sandbox, which is told neither the farm nor the candidate."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

import node
from node.api import texts
from node.prober.control import (
    ASK_TIMEOUT_S,
    GREET_S_MAX,
    Heard,
    Probe,
    ProberReport,
    Question,
    Ready,
    Renew,
    Renewed,
    decode_report,
)
from node.sandbox.child import Child
from node.sandbox.errors import ChildError
from node.sandbox.spec import PROBER_MODULE, SandboxSpec
from node.supervisor.launch import common_version
from node.update.errors import ProberFailed
from node.vault.control import Hello
from node.vault.errors import ControlError

STOP_S: Final = 3.0
SLACK_S: Final = 5.0  # on a busy machine
ASK_S: Final = 2 * ASK_TIMEOUT_S + SLACK_S  # one twin after the other
GREET_S: Final = GREET_S_MAX + SLACK_S
FOLDER_MODE: Final = 0o700
COPIED: Final = ("vault", "prober")  # what a prober is made of, besides the map


class ProberProcess:
    """A running prober; fulfils ``node.update.ports.Prober``."""

    def __init__(self, child: Child[ProberReport]) -> None:
        self._child = child

    @property
    def exited(self) -> asyncio.Future[int]:
        return self._child.exited

    async def stop(self, handover_s: float = 0.0) -> None:
        await self._child.stop(STOP_S)

    def kill(self) -> None:
        """End it at once."""
        self._child.kill()

    async def ask(self, question: Question) -> Heard:
        heard = await self._order(lambda number: msgspec.structs.replace(question, id=number), ASK_S)
        if not isinstance(heard, Heard):
            raise ProberFailed(texts.odd_answer())
        return heard

    async def renew(self) -> None:
        if not isinstance(await self._order(Renew, GREET_S), Renewed):
            raise ProberFailed(texts.odd_answer())

    async def _order(self, make: Callable[[int], msgspec.Struct], timeout_s: float) -> ProberReport:
        try:
            return await self._child.ask(make, timeout_s)
        except ChildError as error:
            raise ProberFailed(str(error)) from error


async def start_prober(program: Path, data: Path, probe: Probe, log: Path) -> ProberProcess:
    """Start the prober that lies in ``program``, with ``data`` as its folder; return once it has greeted both twins.

    Safe to cancel: nothing of it is left then.

    Raises:
        ProberFailed: It did not start; nothing of it is left.
    """
    is_ready = asyncio.Event()

    def configure(content: bytes) -> bytes:
        hello = decode_report(content)
        if not isinstance(hello, Hello):
            raise ControlError("the prober said no hello")
        return msgspec.msgpack.encode(msgspec.structs.replace(probe, control_version=common_version(hello)))

    def hear(report: ProberReport) -> None:
        if isinstance(report, Ready):
            is_ready.set()

    try:
        await asyncio.to_thread(_empty, data)
        child = await Child.start(
            SandboxSpec(slot=program, data=data, module=PROBER_MODULE),
            configure=configure,
            decode=decode_report,
            on_report=hear,
            log=log,
            name="prober",
        )
    except (ChildError, OSError) as error:
        raise ProberFailed(str(error)) from error
    prober, waiting, is_up = ProberProcess(child), asyncio.create_task(is_ready.wait()), False
    try:
        await asyncio.wait((waiting, child.exited), timeout=GREET_S, return_when=asyncio.FIRST_COMPLETED)
        is_up = is_ready.is_set()
    finally:
        waiting.cancel()
        if not is_up:
            prober.kill()
    if not is_up:
        raise ProberFailed(child.fault or "it greeted nobody")
    return prober


def _empty(data: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(data)
    data.mkdir(mode=FOLDER_MODE, parents=True)


def copy_program(target: Path) -> None:
    """Copy what a prober is made of to ``target``, in place of what is there.  Blocking.

    The sandbox loads nothing but source from there; where this program itself lies, compiled packages may lie too.

    Raises:
        OSError: The disk refused.
    """
    assert node.__file__ is not None
    source = Path(node.__file__).parent
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(target)
    (target / "node").mkdir(mode=FOLDER_MODE, parents=True)
    shutil.copyfile(source / "__init__.py", target / "node" / "__init__.py")
    for folder in COPIED:
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source / folder, target / "node" / folder, copy_function=shutil.copy, ignore=left_out)
