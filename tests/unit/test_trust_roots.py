"""A head names its roots; their files are fetched once, and what was verified once is where the next head starts."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from node.pod.writing import sign
from node.trust import chain as chains
from node.trust import head as heads
from node.trust import roots as climbing
from node.trust.chain import Chain
from node.trust.errors import MalformedMetadata, MissingRoots, NotEnoughSignatures, PolicyViolation
from node.trust.head import Head, decode, encode
from node.trust.metadata import Root, TrustedSet, read
from node.trust.policy import PREVIOUS_FIELD
from node.vault.share.tree import CHUNK_BYTES_MAX
from tests.signed_world import NOW, World, noted, unchanged

YEARS = 300  # more root versions than the 256 after which the library's own client stops


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def old() -> World:
    """A network that has changed its root every year."""
    world = World()
    for _ in range(YEARS):
        world.head = world.with_root(unchanged, by=world.pods[:4])
    return world


def with_files(world: World, head: Head, files: list[bytes]) -> Head:
    """The head under other root files."""
    addresses = [hashlib.sha256(content).digest() for content in files]
    world.roots |= dict(zip(addresses, files, strict=True))
    return Head(tuple(addresses), head.timestamp, head.snapshot, head.targets, head.delegated)


class TestMissing:
    def test_a_head_whose_roots_are_not_at_hand_is_nobodys_fault_and_names_them(self, world: World) -> None:
        head = world.with_root(unchanged, head=world.with_root(unchanged))

        with pytest.raises(MissingRoots) as missing:
            world.chain.verify(encode(head), NOW)
        assert missing.value.addresses == head.roots
        with pytest.raises(MissingRoots) as missing:
            world.chain.verify(encode(head), NOW, {head.roots[0]: world.roots[head.roots[0]]})
        assert missing.value.addresses == head.roots[1:]

    def test_a_bad_root_is_found_before_those_after_it_are_missed(self, world: World) -> None:
        bad = world.with_root(unchanged, by=world.pods[:3])
        head = world.with_root(unchanged, head=bad)

        with pytest.raises(NotEnoughSignatures):
            world.chain.verify(encode(head), NOW, {head.roots[0]: world.roots[head.roots[0]]})

    def test_a_file_that_is_not_what_its_address_says_counts_as_missing(self, world: World) -> None:
        head = world.with_root(unchanged)
        other = world.with_root(noted("other"))

        with pytest.raises(MissingRoots):
            world.chain.verify(encode(head), NOW, {head.roots[0]: world.newest_root(other)})

    def test_a_root_over_its_limit_is_not_read(self, world: World) -> None:
        head = with_files(world, world.head, [world.genesis + b" " * heads.ROOT_BYTES_MAX])

        with pytest.raises(MalformedMetadata, match="is over"):
            world.verify(head)

    def test_a_root_fits_a_chunk(self) -> None:
        assert heads.ROOT_BYTES_MAX <= CHUNK_BYTES_MAX


class TestKept:
    def test_the_files_of_verified_roots_are_kept_and_not_asked_for_again(self, world: World) -> None:
        world.head = world.with_root(unchanged)
        kept = Chain.load(world.accept().chain.dump())

        assert kept.roots == (world.newest_root(),)
        assert kept.root(2) == world.newest_root()
        assert kept.root(1) == world.genesis
        assert (kept.root(0), kept.root(3)) == (None, None)
        assert kept.verify(encode(world.release("0.1.1")), NOW).is_newer

    def test_the_same_root_with_other_signatures_is_not_newer_and_not_kept(self, world: World) -> None:
        world.head = world.with_root(unchanged, by=world.pods[:4])
        world.accept()
        root = read(world.newest_root(), Root).metadata
        root.signatures.clear()

        verified = world.verify(with_files(world, world.head, [sign(root, world.pods[1:]).to_bytes()]))

        assert not verified.is_newer
        assert verified.chain == world.chain

    def test_roots_that_do_not_come_from_the_genesis_root_are_no_kept_chain(self, world: World) -> None:
        world.head = world.with_root(unchanged)
        world.accept()
        strangers = World(pods=world.founders, founders=[])
        foreign = strangers.newest_root(strangers.with_root(unchanged))

        for roots in ((), (foreign,), (*world.chain.roots, *world.chain.roots)):
            broken = replace(world.chain, roots=roots)
            with pytest.raises(MalformedMetadata):
                Chain.load(broken.dump())

    def test_a_kept_chain_fits_what_may_be_kept(self) -> None:
        assert chains.STATE_BYTES_MAX > heads.ROOTS_MAX * heads.ROOT_BYTES_MAX


class TestManyRoots:
    @pytest.mark.long
    def test_who_missed_three_hundred_roots_catches_up_in_one_go(self, old: World) -> None:
        verified = old.verify()

        assert len(verified.chain.roots) == YEARS
        assert verified.chain.network == Chain.start(old.genesis).network
        assert len(encode(old.head)) < 60 << 10

    @pytest.mark.long
    def test_the_next_head_starts_at_the_newest_root_that_is_known(
        self, old: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chain = Chain.load(old.verify().chain.dump())
        head = old.with_root(unchanged)
        started_at: list[int] = []

        class Watched(TrustedSet):
            def add_root(self, content: bytes):
                started_at.append(self.root.signed.version)
                return super().add_root(content)

        monkeypatch.setattr(climbing, "TrustedSet", Watched)

        assert old.verify(head, chain=chain).is_newer
        assert started_at == [YEARS + 1]

    def test_a_root_far_up_must_still_follow_the_one_before_it(self, old: World) -> None:
        head = old.with_root(lambda signed: signed.unrecognized_fields.update({PREVIOUS_FIELD: "0" * 64}))

        with pytest.raises(PolicyViolation, match="predecessor"):
            old.verify(head)

    def test_a_head_has_a_limit_of_roots(self, old: World) -> None:
        named = tuple(number.to_bytes(32, "big") for number in range(heads.ROOTS_MAX + 1))

        with pytest.raises(MalformedMetadata, match="roots are over"):
            encode(Head(named, b"", b"", b"", {}))
        assert decode(encode(Head(named[1:], b"", b"", b"", {}))).roots == named[1:]
