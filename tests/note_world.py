"""Other farms as one farm's rollouts meet them: each with its keys, its commitment, and whatever it says."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from node.trial import membership
from node.trial.notes import Note, Numbers, State, Subject, encode_note, make_note
from node.trial.waves import WITHOUT_WAVES, Plan
from node.update.rollouts import PRACTICE, Asking, Author, Rollouts
from node.vault.core.identity import Signer
from node.vault.noting import MetVault, NoteSeen, OwnNote

BASELINE = bytes(32)


@dataclass
class OtherFarm:
    """A farm in a subnet of its own.  ``says`` makes the bytes that its vault answers with."""

    number: int
    subnet: str = ""
    says: Callable[[Subject], bytes] = lambda _: b""
    is_away: bool = False

    def __post_init__(self) -> None:
        chance = random.Random(f"farm {self.number}")
        self.signer, self.seed = Signer(chance.randbytes(32)), chance.randbytes(32)
        self.commitment = membership.commitment(self.seed)
        self.subnet = self.subnet or f"10.{self.number // 250}.{self.number % 250}.0/24"

    @property
    def vault_id(self) -> bytes:
        return self.signer.public_key

    @property
    def met(self) -> MetVault:
        return MetVault(self.vault_id, self.subnet, self.commitment)

    def note(self, subject: Subject, state: State, *, seed: bytes = b"") -> Note:
        return make_note(
            subject, state, Numbers(started_day=20_000), self.signer.sign, vault_id=self.vault_id,
            seed=seed or self.seed, baseline=BASELINE, platform="linux",
        )  # fmt: skip

    def thinks(self, state: State) -> OtherFarm:
        self.says = lambda subject: encode_note(self.note(subject, state))
        return self


@dataclass
class Notes:
    """What lies between the farm's rollouts and the others; fulfils ``NoteHost``."""

    subjects: dict[bytes, Subject] = field(default_factory=dict)
    farms: dict[bytes, OtherFarm] = field(default_factory=dict)
    asked: list[tuple[float, bytes]] = field(default_factory=list)
    given: list[tuple[OwnNote, ...]] = field(default_factory=list)
    peers: int = 1000
    is_vault_away: bool = False

    def add(self, *farms: OtherFarm) -> None:
        self.farms |= {farm.vault_id: farm for farm in farms}

    async def ask_note(self, vault_id: bytes, release: bytes) -> NoteSeen:
        self.asked.append((asyncio.get_running_loop().time(), vault_id))
        await asyncio.sleep(0.1)
        farm = self.farms[vault_id]
        if farm.is_away:
            raise ConnectionError("nobody answers")
        return NoteSeen(1, farm.says(self.subjects[release]), farm.subnet)

    async def set_notes(self, notes: tuple[OwnNote, ...]) -> None:
        if self.is_vault_away:
            raise ConnectionError("no vault")
        self.given.append(notes)

    def peer_count(self) -> int:
        return self.peers


def author(number: int = 0) -> Author:
    farm = OtherFarm(number)
    return Author(vault_id=farm.vault_id, seed=farm.seed, sign=farm.signer.sign, platform="linux")


def rollouts_of(
    folder: Path, host: Notes, utc_s: Callable[[], float], *, plan: Plan = WITHOUT_WAVES, asking: Asking = PRACTICE,
    own: Author | None = None, on_change: Callable[[], None] = lambda: None,
) -> Rollouts:  # fmt: skip
    """The rollouts of a farm whose files lie in ``folder``."""
    return Rollouts(
        folder, own or author(), host, plan=plan, asking=asking, random=random.Random(5), utc_s=utc_s,
        on_change=on_change,
    )  # fmt: skip
