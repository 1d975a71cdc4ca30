"""How old the developers' last word is, when it ends, and what a person is told of it."""

from __future__ import annotations

import pytest

from node.api.schema import Updates
from node.pod.statements import heartbeat
from node.trust.errors import ExpiredMetadata
from node.trust.freshness import freshness
from node.trust.metadata import time_text
from node.trust.policy import SIGNED_AT_FIELD
from node.update.developers import news, trouble
from tests.signed_world import DAY, NOW, World


@pytest.fixture
def world() -> World:
    world = World()
    world.accept(world.release("0.1.1"))
    return world


class TestTheLastWord:
    def test_it_is_as_old_as_the_newest_release(self, world: World) -> None:
        found = freshness(world.chain)

        assert found is not None
        assert (found.signed_at, found.age_s(NOW + 12 * DAY)) == (NOW, 12 * 86_400.0)

    def test_a_heartbeat_makes_it_younger(self, world: World) -> None:
        world.accept(heartbeat(world.head, world.pods[0], NOW + 30 * DAY), NOW + 30 * DAY)

        found = freshness(world.chain)

        assert found is not None
        assert (found.signed_at, found.expires_at) == (NOW + 30 * DAY, NOW + 75 * DAY)

    def test_one_pod_that_dates_its_word_ahead_is_taken_to_have_signed_just_now(self, world: World) -> None:
        ahead = time_text(NOW + 3_000 * DAY)
        world.accept(world.with_timestamp(lambda signed: signed.unrecognized_fields.update({SIGNED_AT_FIELD: ahead})))

        found = freshness(world.chain)

        assert found is not None
        assert found.age_s(NOW + DAY) == 0.0
        assert found.is_expired(NOW + 45 * DAY)  # and it ends when the timestamp does, all the same

    @pytest.mark.parametrize("value", ["yesterday", 7, None])
    def test_a_pod_that_does_not_say_when_it_signed_makes_it_no_younger(self, world: World, value: object) -> None:
        world.accept(world.with_timestamp(lambda signed: signed.unrecognized_fields.update({SIGNED_AT_FIELD: value})))

        found = freshness(world.chain)

        assert found is not None
        assert found.signed_at == NOW

    def test_before_the_first_head_there_is_none(self) -> None:
        assert freshness(World().chain) is None


class TestItsEnd:
    @pytest.mark.parametrize("role", ["targets", "vault", "snapshot", "timestamp", "root"])
    def test_it_ends_with_the_first_statement_that_must_live(self, world: World, role: str) -> None:
        def shorten(signed: object) -> None:
            signed.expires = NOW + 9 * DAY  # type: ignore[attr-defined]

        heads = {
            "timestamp": lambda: world.with_timestamp(shorten),
            "snapshot": lambda: world.with_snapshot(shorten),
            "root": lambda: world.with_root(shorten),
        }
        world.accept(heads[role]() if role in heads else world.change(role, shorten))

        found = freshness(world.chain)

        assert found is not None
        assert (found.expiring, found.expires_at) == (role, NOW + 9 * DAY)
        for days, is_over in ((8, False), (9, True)):
            assert found.is_expired(NOW + days * DAY) is is_over
        world.chain.verify(world.chain.head, NOW + 8 * DAY)
        with pytest.raises(ExpiredMetadata):
            world.chain.verify(world.chain.head, NOW + 9 * DAY)

    def test_an_app_or_a_foundation_that_ends_ends_nothing(self, world: World) -> None:
        for role in ("app", "foundation"):
            world.head = world.change(role, lambda signed: setattr(signed, "expires", NOW - DAY))
        world.accept()

        found = freshness(world.chain)

        assert found is not None
        assert found.expiring == "timestamp"


class TestWhatAPersonIsTold:
    @pytest.mark.parametrize(
        ("days", "words"), [(0, "today."), (1.9, "yesterday."), (2, "2 days ago."), (12.5, "12 days ago.")]
    )
    def test_while_all_is_well_it_is_how_long_ago(self, world: World, days: float, words: str) -> None:
        told = news(freshness(world.chain), None, NOW + days * DAY)

        assert (told.state, told.sentence) == ("current", f"Last news from the developers: {words}")
        assert (told.signed_s, told.since_s, trouble(Updates((), (), told), "").sentence) == (NOW.timestamp(), None, "")

    def test_when_it_has_expired_it_is_since_when_and_why_and_that_the_vault_goes_on(self, world: World) -> None:
        told = news(freshness(world.chain), None, NOW + 48 * DAY)

        assert (told.state, told.since_s) == ("expired", (NOW + 45 * DAY).timestamp())
        assert trouble(Updates((), (), told), "").sentence == told.sentence == (
            "Updates wait for the developers: their last word expired on 2027-01-06, and the last news from them is"
            " 48 days old; your chunks are served as before."
        )  # fmt: skip

    def test_a_halt_presses_more_than_an_expiry(self, world: World) -> None:
        told = news(freshness(world.chain), NOW + DAY, NOW + 48 * DAY)

        assert (told.state, told.since_s) == ("halted", (NOW + DAY).timestamp())
        assert trouble(Updates((), (), told), "").sentence == told.sentence == (
            "Updates are halted: the developers' signatures contradict each other (since 2026-11-23);"
            " your chunks are served as before."
        )  # fmt: skip

    def test_before_the_first_head_it_is_that_there_was_none(self) -> None:
        told = news(None, None, NOW)

        assert (told.state, told.signed_s) == ("current", None)
        assert told.sentence == "Nothing has been heard of the developers yet."
        assert trouble(Updates((), (), None), "").sentence == ""
