"""What may follow what: nothing goes back, nothing is said twice, pods come and go."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest

from node.pod.statements import heartbeat
from node.trust.chain import Chain
from node.trust.errors import (
    Equivocation,
    ExpiredMetadata,
    MalformedMetadata,
    NotEnoughSignatures,
    PolicyViolation,
    Rollback,
)
from node.trust.head import Head
from node.trust.metadata import Targets, read, time_text
from node.trust.policy import PREVIOUS_FIELD, UNTIL_FIELD
from tests.signed_world import DAY, NOW, World, drop_pod, unchanged


@pytest.fixture
def world() -> World:
    return World()


class TestNeverBack:
    def test_an_older_head_is_refused_also_after_the_chain_was_kept_and_loaded(self, world: World) -> None:
        old = world.head
        world.accept(world.release("0.1.1"))
        world.chain = Chain.load(world.chain.dump())

        with pytest.raises(Rollback):
            world.verify(old)

    def test_an_older_statement_under_a_newer_snapshot_is_refused(self, world: World) -> None:
        old = read(world.head.delegated["vault"], Targets).metadata
        world.accept(world.release("0.1.1"))

        with pytest.raises(Rollback):
            world.verify(world.joined({"vault": old}))

    def test_a_snapshot_that_drops_a_role_is_refused(self, world: World) -> None:
        world.accept()
        world.head = world.change("targets", lambda signed: signed.delegations.roles.pop("foundation"))
        world.head.delegated.pop("foundation")

        with pytest.raises(Rollback, match="foundation"):
            world.verify(world.with_snapshot(lambda signed: signed.meta.pop("foundation.json")))

    def test_a_role_that_is_no_longer_delegated_keeps_its_place_in_the_snapshot(self, world: World) -> None:
        world.accept()
        head = world.change("targets", lambda signed: signed.delegations.roles.pop("foundation"))
        head.delegated.pop("foundation")

        assert world.verify(head).is_newer

    def test_a_head_with_fewer_roots_is_refused(self, world: World) -> None:
        old = world.head
        world.accept(world.with_root(unchanged))

        with pytest.raises(Rollback):
            world.verify(old)

    @pytest.mark.parametrize("previous", ["", "0" * 63, 7, None])
    def test_a_vault_statement_that_names_no_predecessor_is_refused(self, world: World, previous: object) -> None:
        world.accept()

        with pytest.raises(PolicyViolation, match="fork"):
            world.verify(world.change("vault", lambda s: s.unrecognized_fields.update({PREVIOUS_FIELD: previous})))

    def test_a_farm_that_missed_statements_may_skip_them(self, world: World) -> None:
        world.accept()
        for version in ("0.1.1", "0.1.2", "0.1.3"):
            world.release(version)

        assert len(world.verify().releases) == 3


class TestEquivocation:
    def test_two_statements_of_one_version_are_told_apart(self, world: World) -> None:
        fork = copy.deepcopy(world)
        world.accept(world.release("0.1.1"))

        other = fork.release("0.1.2")
        # A later timestamp and snapshot hide nothing: the statement itself is compared.
        for _ in range(2):
            other = fork.with_snapshot(unchanged, other)

        with pytest.raises(Equivocation) as found:
            world.verify(other)
        assert found.value.role == "vault"
        for proof in (found.value.first, found.value.second):
            assert read(proof, Targets).signed.version == 2

    def test_two_heartbeats_of_one_version_by_two_pods_are_told_apart_and_prove_nothing(self, world: World) -> None:
        world.accept(heartbeat(world.head, world.pods[0], NOW + DAY))

        with pytest.raises(Equivocation) as found:
            world.verify(heartbeat(world.head, world.pods[1], NOW + 2 * DAY))
        assert (found.value.role, found.value.proof) == ("timestamp", b"")

    def test_two_roots_of_one_version_are_told_apart(self, world: World) -> None:
        other = world.with_root(lambda signed: signed.unrecognized_fields.update({"x-note": "other"}))
        world.accept(world.with_root(unchanged))

        with pytest.raises(Equivocation) as found:
            world.verify(other)
        assert found.value.role == "root"

    def test_a_root_signed_by_too_few_is_no_proof(self, world: World) -> None:
        other = world.with_root(lambda s: s.unrecognized_fields.update({"x-note": "other"}), by=world.pods[:3])
        world.accept(world.with_root(unchanged))

        with pytest.raises(NotEnoughSignatures) as refused:
            world.verify(other)
        assert (refused.value.have, refused.value.need) == (3, 4)

    def test_other_signatures_on_the_same_root_are_no_equivocation(self, world: World) -> None:
        world.accept(world.with_root(unchanged, by=world.pods[:4]))

        assert not world.verify(world.with_root(unchanged, by=world.pods[1:])).is_newer


class TestRotation:
    def without_last(self, world: World) -> Head:
        gone = world.pods[4]
        return world.with_root(drop_pod(gone), head=world.change("targets", drop_pod(gone), by=world.pods[:4]))

    def test_a_known_chain_follows_a_root_that_drops_a_pod(self, world: World) -> None:
        world.accept(world.release("0.1.1"))

        verified = world.accept(self.without_last(world))

        assert verified.is_newer
        assert not verified.is_news

    def test_a_head_with_nothing_but_one_more_root_is_newer(self, world: World) -> None:
        world.accept()

        assert world.verify(world.with_root(unchanged)).is_newer

    def test_a_removed_pod_no_longer_counts(self, world: World) -> None:
        world.head = self.without_last(world)
        world.accept()

        with pytest.raises(NotEnoughSignatures) as refused:
            world.verify(world.release("0.1.1", by=[world.pods[0], world.pods[1], world.pods[4]]))
        assert (refused.value.have, refused.value.need) == (2, 3)

    def test_a_delegation_may_not_keep_a_pod_that_the_root_dropped(self, world: World) -> None:
        with pytest.raises(PolicyViolation, match="no pod's"):
            world.verify(world.with_root(drop_pod(world.pods[4])))

    def test_a_timestamp_numbered_too_high_is_overcome_by_dropping_the_pod_that_signed_it(self, world: World) -> None:
        last = world.pods[4]
        jumped = world.with_timestamp(lambda signed: setattr(signed, "version", 1 << 30), by=[last])
        world.accept(jumped)

        with pytest.raises(Rollback):
            world.verify(world.release("0.1.1"))
        assert world.verify(self.without_last(world)).is_newer

    def test_roots_out_of_order_are_refused(self, world: World) -> None:
        head = world.with_root(lambda signed: setattr(signed, "version", 3))

        with pytest.raises(MalformedMetadata):
            world.verify(head)

    def test_an_expired_newest_root_stops_updates(self, world: World) -> None:
        with pytest.raises(ExpiredMetadata):
            world.verify(world.with_root(lambda signed: setattr(signed, "expires", NOW - DAY)))

    def test_the_foundations_date_may_shrink_and_takes_its_releases_with_it(self, world: World) -> None:
        world.release("0.1.1", role="foundation")
        until = NOW + DAY
        world.head = world.change("foundation", lambda signed: setattr(signed, "expires", until))
        head = world.with_root(lambda signed: signed.unrecognized_fields.update({UNTIL_FIELD: time_text(until)}))

        assert world.verify(head, NOW).releases
        assert not world.verify(head, until + timedelta(seconds=1)).releases
