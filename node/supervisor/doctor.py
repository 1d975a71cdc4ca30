"""Looks at what a node needs of its computer: what works, what is enforced, what is lacking.

It changes nothing, needs no home and no running node, and each look has its end.
"""

from __future__ import annotations

import asyncio
import platform
import shutil
import socket
import stat
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from node.api import doctor_texts, texts
from node.api.health import DOUBLED
from node.api.schema import Examination, Finding, FindingResult, Status
from node.keys import keyring
from node.keys.errors import KeyStoreError
from node.sandbox.report import SandboxReport, assess
from node.supervisor import fit_disk, space
from node.supervisor.errors import HomeError, HomeUnfinished
from node.supervisor.genesis import has_shipped_network
from node.supervisor.home import FOLDER_MODE, Home

PYTHON_OLDEST: Final = (3, 11)
PYTHON_NEWEST: Final = (3, 13)
KEYRING_S_MAX: Final = 5.0  # a locked one asks a person, who need not be there
PLACES: Final = {"passphrase": "in a file behind a passphrase", "unprotected": "unprotected in a file"}

AskKeyring = Callable[[], Awaitable[None]]


async def examine(
    folder: Path,
    status: Status | None,
    silence: str,
    api_port: int,
    *,
    assess_sandbox: Callable[[], SandboxReport] = assess,
    ask_keyring: AskKeyring = keyring.check,
    has_network: Callable[[], bool] = has_shipped_network,
) -> Examination:
    """Look at everything.  At most some seconds.

    Args:
        folder: The home, if there is one.
        status: What the node on it says; None while none runs.
        silence: Then why it does not answer, as a sentence.
        api_port: The port that the node answers on, 0 for none.
        assess_sandbox: Finds out what can be enforced; blocking.
        ask_keyring: Finds out whether the keyring answers.
        has_network: Finds out whether the program was made for a network; blocking.
    """
    report = await asyncio.to_thread(assess_sandbox)
    home, of_home = await asyncio.to_thread(_home, folder)
    found = (
        _python(),
        Finding("system", "ok", doctor_texts.system(f"{platform.system()} {platform.release()}", report.landlock_abi)),
        _sandbox(report, status),
        await _keyring(home, ask_keyring),
        of_home,
        await asyncio.to_thread(_disk, home, folder),
        *((await asyncio.to_thread(_port, home, status),) if home is not None else ()),
        *(_node(status, silence, api_port) if home is not None else ()),
    )
    free_bytes = await asyncio.to_thread(_free_bytes, folder)
    return Examination(doctor_texts.summary(found), found, free_bytes, await asyncio.to_thread(has_network))


def _python() -> Finding:
    oldest, newest = (".".join(map(str, version)) for version in (PYTHON_OLDEST, PYTHON_NEWEST))
    version = platform.python_version()
    if PYTHON_OLDEST <= sys.version_info[:2] <= PYTHON_NEWEST:
        return Finding("python", "ok", doctor_texts.python_fits(version))
    sentence = doctor_texts.python_differs(version, oldest, newest)
    return Finding("python", "bad", sentence, doctor_texts.other_python(oldest, newest))


def _sandbox(report: SandboxReport, status: Status | None) -> Finding:
    """What holds the vault that runs, or else what would hold one."""
    level, reasons = (report.level, report.reasons) if status is None else (status.sandbox, status.sandbox_reasons)
    sentence = doctor_texts.sandbox(level, reasons)
    if level == "full":
        return Finding("sandbox", "ok", sentence)
    return Finding("sandbox", "lacking", sentence, doctor_texts.better_sandbox(is_linux=sys.platform == "linux"))


