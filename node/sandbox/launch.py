"""The launcher: gives up every power that a child shall not have, says what is in force, becomes the child.

It runs from the app slot as ``python -I -S -B`` (no site-packages), reads one JSON order from its arguments
(``SandboxSpec.command``) and writes exactly one line of JSON to standard error: what is in force, or why it
did not start.  Everything after that line is the child's own.  Standard input and output are the control channel.

A step that this machine cannot do is reported, and the child starts all the same: it is for the supervisor to
decide what a less contained child may be used for, and a vault that runs must not end with an old kernel.  Only
what is tried out is not started at all where files would stay open to it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from node.sandbox import linux, seccomp
from node.sandbox.errors import STAY_OPEN

EXIT_NOT_STARTED = 70  # EX_SOFTWARE of sysexits.h


def main() -> None:
    """Carry out the order in the last argument; returns only by an exception."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    try:
        os.umask(0o077)
        os.chdir(order["data"])
        if os.getpid() != os.getsid(0):
            os.setsid()  # no controlling terminal: nothing can be typed into the farmer's shell
        make_folders(order["folders"])
        facts, command = hold(order)
        if order["must_shut_off"] and not facts["files"]:
            raise PermissionError(STAY_OPEN)
        sys.stderr.write(json.dumps(facts) + "\n")
        sys.stderr.flush()
        # Whoever ends a session or switches the computer off tells every process at once; a vault that ended then could
        # hand nothing over.  It ends when the supervisor says so, or is gone.
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.closerange(3, linux.DESCRIPTORS_MAX)
        os.execve(command[0], command, order["environment"])  # noqa: S606  no shell is wanted
    except OSError as error:
        sys.stderr.write(json.dumps({"error": str(error)}) + "\n")
        sys.stderr.flush()
        os._exit(EXIT_NOT_STARTED)


def hold(order: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Hold this process as this system can; return what is or will be in force, and the command to become.

    Raises:
        ProcessLookupError: The supervisor is gone.
    """
    if sys.platform == "darwin":
        from node.sandbox import macos  # noqa: PLC0415  # what it loads would slow down every start elsewhere

        return macos.contain(order)
    return contain(order), order["command"]


def make_folders(folders: list[str]) -> None:
    """Make the folders in which the child may make files: it could not make them itself.

    Raises:
        OSError: One cannot be made, or is something else than a folder.
    """
    for folder in folders:
        if os.path.islink(folder):  # noqa: PTH114  pathlib would cost more than the rest of the launcher
            raise NotADirectoryError(f"{folder} is a link")
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103  as above


def contain(order: dict[str, Any]) -> dict[str, Any]:
    """Hold this process to the order as far as the kernel can; return what is in force.

    Raises:
        ProcessLookupError: The supervisor is gone.
    """
    missing: list[str] = []

    def attempt(what: str, step: Callable[[], None]) -> bool:
        try:
            step()
        except ProcessLookupError:
            raise
        except (OSError, ValueError, NotImplementedError) as error:
            missing.append(f"{what}: {error}")
            return False
        return True

    limits = {name: order[name] for name in ("memory_bytes", "file_bytes", "open_files")}
    udp, tcp = order["udp"], order["tcp"]
    is_limited = attempt("memory limit", lambda: linux.limit_resources(**limits))
    has_no_powers = attempt("capabilities", linux.drop_capabilities)
    attempt("end with the supervisor", lambda: linux.end_with_parent(order["parent_pid"]))
    attempt("no new privileges", linux.forbid_new_privileges)
    newest = linux.landlock_abi()
    abi = newest if order["landlock_abi_max"] is None else min(newest, order["landlock_abi_max"])
    is_filed = abi >= linux.ABI_MIN and attempt(
        "Landlock", lambda: linux.restrict_files(order["grants"], abi, may_connect=tcp)
    )
    is_filtered = attempt("seccomp", lambda: seccomp.restrict_calls(udp=udp, tcp=tcp))
    return {
        "landlock_abi": abi,
        "files": is_filed,
        "scopes": is_filed and abi >= linux.ABI_SCOPES,
        "tcp": not tcp and (is_filtered or (is_filed and abi >= linux.ABI_TCP)),
        "udp": not udp and is_filtered,
        "seccomp": is_filtered,
        "memory_bytes": order["memory_bytes"] if is_limited else None,
        "is_root": os.geteuid() == 0,
        "has_capabilities": not has_no_powers,
        "is_tried": True,
        "missing": missing,
    }
