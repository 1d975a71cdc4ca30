"""One run of a vault: start a contained process from a slot, check what it says it is, configure it, talk to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from node.api import texts
from node.sandbox.child import Child
from node.sandbox.errors import ChildError, ChildFailed, ChildNotStarted, ChildTimeout
from node.sandbox.report import SandboxReport
from node.sandbox.spec import SandboxSpec
from node.sandbox.usage import Usage
from node.supervisor.errors import RequestRefused, TooFarApart, VaultLate, VaultUnavailable
from node.supervisor.keys import RunKey
from node.supervisor.ports import ASK_S, Assignment, Run, Slot
from node.supervisor.succession import HandedRun
from node.vault import CONTROL_VERSIONS, control
from node.vault.core.identity import RECORD_BYTES_MAX, Certificate, PeerRecord
from node.vault.errors import ControlError
from node.vault.limiting import SINCE_CONTROL_VERSION as LIMITS_SINCE
from node.vault.rating import FetchRankTables, command_of

PAGED_SCAN_SINCE: Final = 5
FREE_PORTS: Final = range(1024, 65_536)  # one of them is given to who asks for any
OPEN_S: Final = 60.0  # a standby vault reads the names of all its chunks
STANDBY_CODE: Final = "control.standby"
UNKNOWN_COMMAND: Final = "control.unknown"
DRAIN_S: Final = 15.0
EXIT_S: Final = 3.0  # after Done, or after its input was closed
NO_HOST: Final = ("0.0.0.0", "[::]", "::")  # noqa: S104 - compared with, not bound to
LOG_PREFIX: Final = re.compile(r"^(?:\d{4}-\S+Z )?(?:[A-Z]+ [\w.]+ )?")  # time, level, logger
LAST_WORDS_BYTES: Final = 4096
LAST_WORDS_CHARACTERS_MAX: Final = 200
FRAME_OF_TRACEBACKS: Final = " \t|+-"  # with which Python draws a box round grouped exceptions


class VaultLauncher:
    """Starts contained vault processes that all work in one data directory and write one log.

    ``must_shut_off``: none is started to which files of this computer would stay open.
    """

    def __init__(
        self, data: Path, log: Path, *, must_shut_off: bool = False, wire_versions: Collection[int] = ()
    ) -> None:
        self._data = data
        self._log = log
        self._must_shut_off = must_shut_off
        self._wire_versions = wire_versions

    async def start(
        self, slot: Slot, key: RunKey, assignment: Assignment, on_report: Callable[[control.Report], None]
    ) -> Run:
        """Start a vault and configure it.

        Raises:
            VaultUnavailable: It did not start, is not what its slot says, or is not understood; it is ended.
                TooFarApart when it is only that the versions do not meet, VaultLate when it said nothing in time.
            OSError: This machine could not start it, whatever its code.
        """
        configured: list[control.Configure] = []

        def configure(hello: bytes) -> bytes:
            configured.append(answer_hello(hello, slot, key, assignment, self._wire_versions))
            return control.encode(configured[0])[control.LENGTH_BYTES :]

        spec = SandboxSpec(
            slot=slot.path, data=self._data, module="node.vault", pycache=slot.pycache,
            capabilities=slot.capabilities, must_shut_off=self._must_shut_off,
        )  # fmt: skip
        try:
            child = await Child.start(
                spec,
                configure=configure,
                decode=control.decode_report,
                on_report=partial(_hear, key, on_report),
                log=self._log,
                name="vault",
            )
        except ChildNotStarted as error:
            raise OSError(str(error)) from error
        except ChildError as error:
            if isinstance(error.__cause__, NoCommonVersion):
                raise TooFarApart(str(error)) from error
            raise (VaultLate if isinstance(error, ChildTimeout) else VaultUnavailable)(str(error)) from error
        return VaultRun(child, key, self._log, configured[0].control_version)

    async def take_over(self, handed: HandedRun, on_report: Callable[[control.Report], None]) -> Run:
        """Go on with the run of the program before.

        Raises:
            VaultUnavailable: It has ended, or speaks no control version of ours; it is ended.
            OSError: Its log cannot be opened; it is ended.
        """
        key = handed.key
        try:
            child = await Child.take_over(
                handed.child,
                decode=control.decode_report,
                on_report=partial(_hear, key, on_report),
                log=self._log,
                name="vault",
            )
        except (ChildError, ControlError) as error:
            raise VaultUnavailable(str(error)) from error
        if handed.control_version not in CONTROL_VERSIONS:
            await child.stop(EXIT_S)
            raise VaultUnavailable(texts.no_common_control((handed.control_version,)))
        return VaultRun(child, key, self._log, handed.control_version)


def _hear(key: RunKey, on_report: Callable[[control.Report], None], report: control.Report) -> None:
    if isinstance(report, control.Listening):
        check_record(report.record, key)  # what it raises ends the vault
    on_report(report)


class VaultRun:
    """A vault process behind its control channel; fulfils ``Run``."""

    def __init__(self, child: Child[control.Report], key: RunKey, log: Path, control_version: int) -> None:
        self._child = child
        self._control_version = control_version
        self._log = log
        self.key = key

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def report(self) -> SandboxReport:
        return self._child.report

    @property
    def exited(self) -> asyncio.Future[int]:
        return self._child.exited

    async def ask(self, make: Callable[[int], control.Command], timeout_s: float = ASK_S) -> control.Report:
        """Send a command and return its answer.

        Raises:
            RequestRefused: The vault did not carry it out, or is too old to know it.
            VaultUnavailable: It did not answer in time (VaultLate), or ended.
        """

        def build(number: int) -> control.Command:
            command = make(number)
            if control.SINCE_VERSION.get(type(command), 1) > self._control_version:
                raise RequestRefused(UNKNOWN_COMMAND, texts.vault_too_old())  # it would end for what it cannot read
            if isinstance(command, control.Scan) and self._control_version < PAGED_SCAN_SINCE:
                return control.Scan(number)  # it names all that it has at once, or fails
            if isinstance(command, FetchRankTables):
                return command_of(command, self._control_version)
            return command

        try:
            return await self._child.ask(build, timeout_s)
        except ChildFailed as error:
            raise RequestRefused(error.code, error.message) from error
        except TimeoutError as error:
            raise VaultLate(texts.vault_slow(timeout_s)) from error
        except ChildError as error:
            raise VaultUnavailable(str(error)) from error

    async def drain(self, handover_s: float = 0.0) -> None:
        """Let the vault hand its chunks over and finish what it does, and see it end, one way or the other."""
        with contextlib.suppress(RequestRefused, VaultUnavailable):  # it is ended below all the same
            await self.ask(lambda number: control.Drain(number, handover_s), handover_s + DRAIN_S)
        await self._child.stop(EXIT_S)

    async def hand_on(self) -> HandedRun:
        """Let go of the vault, which goes on, for the program that this process becomes next.

        Raises:
            VaultUnavailable: It cannot be handed on.
        """
        try:
            return HandedRun(await self._child.hand_on(), self._control_version, self.key)
        except ChildError as error:
            raise VaultUnavailable(str(error)) from error

    def kill(self) -> None:
        self._child.kill()

    def usage(self) -> Usage:
        """What the vault has used so far.

        Raises:
            VaultUnavailable: It has ended.
        """
        try:
            return self._child.usage()
        except ChildError as error:
            raise VaultUnavailable(str(error)) from error

    def last_words(self) -> str:
        """Why the vault was ended here, or else the last line of its log, made harmless.  Blocking, but short."""
        return self._child.fault or last_line(self._log)


class NoCommonVersion(ControlError):
    """As TooFarApart, where a child's first word is read."""


