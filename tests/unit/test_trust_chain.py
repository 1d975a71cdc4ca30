"""What a farm believes of a head, whoever brings it."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from node.pod.statements import heartbeat
from node.pod.writing import sign
from node.trust.chain import Chain
from node.trust.errors import (
    ExpiredMetadata,
    MalformedMetadata,
    NotEnoughSignatures,
    PolicyViolation,
    TrustError,
)
from node.trust.head import ROOT_BYTES_MAX, encode
from node.trust.metadata import SIGNATURES_MAX, Root, Snapshot, Targets, Timestamp, read, time_text
from node.trust.policy import ROLE_FIELD
from tests.signed_world import DAY, NOW, World, following, party, unchanged


@pytest.fixture
def world() -> World:
    return World()


class TestReleases:
    def test_a_release_signed_by_three_pods_is_listed_with_their_names(self, world: World) -> None:
        world.accept()

        verified = world.accept(world.release("0.1.1"))

        assert [release.name for release in verified.releases] == ["vault/0.1.1"]
        assert verified.releases[0].signers == ("pod-1", "pod-2", "pod-3")
        assert verified.is_news
        assert verified.is_newer

    def test_releases_come_newest_first_whatever_their_versions_are_called(self, world: World) -> None:
        for version in ("0.1.10", "0.1.9", "0.1.11"):
            world.release(version)

        assert [release.version for release in world.verify().releases] == ["0.1.11", "0.1.9", "0.1.10"]

    @pytest.mark.parametrize("count", [1, 2])
    def test_a_release_signed_by_too_few_pods_is_refused_with_the_numbers(self, world: World, count: int) -> None:
        with pytest.raises(NotEnoughSignatures) as refused:
            world.verify(world.release("0.1.1", by=world.pods[:count]))

        assert (refused.value.have, refused.value.need) == (count, 3)
        assert f"signed by {count} pod{'s' if count > 1 else ''}, 3 are needed" in str(refused.value)

    def test_a_statement_signed_by_two_pods_is_refused_under_a_snapshot_signed_by_all(self, world: World) -> None:
        with pytest.raises(NotEnoughSignatures) as refused:
            world.verify(world.change("vault", unchanged, by=world.pods[:2]))

        assert (refused.value.role, refused.value.have, refused.value.need) == ("vault", 2, 3)

    def test_three_signatures_of_strangers_count_nothing(self, world: World) -> None:
        with pytest.raises(NotEnoughSignatures) as refused:
            world.verify(world.release("0.1.1", by=[party(number) for number in (21, 22, 23)]))

        assert refused.value.have == 0

    def test_a_heartbeat_is_newer_and_no_news(self, world: World) -> None:
        world.accept(world.release("0.1.1"))

        verified = world.accept(heartbeat(world.head, world.pods[4], NOW + DAY), NOW + DAY)

        assert verified.is_newer
        assert not verified.is_news
        assert [release.version for release in verified.releases] == ["0.1.1"]

    def test_the_same_head_again_is_neither_newer_nor_news(self, world: World) -> None:
        world.accept(world.release("0.1.1"))

        verified = world.accept()

        assert not verified.is_newer
        assert not verified.is_news

    def test_more_signatures_on_what_is_known_are_not_newer(self, world: World) -> None:
        world.accept(world.release("0.1.1"))
        vault = read(world.head.delegated["vault"], Targets).metadata
        signed_by_four = {**world.head.delegated, "vault": sign(vault, world.pods[3:4]).to_bytes()}

        verified = world.verify(msgspec.structs.replace(world.head, delegated=signed_by_four))

        assert not verified.is_newer
        assert not verified.is_news
        assert len(verified.releases[0].signers) == 4
        assert verified.chain.head == world.chain.head

    def test_a_withdrawn_release_is_news(self, world: World) -> None:
        world.accept(world.release("0.1.1"))

        assert world.verify(world.change("vault", lambda signed: signed.targets.clear())).is_news

    def test_verifying_changes_nothing(self, world: World) -> None:
        before = world.chain.dump()

        world.verify(world.release("0.1.1"))

        assert world.chain.dump() == before


class TestOneKeptRelease:
    def test_a_name_never_stands_for_another_content(self, world: World) -> None:
        world.accept(world.release("0.1.1"))

        def change(signed: Any) -> None:
            signed.targets["vault/0.1.1"].custom["tree"] = "0" * 64

        with pytest.raises(PolicyViolation, match="already another release"):
            world.verify(world.change("vault", change))

    def test_a_new_release_is_never_numbered_below_a_withdrawn_one(self, world: World) -> None:
        world.accept(world.release("0.1.1"))
        world.head = world.change("vault", lambda signed: signed.targets.clear())
        withdrawn = world.accept()
        other = copy.deepcopy(read(World().release("0.1.0").delegated["vault"], Targets).signed.targets)

        with pytest.raises(PolicyViolation, match="numbered 1"):
            world.verify(world.change("vault", lambda signed: signed.targets.update(other)))
        assert withdrawn.releases == ()

    def test_vault_cannot_list_what_belongs_to_the_app(self, world: World) -> None:
        world.release("0.1.1")

        def change(signed: Any) -> None:
            signed.targets["app/9"] = signed.targets.pop("vault/0.1.1")

        with pytest.raises(PolicyViolation, match="not its own"):
            world.verify(world.change("vault", change))


class TestFoundation:
    def test_two_founders_may_release_before_the_date(self, world: World) -> None:
        verified = world.verify(world.release("0.1.1", role="foundation"))

        assert [(r.name, r.layer) for r in verified.releases] == [("foundation/0.1.1", "vault")]
        assert verified.releases[0].signers == ("founder-11", "founder-12")

    def test_after_the_date_only_the_pods_releases_are_left(self, world: World) -> None:
        world.release("0.1.1", role="foundation")
        later = NOW + 200 * DAY
        head = world.release("0.1.2", now=later)

        assert [r.name for r in world.verify(head, later).releases] == ["vault/0.1.2"]

    def test_a_foundation_that_prolongs_itself_is_refused(self, world: World) -> None:
        head = world.change("foundation", lambda signed: setattr(signed, "expires", NOW + 400 * DAY))

        with pytest.raises(PolicyViolation, match="outlives"):
            world.verify(head)

    def test_founders_cannot_release_in_the_pods_name(self, world: World) -> None:
        world.release("0.1.1", role="foundation")

        def change(signed: Any) -> None:
            signed.targets["vault/9"] = signed.targets.pop("foundation/0.1.1")

        with pytest.raises(PolicyViolation, match="not its own"):
            world.verify(world.change("foundation", change))

    def test_an_expired_statement_of_the_foundation_is_still_checked_for_its_signatures(self, world: World) -> None:
        later = NOW + 200 * DAY
        head = world.change("foundation", unchanged, by=world.founders[:1], now=later)

        with pytest.raises(NotEnoughSignatures, match="1 founder, 2 are needed"):
            world.verify(head, later)


class TestTime:
    @pytest.mark.parametrize("role", ["targets", "vault"])
    def test_an_expired_statement_stops_updates(self, world: World, role: str) -> None:
        head = world.change(role, lambda signed: setattr(signed, "expires", NOW))

        with pytest.raises(ExpiredMetadata):
            world.verify(head)

    def test_an_expired_timestamp_stops_updates_and_a_heartbeat_brings_them_back(self, world: World) -> None:
        later = NOW + 46 * DAY

        with pytest.raises(ExpiredMetadata):
            world.verify(now=later)
        assert world.verify(heartbeat(world.head, world.pods[1], later), later).is_newer

    def test_an_app_that_is_long_without_release_does_not_stop_the_vaults_updates(self, world: World) -> None:
        world.head = world.change("app", lambda signed: setattr(signed, "expires", NOW - DAY))

        assert world.verify(world.release("0.1.1")).releases

    def test_a_clock_set_back_does_not_make_old_metadata_fresh(self, world: World) -> None:
        old = world.release("0.1.1")
        later = NOW + 100 * DAY
        world.accept(world.release("0.1.2", now=later), later)
        stale = world.with_timestamp(lambda signed: setattr(signed, "expires", NOW + 50 * DAY))

        with pytest.raises(ExpiredMetadata):
            world.verify(stale, NOW - 700 * DAY)
        with pytest.raises(TrustError):
            world.verify(old, NOW)

    def test_what_pods_signed_once_bounds_the_clock_also_when_they_sign_an_earlier_time_later(
        self, world: World
    ) -> None:
        later = NOW + 100 * DAY
        world.accept(world.release("0.1.1", now=later), later)

        with pytest.raises(ExpiredMetadata):
            world.verify(world.release("0.1.2", now=NOW), NOW)

    def test_a_root_that_had_expired_when_the_snapshot_was_signed_is_not_in_force(self, world: World) -> None:
        head = world.release("0.1.1", now=NOW + 100 * DAY)

        with pytest.raises(ExpiredMetadata):
            world.verify(world.with_root(lambda signed: setattr(signed, "expires", NOW + 50 * DAY), head=head), NOW)

    def test_one_pod_cannot_push_the_clock_forward(self, world: World) -> None:
        pushed = time_text(NOW + 3_000 * DAY)
        head = world.with_timestamp(lambda signed: signed.unrecognized_fields.update({"x-signed-at": pushed}))

        assert world.accept(head).chain.clock_floor == NOW

    def test_a_timestamp_that_had_expired_when_the_snapshot_was_signed_is_no_proof(self, world: World) -> None:
        late = time_text(NOW + 50 * DAY)
        head = world.with_snapshot(lambda signed: signed.unrecognized_fields.update({"x-signed-at": late}))

        with pytest.raises(ExpiredMetadata):
            world.verify(head)


class TestWhatBelongsTogether:
    def test_a_snapshot_of_another_head_is_refused(self, world: World) -> None:
        mixed = msgspec.structs.replace(world.head, snapshot=world.release("0.1.1").snapshot)

        with pytest.raises(MalformedMetadata):
            world.verify(mixed)

    def test_of_two_validly_signed_statements_only_the_one_that_the_snapshot_names_belongs_to_it(
        self, world: World
    ) -> None:
        other = copy.deepcopy(world).release("0.1.2").delegated
        head = msgspec.structs.replace(world.release("0.1.1"), delegated=other)

        with pytest.raises(MalformedMetadata, match="belongs to this head"):
            world.verify(head)

    @pytest.mark.parametrize("role", ["targets", "vault", "foundation"])
    def test_a_statement_that_the_snapshot_lists_by_its_version_alone_is_refused(self, world: World, role: str) -> None:
        head = world.with_snapshot(lambda signed: signed.meta[f"{role}.json"].unrecognized_fields.clear())

        with pytest.raises(MalformedMetadata, match=f"{role} is listed by its version alone"):
            world.verify(head)

    def test_a_snapshot_that_the_timestamp_lists_by_its_version_alone_is_refused(self, world: World) -> None:
        head = world.with_timestamp(lambda signed: signed.snapshot_meta.unrecognized_fields.clear())

        with pytest.raises(MalformedMetadata, match="snapshot is listed by its version alone"):
            world.verify(head)

    @pytest.mark.parametrize("role", ["vault", "app", "foundation"])
    def test_a_head_without_one_of_the_delegated_statements_is_refused(self, world: World, role: str) -> None:
        del world.head.delegated[role]

        with pytest.raises(MalformedMetadata):
            world.verify()

    def test_a_head_with_a_statement_too_many_is_refused(self, world: World) -> None:
        world.head.delegated["more"] = world.head.delegated["vault"]

        with pytest.raises(MalformedMetadata):
            world.verify()

    def test_a_role_that_this_version_does_not_know_is_carried_and_releases_nothing(self, world: World) -> None:
        world.release("0.1.1")

        def delegate(signed: Any) -> None:
            role = copy.deepcopy(signed.delegations.roles["vault"])
            role.name, role.paths = "later", ["later/*"]
            signed.delegations.roles["later"] = role

        targets = following(read(world.head.targets, Targets).metadata)
        delegate(targets.signed)
        sign(targets, world.pods)
        later = copy.deepcopy(read(world.head.delegated["vault"], Targets).metadata)
        later.signed.unrecognized_fields[ROLE_FIELD] = "later"
        later.signatures.clear()
        sign(later, world.pods)

        verified = world.verify(world.joined({"targets": targets, "later": later}))
        assert [release.name for release in verified.releases] == ["vault/0.1.1"]

    def test_files_of_another_network_are_refused(self, world: World) -> None:
        other = World(pods=world.founders, founders=[])

        with pytest.raises(NotEnoughSignatures):
            world.verify(other.head)


class TestUnsignedAdditions:
    def test_a_field_beside_the_signed_part_is_refused(self, world: World) -> None:
        vault = read(world.head.delegated["vault"], Targets).metadata
        vault.unrecognized_fields["more"] = "anything"
        world.head.delegated["vault"] = vault.to_bytes()

        with pytest.raises(MalformedMetadata, match="unsigned"):
            world.verify()

    def test_more_signatures_than_there_can_be_parties_are_refused(self, world: World) -> None:
        timestamp = read(world.head.timestamp, Timestamp).metadata
        sign(timestamp, [party(number) for number in range(50, 50 + SIGNATURES_MAX)])

        with pytest.raises(MalformedMetadata, match="signatures are over"):
            world.verify(msgspec.structs.replace(world.head, timestamp=timestamp.to_bytes()))

    @pytest.mark.parametrize("version", [True, 1 << 53])
    def test_a_version_is_a_whole_number_that_every_reader_can_hold(self, world: World, version: int) -> None:
        with pytest.raises(MalformedMetadata, match="version"):
            world.verify(world.with_timestamp(lambda signed: setattr(signed, "version", version)))

    def test_a_key_that_appears_twice_is_refused_whichever_value_is_right(self, world: World) -> None:
        doubled = world.head.timestamp.replace(b'"version":1,"x-', b'"version":9,"version":1,"x-')
        assert doubled != world.head.timestamp

        with pytest.raises(MalformedMetadata):
            world.verify(msgspec.structs.replace(world.head, timestamp=doubled))


def test_what_no_check_has_thought_of_is_refused_as_every_other_head(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: Any) -> None:
        raise TypeError("not that")

    monkeypatch.setattr("node.trust.chain.releases_of", stumble)
    with pytest.raises(MalformedMetadata, match="cannot be understood: TypeError"):
        world.verify()


class TestKeptChain:
    def test_a_chain_is_the_same_after_it_was_kept(self, world: World) -> None:
        world.accept(world.release("0.1.1"))

        assert Chain.load(world.chain.dump()) == world.chain

    def test_a_chain_that_has_seen_no_head_can_be_kept(self, world: World) -> None:
        assert Chain.load(world.chain.dump()) == world.chain

    def test_the_network_is_named_by_its_genesis_root(self, world: World) -> None:
        assert world.accept().chain.network == world.chain.network
        assert len(world.chain.network) == 32

    @pytest.mark.parametrize("content", [b"", b"\x80", b"garbage", b"\xc1" * 100])
    def test_a_damaged_file_is_no_chain(self, content: bytes) -> None:
        with pytest.raises(MalformedMetadata):
            Chain.load(content)

    def test_a_chain_cut_short_is_no_chain(self, world: World) -> None:
        world.accept()

        with pytest.raises(MalformedMetadata):
            Chain.load(world.chain.dump()[:-40])

    def test_a_root_that_too_few_signed_starts_no_chain(self, world: World) -> None:
        root = read(world.genesis, Root).metadata
        root.signatures = dict(list(root.signatures.items())[:3])

        with pytest.raises(NotEnoughSignatures):
            Chain.start(root.to_bytes())

    def test_a_root_over_its_limit_starts_no_chain(self, world: World) -> None:
        with pytest.raises(MalformedMetadata, match="over"):
            Chain.start(world.genesis + b" " * ROOT_BYTES_MAX)

    def test_a_head_is_small(self, world: World) -> None:
        for number in range(20):
            world.release(f"0.1.{number}")

        assert len(encode(world.head)) < 60 << 10
        assert len(world.head.timestamp) < 1 << 10
        assert (
            read(world.head.timestamp, Timestamp).signed.version == read(world.head.snapshot, Snapshot).signed.version
        )


def test_one_that_is_needed_is_one() -> None:
    assert str(NotEnoughSignatures(0, 1, "timestamp")) == "timestamp: signed by 0 pods, 1 is needed"
