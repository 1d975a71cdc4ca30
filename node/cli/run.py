"""``perennial run``: supervisor and vault without a window, until stopped."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final, Literal, get_args

import click

from node.api import texts
from node.api.client import ApiError, Client, NotRunning
from node.api.schema import KeyPlace, Status
from node.api.server import ApiServer
from node.cli.asking import NoAnswer, ask, ask_secret
from node.cli.commands import UNANSWERED
from node.cli.common import PATH, UNTIL_EOF_OPTION, Failure, Unsaid, fail, print_json, shared_options, tell, watch_input
from node.cli.ending import once_for_each_wish, told_to_end
from node.cli.settings import size_of
from node.sandbox.piped import CAN_TAKE_OVER
from node.supervisor import keys, launched, succession
from node.supervisor.copies import note_start
from node.supervisor.errors import NewPassphraseWanted, PassphraseWanted, PortInUse, SupervisorError
from node.supervisor.genesis import Wanted, open_or_make, read_network, shipped_network
from node.supervisor.holding import Holding
from node.supervisor.home import Home, Lock
from node.supervisor.settings import QUOTA_BYTES_DEFAULT
from node.supervisor.succession import Inheritance
from node.supervisor.supervisor import Supervisor
from node.supervisor.switching import IN_USE
from node.update.errors import UpdateError
from node.update.files.programs import RESTART_CODE
from node.update.files.starting import Installation

UP_S_MAX: Final = 20.0  # after so long it is said how it stands, whether the vault is up or not
LOG_BYTES_MAX: Final = 1 << 20
LOGS_KEPT: Final = 2


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Manner:
    """How the node runs."""

    is_json: bool
    is_until_eof: bool

    def arguments(self, home: Path) -> list[str]:
        """Those of a program that goes on in the same manner."""
        until_eof, json = ["--until-eof"] * self.is_until_eof, ["--json"] * self.is_json
        return ["run", "--home", str(home), *until_eof, *json]


@click.command()
@click.option("--network", type=PATH, metavar="FILE", help="Make the home first, for the network of this file.")
@click.option("--join", "is_joining", is_flag=True, help="Make the home first, for the network of this program.")
@click.option(
    "--fingerprint", metavar="HEX", help="The network's, as its people told you; asked for if it is not given."
)
@click.option(
    "--keys", "key_place", type=click.Choice(get_args(KeyPlace)),
    help="Where a home that is made keeps its key: the system's keyring (if nothing is said), a file behind a"
    " passphrase, or an unprotected file, with which the node starts unattended.",
)  # fmt: skip
@click.option(
    "--quota",
    metavar="SIZE",
    help="How much of the disk a home that is made may take, such as 100GB; 20 GiB by default.",
)
@UNTIL_EOF_OPTION
@click.option(
    succession.OPTION, "succeeded", type=int, hidden=True,
    help="Go on with what this process did as another program, which has handed it on in this descriptor.",
)  # fmt: skip
@shared_options
def run(
    home: Path,
    network: Path | None,
    fingerprint: str | None,
    key_place: KeyPlace | None,
    quota: str | None,
    is_joining: bool,
    is_json: bool,
    is_until_eof: bool,
    succeeded: int | None,
) -> None:
    """Run the node without a window, until stopped."""
    manner = Manner(is_json=is_json, is_until_eof=is_until_eof)
    if succeeded is not None:
        _go_on(home, succeeded, manner)
        return
    _check_usage(is_named=network is not None, is_joining=is_joining, fingerprint=fingerprint, quota=quota)
    try:
        wanted = Wanted(key_place or "keyring", size_of(quota) if quota is not None else QUOTA_BYTES_DEFAULT)
        if network is not None:
            root = read_network(network, fingerprint or _fingerprint(is_json=is_json))
            opened = open_or_make(home, root, wanted)
        else:
            opened = open_or_make(home, shipped_network(), wanted) if is_joining else Home.open(home)
        keys.check_place(opened, key_place)
        with opened.lock():  # what stands in the way is told before anybody is asked
            _check_port(opened.marker.bind)
            asked = keys.wanted_passphrase(opened)
        passphrase = _passphrase(asked)  # without the lock: a person may think for hours
        with opened.lock() as lock:
            _check_port(opened.marker.bind)
            _log_to(opened.logs / "supervisor.log")
            asyncio.run(_run(opened, lock, partial(keys.load, opened, os.urandom, passphrase=passphrase), manner))
    except (SupervisorError, UpdateError) as error:
        fail(error, is_json=is_json, exit_code=launched.exit_code(error, Installation.here()))
    except OSError as error:
        fail(OSError(f"{home} cannot be used: {error.strerror or error}."), is_json=is_json)


def _check_usage(*, is_named: bool, is_joining: bool, fingerprint: str | None, quota: str | None) -> None:
    """Refuse options that would do nothing.  Raises click.UsageError."""
    if is_named and is_joining:
        raise click.UsageError("--network names another network than --join; say one of them.")
    if fingerprint is not None and not is_named:
        raise click.UsageError("--fingerprint is that of the file which --network names.")
    if quota is not None and not (is_named or is_joining):
        raise click.UsageError(
            "--quota is for a home that is made first, by --network or --join; that of one which is there is changed"
            " by perennial settings set quota_bytes."
        )


def _fingerprint(*, is_json: bool) -> str:
    try:
        return ask("Fingerprint of the network, as its people told you")
    except NoAnswer as error:
        raise Failure("unanswered", f"{UNANSWERED[:-1]}: {error}.", is_json=is_json) from error


def _passphrase(wanted: Literal["", "new", "known"]) -> str:
    """Ask for the passphrase that is wanted.

    Raises:
        PassphraseWanted, NewPassphraseWanted: Nobody is there to ask.
    """
    if not wanted:
        return ""
    try:
        return ask_secret("New passphrase" if wanted == "new" else "Passphrase", is_new=wanted == "new")
    except NoAnswer as error:
        lacking = NewPassphraseWanted if wanted == "new" else PassphraseWanted
        raise lacking(texts.passphrase_needed(str(error))) from error


def _check_port(bind: str) -> None:
    """Look whether the home's port can be had, so that whoever starts the node hears it at once.

    Later the port may be taken all the same: then the node stays up, says so, and tries again.

    Raises:
        PortInUse: Another program has it.
    """
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            raise PortInUse(texts.port_in_use(bind)) from error


def _go_on(home: Path, succeeded: int, manner: Manner) -> None:
    """Go on as the program that this process has become."""
    try:
        opened = Home.open(home)
        inheritance = succession.inherit(succeeded, opened.path)
        with opened.lock(inheritance.lock) as lock:
            _log_to(opened.logs / "supervisor.log")

            async def inherited() -> keys.Keys:
                return keys.inherited(opened, inheritance.seed, os.urandom)

            asyncio.run(_run(opened, lock, inherited, manner, inheritance))
    except (SupervisorError, UpdateError) as error:
        fail(error, is_json=manner.is_json, exit_code=launched.exit_code(error, Installation.here()))


async def _run(
    home: Home,
    lock: Lock,
    load_keys: Callable[[], Awaitable[keys.Keys]],
    manner: Manner,
    inheritance: Inheritance | None = None,
) -> None:
    supervisor = Supervisor(home, await load_keys(), random=random.SystemRandom(), inheritance=inheritance)
    server = ApiServer(supervisor, home.socket)

    def moved() -> None:
        log_anew()
        supervisor.home_moved()

    start_anew = partial(supervisor.vault.switch, IN_USE)
    holding = Holding(home, lock, server.follow, lambda: supervisor.stop(0.0), moved, start_anew)
    await asyncio.to_thread(note_start, home)
    await server.start(inheritance.socket if inheritance is not None else None)
    try:
        if manner.is_until_eof:  # whoever started this ends with all others that it started: nobody is left for chunks
            watch_input(lambda: supervisor.stop(0.0))

        def stop() -> None:
            supervisor.stop()
            if not manner.is_json:
                tell(supervisor.status().sentence)

        with _stopped_by_signals(stop):
            is_told = inheritance is not None  # by the program before
            saying = None if is_told else asyncio.create_task(_say_when_up(supervisor, is_json=manner.is_json))
            proving = asyncio.create_task(_prove(supervisor))
            keeping_up = asyncio.create_task(holding.keep_up())
            await supervisor.run(holding.hold_on)
            for task in (saying, proving, keeping_up):
                if task is not None:
                    task.cancel()
            if holding.lost is not None:
                raise holding.lost
            if supervisor.successor is not None:
                await _become(supervisor, server, lock, manner)
        if not manner.is_json and (said := supervisor.farewell()):
            tell(said)
    finally:
        await server.stop()


async def _prove(supervisor: Supervisor) -> None:
    """Tell the launcher that started this, if one did, once all is well."""

    async def ask() -> Status | None:
        try:
            async with Client(supervisor.home.path) as client:
                return await client.status()
        except (NotRunning, ApiError):
            return None

    if Installation.here() is not None:
        await launched.prove(
            supervisor.home.slots,
            ask,
            lambda: supervisor.vault.is_listening,
            lambda: not supervisor.updates_trouble.sentence,
        )


async def _become(supervisor: Supervisor, server: ApiServer, lock: Lock, manner: Manner) -> None:
    """Become the program that is wanted, with the vault going on; where that cannot be, end so that it is started."""
    assert supervisor.successor is not None
    home = supervisor.home
    installation = Installation.here()
    if CAN_TAKE_OVER and installation is not None:
        arguments = manner.arguments(home.path)
        command = await asyncio.to_thread(installation.command, home.slots, supervisor.successor, arguments)
        socket_handed = await server.hand_on()
        vault = await supervisor.vault.hand_on()
        if supervisor.vault.is_stopping:  # somebody wants an end after all
            return
        inheritance = Inheritance(
            str(home.path), supervisor.keys.seed, lock.descriptor, socket_handed, supervisor.events.newest, vault
        )
        try:
            succession.become(command, inheritance)
        except OSError as error:
            log.warning("not become program=%s reason=%s", supervisor.successor, error)
    sys.exit(RESTART_CODE)


async def _say_when_up(supervisor: Supervisor, *, is_json: bool) -> None:
    """Print one line once the vault is reachable, or how it stands when that takes long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(UP_S_MAX):
            await supervisor.vault.wait_until_settled()
    status, home = supervisor.status(), supervisor.home.path
    if not is_json:
        tell(f"Perennial runs on {home} (farm {status.farm}): {status.sentence}")
        return
    with contextlib.suppress(Unsaid):
        print_json(
            {"home": str(home), "pid": os.getpid(), "vault_id": supervisor.keys.vault_id.hex(), "status": status}
        )


@contextlib.contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    loop, numbers = asyncio.get_running_loop(), told_to_end()
    told = once_for_each_wish(stop, loop.time)
    if sys.platform == "win32":  # there only the interpreter itself hears signals
        for number in numbers:
            signal.signal(number, lambda number, _: loop.call_soon_threadsafe(told, number))
        yield
        return
    for number in numbers:
        loop.add_signal_handler(number, told, number)
    yield
    for number in numbers:
        loop.remove_signal_handler(number)


def _log_to(path: Path) -> None:
    """Write the log, in UTC, to a file that never grows beyond LOG_BYTES_MAX (and LOGS_KEPT old ones)."""
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES_MAX, backupCount=LOGS_KEPT, encoding="utf-8")
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("tuf").setLevel(logging.WARNING)  # it tells of each pod that did not sign, which is usual


def log_anew() -> None:
    """Write on under the log's name: on a disk that was plugged in again another file bears it."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, RotatingFileHandler):
            with contextlib.suppress(OSError):  # of a disk that is gone
                handler.close()  # the next line opens what is there