def answer_hello(
    content: bytes, slot: Slot, key: RunKey, assignment: Assignment, wire_versions: Collection[int] = ()
) -> control.Configure:
    """Check the vault's first frame; return what answers it.

    Raises:
        ControlError: It is no Hello, or from another tree than the slot's.
        NoCommonVersion: It has no control version of ours, or speaks with others in none of these ``wire_versions``.
    """
    hello = control.decode_report(content)
    if not isinstance(hello, control.Hello):
        raise ControlError(texts.not_hello(type(hello).__name__))
    if hello.tree_hash != slot.tree_hash:
        raise ControlError(texts.slot_mismatch(slot.tree_hash, hello.tree_hash))
    version = common_version(hello)
    if wire_versions and not set(wire_versions) & set(hello.wire_versions):
        raise NoCommonVersion(texts.no_common_wire(hello.wire_versions[:8]))
    return control.Configure(
        control_version=version,
        network=assignment.network,
        transport_seed=key.seed,
        certificate=key.certificate,
        bind=assignment.bind,
        quota_bytes=assignment.quota_bytes,
        contacts=assignment.contacts,
        head=assignment.head,
        pace=assignment.pace,
        is_standby=assignment.is_standby,
        introductions=assignment.introductions,
        is_discovering=assignment.is_discovering,
        limits=assignment.limits if version >= LIMITS_SINCE else None,
    )


