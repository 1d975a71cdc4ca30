"""What is in force around a child, honestly, in three levels.

full      files, signals and other processes, system calls and memory, as an ordinary user
partial   some of it; ``reasons`` says what is lacking
none      nothing
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from node.sandbox.agreed import EXECUTED
from node.sandbox.errors import ChildError, ChildNotStarted
from node.sandbox.spec import SandboxSpec, environment

SELF_TEST_S_MAX: Final = 30.0
PROBE_MODULE: Final = "node.sandbox.probe"
UNTRIED: Final = "this has never been tried on this system"

Level = Literal["full", "partial", "none"]


class SandboxReport(msgspec.Struct, frozen=True):
    """What a child is really held to.  ``tcp`` and ``udp``: there is none of it; else it is open to every address."""

    level: Level
    landlock_abi: int = 0
    files: bool = False
    tcp: bool = False
    signals: bool = False
    seccomp: bool = False
    udp: bool = False
    memory_bytes: int | None = None
    is_tried: bool = True  # on this operating system, by whoever made this
    reasons: tuple[str, ...] = ()


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the launcher says is in force; its line on standard error."""

    landlock_abi: int
    files: bool
    scopes: bool
    tcp: bool
    udp: bool
    seccomp: bool
    memory_bytes: int | None
    is_root: bool
    has_capabilities: bool
    is_tried: bool
    missing: tuple[str, ...]


