"""Pods that founded a network by exchanging one file, each with a folder of its own."""

from __future__ import annotations

import functools
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from node.pod.files import write_new
from node.pod.finish import finish
from node.pod.invitation import Invitation
from node.pod.network import published
from node.pod.parties import Party
from node.pod.plans import Founding, Plan, Releasing
from node.pod.proposal import Proposal
from node.pod.sign import keep_signed, open_to_sign, signed_as
from node.pod.signing_file import begin, encode_file, merge
from tests.signed_world import NOW, built

PODS = ("ash", "birch", "cedar", "elm", "fir")
FOUNDERS = ("founder-1", "founder-2", "founder-3")


def member(name: str) -> Party:
    """A pod or founder with keys of its own; the same name always has the same."""
    return Party.from_secret(name, b"".join(hashlib.sha256(f"{name} {part}".encode()).digest() for part in range(3)))


def founding(pods: Sequence[str] = PODS, founders: Sequence[str] = FOUNDERS) -> Founding:
    return Founding(*(tuple(Invitation.of(member(name)) for name in group) for group in (pods, founders)))


def releasing(version: str, role: str = "vault", floor: int = 0) -> Releasing:
    made = built(version, role=role)
    return Releasing(msgspec.structs.replace(made.release, floor=floor), made.manifest)


def signed(proposal: Proposal, *names: str) -> Proposal:
    for name in names:
        proposal = proposal.signed_by(member(name))
    return proposal


@functools.cache
def _founded(pods: tuple[str, ...], founders: tuple[str, ...]) -> dict[str, bytes]:
    """The files of a network that these founded; made once, because many tests begin with it."""
    with tempfile.TemporaryDirectory() as folder:
        file, net = Path(folder, "founding.json"), Path(folder, "net")
        file.write_bytes(encode_file(signed(begin(founding(pods, founders), None, NOW), *pods, *founders)))
        finish(file, net, NOW)
        return {str(path.relative_to(net)): path.read_bytes() for path in net.rglob("*") if path.is_file()}


@dataclass
class PodWorld:
    """A network in ``folder``/net; ``sign`` lets pods sign with folders of their own, as they do at home."""

    folder: Path
    pods: tuple[str, ...] = PODS
    founders: tuple[str, ...] = FOUNDERS
    net: Path = field(init=False)

    def __post_init__(self) -> None:
        self.net = self.folder / "net"
        for name, content in _founded(self.pods, self.founders).items():
            (self.net / name).parent.mkdir(parents=True, exist_ok=True)
            (self.net / name).write_bytes(content)

    def file(self, proposal: Proposal) -> Path:
        """The proposal as a new signing file."""
        number = len(list(self.folder.glob("*.signing.json")))
        file = self.folder / f"{number}.signing.json"
        write_new(file, encode_file(proposal))
        return file

    def draft(self, plan: Plan, now: datetime = NOW) -> Path:
        return self.file(begin(plan, published(self.net), now))

    def home_of(self, name: str) -> Path:
        """The network's folder as this pod has it: as it was when it was first looked at."""
        home = self.folder / f"net of {name}"
        if not home.exists():
            shutil.copytree(self.net, home)
        return home

    def sign(self, file: Path, *names: str, now: datetime = NOW) -> None:
        """Every one of them signs a copy of ``file`` at home; the copies are merged into it."""
        copies = []
        for name in names:
            copy = self.folder / f"{file.name} of {name}"
            shutil.copy(file, copy)
            opened = open_to_sign(copy, self.home_of(name), now)
            proposal = signed_as(member(name), opened, self.home_of(name), now)
            keep_signed(copy, proposal, self.home_of(name), None, member(name), now)
            copies.append(proposal)
        file.write_bytes(encode_file(merge(copies)))

    def do(self, plan: Plan, *names: str, now: datetime = NOW) -> Proposal:
        """Draft, sign and finish, without anybody carrying files about."""
        return finish(self.file(signed(begin(plan, published(self.net), now), *names)), self.net, now)
