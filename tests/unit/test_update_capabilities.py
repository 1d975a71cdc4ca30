"""A release that asks to do more is tried out for longer, and never gains anything in its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from node.trust.capabilities import TODAY, Capabilities
from node.trust.head import encode
from node.update.driver import Updates
from node.update.files.slots import Slots
from node.update.records import GAINS_IN_PLACE
from tests import signed_world, update_world
from tests.update_world import DONE, LIMITS, PROFILE, SENDER, Farm, live, tell, tree_of, wait_until

pytestmark = pytest.mark.usefixtures("cheap_twins")


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(folder=tmp_path)


def same_files(farm: Farm, version: str, name: str, capabilities: Capabilities, pods: int = 3) -> bytes:
    """A signed head with one more release, of the very files of ``version``."""
    release = msgspec.structs.replace(signed_world.built(version).release, version=name, capabilities=capabilities)
    return encode(farm.signed.release(name, by=farm.signed.pods[:pods], release=release))


class TestWhatAReleaseMayDo:
    @pytest.mark.long
    @pytest.mark.parametrize(
        ("capabilities", "factor"),
        [
            (replace(TODAY, modules=()), 1),
            (replace(TODAY, tcp=True), 2),
            (replace(TODAY, tcp=True, memory_bytes=2 << 30, open_files=2_048), 4),
        ],
    )
    def test_who_gains_more_is_tried_out_for_longer_and_kept_with_what_was_signed(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch, capabilities: Capabilities, factor: int
    ):
        # The way's own limit is longer than the trial, but not four times as long.
        monkeypatch.setattr(update_world, "LIMITS", replace(LIMITS, trial_s=100.0))

        update = tell(farm, farm.publish("2", pods=4, capabilities=capabilities))["vault/2"]

        assert update.phase == "confirmed"
        assert PROFILE.trial_s_min * factor <= update.seconds["on_trial"] < PROFILE.trial_s_min * factor * 2
        assert farm.slots.capabilities("vault", tree_of("2")) == capabilities
        assert farm.slots.capabilities("vault", farm.own) == TODAY

    @pytest.mark.long
    def test_a_release_right_after_the_anchor_is_tried_out_for_as_long_where_the_anchor_was_never_used(
        self, farm: Farm, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(update_world, "LIMITS", replace(LIMITS, trial_s=100.0))
        much = replace(TODAY, tcp=True, memory_bytes=2 << 30, open_files=2_048)
        heads = [farm.publish("2", pods=4, capabilities=much), farm.publish("3", capabilities=much)]

        found = tell(farm, heads[-1])

        assert (found["vault/2"].phase, found["vault/3"].phase) == ("not_proven", "confirmed")
        assert found["vault/3"].seconds["on_trial"] >= PROFILE.trial_s_min * 4
        assert tell(farm, farm.publish("4", capabilities=much))["vault/4"].seconds["on_trial"] < PROFILE.trial_s_min * 2

    @pytest.mark.long
    def test_the_files_in_use_may_do_less_from_their_next_start_on_if_their_newest_release_declares_less(
        self, farm: Farm
    ):
        tell(farm, farm.publish("2", capabilities=replace(TODAY, memory_bytes=1 << 29)))
        less = replace(TODAY, memory_bytes=1 << 28, modules=("msgspec",))

        found = tell(farm, same_files(farm, "2", "2.1", less))

        assert (found["vault/2.1"].phase, found["vault/2.1"].reason) == ("confirmed", "already in use")
        assert "on_trial" not in found["vault/2.1"].seconds
        assert Slots(farm.folder / "slots").capabilities("vault", tree_of("2")) == less
        assert farm.switches == [tree_of("2")]

    @pytest.mark.long
    def test_the_files_in_use_gain_nothing_by_another_release_of_them(self, farm: Farm):
        tell(farm, farm.publish("2"))

        found = tell(farm, same_files(farm, "2", "2.1", replace(TODAY, tcp=True), pods=4))

        assert (found["vault/2.1"].phase, found["vault/2.1"].reason) == ("not_proven", GAINS_IN_PLACE)
        assert farm.slots.capabilities("vault", tree_of("2")) == TODAY

    @pytest.mark.long
    def test_they_may_do_less_also_if_they_took_over_while_that_release_waited(self, farm: Farm):
        less = replace(TODAY, memory_bytes=1 << 28)
        seen: list[tuple[str, str, str]] = []

        async def story(updates: Updates) -> None:
            await updates.offered(farm.publish("2"), SENDER)
            await wait_until(updates, lambda items: items["vault/2"].phase == "on_trial")
            await updates.offered(same_files(farm, "2", "2.1", less), SENDER)
            await wait_until(updates, lambda items: all(item.phase in DONE for item in items.values()))
            seen.extend((item.release, item.phase, item.reason) for item in updates.updates().items)

        live(farm, story)

        assert ("vault/2.1", "confirmed", "already in use") in seen
        assert farm.slots.capabilities("vault", tree_of("2")) == less
        assert farm.switches == [tree_of("2")]

    @pytest.mark.long
    def test_it_is_known_after_a_power_cut_before_the_trial(self, farm: Farm):
        asked = replace(TODAY, tcp=True)
        tell(farm, farm.publish("2", pods=4, capabilities=asked), until_phase=("on_trial",))

        update = tell(farm)["vault/2"]

        assert update.phase == "confirmed"
        assert update.seconds["on_trial"] >= PROFILE.trial_s_min * 2
        assert Slots(farm.folder / "slots").capabilities("vault", tree_of("2")) == asked