class NotStarted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the launcher says when it cannot start the child."""

    error: str


class Outcome(msgspec.Struct, frozen=True):
    """One attempt of the self-test: ``probe.Outcome``, read back."""

    kind: Literal["work", "files", "others", "kernel", "tcp", "udp", "memory"]
    name: str
    is_allowed: bool
    detail: str

    @property
    def is_as_wanted(self) -> bool:
        return self.is_allowed == (self.kind == "work")


def assess() -> SandboxReport:
    """What this machine really enforces: the launcher's word, put to the test by trying to break out.

    Blocking, about 0.3 s.  The attempts are made for Linux; elsewhere it says at once that nothing is proven.
    """
    if sys.platform != "linux":
        return SandboxReport("none", is_tried=False, reasons=("there is a self-test for Linux only",))
    try:
        with tempfile.TemporaryDirectory(prefix="perennial-") as folder:
            spec = SandboxSpec(slot=Path(__file__).parents[2], data=Path(folder, "data"), module=PROBE_MODULE)
            report, outcomes = run_self_test(spec, Path(folder))
    except (ChildError, OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
        return SandboxReport("none", reasons=(f"the self-test did not run: {error}",))
    return confront(report, outcomes)


def run_self_test(spec: SandboxSpec, folder: Path) -> tuple[SandboxReport, list[Outcome]]:
    """Run the probe as ``spec`` says, with its bait in ``folder``; return what is said and what was found.  Blocking.

    Raises:
        ChildError: The launcher could not start it.
        OSError, subprocess.SubprocessError, msgspec.DecodeError: It did not come to an end.
    """
    spec.data.mkdir(mode=0o700, exist_ok=True)
    with bait_in(folder) as bait:
        done = subprocess.run(
            spec.command(),
            input=json.dumps(bait | {"may": asdict(spec.capabilities)}).encode(),
            env=environment(),
            capture_output=True,
            timeout=SELF_TEST_S_MAX,
            check=False,
        )
    line, _, noise = done.stderr.partition(b"\n")
    report = read_report(line)
    found, _, after = done.stdout.partition(b"\n")
    if not found:
        raise ChildError(f"the probe ended with {done.returncode}: {noise[-200:].decode('utf-8', 'backslashreplace')}")
    outcomes = msgspec.json.decode(found, type=list[Outcome])
    executed = Outcome("files", "run a foreign program", is_allowed=EXECUTED.encode() in after, detail="")
    return report, [*outcomes, executed]


def confront(report: SandboxReport, outcomes: Sequence[Outcome]) -> SandboxReport:
    """The report with everything taken back that the self-test disproved."""
    wrong = [outcome for outcome in outcomes if not outcome.is_as_wanted]
    if not wrong:
        return report
    kinds = {outcome.kind for outcome in wrong}
    could = "; ".join(outcome.name for outcome in wrong if outcome.is_allowed)
    could_not = "; ".join(outcome.name for outcome in wrong if not outcome.is_allowed)
    reasons = [*report.reasons]
    reasons += [f"inside, the self-test could: {could}"] if could else []
    reasons += [f"inside, the self-test could not: {could_not}"] if could_not else []
    checked = msgspec.structs.replace(
        report,
        files=report.files and "files" not in kinds,
        tcp=report.tcp and "tcp" not in kinds,
        udp=report.udp and "udp" not in kinds,
        signals=report.signals and "others" not in kinds,
        seccomp=report.seccomp and "kernel" not in kinds,
        memory_bytes=None if "memory" in kinds else report.memory_bytes,
        reasons=tuple(reasons),
    )
    is_anything = checked.files or checked.signals or checked.seccomp or checked.memory_bytes is not None
    return msgspec.structs.replace(checked, level="partial" if is_anything else "none")


def uncontained() -> SandboxReport:
    """The report for a system without a sandbox of ours."""
    return SandboxReport("none", reasons=(f"there is no sandbox for {sys.platform} yet",))


def read_report(line: bytes) -> SandboxReport:
    """The report in the launcher's line.

    Raises:
        ChildNotStarted: The launcher could not start the child, or the line is something else.
    """
    try:
        facts = msgspec.json.decode(line, type=Facts)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ChildNotStarted(f"the launcher failed: {_failure(line)}") from error
    return rate(facts)


def rate(facts: Facts) -> SandboxReport:
    """Turn what is in force into a level and the reasons why it is no better."""
    # The filter refuses signals to others and every way to them, Landlock's scopes the signals alone.
    is_isolated = facts.scopes or facts.seccomp
    reasons = [*([] if facts.is_tried else [UNTRIED]), *facts.missing]
    if not facts.files and facts.is_tried:
        reasons.append(f"this kernel's Landlock (ABI {facts.landlock_abi}) cannot restrict the files of a vault")
    if facts.is_root:
        reasons.append("it runs as root, although without root's capabilities: every file of root is its own")
    held = (facts.files, is_isolated, facts.seccomp, facts.memory_bytes is not None)
    level: Level = "none" if not any(held) else "partial"
    if all(held) and facts.is_tried and not (facts.is_root or facts.has_capabilities):
        level = "full"
    return SandboxReport(
        level=level,
        landlock_abi=facts.landlock_abi,
        files=facts.files,
        tcp=facts.tcp,
        signals=is_isolated,
        seccomp=facts.seccomp,
        udp=facts.udp,
        memory_bytes=facts.memory_bytes,
        is_tried=facts.is_tried,
        reasons=tuple(reasons),
    )


def _failure(line: bytes) -> str:
    try:
        return msgspec.json.decode(line, type=NotStarted).error
    except (msgspec.DecodeError, UnicodeError):
        return line[:200].decode("utf-8", "backslashreplace") or "it said nothing"


@contextmanager
def bait_in(folder: Path) -> Iterator[dict[str, Any]]:
    """Things beside the sandbox that must not be reached from inside."""
    baited = folder / "bait"
    baited.mkdir(mode=0o700)
    for name in ("secret", "spare"):
        (baited / name).write_bytes(b"private")
        (baited / name).chmod(0o600)
    abstract = f"perennial-self-test-{os.getpid()}-{folder.name}"
    with ExitStack() as stack:
        stream, named, datagram, tcp = (
            stack.enter_context(socket.socket(family, kind))
            for family, kind in (
                (socket.AF_UNIX, socket.SOCK_STREAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
                (socket.AF_UNIX, socket.SOCK_DGRAM),
                (socket.AF_INET, socket.SOCK_STREAM),
            )
        )
        stream.bind(str(baited / "stream"))
        named.bind("\0" + abstract)
        datagram.bind(str(baited / "datagram"))
        tcp.bind(("127.0.0.1", 0))
        for listener in (stream, named, tcp):
            listener.listen()
        yield {
            "parent_pid": os.getpid(),
            "secret": str(baited / "secret"),
            "folder": str(baited),
            "stream": str(baited / "stream"),
            "datagram": str(baited / "datagram"),
            "abstract": abstract,
            "tcp": tcp.getsockname()[1],
        }
