"""What is published in a practice network, and the checks before a person's own source tree is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.pod.build import build_tree
from node.practice.releases import Change, Expectation, PracticeError, PracticeRelease
from node.sandbox.child import Child
from node.sandbox.errors import ChildError
from node.sandbox.spec import SandboxSpec
from node.supervisor.launch import last_line
from node.update.files.slots import Slots
from node.vault import control
from node.vault.errors import ControlError
from node.vault.share.tree import decode_manifest

HELLO: Final = "the candidate says Hello"
CHECK_VERSION: Final = "0.0.0"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is published: a named release, or a person's own source tree."""

    name: str
    pods: int
    expected: Expectation
    change: Change | None = None
    source: Path | None = None  # instead of the own source

    @classmethod
    def named(cls, release: PracticeRelease) -> Candidate:
        return cls(release.name, release.pods, release.expected, release.change)


def check_candidate(folder: Path) -> None:
    """Check that a person's own source tree can be published at all.

    Raises:
        PracticeError: The folder is missing, unreadable or empty, or holds no vault; one sentence.
    """
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise PracticeError(f"{folder} cannot be read: {error.strerror}") from error
    if not names:
        raise PracticeError(f"{folder} is empty")
    if not {"__init__.py", "__main__.py"} <= names:
        raise PracticeError(f"{folder} does not hold what node/vault holds: __init__.py or __main__.py is missing")


class _SaidHello(ControlError):
    """All that is wanted: the tree imports and speaks first."""


async def check_starts(source: Path, work: Path) -> None:
    """Check that a person's own source tree can be loaded: start a vault from it, contained, up to its Hello.

    Raises:
        PodError: It cannot be built.
        PracticeError: It ends before it says Hello; one sentence with its last words.
    """
    slot = await asyncio.to_thread(_stage, source, work)
    data, log = work / "data", work / "check.log"
    data.mkdir(mode=0o700)

    def configure(content: bytes) -> bytes:
        control.decode_report(content)
        raise _SaidHello(HELLO)

    spec = SandboxSpec(slot=slot, data=data, module="node.vault")
    try:
        await Child.start(
            spec,
            configure=configure,
            decode=control.decode_report,
            on_report=lambda _report: None,
            log=log,
            name="check",
        )
    except ChildError as error:
        if HELLO in str(error):
            return
        raise PracticeError(f"{source} does not start: {last_line(log) or error}") from error


def _stage(source: Path, work: Path) -> Path:
    """Put the source into a slot, as a farm would."""
    built = build_tree(source, CHECK_VERSION)
    manifest = decode_manifest(built.manifest)
    contents = {file.sha256: b"".join(map(built.objects.__getitem__, file.chunks)) for file in manifest.files}
    return Slots(work / "slots").stage("vault", manifest, contents.__getitem__)
