"""The launcher of a whole program that is tried out: gives up what it shall not have, says so, becomes the program.

It runs as ``python -I -S -B`` from the app slot, reads one JSON order from its arguments (``program.ProgramSpec``) and
writes what is in force into a file.  A step that this machine cannot do is written down there, and the program starts
all the same: it is for whoever started it to decide what that is good for.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from node.sandbox import linux, namespace
from node.sandbox.launch import EXIT_NOT_STARTED

FILE_MODE = 0o600
# Each of its processes gets more than any app needs, and less than what stops a computer.
MEMORY_BYTES_MAX = 4 << 30
FILE_BYTES_MAX = 1 << 30
OPEN_FILES_MAX = 1 << 16


def main() -> None:
    """Carry out the order in the last argument; returns only by an exception."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    try:
        os.umask(0o077)
        os.chdir(order["home"])
        facts = os.open(order["facts"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)  # it cannot be opened later
        os.write(facts, json.dumps(hold(order)).encode())
        os.execve(order["command"][0], order["command"], order["environment"])  # noqa: S606  no shell is wanted
    except OSError as error:
        sys.stderr.write(f"it cannot be held, or started: {error}\n")
        sys.stderr.flush()
        os._exit(EXIT_NOT_STARTED)


def hold(order: dict[str, Any]) -> dict[str, Any]:
    """Hold this process to the order as far as the kernel can; return what is in force.

    Raises:
        ProcessLookupError: Whoever started it is gone.
    """
    missing: list[str] = []

    def attempt(what: str, step: Callable[[], None]) -> bool:
        try:
            step()
        except ProcessLookupError:
            raise
        except (OSError, ValueError) as error:
            missing.append(f"{what}: {error}")
            return False
        return True

    attempt("sockets of others", lambda: _hide(order))
    attempt("capabilities", linux.drop_capabilities)
    attempt("limits", _limit)
    attempt("end with whoever started it", lambda: linux.end_with_parent(order["parent_pid"]))
    attempt("no new privileges", linux.forbid_new_privileges)
    abi = linux.landlock_abi()
    is_filed = abi >= linux.ABI_MIN and attempt(
        "Landlock", lambda: linux.restrict_files(order["grants"], abi, may_connect=False)
    )
    return {"files": is_filed, "landlock_abi": abi, "missing": missing}


def _limit() -> None:
    """Raises OSError, ValueError: A limit could not be set."""
    linux.limit_resources(memory_bytes=MEMORY_BYTES_MAX, file_bytes=FILE_BYTES_MAX, open_files=OPEN_FILES_MAX)


def _hide(order: dict[str, Any]) -> None:
    """Hide the folders in which others listen, but for what the program needs of them.  Raises OSError."""
    grants = order["grants"]
    kept = [path for kind, paths in grants.items() if kind != "list" for path in paths]
    namespace.hide(order["hidden"], [*kept, *order["prefixes"]])
    os.chdir(order["home"])  # by the way from before all would still be seen
