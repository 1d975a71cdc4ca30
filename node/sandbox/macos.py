"""What macOS can hold a process to: a profile that ``sandbox-exec`` applies, and limits.

NEVER TRIED: nobody has run this on a Mac yet.  The text of the profile is tested, what macOS makes of it is not.
So the launcher rehearses first: a program of ours runs in the very same profile and tries what a vault must be able
to do, and a few things that must fail.  Only if all of it ends as wanted is a child started in the profile; else it
starts as it did before there was one, and the report says why.

Left open: memory (RLIMIT_AS counts what macOS itself maps into every program, several GB), and outliving the
supervisor.  Standard library only; blocking.

Source: sandbox-exec(1), setrlimit(2), the profiles in /System/Library/Sandbox/Profiles.
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterable
from typing import Any, Final

from node.sandbox.agreed import DETAIL_CHARACTERS_MAX, REHEARSAL_S_MAX

SANDBOX_EXEC: Final = "/usr/bin/sandbox-exec"

# Who hands out keys and passwords, and who starts programs for others.
SERVICES_REFUSED: Final = (
    "com.apple.SecurityServer",
    "com.apple.securityd",
    "com.apple.securityd.xpc",
    "com.apple.secd",
    "com.apple.ctkd.token-client",
    "com.apple.coreservices.launchservicesd",
    "com.apple.coreservices.appleevents",
    "com.apple.pasteboard.1",
)
# What may be done below a path, by the kind of grant (``SandboxSpec.grants``).  In "keep" files can be moved in and
# removed, but what lies there cannot be written to.
GRANTS: Final = {
    "read": ("file-read*",),
    "list": ("file-read*",),
    "run": ("file-read*", "process-exec"),
    "device": ("file-read*", "file-write-data"),
    "write": ("file-read*", "file-write-data", "file-write-create", "file-write-unlink"),
    "keep": ("file-read*", "file-write-create", "file-write-unlink"),
}
BELOW: Final = {"read", "write", "keep"}  # kinds that hold for all that lies below the path
PLAIN_FILES_ONLY: Final = {"file-write-create"}  # no folders, links, pipes

# Arguments: the folders in which files can be made, then modules to load, parted by an empty one.
REHEARSAL: Final = """\
import asyncio, importlib, os, socket, sys
split = sys.argv.index("")
folders, modules = sys.argv[1:split], sys.argv[split + 1:]
for name in modules:
    importlib.import_module(name)
asyncio.run(asyncio.sleep(0))
first, last = (os.path.join(folder, "rehearsal") for folder in (folders[0], folders[-1]))
with open(first, "wb") as file:
    file.write(b"x")
    os.fsync(file.fileno())
os.rename(first, last)
with open(last, "rb") as file:
    file.read()
os.unlink(last)
def refused(action):
    try:
        action()
    except OSError:
        return
    sys.exit("the profile holds nothing back")
refused(lambda: os.listdir("/Users"))
refused(lambda: open("beside", "wb"))
refused(lambda: os.fork() or os._exit(0))
refused(lambda: socket.create_connection(("127.0.0.1", 22), 1))
"""
BIND: Final = "with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:\n    own.bind(('127.0.0.1', 0))\n"


def profile(grants: dict[str, list[str]], *, udp: bool, tcp: bool) -> str:
    """The profile for these grants; in it the last rule that fits decides."""
    rules = [
        "(version 1)",
        "(deny default)",
        '(import "system.sb")',  # what every program needs to come up; it differs from version to version
        _rule("deny", "mach-lookup", (f"(global-name {_quoted(name)})" for name in SERVICES_REFUSED)),
        "(deny network*)",
        "(deny process-exec*)",
        "(deny process-fork)",
        "(deny signal)",
        "(allow signal (target self))",
        "(allow sysctl-read)",
        "(allow file-read-metadata)",
        '(allow file-read-data (literal "/"))',
    ]
    rules += [
        _rule("allow", operation, (_filter(kind, operation, path) for path in paths))
        for kind, paths in grants.items()
        for operation in (GRANTS[kind] if paths else ())
    ]
    if udp:
        rules += [
            '(allow network-outbound (remote udp "*:*"))',
            '(allow network-inbound (local udp "*:*"))',
            '(allow network-bind (local udp "*:*"))',
            "(allow system-socket (socket-domain AF_ROUTE))",  # at which addresses this computer is reached
        ]
    if tcp:
        rules.append('(allow network-outbound (remote tcp "*:*"))')
    return "\n".join(rules) + "\n"


def contain(order: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Set the limits and rehearse the profile; return what will be in force, and the command that starts the child."""
    missing = ["memory: there is no limit to it"]
    try:
        limit_resources(file_bytes=order["file_bytes"], open_files=order["open_files"])
    except (OSError, ValueError) as error:
        missing.append(f"limits: {error}")
    text = profile(order["grants"], udp=order["udp"], tcp=order["tcp"])
    trouble = rehearse(text, order)
    is_held = not trouble
    if trouble:
        missing.append(f"sandbox-exec: {trouble}")
    facts = {
        "landlock_abi": 0,
        "files": is_held,
        "scopes": is_held,
        "tcp": is_held and not order["tcp"],
        "udp": is_held and not order["udp"],
        "seccomp": False,
        "memory_bytes": None,
        "is_root": os.geteuid() == 0,
        "has_capabilities": False,
        "is_tried": False,
        "missing": missing,
    }
    return facts, [*(contained(text) if is_held else ()), *order["command"]]


def contained(text: str) -> list[str]:
    """What stands before a command that is to run in the profile ``text``."""
    return [SANDBOX_EXEC, "-p", text]


def rehearse(text: str, order: dict[str, Any]) -> str:
    """Run REHEARSAL in the profile; return why a child must not be started in it, "" if it may."""
    code = REHEARSAL if not order["udp"] else REHEARSAL + BIND
    program = [order["command"][0], "-I", "-B", "-c", code, *order["folders"], "", *order["modules"]]
    if order["tcp"]:
        return "connecting by TCP cannot be rehearsed"
    try:
        done = subprocess.run(
            [*contained(text), *program],
            env=order["environment"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=REHEARSAL_S_MAX,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)[:DETAIL_CHARACTERS_MAX]
    words = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return "" if done.returncode == 0 else words[:DETAIL_CHARACTERS_MAX] or f"it ended with {done.returncode}"


def limit_resources(*, file_bytes: int, open_files: int) -> None:
    """Limit the largest file and the number of open ones; no core files.

    Raises:
        OSError, ValueError: A limit could not be set.
    """
    for name, value in (
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_CORE, 0),  # a core file would hold the transport key
    ):
        hard = resource.getrlimit(name)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (allowed, allowed))


def _rule(verdict: str, operation: str, filters: Iterable[str]) -> str:
    return f"({verdict} {operation}\n" + "\n".join(f"    {one}" for one in filters) + ")"


def _filter(kind: str, operation: str, path: str) -> str:
    place = f"({'subpath' if kind in BELOW else 'literal'} {_quoted(path)})"
    return f"(require-all {place} (vnode-type REGULAR-FILE))" if operation in PLAIN_FILES_ONLY else place


def _quoted(text: str) -> str:
    """A string of the profile's language, in which nothing of a path can end it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
