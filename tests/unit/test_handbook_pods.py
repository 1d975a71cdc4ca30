"""The handbook's chapter for pods, done word by word: every pod in a folder of its own, with a keyring of its own."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from node.api.schema import HeadAnswer, StoredChunk
from node.cli import pod as pod_commands
from node.keys import sealed
from node.pod import network
from node.pod.memory import remember
from node.pod.network import published
from node.pod.parties import SECRET_BYTES, SEED_BYTES, Party
from node.pod.plans import Releasing
from node.pod.signing_file import begin
from node.trust.chain import Chain, carried
from node.trust.errors import Equivocation
from node.trust.head import encode
from node.trust.policy import pod_names
from node.vault.share.tree import address_of
from tests.architecture.sources import ROOT
from tests.signed_world import built
from tests.village import PODS, Village

CHAPTER = ROOT / "resources" / "handbook" / "pods.md"
CONTRADICTING = "## When signatures contradict each other"


class FakeNode:
    """The node that a pod runs: it verifies heads as a farm does, and stores whatever it is given."""

    def __init__(self, genesis: bytes) -> None:
        self.chain = Chain.start(genesis)
        self.chunks: list[bytes] = []
        self.released: list[list[str]] = []

    async def put_chunk(self, content: bytes) -> StoredChunk:
        self.chunks.append(content)
        return StoredChunk("", 5)

    async def head(self) -> bytes:
        return carried(self.chain)

    async def get_chunk(self, address: str) -> bytes:
        return next(chunk for chunk in self.chunks if address_of(chunk).hex() == address)

    async def offer_head(self, content: bytes) -> HeadAnswer:
        roots = {address_of(chunk): chunk for chunk in self.chunks}
        verified = self.chain.verify(content, network.utc_now(), roots)
        self.chain = verified.chain
        self.released.append([release.name for release in verified.releases])
        return HeadAnswer("accepted", "")


class PodsVillage(Village):
    """All pods see one node, and each has a checkout of the same few files."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        self.node: FakeNode | None = None
        monkeypatch.setattr(pod_commands, "ask_node", self._ask_node)

    def settle(self, home: Path) -> None:
        vault = home / "checkout" / "node" / "vault"
        vault.mkdir(parents=True)
        (vault.parent / "__init__.py").write_text("")
        for file in ("__init__.py", "__main__.py"):
            (vault / file).write_text(f"# {file}\n")

    def contradict(self) -> None:
        """Cedar signs a release with ash and birch, and another in its place with elm and maple; the farm sees both.

        Every folder remembers what its owner signed, but cedar's one of the two: cedar signed that one elsewhere.
        """
        assert self.node
        for version, names in (("0.2.0", ("ash", "birch", "cedar")), ("0.2.1", ("elm", "maple", "cedar"))):
            made = built(version)
            plan = Releasing(made.release, made.manifest)
            proposal = begin(plan, published(self.home(names[0]) / "network"), network.utc_now())
            parties = [Party.from_secret(name, self._secret_of(name)) for name in names]
            for party in parties:
                proposal = proposal.signed_by(party)
            for party in parties if version == "0.2.0" else parties[:2]:
                remember(self.home(party.name) / "network", proposal, party, network.utc_now())
                network.keep(self.home(party.name) / "network", proposal.head())
            try:
                self.node.chain = self.node.chain.verify(encode(proposal.head()), network.utc_now()).chain
            except Equivocation as found:
                self.node.chain = self.node.chain.halted_by(found.proof, network.utc_now())

    def _secret_of(self, name: str) -> bytes:
        return base64.b64decode(next(iter(self.keyrings[name].kept.values())))

    def secrets_found_in_files(self) -> list[Path]:
        """The files in which a secret of somebody's keyring stands, in whole or in part."""
        kept = [base64.b64decode(secret) for keyring in self.keyrings.values() for secret in keyring.kept.values()]
        assert len(kept) == len(PODS) + 2, "every pod and the two that joined keep a key"
        seeds = [secret[start : start + SEED_BYTES] for secret in kept for start in range(0, SECRET_BYTES, SEED_BYTES)]
        spelled = [spelling for seed in seeds for spelling in (seed, seed.hex().encode(), base64.b64encode(seed)[:40])]
        files = [file for file in self.folder.rglob("*") if file.is_file()]
        return [file for file in files if any(secret in file.read_bytes() for secret in spelled)]

    def _ask_node(self, home: Path, use: Callable[[Any], Awaitable[Any]], *, is_json: bool) -> Any:
        self.node = self.node or FakeNode(network.genesis(Path("network")))

        async def ask() -> Any:
            return await use(self.node)

        return asyncio.run(ask())


@pytest.mark.long
def test_every_command_of_the_chapter_works_in_its_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "MEMORY_KIB", sealed.MEMORY_KIB_MIN)
    village = PodsVillage(tmp_path, monkeypatch)
    before, heading, after = CHAPTER.read_text(encoding="utf-8").partition(CONTRADICTING)
    assert heading, "the section is called otherwise"

    village.follow(before)
    assert village.node
    assert village.node.released == [["vault/0.1.1"], ["vault/0.1.1"], [], []]
    root = published(tmp_path / "fir" / "network").root.signed
    assert sorted(pod_names(root).values()) == ["ash", "birch", "cedar", "elm", "maple"]

    village.contradict()
    assert village.node.chain.proof
    village.follow(after)
    assert not village.node.chain.proof
    root = published(tmp_path / "maple" / "network").root.signed
    assert sorted(pod_names(root).values()) == ["ash", "birch", "elm", "maple", "oak"]
    assert village.secrets_found_in_files() == []


def test_every_command_of_the_tools_is_in_the_chapter() -> None:
    text = CHAPTER.read_text(encoding="utf-8")

    assert {name for name in pod_commands.pod.commands if f"perennial pod {name}" not in text} == set()