async def _keyring(home: Home | None, ask: AskKeyring) -> Finding:
    if home is not None and home.key_place != "keyring":
        return Finding("keyring", "ok", doctor_texts.keyring_not_needed(PLACES[home.key_place]))
    is_needed = home is not None
    try:
        async with asyncio.timeout(KEYRING_S_MAX):
            await ask()
    except TimeoutError:
        slow = doctor_texts.keyring_slow(KEYRING_S_MAX)
        result: FindingResult = "bad" if is_needed else "unknown"
        return Finding("keyring", result, slow.sentence, doctor_texts.unlock_keyring(), slow.said)
    except KeyStoreError as error:
        advice = doctor_texts.unlock_keyring() if is_needed else doctor_texts.choose_key_place()
        return Finding("keyring", "bad" if is_needed else "lacking", str(error), advice, error.told.said)
    return Finding("keyring", "ok", doctor_texts.keyring_answers())


def _home(folder: Path) -> tuple[Home | None, Finding]:
    path = folder.expanduser().absolute()
    try:
        if not path.exists() or (path.is_dir() and not any(path.iterdir())):
            return None, Finding("home", "lacking", doctor_texts.no_home_yet(path), doctor_texts.make_home())
        home = Home.read(path)
        mode = stat.S_IMODE(path.stat().st_mode)
    except HomeUnfinished as error:
        return None, Finding("home", "lacking", str(error), doctor_texts.make_home(), error.told.said)
    except HomeError as error:
        return None, Finding("home", "bad", str(error), doctor_texts.home_bad(), error.told.said)
    except OSError as error:
        found = texts.unusable(path, error)
        return None, Finding("home", "bad", found.sentence, doctor_texts.home_bad(), found.said)
    has_modes = sys.platform != "win32"  # which there say nothing of who may enter
    if has_modes and mode & ~FOLDER_MODE:
        if not _keeps_modes(home):
            unfit = texts.unfit_disk(path)
            return home, Finding("home", "bad", unfit.sentence, doctor_texts.home_bad(), unfit.said)
        return home, Finding("home", "bad", doctor_texts.home_open(path), doctor_texts.home_is_closed_at_start())
    sentence = doctor_texts.home_whole(path, is_practice=home.is_practice, is_closed=has_modes)
    return home, Finding("home", "ok", sentence)


def _keeps_modes(home: Home) -> bool:
    try:
        return fit_disk.keeps_modes(home.state)
    except OSError:  # what is wrong with the disk is said of the disk
        return True


def _disk(home: Home | None, folder: Path) -> Finding:
    try:
        if home is None:
            return Finding("disk", "ok", doctor_texts.disk_of_nothing(shutil.disk_usage(_nearest(folder)).free))
        free_bytes = shutil.disk_usage(home.path).free
    except OSError as error:
        return Finding("disk", "unknown", doctor_texts.disk_unknown(error))
    trouble = space.trouble(home) if home.state.is_dir() else ""
    if trouble:
        return Finding("disk", "bad", doctor_texts.disk_bad(trouble), doctor_texts.mend_disk())
    return Finding("disk", "ok", doctor_texts.disk(free_bytes))


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(_nearest(folder)).free
    except OSError:
        return None


def _nearest(folder: Path) -> Path:
    """The folder, or the one above it that is there."""
    path = folder.expanduser().absolute()
    return next(place for place in (path, *path.parents) if place.is_dir())


def _port(home: Home, status: Status | None) -> Finding:
    if status is not None:
        return Finding("port", "ok", doctor_texts.port_held())
    bind = home.marker.bind
    host, _, port = bind.rpartition(":")
    if port == "0":
        return Finding("port", "ok", doctor_texts.port_any())
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host.strip("[]"), int(port)))
    except OSError:
        return Finding("port", "bad", texts.port_in_use(bind).sentence, doctor_texts.other_port())
    return Finding("port", "ok", doctor_texts.port_free(bind))


def _node(status: Status | None, silence: str, api_port: int) -> tuple[Finding, Finding]:
    if status is None:
        silent = Finding("api", "lacking", doctor_texts.api_silent(silence), doctor_texts.start_node())
        return silent, Finding("node", "lacking", silence, doctor_texts.start_node())
    is_bad = status.state == "problem"
    is_helped_so = is_bad and status.said != DOUBLED.said
    advice = doctor_texts.start_again() if is_helped_so else ""
    node = Finding("node", "bad" if is_bad else "ok", status.sentence, advice)
    return Finding("api", "ok", doctor_texts.api_answers(api_port)), node
