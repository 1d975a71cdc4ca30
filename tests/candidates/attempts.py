"""Candidates that reach for what the sandbox keeps from them: what counts is that it comes to nothing.

Each tries at every start, logs what came of it, and is for the rest as good as the current version.  Whether it
is promoted is therefore all the same: promoted, it is held by the same sandbox.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent
from typing import Final

from node.practice.releases import Change
from tests.candidates.rows import Row, Traces

PLANTED: Final = "planted"
REFUSED: Final = "is refused"
SUCCEEDED: Final = "has succeeded"
LOGS: Final = ("twins.log", "vault.log")

_RUN: Final = '    return run_to_its_end("vault", Process(channel).run(), channel)\n'
_MAIN: Final = "def main() -> int:\n"


_FRAME: Final = """\
def _attempt() -> None:
    import os
    import socket

    steps = []
{steps}
    for number, step in enumerate(steps):
        try:
            step()
        except FileNotFoundError:
            continue
        except OSError as error:
            logger.warning("{name} %d {refused}: %s", number, error)
        else:
            logger.warning("{name} %d {succeeded}", number)


"""


def _attempt(name: str, does: str, steps: str) -> Row:
    """``steps`` are lines that fill a list with calls; one that raises OSError was refused."""
    lines = indent(dedent(steps).strip(), "    ")
    frame = _FRAME.format(name=name, steps=lines, refused=REFUSED, succeeded=SUCCEEDED)
    changes = (
        Change("__main__.py", _MAIN, frame + _MAIN),
        Change("__main__.py", _RUN, "    _attempt()\n" + _RUN),
    )
    return Row(name, does, changes, "anything", is_attempt=True)


ATTEMPTS: Final = (
    _attempt(
        "reaches-outside",
        "reads the farm's key and the system's users, and writes beside its folder",
        f"""
        steps += [Path("/etc/passwd").read_bytes, lambda: os.listdir("/home")]
        for folder in Path.cwd().parents:
            steps.append((folder / "state" / "vault_id.key").read_bytes)
            steps.append(lambda folder=folder: (folder / "{PLANTED}").write_bytes(b"x"))
        """,
    ),
    _attempt(
        "opens-tcp",
        "calls home by TCP, and listens",
        """
        def call():
            socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect_ex(("127.0.0.1", 9))

        def listen():
            caller = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
            caller.bind(("::1", 0))
            caller.listen()

        steps += [call, listen]
        """,
    ),
    _attempt(
        "spawns-a-process",
        "starts a copy of itself and a program",
        """
        steps.append(lambda: getattr(os, "fo" + "rk")() or os._exit(0))
        steps.append(lambda: getattr(os, "posix_" + "spawn")(sys.executable, [sys.executable, "-c", "0"], {}))
        """,
    ),
    _attempt(
        "reads-the-session-bus",
        "asks the desktop for the secrets that it keeps",
        """
        def ask(address):
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect(address)

        for address in (f"/run/user/{os.getuid()}/bus", "/run/dbus/system_bus_socket", chr(0) + "/tmp/.X11-unix/X0"):
            steps.append(lambda address=address: ask(address))
        """,
    ),
    _attempt(
        "hinders-others",
        "gives who started it a lower priority and one processor, as it would its twin",
        """
        steps.append(lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 5))
        steps.append(lambda: os.sched_setaffinity(os.getppid(), {0}))
        steps.append(lambda: os.kill(os.getppid(), 0))
        """,
    ),
)


def traces(row: Row, homes: list[Path]) -> Traces:
    """What the row's attempts left in these homes.  Blocking."""
    if not row.is_attempt:
        return Traces()
    files = [home / "logs" / name for home in homes for name in LOGS if (home / "logs" / name).exists()]
    lines = [
        line for file in files for line in file.read_text(errors="replace").splitlines() if f" {row.name} " in line
    ]
    planted = [str(path) for home in homes for path in home.parent.rglob(PLANTED)]
    return Traces(
        sum(f" {REFUSED}:" in line for line in lines),
        tuple(line for line in lines if line.endswith(SUCCEEDED)),
        tuple(sorted(set(planted))),
    )