def common_version(hello: control.Hello) -> int:
    """The best control version that the child and this supervisor both speak.

    Raises:
        NoCommonVersion: There is none.
    """
    for version in CONTROL_VERSIONS:
        if version in hello.control_versions:
            return version
    raise NoCommonVersion(texts.no_common_control(hello.control_versions[:8]))


def check_record(record: bytes, key: RunKey) -> None:
    """Check that the record a vault gives of itself is under the certificate that this run was given.

    Under its twin's record it would be judged by what the twin does.

    Raises:
        ControlError: It is not.
    """
    if len(record) > RECORD_BYTES_MAX:  # it is kept, and given to the twins of a trial
        raise ControlError(texts.not_its_record())
    try:
        given = msgspec.msgpack.decode(key.certificate, type=Certificate)
        stated = msgspec.msgpack.decode(record, type=PeerRecord).certificate
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ControlError(texts.not_its_record()) from error
    if (stated.vault_id, stated.transport_key) != (given.vault_id, given.transport_key):
        raise ControlError(texts.not_its_record())


async def stood_by(run: Run) -> None:
    """Return once a standby vault has opened its store.

    It answers that it does no work yet: it opens the store before it answers anything.

    Raises:
        RequestRefused, VaultUnavailable: It could not, or ended; VaultLate if neither.
    """
    try:
        await run.ask(control.GetState, OPEN_S)
    except RequestRefused as error:
        if error.code != STANDBY_CODE:
            raise
    except VaultUnavailable as error:
        raise await _absent(run, error) from error


async def activate(run: Run, listening: asyncio.Event, timeout_s: float) -> None:
    """Make a standby vault take up work; return once it listens.

    Raises:
        RequestRefused, VaultUnavailable: It did not, or ended; VaultLate if neither.
    """
    try:
        await run.ask(control.Activate, timeout_s)
    except VaultUnavailable as error:
        raise await _absent(run, error) from error
    await reachable(run, listening, timeout_s)


async def reachable(run: Run, listening: asyncio.Event, timeout_s: float) -> None:
    """Return once the vault listens; it may say so before or after it is done with what made it listen.

    Raises:
        VaultUnavailable: It ended, or did not listen in time (VaultLate).
    """
    hearing = asyncio.create_task(listening.wait())
    try:
        await asyncio.wait((hearing, run.exited), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hearing.cancel()
    if not listening.is_set():
        raise await _absent(run, VaultLate(texts.vault_not_listening(timeout_s)))


async def _absent(run: Run, why: VaultUnavailable) -> VaultUnavailable:
    """What to say of a vault that is not there: how it ended, if it did, else ``why``."""
    if not run.exited.done():
        return why
    return VaultUnavailable(texts.vault_ended(run.exited.result(), await asyncio.to_thread(run.last_words)))


def last_line(log: Path) -> str:
    """The last line of a log that a vault wrote, printable and short; "" if there is none.  Blocking, but short."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_WORDS_BYTES))
            lines = file.read(LAST_WORDS_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return ""
    bare = (line.strip(FRAME_OF_TRACEBACKS) for line in reversed(lines))
    words = next((line for line in bare if line), "")
    bare_words = LOG_PREFIX.sub("", words)
    return "".join(c if c.isprintable() else "?" for c in bare_words)[:LAST_WORDS_CHARACTERS_MAX]


def same_port(bind: str, record: bytes) -> str:
    """``bind`` with the port at which ``record`` says the vault was reached, so that its peers find it again."""
    try:
        addresses = msgspec.msgpack.decode(record, type=PeerRecord).addresses
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return bind
    host, _, port = bind.rpartition(":")
    if port != "0":
        return bind
    for address in addresses:
        known, _, known_port = address.rpartition(":")
        is_port = known_port.isascii() and known_port.isdigit() and int(known_port) in FREE_PORTS
        if (known == host or host in NO_HOST) and is_port:
            return f"{host}:{known_port}"
    return bind
