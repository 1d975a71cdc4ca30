"""Pod after pod adds its signatures; then the release is one head."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from node.api.schema import HeadAnswer, Invitation, Joined, StoredChunk
from node.pod import keys, network
from node.pod.build import build, load
from node.pod.errors import PodError
from node.pod.publish import announce, bundle, publish, release_signed_by
from node.pod.sign import sign
from node.pod.writing import sign as sign_statement
from node.trust.chain import Chain
from node.trust.errors import NotEnoughSignatures
from node.trust.head import decode
from node.trust.metadata import Root, Timestamp, read
from node.trust.release import open_manifest
from node.vault.share.tree import address_of
from tests.signed_world import DAY, NOW, following


@pytest.fixture
def net(tmp_path: Path) -> Path:
    network.found(tmp_path / "net", now=NOW)
    return tmp_path / "net"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("__init__.py", "__main__.py"):
        (folder / name).write_text(f"# {name}\n")
    return folder


@pytest.fixture
def release(source: Path, tmp_path: Path) -> Path:
    build(source, tmp_path / "release", "0.1.1", "faster lookups")
    return tmp_path / "release"


def sign_by(release: Path, net: Path, *names: str, now: datetime = NOW) -> None:
    for name in names:
        sign(release, net, name, now=now)


class FakeNode:
    """Stores chunks in a dict and answers as it is told."""

    def __init__(self, outcome: str = "accepted") -> None:
        self.outcome = outcome
        self.chunks: dict[bytes, bytes] = {}
        self.heads: list[bytes] = []

    async def put_chunk(self, content: bytes) -> StoredChunk:
        await asyncio.sleep(0)
        self.chunks[address_of(content)] = content
        return StoredChunk(address_of(content).hex(), 5)

    async def invitation(self) -> Invitation:
        raise NotImplementedError

    async def join(self, text: str) -> Joined:
        raise NotImplementedError

    async def offer_head(self, content: bytes) -> HeadAnswer:
        assert self.chunks, "the head went before its chunks"
        self.heads.append(content)
        return HeadAnswer(self.outcome, "because")  # type: ignore[arg-type]


class TestSign:
    def test_three_pods_one_after_the_other_make_a_release_that_farms_accept(self, net: Path, release: Path) -> None:
        far = [sign(release, net, name, now=NOW).is_complete for name in ("ash", "birch", "cedar")]

        head, _ = bundle(release, net)
        verified = network.check(net, head, NOW)
        assert far == [False, False, True]
        assert verified.releases[0].signers == ("ash", "birch", "cedar")
        assert verified.releases[0].notes == "faster lookups"

    def test_two_pods_are_not_enough_for_any_farm(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash", "elm")

        with pytest.raises(NotEnoughSignatures, match="signed by 2 pods, 3 are needed"):
            network.check(net, bundle(release, net)[0], NOW)

    def test_one_pod_three_times_is_one_signature(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash", "ash")

        signed = sign(release, net, "ash", now=NOW)

        assert signed.signers == ("ash",)
        assert (signed.need, signed.is_complete) == (3, False)

    def test_every_pod_signs_the_same_bytes_however_much_later(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash")
        sign_by(release, net, "birch", "cedar", now=NOW + 3 * DAY)

        assert network.check(net, bundle(release, net)[0], NOW + 3 * DAY).releases

    def test_the_bundle_holds_every_chunk_and_the_manifest(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash", "birch", "cedar")

        head, objects = bundle(release, net)

        listed = network.check(net, head, NOW).releases[0]
        manifest = open_manifest(listed, objects[listed.manifest])
        assert {address for file in manifest.files for address in file.chunks} | {listed.manifest} == set(objects)
        assert all(address_of(content) == address for address, content in objects.items())

    def test_the_timestamp_carries_one_signature(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash", "birch", "cedar", "elm")

        timestamp = decode(bundle(release, net)[0]).timestamp

        assert len(read(timestamp, Timestamp).metadata.signatures) == 1
        assert len(timestamp) < 1 << 10

    def test_a_stranger_may_not_sign(self, net: Path, release: Path, tmp_path: Path) -> None:
        keys.make_for_practice(net / "pods" / "ash2" / "key.json", "ash2", os.urandom)

        with pytest.raises(PodError, match="neither a pod nor a founder"):
            sign(release, net, "ash2", now=NOW)
        assert not (release / "signing.json").exists()

    def test_a_release_that_was_changed_after_it_was_signed_is_refused(
        self, net: Path, release: Path, source: Path, tmp_path: Path
    ) -> None:
        sign_by(release, net, "ash")
        (source / "__main__.py").write_text("# other\n")
        build(source, tmp_path / "other", "0.1.1")
        (release / "signing.json").rename(tmp_path / "other" / "signing.json")

        with pytest.raises(PodError, match=r"not one of vault/0\.1\.1 with these files"):
            sign(tmp_path / "other", net, "birch", now=NOW)

    def test_a_damaged_draft_is_refused(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash")
        (release / "signing.json").write_bytes(b"{}")

        with pytest.raises(PodError, match="is not a signing file"):
            sign(release, net, "birch", now=NOW)

    def test_a_release_without_signatures_is_not_bundled(self, net: Path, release: Path) -> None:
        with pytest.raises(PodError, match="not signed by anyone"):
            bundle(release, net)

    def test_a_heartbeat_in_between_makes_one_pod_sign_the_timestamp_anew(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash", "birch", "cedar")
        chain = network.check(net, network.beat(net, "elm", NOW), NOW).chain

        with pytest.raises(PodError, match="heartbeat"):
            bundle(release, net)
        sign_by(release, net, "birch")

        assert chain.verify(bundle(release, net)[0], NOW).is_news

    def test_a_draft_that_another_release_overtook_is_refused(self, net: Path, release: Path, source: Path) -> None:
        sign_by(release, net, "ash")
        (source / "more.py").write_text("")
        release_signed_by(net, source, "0.1.2", ["ash", "birch", "cedar"], now=NOW)

        with pytest.raises(PodError, match="published something since"):
            sign(release, net, "birch", now=NOW)

    def test_two_founders_and_three_pods_release_for_the_foundation(
        self, net: Path, source: Path, tmp_path: Path
    ) -> None:
        build(source, tmp_path / "r", "0.1.1", role="foundation")
        sign_by(tmp_path / "r", net, "founder-1", "founder-2")
        with pytest.raises(PodError, match="founders only"):
            bundle(tmp_path / "r", net)
        sign_by(tmp_path / "r", net, "ash", "birch", "cedar")

        [listed] = network.check(net, bundle(tmp_path / "r", net)[0], NOW).releases
        assert (listed.name, listed.signers) == ("foundation/0.1.1", ("founder-1", "founder-2"))


class TestPublish:
    def test_the_chunks_go_first_and_then_the_head(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash", "birch", "cedar")
        head, objects = bundle(release, net)
        client = FakeNode()

        published = asyncio.run(publish(release, net, client, now=NOW))

        assert client.chunks == objects
        assert client.heads == [head]
        assert (published.release, published.holders_least) == ("vault/0.1.1", 5)
        assert network.current_head(net) == head

    def test_the_roots_go_along_as_chunks(self, net: Path, release: Path) -> None:
        second = following(read(network.genesis(net), Root).metadata)
        root = sign_statement(second, [network.party(net, name) for name in network.pod_names(net)]).to_bytes()
        network.keep(net, msgspec.structs.replace(network.current(net), roots=(address_of(root),)), [root])
        sign_by(release, net, "ash", "birch", "cedar")
        client = FakeNode()

        asyncio.run(publish(release, net, client, now=NOW))

        assert client.chunks[address_of(root)] == root
        verified = Chain.start(network.genesis(net)).verify(client.heads[0], NOW, client.chunks)
        assert verified.chain.roots == (root,)

    def test_a_release_that_too_few_signed_is_not_even_stored(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash", "birch")
        client = FakeNode()

        with pytest.raises(PodError, match="signed by 2 pods, 3 are needed"):
            asyncio.run(publish(release, net, client, now=NOW))
        assert not client.chunks

    def test_a_release_that_the_node_refuses_is_not_published(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash", "birch", "cedar")
        before = network.current(net)

        with pytest.raises(PodError, match="because"):
            asyncio.run(publish(release, net, FakeNode("refused"), now=NOW))
        assert network.current(net) == before

    def test_a_chunk_that_cannot_be_stored_ends_it_with_its_own_error(self, net: Path, release: Path) -> None:
        sign_by(release, net, "ash", "birch", "cedar")

        class Full(FakeNode):
            async def put_chunk(self, content: bytes) -> StoredChunk:
                raise OSError("full")

        client = Full()
        with pytest.raises(OSError, match="full"):
            asyncio.run(publish(release, net, client, now=NOW))
        assert not client.heads


class TestAnnounce:
    def test_what_is_published_is_handed_over_without_a_release(self, net: Path) -> None:
        client = FakeNode()
        client.chunks[b""] = b""  # what it takes for granted before it takes a head

        told = asyncio.run(announce(net, client, now=NOW))

        assert client.heads == [network.current_head(net)]
        assert (told.outcome, told.head_bytes) == ("accepted", len(client.heads[0]))

    def test_an_expired_head_is_not(self, net: Path) -> None:
        client = FakeNode()

        with pytest.raises(PodError, match="no farm would accept this"):
            asyncio.run(announce(net, client, now=NOW + 46 * DAY))
        assert not client.heads

    def test_a_refusal_is_said(self, net: Path) -> None:
        client = FakeNode("refused")
        client.chunks[b""] = b""

        with pytest.raises(PodError, match="the node refused it: because"):
            asyncio.run(announce(net, client, now=NOW))


class TestAllAtOnce:
    def test_releases_follow_each_other_in_one_network(self, net: Path, source: Path) -> None:
        chain = Chain.start(network.genesis(net))
        for number in range(1, 8):
            (source / "more.py").write_text(f"# {number}\n")
            head, objects = release_signed_by(net, source, f"0.1.{number}", ["ash", "elm", "fir"], now=NOW)
            verified = chain.verify(head, NOW)
            chain = verified.chain
            assert verified.releases[0].version == f"0.1.{number}"
            assert verified.releases[0].manifest in objects

    def test_a_forged_release_leaves_no_trace_and_the_next_one_is_accepted(self, net: Path, source: Path) -> None:
        before = network.current_head(net)
        chain = network.check(net, before, NOW).chain

        forged, _ = release_signed_by(net, source, "0.1.1", ["ash", "birch"], now=NOW)

        assert network.current_head(net) == before
        with pytest.raises(NotEnoughSignatures):
            chain.verify(forged, NOW)
        honest, _ = release_signed_by(net, source, "0.1.1", ["birch", "cedar", "elm"], now=NOW)
        assert chain.verify(honest, NOW).is_news

    def test_a_version_is_released_once(self, net: Path, source: Path) -> None:
        release_signed_by(net, source, "0.1.1", ["ash", "birch", "cedar"], now=NOW)

        with pytest.raises(PodError, match="another version"):
            release_signed_by(net, source, "0.1.1", ["ash", "birch", "cedar"], now=NOW)

    def test_a_release_of_the_foundation_after_one_of_the_pods_is_the_newest(self, net: Path, source: Path) -> None:
        release_signed_by(net, source, "0.1.1", ["ash", "birch", "cedar"], now=NOW)
        by = ["founder-1", "founder-3", "ash", "birch", "cedar"]

        head, _ = release_signed_by(net, source, "0.1.2", by, role="foundation", now=NOW)

        names = [listed.name for listed in network.check(net, head, NOW).releases]
        assert names == ["foundation/0.1.2", "vault/0.1.1"]

    def test_a_network_without_founders_has_no_release_of_the_foundation(self, tmp_path: Path, source: Path) -> None:
        network.found(tmp_path / "other", foundation=0, now=NOW)

        with pytest.raises(PodError, match="nobody may release"):
            release_signed_by(tmp_path / "other", source, "1", ["ash"], role="foundation", now=NOW)

    def test_what_was_built_on_disk_and_what_was_built_in_memory_is_the_same(
        self, net: Path, release: Path, source: Path
    ) -> None:
        _, objects = release_signed_by(net, source, "0.1.1", ["ash", "birch", "cedar"], now=NOW)

        assert objects == {**load(release).objects, address_of(load(release).manifest): load(release).manifest}
